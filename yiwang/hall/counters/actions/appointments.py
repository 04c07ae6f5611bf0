"""Appointments (预约): a slot's places are shared, and never more are given than there are.

The places are taken by one guarded statement, and the table itself refuses more than the capacity;
nothing is counted first and written later. Slots are taken and given back in the order of their keys, so
that two who move in opposite directions do not wait for each other.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import AppointmentView
from yiwang.hall.counters.errors import (
    AppointmentNotFound,
    AppointmentStateWrong,
    AppointmentsTooMany,
    AppointmentTwice,
    BookingBlocked,
    SlotFull,
    SlotNotOffered,
    VisitIncomplete,
)
from yiwang.hall.counters.models import Appointment, Hall, Queue, Slot, SlotPool, SlotShare
from yiwang.hall.counters.queries.halls import hall_rules
from yiwang.hall.counters.queries.slots import (
    appointment_rows,
    appointment_views,
    booking_blocked_until,
    pool_of,
    slot_is_offered,
)
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    date_text,
    event_publish,
    serial_next,
)
from yiwang.sdk.errors import SignInNeeded
from yiwang.sdk.identifiers import mobile_valid, person_ref_of


@action("hall.counters.appointment_book")
def appointment_book(
    hall_code: str,
    *,
    queue_ids: Sequence[int],
    starts_at: datetime,
    name: str,
    phone: str,
    now: datetime,
    people: int = 1,
    matter: str = "",
) -> AppointmentView:
    """Book a time in a hall (预约) for the person or enterprise that acts.

    queue_ids: what they come for, all of one pool; each person takes a place for each. Raises
    VisitIncomplete, SlotNotOffered, SlotFull, AppointmentTwice, AppointmentsTooMany, BookingBlocked.
    """
    context = context_get()
    if not context.subject_ref or context.account_id is None:
        raise SignInNeeded()
    hall = Hall.objects.filter(code=hall_code, is_open=True).first()
    if hall is None:
        raise SlotNotOffered()
    limits = hall_rules(hall)
    _entries_check(name, phone, people, most=limits.most_people)
    if (until := booking_blocked_until(hall, context.subject_ref)) is not None:
        if until >= timezone.localdate(now):
            raise BookingBlocked(until=date_text(until))
    queue_ids = list(dict.fromkeys(queue_ids))
    pool = pool_of(hall, queue_ids)
    if not slot_is_offered(hall, pool, starts_at, now=now):
        raise SlotNotOffered()
    places = rules.places_needed(people, len(queue_ids))
    slot = _slot_get(pool, starts_at)
    _places_take(slot, queue_ids, places, people)
    day = f"{timezone.localtime(starts_at):%Y%m%d}"
    row = _seated(
        limits.seats,
        number=f"Y{day}{serial_next(f'hall.counters:appointments:{day}'):06}",
        code=f"{secrets.randbelow(10**8):08}",
        slot=slot,
        hall=hall,
        starts_at=starts_at,
        queues=queue_ids,
        matter=matter[:64],
        account_id=context.account_id,
        holder_ref=context.subject_ref,
        name=name.strip(),
        phone=phone.strip(),
        people=people,
        places=places,
        booked_at=now,
    )
    _done("appointment.booked", row)
    return appointment_views([row], now=now)[0]


def _entries_check(name: str, phone: str, people: int, *, most: int) -> None:
    fields: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= 80:
        fields["name"] = [_("Who will come?")]
    if not mobile_valid(phone.strip()):
        fields["phone"] = [_("Write a mobile number of eleven digits.")]
    if not 1 <= people <= most:
        fields["people"] = [_("Between 1 and %(most)s people.") % {"most": most}]
    if fields:
        raise VisitIncomplete(fields=fields)


def _slot_get(pool: SlotPool, starts_at: datetime) -> Slot:
    Slot.objects.bulk_create(
        [Slot(pool=pool, starts_at=starts_at, capacity=pool.capacity)], ignore_conflicts=True
    )
    return Slot.objects.get(pool=pool, starts_at=starts_at)


def _places_take(slot: Slot, queue_ids: Sequence[int], places: int, people: int) -> None:
    """Take places of a slot, and of the shares of queues with a limit (占号); raises `SlotFull`."""
    free = Slot.objects.filter(pk=slot.pk, taken__lte=F("capacity") - places)
    if not free.update(taken=F("taken") + places):
        raise SlotFull()
    limited = Queue.objects.filter(pk__in=queue_ids, slot_limit__isnull=False).order_by("pk")
    for queue in limited:
        SlotShare.objects.bulk_create(
            [SlotShare(slot=slot, queue=queue, most=queue.slot_limit)], ignore_conflicts=True
        )
        left = SlotShare.objects.filter(slot=slot, queue=queue, taken__lte=F("most") - people)
        if not left.update(taken=F("taken") + people):
            raise SlotFull()


def _places_return(row: Appointment) -> None:
    Slot.objects.filter(pk=row.slot_id).update(taken=F("taken") - row.places)
    shares = SlotShare.objects.filter(slot_id=row.slot_id, queue_id__in=row.queues)
    shares.update(taken=F("taken") - row.people)


def _seated(seats: int, **values: object) -> Appointment:
    """Keep the appointment on the first of the holder's free seats (席位); the table lets two share none."""
    for _try in range(seats + 1):
        with data_scope(purpose="预约", reason=str(values["number"])):
            mine = Appointment.objects.filter(
                holder_ref=values["holder_ref"], state=data.BOOKED
            ).values_list("seat", "starts_at")
            held = dict(mine)
            if values["starts_at"] in held.values():
                raise AppointmentTwice()
            seat = next((one for one in range(1, seats + 1) if one not in held), None)
            if seat is None:
                break
            try:
                with transaction.atomic():
                    return Appointment.objects.create(seat=seat, **values)
            except IntegrityError:
                continue  # another one of the same holder came in between: look again
    raise AppointmentsTooMany(count=seats)


