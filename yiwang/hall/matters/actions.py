"""Writes of the matters (事项): new versions, closing, counting, the open catalogue."""

import hashlib
import json
from datetime import datetime

from django.db.models import F
from django.urls import reverse

from yiwang.engines.api import SearchEntry, search_put_many, search_remove
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.models import Matter, MatterFacet, MatterVersion
from yiwang.hall.matters.queries import STAMP, MatterNotFound, form_chosen, matter_get
from yiwang.hall.matters.rules import function_title
from yiwang.kernel.api import action, audit_record, stamp_renew
from yiwang.sdk.errors import N_, Conflict
from yiwang.sdk.packs import MatterDefinition, definition_dump

Facet = MatterFacet.Facet


class MatterCodeTaken(Conflict):
    """Two sources declare the same code."""

    code = "matter_code_taken"
    message = N_("The code %(code)s belongs to %(source)s already.")


@action("hall.matters.put", permission="hall.matters.manage")
def matter_put(
    definition: MatterDefinition,
    *,
    form_version_id: int | None = None,
    process_version_id: int | None = None,
    source: str,
    source_note: dict | None = None,
    local_task_code: str = "",
    now: datetime,
) -> MatterView:
    """Put a matter in force (事项发布): the same content changes nothing, another makes a version.

    Without a form it is a GUIDE_ONLY entry. Raises `MatterCodeTaken` when another source owns it.
    """
    kind = Matter.Kind.APPLY if form_version_id else Matter.Kind.GUIDE_ONLY
    matter, _ = Matter.objects.select_for_update().get_or_create(
        code=definition.code, defaults={"kind": kind, "local_task_code": local_task_code}
    )
    form_version_id = form_chosen(matter.pk, form_version_id)
    spec = definition_dump(definition)
    digest = digest_of(
        definition,
        form_version_id=form_version_id,
        process_version_id=process_version_id,
        source_note=source_note,
    )
    current = matter.current_version
    _source_check(current, source)
    if current is None or current.digest != digest:
        version = MatterVersion(
            matter=matter,
            number=_next_number(matter),
            spec=spec,
            digest=digest,
            form_version_id=form_version_id,
            process_version_id=process_version_id,
            title=definition.title["zh"],
            title_en=definition.title["en"],
            department_function=definition.department,
            level=definition.level,
            item_type=definition.item_type,
            is_on_the_spot=definition.project_type == "1",
            source=source,
            source_note=source_note or {},
            valid_from=now,
            is_made=definition.is_made,
        )
        _version_open(matter, version, kind=kind, local_task_code=local_task_code, now=now)
        _facets_put(matter, definition)
        search_put_many([search_entry(definition, kind=kind)])
    audit_record(f"matter:{matter.code}", detail={"source": source, "digest": digest})
    return matter_get(matter.code)


@action("hall.matters.close", permission="hall.matters.manage")
def matter_close(code: str, *, reason: str, now: datetime) -> None:
    """Take a matter out of force (事项取消); its versions stay for running applications."""
    matter = Matter.objects.select_for_update().filter(code=code).first()
    if matter is None or matter.current_version_id is None:
        raise MatterNotFound(code=code)
    MatterVersion.objects.filter(matter=matter, valid_to__isnull=True).update(valid_to=now)
    matter.current_version = None
    matter.save(update_fields=["current_version"])
    stamp_renew(STAMP)
    search_remove("matter", code)
    audit_record(f"matter:{code}", detail={"reason": reason})


def matter_application_count(code: str) -> None:
    """Count one more application of a matter (办件量); called once for each submission."""
    Matter.objects.filter(code=code).update(applications_count=F("applications_count") + 1)


def search_entry(definition: MatterDefinition, *, kind: str) -> SearchEntry:
    """Say what search knows of a matter (事项检索条目): names first, then what the guide says."""
    owner = function_title(definition.department)
    body = [
        *(basis.title["zh"] for basis in definition.legal_basis),
        *(material.title["zh"] for material in definition.materials),
        *(branch.title["zh"] for branch in definition.branches),
        owner["zh"],
    ]
    if definition.eligibility:
        body.insert(0, definition.eligibility.zh)
    if definition.summary:
        body.insert(0, definition.summary["zh"])
    title = definition.title
    return SearchEntry(
        kind="matter",
        ref=definition.code,
        title=title["zh"],
        title_en=title["en"] if title["en"] != title["zh"] else "",
        body="；".join(body),
        keywords=definition.aliases,
        url=reverse("hall_matters:detail", args=[definition.code]),
        weight=10 if kind == Matter.Kind.APPLY else 0,
    )


def _source_check(current: MatterVersion | None, source: str) -> None:
    """A pack's later version may change its matter; another source may not."""
    if current and current.source.partition("@")[0] != source.partition("@")[0]:
        raise MatterCodeTaken(code=current.matter.code, source=current.source)


def _next_number(matter: Matter) -> int:
    last = matter.versions.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def _version_open(
    matter: Matter, version: MatterVersion, *, kind: str, local_task_code: str, now: datetime
) -> None:
    matter.versions.filter(valid_to__isnull=True).update(valid_to=now)
    version.save(force_insert=True)
    matter.current_version = version
    matter.kind = kind
    matter.local_task_code = local_task_code
    matter.save(update_fields=["current_version", "kind", "local_task_code"])
    stamp_renew(STAMP)


def _facets_put(matter: Matter, definition: MatterDefinition) -> None:
    values = {
        Facet.THEME: definition.themes,
        Facet.LIFE_EVENT: definition.life_events,
        Facet.SERVICE_OBJECT: definition.service_objects,
    }
    matter.facets.all().delete()
    MatterFacet.objects.bulk_create(
        MatterFacet(matter=matter, facet=facet, value=value)
        for facet, items in values.items()
        for value in dict.fromkeys(items)
    )


def digest_of(
    definition: MatterDefinition,
    *,
    form_version_id: int | None = None,
    process_version_id: int | None = None,
    source_note: dict | None = None,
) -> str:
    """Return the digest (摘要) of all that makes a version; the same digest is the same version."""
    parts = [definition_dump(definition), form_version_id, process_version_id, source_note or {}]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
