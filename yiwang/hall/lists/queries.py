"""Reads of the lists (权责清单查询): as of a day, one power with its history, adjustments, two days compared."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from django.db.models import Count, Q, QuerySet

from yiwang.engines.api import process_nodes
from yiwang.hall.lists.data import (
    POWER_TYPES,
    AdjustmentView,
    ChangeView,
    Comparison,
    DetailView,
    EntryFilter,
    EntryView,
)
from yiwang.hall.lists.errors import AdjustmentNotFound, EntryNotFound
from yiwang.hall.lists.models import (
    ListAdjustment,
    ListChange,
    ListDesk,
    ListDetail,
    ListEntry,
)
from yiwang.hall.lists.rules import changes_between, content_make
from yiwang.hall.matters.queries import matter_current_list
from yiwang.identity.api import department_list
from yiwang.kernel.api import context_get
from yiwang.sdk.text import clean

PREPARE = "hall.lists.prepare"
PUBLISH = "hall.lists.publish"
MAINTAIN = "hall.lists.maintain"
ORDERS = {
    "title": ("title", "code"),
    "item_type": ("item_type", "function", "code"),
    "department": ("function", "item_type", "code"),
    "level": ("level", "function", "code"),
    "code": ("code",),
}


def entry_list(
    filters: EntryFilter = EntryFilter(),  # noqa: B008 - frozen
    *,
    order: str = "department",
    offset: int = 0,
    limit: int = 20,
) -> list[EntryView]:
    """List the powers of a day (清单), by department, kind and code unless ordered otherwise.

    order: a key of `ORDERS`, with - before it the other way round.
    """
    rows = _entries(filters).order_by(*ORDERS.get(order.lstrip("-"), ORDERS["department"]))
    rows = rows.reverse() if order.startswith("-") else rows
    return [_entry(row) for row in rows[offset : offset + limit]]


def entry_count(filters: EntryFilter, *, cap: int = 100_000) -> int:
    """Count the powers of a day, up to `cap` (清单事项数)."""
    return _entries(filters)[:cap].count()


def entry_walk(filters: EntryFilter) -> Iterator[EntryView]:
    """Yield all powers of a day, by department, kind and code (清单导出)."""
    for row in _entries(filters).order_by(*ORDERS["department"]).iterator(chunk_size=500):
        yield _entry(row)


def entry_get(code: str, *, on: date | None = None) -> EntryView:
    """Return a power (清单事项) as of a day, by default as it stands; raises `EntryNotFound`."""
    code = clean(code)[:12]
    row = _as_of(ListEntry.objects.filter(code=code), on).order_by("-valid_from", "-pk").first()
    if row is None:
        raise EntryNotFound(code=code)
    return _entry(row)


def entry_history(code: str) -> list[tuple[EntryView, AdjustmentView]]:
    """List what a power said over time with the adjustment that made it so (历次调整), newest first."""
    rows = ListEntry.objects.filter(code=clean(code)[:12]).select_related("adjustment")
    return [(_entry(row), adjustment_view(row.adjustment)) for row in rows.order_by("-pk")]


def entry_count_by(column: str) -> dict[str, int]:
    """Count the powers in force by "function", "item_type" or "level" (分类计数)."""
    rows = ListEntry.objects.filter(valid_to__isnull=True)
    return dict(rows.values_list(column).annotate(Count("pk")).order_by())


def is_published() -> bool:
    """Tell whether the lists have ever been published (是否已公布)."""
    return ListAdjustment.objects.filter(state="PUBLISHED").exists()


def comparison(earlier: date, later: date) -> Comparison:
    """Compare the lists of two days (两日对比): what was added, cancelled, delegated, changed."""
    before, after = contents_on(earlier), contents_on(later)
    changes = tuple(
        ChangeView(0, code, kind, old, new)
        for code, kind, old, new in changes_between(before, after)
    )
    return Comparison(earlier, later, changes)


def contents_on(day: date | None) -> dict[str, dict]:
    """Return the content of every power of a day by code (当日清单); None: as it stands."""
    rows = _as_of(ListEntry.objects.all(), day).order_by("valid_from", "pk")
    return dict(rows.values_list("code", "content"))


def catalogue_contents() -> dict[str, dict]:
    """Make the lists from the catalogue of matters as it stands (从事项目录生成清单), by code."""
    details = {row.code: detail_view(row) for row in ListDetail.objects.all()}
    steps: dict[int, list] = {}
    found = {}
    for view in matter_current_list(item_types=POWER_TYPES):
        version_id = view.process_version_id
        if version_id is not None and version_id not in steps:
            steps[version_id] = process_nodes(version_id)
        found[view.code] = content_make(
            view.spec,
            kind=view.kind,
            steps=steps.get(version_id, []) if version_id else [],
            detail=details.get(view.code, DetailView()),
            local_task_code=view.local_task_code,
            source_note=view.source_note,
        )
    return found


def adjustment_list(*, published: bool, limit: int = 50) -> list[AdjustmentView]:
    """List adjustments (历次清单调整), the newest first."""
    rows = ListAdjustment.objects.order_by("-pk")
    rows = rows.filter(state="PUBLISHED") if published else rows
    return [adjustment_view(row) for row in rows[:limit]]


def adjustment_get(number: int) -> AdjustmentView:
    """Return a published adjustment by its number (清单调整). Raises `AdjustmentNotFound`."""
    row = ListAdjustment.objects.filter(number=number, state="PUBLISHED").first()
    if row is None:
        raise AdjustmentNotFound()
    return adjustment_view(row)


def adjustment_open_get() -> AdjustmentView | None:
    """Return the adjustment that is being prepared (在办调整), None when there is none."""
    desk = ListDesk.objects.select_related("open_adjustment").first()
    row = desk.open_adjustment if desk else None
    return adjustment_view(row) if row else None


def change_rows(adjustment_id: int) -> QuerySet[ListChange]:
    """Return the changes of an adjustment for a list (调整事项), by kind and code."""
    return ListChange.objects.filter(adjustment_id=adjustment_id).order_by("kind", "code")


def change_counts(adjustment_id: int) -> dict[str, int]:
    """Count the changes of an adjustment by kind, those left out apart (调整数量)."""
    rows = ListChange.objects.filter(adjustment_id=adjustment_id, is_left_out=False)
    return dict(Counter(rows.values_list("kind", flat=True)))


def detail_get(code: str) -> DetailView:
    """Return what a department added to a power (清单补充信息); empty where nothing was."""
    row = ListDetail.objects.filter(code=code).first()
    return detail_view(row) if row else DetailView()


def detail_view(row: ListDetail) -> DetailView:
    """Turn a row into what others see."""
    return DetailView(
        row.office, row.responsibilities, row.accountability, row.accountability_basis
    )


def functions_of_actor() -> set[str]:
    """Return the functions of the acting officer's departments (本部门职能)."""
    ids = context_get().department_ids
    return {department.function for department in department_list(ids=ids)} if ids else set()


