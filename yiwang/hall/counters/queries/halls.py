"""Reads of halls, queues, windows and kiosks (大厅、队列、窗口、终端)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import HallRules, HallView, KioskView, QueueView, Spans
from yiwang.hall.counters.errors import HallNotFound
from yiwang.hall.counters.models import Hall, Kiosk, PriorityClass, Queue, Window
from yiwang.kernel.api import CalendarNotPublished, calendar_get, code_get, context_get

SERVE = "hall.counters.serve"
RECEIVE = "hall.counters.receive"
MANAGE = "hall.counters.manage"


def hall_rows_staffed() -> QuerySet[Hall]:
    """Return the halls in which the acting person works (本人所在大厅): run by their department or with its windows."""
    context = context_get()
    if context.population == "SYSTEM":
        return Hall.objects.all()
    ids = context.department_ids
    works_at = Window.objects.filter(department_id__in=ids).values("hall_id")
    return Hall.objects.filter(Q(department_id__in=ids) | Q(pk__in=works_at))


def hall_rows_managed() -> QuerySet[Hall]:
    """Return the halls that the acting person's departments run (本部门管理的大厅)."""
    context = context_get()
    if context.population == "SYSTEM":
        return Hall.objects.all()
    return Hall.objects.filter(department_id__in=context.department_ids)


def hall_staff_get(code: str, *, now: datetime, managed: bool = False) -> HallView:
    """Return a hall that the acting person works in or, `managed`, runs. Raises `HallNotFound` for others."""
    rows = hall_rows_managed() if managed else hall_rows_staffed()
    return _found(rows.filter(code=code), now)


def hall_get(code: str, *, now: datetime) -> HallView:
    """Return a hall in use (大厅) by its code. Raises `HallNotFound`."""
    return _found(Hall.objects.filter(code=code, is_open=True), now)


def _found(rows: QuerySet[Hall], now: datetime) -> HallView:
    row = _counted(rows, now).first()
    if row is None:
        raise HallNotFound()
    return hall_view(row, now=now)


def hall_list(*, now: datetime, level: str = "", area: str = "", text: str = "") -> list[HallView]:
    """List the halls in use (大厅清单), the city's first; `area`: the beginning of an area code."""
    rows = Hall.objects.filter(is_open=True, level__contains=level, area_code__startswith=area)
    if text.strip():
        rows = rows.filter(Q(title__zh__icontains=text) | Q(address__icontains=text))
    return _listed(rows, now)


def hall_staff_list(*, now: datetime, managed: bool = False) -> list[HallView]:
    """List the halls in which the acting person works or, `managed`, that they run."""
    return _listed(hall_rows_managed() if managed else hall_rows_staffed(), now)


def _listed(rows: QuerySet[Hall], now: datetime) -> list[HallView]:
    ranks = list(data.LEVELS)
    views = [hall_view(row, now=now) for row in _counted(rows, now)]
    return sorted(views, key=lambda view: (ranks.index(view.level), view.area_code, view.code))


def _counted(rows: QuerySet[Hall], now: datetime) -> QuerySet[Hall]:
    today = Q(tickets__day=timezone.localdate(now), tickets__state=data.WAITING)
    return rows.annotate(waiting_now=Count("tickets", filter=today))


def hall_view(row: Hall, *, now: datetime) -> HallView:
    """Turn a row into what others see, as it stands at `now`."""
    spans = spans_today(row, now=now)
    division = code_get("divisions", row.area_code)
    return HallView(
        id=row.pk,
        code=row.code,
        title=row.title,
        level=row.level,
        area_code=row.area_code,
        area_name=division.name if division else "",
        address=row.address,
        phone=row.phone,
        department_id=row.department_id,
        is_made=row.is_made,
        spans=spans,
        is_open=rules.is_open(spans, minute_of_day(now)),
        waiting=getattr(row, "waiting_now", 0),
    )


def spans_today(row: Hall, *, now: datetime) -> Spans:
    """Return when a hall is open today (今日开放时间); () also where the year's calendar is not published."""
    try:
        calendar = calendar_get(row.area_code)
        return rules.day_spans(rules.hours_parse(row.hours), calendar, timezone.localdate(now))
    except CalendarNotPublished:
        return ()


def minute_of_day(now: datetime) -> int:
    """Return the minute of the city's day."""
    local = timezone.localtime(now)
    return local.hour * 60 + local.minute


def hall_rules(row: Hall) -> HallRules:
    """Return the rules of a hall (大厅规则)."""
    return rules.rules_read(row.rules)


def queue_list(hall_id: int, *, now: datetime, only_open: bool = True) -> list[QueueView]:
    """List the queues of a hall (队列) with who waits and which windows are open now."""
    today = Q(tickets__day=timezone.localdate(now), tickets__state=data.WAITING)
    rows = Queue.objects.filter(hall_id=hall_id).annotate(
        waiting=Count("tickets", filter=today, distinct=True),
        open_windows=Count("windows", filter=Q(windows__state="OPEN"), distinct=True),
    )
    rows = rows.filter(is_open=True) if only_open else rows
    return [queue_view(row) for row in rows.order_by("order", "pk")]


def queue_view(row: Queue) -> QueueView:
    """Turn a row into what others see."""
    return QueueView(
        id=row.pk,
        hall_id=row.hall_id,
        key=row.key,
        letter=row.letter,
        title=row.title,
        matters=tuple(row.matters),
        pool_id=row.pool_id,
        is_open=row.is_open,
        waiting=getattr(row, "waiting", 0),
        open_windows=getattr(row, "open_windows", 0),
    )


def queue_titles(ids: Iterable[int]) -> dict[int, data.Text]:
    """Return the titles of queues by id (队列名称)."""
    return dict(Queue.objects.filter(pk__in=set(ids)).values_list("pk", "title"))


def priority_list(*, only_offered: bool = True) -> list[tuple[str, data.Text, data.Text]]:
    """List the classes of people who are called earlier (优先类别): key, title, what is looked at."""
    rows = PriorityClass.objects.order_by("order", "key")
    rows = rows.filter(is_offered=True) if only_offered else rows
    return [(row.key, row.title, row.proof) for row in rows]


def kiosk_list(hall_id: int) -> list[KioskView]:
    """List the machines of a hall (自助终端)."""
    return [kiosk_view(row) for row in Kiosk.objects.filter(hall_id=hall_id).order_by("pk")]


def kiosk_get(mark: str) -> KioskView | None:
    """Return the machine that a cookie's mark "<id>.<version>" names, None unless it is in force."""
    key, _point, version = mark.partition(".")
    if not (key.isdecimal() and version.isdecimal()) or len(mark) > 20:
        return None
    row = Kiosk.objects.filter(pk=int(key), version=int(version), is_open=True).first()
    return kiosk_view(row) if row else None


def kiosk_mark(kiosk_id: int) -> str:
    """Return the mark that a machine keeps in its cookie (终端标记)."""
    return f"{kiosk_id}.{Kiosk.objects.values_list('version', flat=True).get(pk=kiosk_id)}"


def kiosk_view(row: Kiosk) -> KioskView:
    """Turn a row into what others see."""
    return KioskView(row.pk, row.title, row.hall_id, row.is_open, row.paired_at)


def hall_code(hall_id: int) -> str:
    """Return the code of a hall by its id (大厅编码)."""
    return Hall.objects.values_list("code", flat=True).get(pk=hall_id)
