"""Reads of the double publicity (双公示查询): what everybody may see, what a department works on, how timely it is."""

from datetime import date, datetime

from django.db.models import Count, F, Q, QuerySet

from yiwang.hall.disclosure.data import (
    CHECKING,
    PUBLISHED,
    READY,
    PublicFilter,
    PublicRecord,
    RecordView,
    TimelyRow,
)
from yiwang.hall.disclosure.errors import RecordNotFound
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.identity.api import Rule, data_scope, department_list, field_in
from yiwang.kernel.api import context_get

ENTER = "hall.disclosure.enter"
PUBLISH = "hall.disclosure.publish"
OVERSEE = "hall.disclosure.oversee"
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")
PURPOSE = "行政许可和行政处罚信息公示"
OPEN = (CHECKING, READY)


def public_list(
    filters: PublicFilter = PublicFilter(),  # noqa: B008 - frozen
    *,
    offset: int = 0,
    limit: int = 20,
) -> list[PublicRecord]:
    """List what is published (公示信息), the newest decision first; only masked values leave here."""
    rows = _public(filters).order_by("-decided_date", "-pk")[offset : offset + limit]
    return [_public_view(row) for row in rows]


def public_count(filters: PublicFilter, *, cap: int = 100_000) -> int:
    """Count what is published, up to `cap` (公示数量)."""
    return _public(filters)[:cap].count()


def public_get(record_id: int) -> PublicRecord:
    """Return a published record as everybody sees it (公示详情). Raises `RecordNotFound`."""
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        row = _public_rows().filter(pk=record_id, state=PUBLISHED).first()
    if row is None:
        raise RecordNotFound()
    return _public_view(row)


def public_corrections(record_id: int) -> list[tuple[datetime, str]]:
    """List when and why a published record was corrected (更正记录), the newest first."""
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        thread = DisclosureRecord.objects.filter(pk=record_id).values("thread")
        rows = DisclosureRecord.objects.filter(
            thread__in=thread, published_at__isnull=False, revision__gt=1
        )
        return list(rows.order_by("-revision").values_list("published_at", "correction_reason"))


def record_rows() -> QuerySet[DisclosureRecord]:
    """Return the records that the acting person may work on (本部门双公示信息), within an open scope."""
    context = context_get()
    if context.population == "SYSTEM":
        return DisclosureRecord.objects.all()
    return DisclosureRecord.objects.filter(DEPARTMENT_RULE.filter(context))


def record_list(
    *,
    kind: str = "",
    state: str = "",
    text: str = "",
    offset: int = 0,
    limit: int = 20,
) -> list[RecordView]:
    """List one's department's records (双公示工作台), those due soonest first."""
    with data_scope(purpose=PURPOSE, reason="列表"):
        rows = _desk(kind, state, text).order_by(F("due_at").asc(nulls_last=True), "-pk")
        return [record_view(row) for row in rows[offset : offset + limit]]