def change_view(row: ListChange) -> ChangeView:
    """Turn a row into what pages show."""
    return ChangeView(row.pk, row.code, row.kind, row.before, row.after, row.note, row.is_left_out)


def adjustment_view(row: ListAdjustment) -> AdjustmentView:
    """Turn a row into what others see."""
    return AdjustmentView(
        id=row.pk,
        number=row.number or 0,
        state=row.state,
        reason=row.reason,
        legal_ground=row.legal_ground,
        effective_date=row.effective_date,
        counts=row.counts,
        prepared_by_id=row.prepared_by_id,
        prepared_by=row.prepared_by,
        published_by=row.published_by,
        published_at=row.published_at,
        return_note=row.return_note,
        prepared_at=row.prepared_at,
    )


def _entries(filters: EntryFilter) -> QuerySet[ListEntry]:
    rows = _as_of(ListEntry.objects.all(), filters.on)
    if filters.text:
        rows = rows.filter(Q(title__icontains=filters.text) | Q(code=filters.text))
    if filters.department:
        rows = rows.filter(function=filters.department)
    if filters.item_type:
        rows = rows.filter(item_type=filters.item_type)
    if filters.level:
        rows = rows.filter(level=filters.level)
    if filters.basis:
        rows = rows.filter(has_basis=filters.basis == "known")
    return rows


def _as_of(rows: QuerySet[ListEntry], day: date | None) -> QuerySet[ListEntry]:
    if day is None:
        return rows.filter(valid_to__isnull=True)
    return rows.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def _entry(row: ListEntry) -> EntryView:
    return EntryView(row.pk, row.code, row.valid_from, row.valid_to, row.content)
