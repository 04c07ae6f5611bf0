"""Putting bundles in force (一件事装载), from packs only."""

from datetime import datetime

from django.db.models import Max

from yiwang.hall.bundles.models import Bundle, BundleVersion
from yiwang.kernel.api import action, audit_record


@action("hall.bundles.put", permission="hall.bundles.put")
def bundle_put(  # noqa: PLR0913 - what a version consists of
    key: str,
    *,
    definition: dict,
    fields: dict,
    asked_before: int,
    form_version_id: int,
    digest: str,
    source: str,
    now: datetime,
) -> int:
    """Put a version of a bundle in force (载入一件事); the same content is the same version. Returns its id."""
    bundle, _new = Bundle.objects.update_or_create(
        key=key, defaults={"source": source, "is_open": True}
    )
    bundle = Bundle.objects.select_for_update().get(pk=bundle.pk)
    latest = bundle.versions.order_by("-number").first()
    if latest is not None and latest.digest == digest:
        audit_record(f"bundle:{key}", detail={"version": latest.number, "is_new": False})
        return latest.pk
    last = bundle.versions.aggregate(last=Max("number"))["last"] or 0
    row = BundleVersion.objects.create(
        bundle=bundle,
        number=last + 1,
        digest=digest,
        definition=definition,
        fields=fields,
        asked_before=asked_before,
        form_version_id=form_version_id,
        created_at=now,
    )
    audit_record(f"bundle:{key}", detail={"version": row.number, "is_new": True})
    return row.pk


@action("hall.bundles.close", permission="hall.bundles.put")
def bundle_close_missing(pack: str, *, keep: set[str]) -> int:
    """Close the bundles that a pack no longer has (停办); open cases go on. Returns how many."""
    gone = Bundle.objects.filter(key__startswith=f"{pack}.", is_open=True).exclude(key__in=keep)
    count = gone.update(is_open=False)
    audit_record(f"pack:{pack}", detail={"bundles_closed": count})
    return count
