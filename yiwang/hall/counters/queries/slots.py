"""Reads of slots and appointments (预约查询). Holders see their own, staff those of their halls."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import AppointmentView, DayView, SlotView
from yiwang.hall.counters.errors import AppointmentNotFound, SlotNotOffered
from yiwang.hall.counters.models import Appointment, Hall, Queue, Slot, SlotPool, SlotShare
from yiwang.hall.counters.queries.halls import (
    RECEIVE,
    hall_rows_staffed,
    hall_rules,
    hall_view,
    queue_titles,
)
from yiwang.identity.api import data_scope, field_equals, of_context
from yiwang.kernel.api import CalendarNotPublished, calendar_get, context_get
from yiwang.sdk.errors import N_

CLOSED_DAY = N_("Closed on this day")
NOT_PUBLISHED = N_("The holidays of this year are not published yet")
HOLDER_RULE = field_equals("holder_ref", of_context("subject_ref"))


def day_list(hall: Hall, queue_ids: Sequence[int], *, places: int, now: datetime) -> list[DayView]:
    """List the days that can be booked (可约日期) from today on, with what each slot has left.

    queue_ids: what somebody comes for, all of one pool; a slot with fewer than `places` left counts
    as full. Raises `SlotNotOffered` when they share no pool.
    """
    pool = pool_of(hall, queue_ids)
    calendar, hours = calendar_get(hall.area_code), rules.hours_parse(hall.hours)
    today = timezone.localdate(now)
    days = [today + timedelta(days=n) for n in range(hall_rules(hall).days_ahead + 1)]
    left = _places_left(pool, queue_ids, since=days[0], until=days[-1])
    found = []
    for day in days:
        try:
            spans = rules.day_spans(hours, calendar, day)
        except CalendarNotPublished:
            found.append(DayView(day, (), NOT_PUBLISHED))
            continue
        slots = []
        for minute in rules.slot_minutes(spans, pool.minutes):
            starts_at = moment_of(day, minute)
            if starts_at > now:
                free = left.get(starts_at, _untouched(pool, queue_ids))
                slots.append(_slot(pool, starts_at, free if free >= places else 0))
        found.append(DayView(day, tuple(slots), "" if slots else CLOSED_DAY))
    return found


def _slot(pool: SlotPool, starts_at: datetime, free: int) -> SlotView:
    ends_at = starts_at + timedelta(minutes=pool.minutes)
    return SlotView(pool.pk, starts_at, ends_at, pool.capacity, free)


def pool_of(hall: Hall, queue_ids: Sequence[int]) -> SlotPool:
    """Return the pool that all these queues share (共用号源). Raises `SlotNotOffered`."""
    wanted = set(queue_ids)
    rows = Queue.objects.filter(pk__in=wanted, hall=hall, is_open=True, pool__isnull=False)
    pools = {row.pool_id: row.pool for row in rows.select_related("pool")}
    if not wanted or len(rows) != len(wanted) or len(pools) != 1:
        raise SlotNotOffered()
    return next(iter(pools.values()))


def moment_of(day: date, minute: int) -> datetime:
    """Return a minute of a day of the city as a moment."""
    clock = time(minute // 60 % 24, minute % 60)
    return datetime.combine(day, clock, tzinfo=timezone.get_current_timezone())


def slot_is_offered(hall: Hall, pool: SlotPool, starts_at: datetime, *, now: datetime) -> bool:
    """Tell whether a hall offers a slot (时段是否开放): in the future, near enough, on an opening minute."""
    day = timezone.localdate(starts_at)
    if starts_at <= now or (day - timezone.localdate(now)).days > hall_rules(hall).days_ahead:
        return False
    try:
        spans = rules.day_spans(rules.hours_parse(hall.hours), calendar_get(hall.area_code), day)
    except CalendarNotPublished:
        return False
    minutes = rules.slot_minutes(spans, pool.minutes)
    return any(moment_of(day, minute) == starts_at for minute in minutes)


def _untouched(pool: SlotPool, queue_ids: Sequence[int]) -> int:
    limits = Queue.objects.filter(pk__in=set(queue_ids), slot_limit__isnull=False)
    return min([pool.capacity, *limits.values_list("slot_limit", flat=True)])


def _places_left(
    pool: SlotPool, queue_ids: Sequence[int], *, since: date, until: date
) -> dict[datetime, int]:
    """Return what slots with a row have left for these queues (余号)."""
    span = (moment_of(since, 0), moment_of(until + timedelta(days=1), 0))
    slots = list(Slot.objects.filter(pool=pool, starts_at__gte=span[0], starts_at__lt=span[1]))
    left = {slot.pk: slot.capacity - slot.taken for slot in slots}
    shares = SlotShare.objects.filter(slot__in=slots, queue_id__in=set(queue_ids))
    shared = {(share.slot_id, share.queue_id): share.most - share.taken for share in shares}
    limits = dict(
        Queue.objects.filter(pk__in=set(queue_ids), slot_limit__isnull=False).values_list(
            "pk", "slot_limit"
        )
    )
    for slot in slots:
        for queue_id, limit in limits.items():
            left[slot.pk] = min(left[slot.pk], shared.get((slot.pk, queue_id), limit))
    return {slot.starts_at: left[slot.pk] for slot in slots}


def booking_blocked_until(hall: Hall, holder_ref: str) -> date | None:
    """Return until when somebody may not book in a hall (爽约限制), counted over all halls; None when they may."""
    with data_scope(purpose="预约资格核验", reason=holder_ref):
        rows = Appointment.objects.filter(holder_ref=holder_ref, state=data.NO_SHOW)
        dates = [timezone.localdate(at) for at in rows.values_list("starts_at", flat=True)]
    return rules.blocked_until(dates, hall_rules(hall).no_show)


def appointment_rows(purpose: str) -> QuerySet[Appointment]:
    """Return the appointments that the acting person may see (可见预约)."""
    context = context_get()
    with data_scope(purpose=context.purpose or purpose, reason="预约"):
        rows = Appointment.objects.select_related("hall", "slot__pool")
        if context.population == "SYSTEM":
            return rows
        if context.population == "STAFF" and context.may(RECEIVE):
            return rows.filter(hall__in=hall_rows_staffed())
        return rows.filter(HOLDER_RULE.filter(context)).exclude(holder_ref="")


def appointment_get(appointment_id: int, *, now: datetime) -> AppointmentView:
    """Return an appointment that the acting person may see. Raises `AppointmentNotFound` for all others."""
    row = appointment_rows("查看预约").filter(pk=appointment_id).first()
    if row is None:
        raise AppointmentNotFound()
    return appointment_views([row], now=now)[0]


def appointment_list(
    *,
    now: datetime,
    hall_id: int | None = None,
    day: date | None = None,
    state: str = "",
    text: str = "",
    limit: int = 20,
    offset: int = 0,
) -> list[AppointmentView]:
    """List the appointments that the acting person may see (预约清单): of a day by time, else the latest first."""
    rows = _narrowed(hall_id=hall_id, day=day, state=state, text=text)
    rows = rows.order_by("starts_at", "pk") if day else rows.order_by("-starts_at", "-pk")
    return appointment_views(list(rows[offset : offset + limit]), now=now)


def appointment_count(
    *,
    hall_id: int | None = None,
    day: date | None = None,
    state: str = "",
    text: str = "",
    cap: int = 100_000,
) -> int:
    """Count them, up to `cap` (预约数)."""
    return _narrowed(hall_id=hall_id, day=day, state=state, text=text)[:cap].count()


def _narrowed(
    *, hall_id: int | None, day: date | None, state: str, text: str
) -> QuerySet[Appointment]:
    rows = appointment_rows("查看预约")
    if hall_id is not None:
        rows = rows.filter(hall_id=hall_id)
    if day is not None:
        since = moment_of(day, 0)
        rows = rows.filter(starts_at__gte=since, starts_at__lt=since + timedelta(days=1))
    rows = rows.filter(state=state) if state else rows
    wanted = text.strip()
    return rows.filter(Q(number=wanted) | Q(name=wanted) | Q(code=wanted)) if wanted else rows


def appointment_views(rows: Sequence[Appointment], *, now: datetime) -> list[AppointmentView]:
    """Turn rows into what others see; the code only for the eyes of the holder."""
    titles = queue_titles(queue_id for row in rows for queue_id in row.queues)
    halls = {row.hall_id: row.hall for row in rows}
    views = {key: hall_view(hall, now=now) for key, hall in halls.items()}
    holder = context_get().subject_ref
    return [
        AppointmentView(
            id=row.pk,
            number=row.number,
            code=row.code if row.holder_ref == holder and row.state == data.BOOKED else "",
            hall=views[row.hall_id],
            queues=tuple(titles.get(queue_id, {}) for queue_id in row.queues),
            queue_ids=tuple(row.queues),
            name=row.name,
            phone=row.phone,
            people=row.people,
            places=row.places,
            matter=row.matter,
            starts_at=row.starts_at,
            ends_at=_ends(row),
            state=row.state,
            booked_at=row.booked_at,
            reason=row.reason,
            ends_clock=f"{timezone.localtime(_ends(row)):%H:%M}",
        )
        for row in rows
    ]


def _ends(row: Appointment) -> datetime:
    return row.starts_at + timedelta(minutes=row.slot.pool.minutes)