@action("hall.counters.appointment_move")
def appointment_move(appointment_id: int, *, starts_at: datetime, now: datetime) -> AppointmentView:
    """Move an appointment to another time (改期); the old place is given back only if the new one is there.

    Raises AppointmentStateWrong, SlotNotOffered, SlotFull, AppointmentTwice.
    """
    row = _own(appointment_id)
    _changeable(row, now=now)
    pool = row.slot.pool
    if starts_at == row.starts_at or not slot_is_offered(row.hall, pool, starts_at, now=now):
        raise SlotNotOffered()
    slot = _slot_get(pool, starts_at)
    steps = [
        (row.slot_id, lambda: _places_return(row)),
        (slot.pk, lambda: _places_take(slot, row.queues, row.places, row.people)),
    ]
    for _key, step in sorted(steps, key=lambda one: one[0]):
        step()
    row.slot, row.starts_at, row.reminded_at = slot, starts_at, None
    try:
        with transaction.atomic():
            row.save(update_fields=["slot", "starts_at", "reminded_at"])
    except IntegrityError:
        raise AppointmentTwice() from None
    _done("appointment.moved", row)
    return appointment_views([row], now=now)[0]


@action("hall.counters.appointment_cancel")
def appointment_cancel(appointment_id: int, *, now: datetime, reason: str = "") -> None:
    """Cancel an appointment (取消预约) before its time; its places are free at once. Raises AppointmentStateWrong."""
    row = _own(appointment_id)
    _changeable(row, now=now)
    _end(row, data.CANCELLED, reason=reason, now=now)
    _done("appointment.cancelled", row)


def _own(appointment_id: int) -> Appointment:
    rows = appointment_rows("预约").select_for_update(of=("self",))
    row = rows.filter(pk=appointment_id).first()
    if row is None:
        raise AppointmentNotFound()
    return row


def _changeable(row: Appointment, *, now: datetime) -> None:
    if row.state != data.BOOKED or row.starts_at <= now:
        raise AppointmentStateWrong()


def _end(row: Appointment, state: str, *, now: datetime, reason: str = "") -> None:
    row.state, row.reason, row.ended_at = state, reason.strip()[:200], now
    row.save(update_fields=["state", "reason", "ended_at"])
    if state in (data.CANCELLED, data.CALLED_OFF):
        _places_return(row)


@action("hall.counters.appointment_no_show")
def appointment_no_show(appointment_id: int, *, now: datetime) -> bool:
    """Note that nobody came (爽约) to an appointment whose day is over; False when that is not so."""
    row = _own(appointment_id)
    is_missed = row.state == data.BOOKED and timezone.localdate(row.starts_at) < timezone.localdate(
        now
    )
    if is_missed:
        _end(row, data.NO_SHOW, now=now)
        _announce("appointment.no_show", row)
    audit_record(f"appointment:{row.number}", detail={"missed": is_missed})
    return is_missed


@action("hall.counters.appointment_call_off")
def appointment_call_off(appointment_id: int, *, reason: str, now: datetime) -> None:
    """Call an appointment off (大厅取消预约) because the hall will be closed; its holder is told."""
    row = _own(appointment_id)
    if row.state != data.BOOKED:
        raise AppointmentStateWrong()
    _end(row, data.CALLED_OFF, reason=reason, now=now)
    _done("appointment.called_off", row)


@action("hall.counters.appointment_remind")
def appointment_remind(appointment_id: int, *, now: datetime) -> bool:
    """Remind the holder (预约提醒), once; False when it was done or is no longer needed."""
    row = _own(appointment_id)
    is_due = row.state == data.BOOKED and row.reminded_at is None and row.starts_at > now
    if is_due:
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        _announce("appointment.reminder", row)
    audit_record(f"appointment:{row.number}", detail={"reminded": is_due})
    return is_due


def _done(topic: str, row: Appointment) -> None:
    audit_record(
        f"appointment:{row.number}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"state": row.state, "at": row.starts_at.isoformat(), "places": row.places},
    )
    _announce(topic, row)


def _announce(topic: str, row: Appointment) -> None:
    local = timezone.localtime(row.starts_at)
    ends = local + timedelta(minutes=row.slot.pool.minutes)
    event_publish(
        topic,
        {
            "appointment_id": row.pk,
            "number": row.number,
            "title": row.hall.title,
            "time": {
                "zh": f"{local.month}月{local.day}日 {local:%H:%M}–{ends:%H:%M}",
                "en": f"{local:%Y-%m-%d %H:%M}–{ends:%H:%M}",
            },
            "place": row.hall.address,
            "reason": row.reason,
            "account_id": row.account_id,
        },
        key=f"appointment:{row.number}",
    )
