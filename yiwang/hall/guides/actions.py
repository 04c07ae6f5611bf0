"""Putting guided questions in force, and keeping count of how long applications take (引导发布、时长统计)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec
from django.db.models import Count, Max
from django.urls import reverse

from yiwang.engines.api import search_put, search_remove
from yiwang.hall.guides.data import GuideQuestions, GuideSpec
from yiwang.hall.guides.models import CaseDuration, ForecastTable, GuideVersion
from yiwang.hall.guides.queries import guide_view, scopes_of
from yiwang.kernel.api import action, audit_record

WINDOW_DAYS = 365
BATCH = 500


@action("hall.guides.put", permission="hall.matters.manage")
def guide_put(key: str, spec: GuideSpec, *, source: str, now: datetime) -> GuideQuestions:
    """Put guided questions in force (情形引导发布); the same again changes nothing."""
    plain = msgspec.to_builtins(spec)
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    rows = GuideVersion.objects.filter(key=key)
    current = rows.select_for_update().filter(valid_to__isnull=True).first()
    if current is None or current.digest != digest:
        rows.filter(valid_to__isnull=True).update(valid_to=now)
        current = GuideVersion.objects.create(
            key=key,
            number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
            spec=plain,
            digest=digest,
            matters=sorted({each.matter for each in spec.outcomes if each.matter}),
            source=source,
            valid_from=now,
        )
        search_put(
            "page",
            f"guide:{key}",
            title=spec.title["zh"],
            title_en=spec.title["en"],
            body=spec.lead["zh"],
            url=reverse("hall_guides:guide", args=[key]),
            weight=5,
        )
    audit_record(f"guide:{key}", detail={"source": source, "digest": digest})
    return guide_view(current)


@action("hall.guides.close", permission="hall.matters.manage")
def guides_close(*, source: str, keys: Iterable[str], now: datetime) -> int:
    """Take guided questions out of force that their pack no longer has (情形引导停用)."""
    prefix = source.partition("@")[0]
    rows = GuideVersion.objects.filter(
        source__startswith=f"{prefix}@", valid_to__isnull=True
    ).exclude(key__in=list(keys))
    gone = list(rows.values_list("key", flat=True))
    GuideVersion.objects.filter(key__in=gone, valid_to__isnull=True).update(valid_to=now)
    for key in gone:
        search_remove("page", f"guide:{key}")
    audit_record(f"guides:{prefix}", detail={"closed": gone})
    return len(gone)


@action("hall.guides.durations_add")
def durations_add(rows: Iterable[CaseDuration]) -> int:
    """Keep how long applications took (登记办理时长); one that is kept already stays as it is."""
    found = list(rows)
    CaseDuration.objects.bulk_create(found, ignore_conflicts=True, batch_size=BATCH)
    audit_record("guides:durations", detail={"rows": len(found)})
    return len(found)


@action("hall.guides.forecasts_refresh")
def forecasts_refresh(*, today: date, now: datetime) -> int:
    """Count the durations of the last year anew for every scope (更新预测); one reading of the rows.

    A scope in which nothing ended for a year goes. Returns how many scopes there are.
    """
    columns = ("matter_code", "department_id", "function", "item_type", "promised_days")
    rows = CaseDuration.objects.filter(decided_date__gt=today - timedelta(days=WINDOW_DAYS))
    counts: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows.values_list(*columns, "working_days").annotate(Count("pk")).order_by():
        *facts, days, number = row
        for scope in scopes_of(*facts).values():
            counts[scope][days] += number
    ForecastTable.objects.bulk_create(
        (
            ForecastTable(
                scope=scope,
                counts={str(day): found[day] for day in sorted(found)},
                total=sum(found.values()),
                refreshed_at=now,
            )
            for scope, found in counts.items()
        ),
        update_conflicts=True,
        unique_fields=["scope"],
        update_fields=["counts", "total", "refreshed_at"],
        batch_size=BATCH,
    )
    ForecastTable.objects.filter(refreshed_at__lt=now).delete()
    audit_record("guides:forecasts", detail={"scopes": len(counts)})
    return len(counts)
