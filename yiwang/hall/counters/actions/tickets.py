"""Tickets (号票): taken by phone, at a kiosk, at the desk, from an appointment."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import DESK, KIOSK, PHONE, KioskView, TicketView
from yiwang.hall.counters.errors import (
    AppointmentNotFound,
    AppointmentStateWrong,
    CheckInTooEarly,
    HallClosed,
    HallNotFound,
    KioskNotPaired,
    QueueClosed,
    TicketNotFound,
    TicketStateWrong,
    TicketTwice,
    VisitIncomplete,
)
from yiwang.hall.counters.models import (
    Appointment,
    Hall,
    PriorityClass,
    Queue,
    Ticket,
    TicketCall,
)
from yiwang.hall.counters.queries.forecasts import forecast_dump, forecast_of, hall_state
from yiwang.hall.counters.queries.halls import (
    RECEIVE,
    hall_rows_staffed,
    hall_rules,
    minute_of_day,
    spans_today,
)
from yiwang.hall.counters.queries.tickets import ticket_rows, ticket_view
from yiwang.hall.matters.queries import matter_get
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, serial_next
from yiwang.sdk.errors import SignInNeeded
from yiwang.sdk.identifiers import person_ref_of

APPOINTMENT = "appointment"
"""The class (优先类别) of those who come on time with an appointment."""


@action("hall.counters.ticket_take")
def ticket_take(
    queue_id: int, *, now: datetime, priority: str = "", further: Sequence[int] = ()
) -> TicketView:
    """Take a ticket by phone (手机取号) as the person signed in, one at a time in a hall.

    Raises HallClosed, QueueClosed, TicketTwice.
    """
    context = context_get()
    if not context.subject_ref:
        raise SignInNeeded()
    return _issue(
        _queue(queue_id),
        channel=PHONE,
        priority=_priority(priority),
        account_id=context.account_id,
        holder_ref=context.subject_ref,
        name=context.name,
        further=list(further),
        now=now,
    )


@action("hall.counters.ticket_take_at_kiosk")
def ticket_take_at_kiosk(
    kiosk: KioskView, queue_id: int, *, now: datetime, priority: str = "", matter: str = ""
) -> TicketView:
    """Take a ticket at a machine of the hall (终端取号); nobody has to say who they are.

    matter: code of what they come for, so that the window knows. Raises MatterNotFound.
    """
    queue = _queue(queue_id)
    if queue.hall_id != kiosk.hall_id:
        raise KioskNotPaired()
    matters = [matter_get(matter).code] if matter else []
    return _issue(queue, channel=KIOSK, priority=_priority(priority), matters=matters, now=now)


@action("hall.counters.ticket_issue", permission=RECEIVE)
def ticket_issue(
    queue_id: int, *, now: datetime, priority: str = "", name: str = "", phone: str = ""
) -> TicketView:
    """Give a ticket out at the desk (导办台取号). Raises HallNotFound for another department's hall."""
    queue = _queue(queue_id)
    if not hall_rows_staffed().filter(pk=queue.hall_id).exists():
        raise HallNotFound()
    return _issue(
        queue,
        channel=DESK,
        priority=_priority(priority),
        name=name.strip()[:80],
        phone=phone.strip()[:20],
        now=now,
    )


@action("hall.counters.check_in")
def appointment_check_in(
    *,
    now: datetime,
    channel: str,
    appointment_id: int | None = None,
    hall_id: int | None = None,
    code: str = "",
    number: str = "",
) -> TicketView:
    """Turn an appointment into a ticket (预约签到取号): by its holder, by code at a kiosk, by number at the desk.

    On time it is called as one who has waited since before the slot began; too late, on the same day, as
    anybody else. Raises AppointmentNotFound, AppointmentStateWrong, CheckInTooEarly, HallClosed.
    """
    row = _appointment(
        channel=channel, appointment_id=appointment_id, hall_id=hall_id, code=code, number=number
    )
    if row.state != data.BOOKED or timezone.localdate(row.starts_at) < timezone.localdate(now):
        raise AppointmentStateWrong()
    limits = hall_rules(row.hall)
    opens_at = row.starts_at - timedelta(minutes=limits.early_minutes)
    if now < opens_at:
        raise CheckInTooEarly(from_=f"{timezone.localtime(opens_at):%m-%d %H:%M}")
    is_on_time = now <= row.starts_at + timedelta(minutes=limits.late_minutes)
    row.state, row.ended_at = data.CHECKED_IN, now
    row.save(update_fields=["state", "ended_at"])
    return _issue(
        _queue(row.queues[0]),
        channel=channel,
        priority=PriorityClass.objects.filter(key=APPOINTMENT).first() if is_on_time else None,
        account_id=row.account_id,
        holder_ref=row.holder_ref,
        name=row.name,
        phone=row.phone,
        further=row.queues[1:],
        matters=[row.matter] if row.matter else [],
        appointment=row,
        now=now,
    )


def _appointment(
    *, channel: str, appointment_id: int | None, hall_id: int | None, code: str, number: str
) -> Appointment:
    context = context_get()
    with data_scope(purpose="预约签到取号", reason=channel):
        rows = Appointment.objects.select_related("hall").select_for_update(of=("self",))
        if channel == PHONE:
            rows = rows.filter(pk=appointment_id, holder_ref=context.subject_ref)
            rows = rows.exclude(holder_ref="")
        elif channel == KIOSK:
            rows = rows.filter(hall_id=hall_id, code=code.strip(), state=data.BOOKED)
        else:
            rows = rows.filter(hall__in=hall_rows_staffed(), number=number.strip())
        row = rows.order_by("starts_at").first()
    if row is None:
        raise AppointmentNotFound()
    return row


