"""Reads for those who watch over time (监察查询): sets of work items by due date, across departments.

Each scan walks the index of open items by due date; nothing here asks for one case at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When

from yiwang.engines.workflow.models import WorkItem
from yiwang.engines.workflow.rules import NO_DUE

OPEN = Q(closed_at__isnull=True)
RUNNING = ("READY", "CLAIMED")
TITLES_AT_ONCE = 1000
_COLUMNS = (
    "id",
    "business_key",
    "node_id",
    "name_zh",
    "name_en",
    "number",
    "title_zh",
    "title_en",
    "department_id",
    "assignee_id",
    "role",
    "state",
    "opened_at",
    "due_at",
    "warn_at",
    "closed_at",
)


@dataclass(frozen=True, slots=True)
class DueItem:
    """A work item as supervision sees it (监察所见待办): no applicant, no content."""

    id: int
    business_key: str
    node_id: str
    name_zh: str
    name_en: str
    number: str
    title_zh: str
    title_en: str
    department_id: int
    assignee_id: int | None
    role: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    closed_at: datetime | None

    @property
    def name(self) -> dict[str, str]:
        """The step (环节) in both languages."""
        return {"zh": self.name_zh, "en": self.name_en or self.name_zh}

    @property
    def title(self) -> dict[str, str]:
        """The matter (事项) in both languages."""
        return {"zh": self.title_zh, "en": self.title_en or self.title_zh}

    def light(self, now: datetime) -> str:
        """Return the traffic light (红黄绿灯); NONE where there is no due date."""
        if self.due_at is None:
            return "NONE"
        if self.due_at < now:
            return "RED"
        return "YELLOW" if self.warn_at and self.warn_at <= now else "GREEN"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """Open steps of one matter in one department (监察看板一格)."""

    department_id: int
    title_zh: str
    title_en: str
    green: int
    yellow: int
    red: int
    undated: int


def work_item_due_scan(
    *,
    until: datetime,
    since: datetime | None = None,
    warned_by: datetime | None = None,
    nodes: Sequence[str] = (),
    after: tuple[datetime, int] | None = None,
    limit: int = 5000,
) -> list[DueItem]:
    """Return running items due before `until` (到期扫描), soonest first, a chunk at a time.

    since: due at it or later; warned_by: only those whose warning time has come; nodes: only these
    steps; after: (due_at, id) of the last one seen. Suspended items are not running.
    """
    items = WorkItem.objects.filter(OPEN, due_order__lt=until, state__in=RUNNING)
    if since is not None:
        items = items.filter(due_order__gte=since)
    if warned_by is not None:
        items = items.filter(warn_at__lte=warned_by)
    if nodes:
        items = items.filter(node_id__in=list(nodes))
    if after is not None:
        due, last = after
        items = items.filter(due_order__gte=due).exclude(due_order=due, id__lte=last)
    return _views(items.order_by("due_order", "id")[:limit])


def work_item_due_keys(*, until: datetime) -> list[tuple[datetime, int]]:
    """Return (due_at, id) of all open items due before `until`: what detection alone costs."""
    rows = WorkItem.objects.filter(OPEN, due_order__lt=until).order_by("due_order", "id")
    return list(rows.values_list("due_order", "id"))


def work_item_past_scan(
    *, since: datetime, until: datetime, after: int = 0, limit: int = 5000
) -> list[DueItem]:
    """Return items, finished or not, that were due from `since` to before `until`, by id (历史到期)."""
    items = WorkItem.objects.filter(due_at__gte=since, due_at__lt=until, id__gt=after)
    return _views(items.order_by("id")[:limit])


def work_item_by_case(business_keys: Iterable[str]) -> dict[str, DueItem]:
    """Return the open item of each case that is due first (办件当前环节)."""
    items = WorkItem.objects.filter(OPEN, business_key__in=list(business_keys))
    found: dict[str, DueItem] = {}
    for item in _views(items.order_by("due_order", "id")):
        found.setdefault(item.business_key, item)
    return found


def work_item_case_list(business_key: str) -> list[DueItem]:
    """Return all steps that a case has gone through (办件全部环节), in order."""
    return _views(WorkItem.objects.filter(business_key=business_key).order_by("id"))


def work_item_board(*, now: datetime) -> Iterator[BoardRow]:
    """Count open items by department, matter and light (监察看板): one walk over an index of what is open.

    The English title is that of the cell's newest item; asking for it with the counts would read every row.
    """

    def count(condition: Q) -> Count:
        return Count(Case(When(condition, then=Value(1)), output_field=IntegerField()))

    dated = ~Q(due_order=NO_DUE)
    counted = (
        WorkItem.objects.filter(OPEN)
        .values("department_id", "title_zh")
        .annotate(
            all=Count("*"),
            newest=Max("id"),
            red=count(Q(due_order__lt=now)),
            yellow=count(Q(due_order__gte=now, warn_at__lte=now) & dated),
            undated=count(Q(due_order=NO_DUE)),
        )
        .order_by("department_id", "title_zh")
    )
    rows = list(counted)
    english = _english_titles([row["newest"] for row in rows])
    for row in rows:
        rest = row["all"] - row["red"] - row["yellow"] - row["undated"]
        yield BoardRow(
            department_id=row["department_id"],
            title_zh=row["title_zh"],
            title_en=english.get(row["newest"]) or row["title_zh"],
            green=rest,
            yellow=row["yellow"],
            red=row["red"],
            undated=row["undated"],
        )


def _english_titles(ids: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(ids), TITLES_AT_ONCE):
        rows = WorkItem.objects.filter(pk__in=ids[start : start + TITLES_AT_ONCE])
        found |= dict(rows.values_list("id", "title_en"))
    return found


def work_item_oversee(
    *,
    department_id: int | None,
    title_zh: str = "",
    light: str = "",
    now: datetime,
    limit: int = 50,
    offset: int = 0,
) -> list[DueItem]:
    """List open items of a department and matter by light, most urgent first (监察清单)."""
    items = _overseen(department_id, title_zh, light, now).order_by("due_order", "id")
    return _views(items[offset : offset + limit])


def work_item_oversee_count(
    *, department_id: int | None, title_zh: str = "", light: str = "", now: datetime, cap: int
) -> int:
    """Count what `work_item_oversee` lists, up to `cap`."""
    rows = _overseen(department_id, title_zh, light, now)
    return len(rows.order_by().values_list("id")[:cap])


def _overseen(
    department_id: int | None, title_zh: str, light: str, now: datetime
) -> QuerySet[WorkItem]:
    items = WorkItem.objects.filter(OPEN)
    if department_id is not None:
        items = items.filter(department_id=department_id)
    if title_zh:
        items = items.filter(title_zh=title_zh)
    lights = {
        "RED": Q(due_order__lt=now),
        "YELLOW": Q(due_order__gte=now, warn_at__lte=now) & ~Q(due_order=NO_DUE),
        "GREEN": Q(due_order__gte=now) & ~Q(due_order=NO_DUE)
        & (Q(warn_at__gt=now) | Q(warn_at__isnull=True)),
        "NONE": Q(due_order=NO_DUE),
    }  # fmt: skip
    return items.filter(lights[light]) if light in lights else items


def _views(items: QuerySet[WorkItem]) -> list[DueItem]:
    return [DueItem(*row) for row in items.values_list(*_COLUMNS)]