def record_count(*, kind: str = "", state: str = "", text: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    with data_scope(purpose=PURPOSE, reason="列表"):
        return _desk(kind, state, text)[:cap].count()


def record_get(record_id: int) -> RecordView:
    """Return a record that the acting person may work on (双公示信息). Raises `RecordNotFound`."""
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        row = record_rows().filter(pk=record_id).first()
    if row is None:
        raise RecordNotFound()
    return record_view(row)


def record_revisions(record_id: int) -> list[RecordView]:
    """List the revisions of a record (修订记录), the newest first."""
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        thread = record_rows().filter(pk=record_id).values("thread")
        rows = record_rows().filter(thread__in=thread).order_by("-revision")
        return [record_view(row) for row in rows]


def record_export(
    *, kind: str, since: date | None = None, until: date | None = None, limit: int = 50_000
) -> list[dict[str, str]]:
    """Return the values of one's department's published records in full (报送导出), by day of decision."""
    with data_scope(purpose=PURPOSE, reason="报送导出"):
        rows = record_rows().filter(kind=kind, state=PUBLISHED)
        rows = _within(rows, since, until).order_by("decided_date", "pk")
        return list(rows.values_list("values", flat=True)[:limit])


def open_count() -> int:
    """Count what still waits to be published in one's department (待公示数)."""
    with data_scope(purpose=PURPOSE, reason="计数"):
        return record_rows().filter(state__in=OPEN, is_current=True)[:1000].count()


def timeliness(*, since: date, until: date, now: datetime) -> list[TimelyRow]:
    """Count how timely the departments publish what they decided in [since, until] (公示时效).

    By the first publication of a decision; corrections do not count anew. The worst share stands first.
    """
    done = Q(first_published_at__isnull=False)
    late = done & Q(due_at__isnull=False, first_published_at__gt=F("due_at"))
    on_time = done & (Q(due_at__isnull=True) | Q(first_published_at__lte=F("due_at")))
    waiting = Q(first_published_at__isnull=True)
    with data_scope(purpose="公示时效统计", reason="排行"):
        rows = (
            DisclosureRecord.objects.filter(
                is_current=True, decided_date__gte=since, decided_date__lte=until
            )
            .values("department_id")
            .annotate(
                xk=Count("pk", filter=Q(kind="XK")),
                cf=Count("pk", filter=Q(kind="CF")),
                on_time=Count("pk", filter=on_time),
                late=Count("pk", filter=late),
                overdue=Count("pk", filter=waiting & Q(due_at__lt=now)),
                waiting=Count("pk", filter=waiting & (Q(due_at__gte=now) | Q(due_at__isnull=True))),
            )
            .order_by()
        )
        counted = list(rows)
    names = {
        each.id: each.name for each in department_list(ids=[r["department_id"] for r in counted])
    }
    found = [
        TimelyRow(
            department_id=row["department_id"],
            name=names.get(row["department_id"], str(row["department_id"])),
            kind_counts={"XK": row["xk"], "CF": row["cf"]},
            decided=row["xk"] + row["cf"],
            on_time=row["on_time"],
            late=row["late"],
            open=row["waiting"],
            overdue=row["overdue"],
        )
        for row in counted
    ]  # fmt: skip
    return sorted(found, key=lambda row: (101 if row.share is None else row.share, row.name))


def record_view(row: DisclosureRecord) -> RecordView:
    """Turn a row into what its department sees."""
    return RecordView(
        id=row.pk,
        thread=row.thread,
        kind=row.kind,
        revision=row.revision,
        state=row.state,
        values=row.values,
        errors=row.errors,
        subject_type=row.subject_type,
        department_id=row.department_id,
        source=row.source,
        decided_date=row.decided_date,
        due_at=row.due_at,
        published_at=row.published_at,
        period=row.period,
        hidden_ground=row.hidden_ground,
        hidden_reason=row.hidden_reason,
        hidden_at=row.hidden_at,
        correction_reason=row.correction_reason,
        entered_by=row.entered_by,
        is_current=row.is_current,
    )


def _desk(kind: str, state: str, text: str) -> QuerySet[DisclosureRecord]:
    rows = record_rows().filter(is_current=True)
    rows = rows.filter(kind=kind) if kind else rows
    if state == "OPEN":
        rows = rows.filter(state__in=OPEN)
    elif state:
        rows = rows.filter(state=state)
    return rows.filter(search__contains=text.upper()) if text else rows


def _public(filters: PublicFilter) -> QuerySet[DisclosureRecord]:
    with data_scope(purpose=PURPOSE, reason="公示"):
        rows = _public_rows().filter(state=PUBLISHED)
    if filters.text:
        rows = rows.filter(search__contains=filters.text.upper())
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.department_id:
        rows = rows.filter(department_id=filters.department_id)
    return _within(rows, filters.since, filters.until)


def _public_rows() -> QuerySet[DisclosureRecord]:
    """Rows without what was entered: the unmasked values are not even read."""
    return DisclosureRecord.objects.defer("values")


def _within(rows: QuerySet, since: date | None, until: date | None) -> QuerySet:
    rows = rows.filter(decided_date__gte=since) if since else rows
    return rows.filter(decided_date__lte=until) if until else rows


def _public_view(row: DisclosureRecord) -> PublicRecord:
    return PublicRecord(
        id=row.pk,
        kind=row.kind,
        values=row.public_values,
        decided_date=row.decided_date,
        published_at=row.published_at,
        revision=row.revision,
        correction_reason=row.correction_reason,
    )