def _queue(queue_id: int) -> Queue:
    row = Queue.objects.select_related("hall").filter(pk=queue_id, hall__is_open=True).first()
    if row is None or not row.is_open:
        raise QueueClosed()
    return row


def _priority(key: str) -> PriorityClass | None:
    if not key:
        return None
    row = PriorityClass.objects.filter(key=key, is_offered=True).first()
    if row is None:
        raise VisitIncomplete()
    return row


def _issue(
    queue: Queue,
    *,
    channel: str,
    priority: PriorityClass | None,
    now: datetime,
    further: Sequence[int] = (),
    **values: object,
) -> TicketView:
    """Give a number out (放号): one after the other in a queue and a day, none missing, none twice."""
    hall = queue.hall
    spans = spans_today(hall, now=now)
    doors = hall_rules(hall).doors_minutes
    if not rules.gives_tickets(spans, minute_of_day(now), doors_minutes=doors):
        raise HallClosed()
    known = Queue.objects.filter(hall=hall, is_open=True).values_list("pk", flat=True)
    if set(further) - set(known):
        raise VisitIncomplete()
    day = timezone.localdate(now)
    order_at = rules.order_moment(now, priority.head_start_minutes if priority else 0)
    forecast = forecast_of(hall_state(hall, now=now), queue.pk, order_at=order_at)
    number = serial_next(f"hall.counters:{queue.pk}:{day:%Y%m%d}")
    try:
        with transaction.atomic(), data_scope(purpose="取号", reason=hall.code):
            row = Ticket.objects.create(
                code=secrets.token_urlsafe(9),
                hall=hall,
                day=day,
                label=f"{queue.letter}{number:03}",
                queue=queue,
                priority=priority,
                channel=channel,
                further=list(further),
                issued_at=now,
                ready_at=now,
                order_at=order_at,
                forecast=forecast_dump(forecast),
                **values,
            )
    except IntegrityError:
        raise _twice(hall, day, str(values.get("holder_ref", ""))) from None
    audit_record(
        f"ticket:{day:%Y%m%d}-{hall.code}-{row.label}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"channel": channel, "priority": priority.key if priority else ""},
    )
    return ticket_view(row)


def _twice(hall: Hall, day, holder_ref: str) -> TicketTwice:
    rows = ticket_rows("本人号票").filter(hall=hall, day=day, holder_ref=holder_ref)
    row = rows.filter(state__in=data.PRESENT).first()
    return TicketTwice(label=row.label if row else "—")


@action("hall.counters.ticket_leave")
def ticket_leave(code: str, *, now: datetime) -> None:
    """Leave the queue (取消排队): whoever has the ticket's page may. Raises TicketNotFound, TicketStateWrong."""
    row = ticket_rows("取消排队").select_for_update(of=("self",)).filter(code=code[:16]).first()
    if row is None:
        raise TicketNotFound()
    state = rules.state_after(row.state, "leave")
    if state is None:
        raise TicketStateWrong()
    row.state, row.ended_at = state, now
    row.save(update_fields=["state", "ended_at"])
    audit_record(f"ticket:{row.pk}", detail={"state": state})


@action("hall.counters.ticket_return", permission=RECEIVE)
def ticket_return(ticket_id: int, *, now: datetime) -> TicketView:
    """Let somebody who missed the call wait again (过号重排), after the next few; same number, same day.

    Raises TicketNotFound, TicketStateWrong.
    """
    rows = ticket_rows("过号重排").select_for_update(of=("self",))
    row = rows.filter(
        pk=ticket_id, hall__in=hall_rows_staffed(), day=timezone.localdate(now)
    ).first()
    if row is None:
        raise TicketNotFound()
    state = rules.state_after(row.state, "return")
    if state is None:
        raise TicketStateWrong()
    waiting = ticket_rows("过号重排").filter(queue=row.queue, day=row.day, state=data.WAITING)
    moments = list(waiting.order_by("order_at", "pk").values_list("order_at", flat=True))
    row.state, row.window, row.ready_at, row.forecast = state, None, now, None
    row.order_at = rules.returned_order(now, moments, hall_rules(row.hall).return_after)
    row.save(update_fields=["state", "window", "ready_at", "order_at", "forecast"])
    audit_record(f"ticket:{row.pk}", detail={"state": state})
    return ticket_view(row, shows_person=True)


@action("hall.counters.ticket_application_add")
def ticket_application_add(ticket_id: int, *, number: str, now: datetime) -> None:
    """Tie an application taken at the window to the visit (办件关联号票), by the clerk who has it in hand.

    Raises TicketStateWrong.
    """
    rows = ticket_rows("办件关联号票").select_for_update(of=("self",))
    row = rows.filter(
        pk=ticket_id, state__in=data.IN_HAND, window__clerk_id=context_get().account_id
    ).first()
    if row is None:
        raise TicketStateWrong()
    if number not in row.applications:
        row.applications = [*row.applications, number]
        row.save(update_fields=["applications"])
        calls = TicketCall.objects.filter(ticket=row, ended_at__isnull=True)
        calls.update(applications=F("applications") + 1)
    audit_record(f"ticket:{row.pk}", detail={"application": number})
