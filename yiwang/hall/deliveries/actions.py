"""What may happen to deliveries (递送操作). No courier is spoken to inside a transaction."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.engines.api import clock_due_map, clock_start, clock_stop
from yiwang.hall.deliveries import data, rules
from yiwang.hall.deliveries.couriers import courier_get
from yiwang.hall.deliveries.data import DeliveryView, Parcel, Receiver, TrackingEvent
from yiwang.hall.deliveries.errors import (
    CourierSilent,
    DeliveryNotFound,
    DeliveryStateWrong,
    LockerFull,
    PickupCodeWrong,
    PickupLocked,
    ReceiverIncomplete,
)
from yiwang.hall.deliveries.models import Delivery, DeliveryStep, Locker
from yiwang.hall.deliveries.queries import HAND_OVER, delivery_rows, delivery_view
from yiwang.identity.api import data_scope, department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.identifiers import mobile_valid, person_ref_of

ASK_EVERY = timedelta(hours=4)


@action("hall.deliveries.choose")
def delivery_choose(
    subject: str,
    *,
    title: Mapping[str, str],
    method: str,
    receiver: Receiver,
    holder_ref: str,
    department_id: int,
    account_id: int | None,
    decided_at: datetime,
    now: datetime,
    locker_id: int | None = None,
) -> DeliveryView:
    """Choose how a paper result is received (选择领取方式); chosen twice it is the first choice that counts.

    decided_at: from when the ten working days run. Raises ReceiverIncomplete, LockerFull.
    """
    _receiver_check(method, receiver, locker_id)
    with data_scope(purpose="选择领取方式", reason=subject):
        open_rows = Delivery.objects.exclude(state__in=[data.RETURNED, data.CANCELLED])
        row = open_rows.filter(subject=subject).first()
        if row is None:
            row = _create(
                subject,
                title=dict(title),
                method=method,
                receiver_name=receiver.name.strip(),
                receiver_phone=receiver.phone.strip(),
                receiver_address=receiver.address.strip() if method == data.COURIER else "",
                holder_ref=holder_ref,
                department_id=department_id,
                account_id=account_id,
                locker_id=locker_id if method == data.LOCKER else None,
                box=_box_reserve(locker_id) if method == data.LOCKER else None,
                pickup_code="" if method == data.COURIER else rules.code_make(),
                decided_at=decided_at,
                now=now,
            )
    audit_record(
        subject, person_ref=person_ref_of(holder_ref), detail={"delivery": row.number, "by": method}
    )
    return delivery_view(row)


def _create(subject: str, *, decided_at: datetime, now: datetime, **values: object) -> Delivery:
    row = Delivery.objects.create(number="", subject=subject, chosen_at=now, **values)
    row.number = f"D{timezone.localtime(now):%Y%m%d}{row.pk:08}"
    row.due_at = _due(row, decided_at=decided_at, now=now)
    row.save(update_fields=["number", "due_at"])
    _step(row, "CHOSEN", at=now)
    return row


def _due(row: Delivery, *, decided_at: datetime, now: datetime) -> datetime | None:
    """Start the clock of delivery (送达期限) and return when it is due; None before a calendar is published."""
    subject = f"delivery:{row.number}"
    clock_start(
        subject,
        kind="STEP",
        label={"zh": "送达期限", "en": "Time to deliver"},
        amount=rules.DELIVER_WITHIN,
        unit="WORKING_DAY",
        started_at=decided_at,
        now=now,
        department_id=row.department_id,
        legal_basis="行政许可法第四十四条",
    )
    return clock_due_map([subject]).get(subject, (None, None))[0]


def _receiver_check(method: str, receiver: Receiver, locker_id: int | None) -> None:
    fields: dict[str, list[str]] = {}
    if not receiver.name.strip():
        fields["name"] = [_("Who receives it?")]
    if not mobile_valid(receiver.phone.strip()):
        fields["phone"] = [_("Write a mobile number of eleven digits.")]
    if method == data.COURIER and len(receiver.address.strip()) < 6:
        fields["address"] = [_("Write the whole address, down to the door.")]
    if method == data.LOCKER and locker_id is None:
        fields["locker"] = [_("Choose a locker.")]
    if method not in data.METHODS:
        fields["method"] = [_("Choose how you want to receive it.")]
    if fields:
        raise ReceiverIncomplete(fields=fields)


def _box_reserve(locker_id: int) -> int:
    """Take the first free box of a locker (预占格口); the database keeps two from taking one."""
    locker = Locker.objects.select_for_update().filter(pk=locker_id, is_open=True).first()
    if locker is None:
        raise LockerFull()
    taken = set(
        Delivery.objects.filter(
            locker=locker, state__in=[data.WAITING, data.PLACED], box__isnull=False
        ).values_list("box", flat=True)
    )
    free = next((box for box in range(1, locker.boxes + 1) if box not in taken), None)
    if free is None:
        raise LockerFull()
    return free


def delivery_hand_over(delivery_id: int, *, courier: str, now: datetime) -> DeliveryView:
    """Hand a parcel to a courier (交寄); pressed twice it is one order. Raises DeliveryStateWrong, CourierSilent."""
    way = courier_get(courier)
    row = _own(delivery_id)
    if row.method != data.COURIER or row.state != data.WAITING:
        raise DeliveryStateWrong()
    parcel = Parcel(
        number=row.number,
        receiver=Receiver(row.receiver_name, row.receiver_phone, row.receiver_address),
        sender=department_get(row.department_id).name,
        content=row.title["zh"],
    )
    try:
        tracking = way.hand_over(parcel, now=now)
    except OSError as error:
        raise CourierSilent() from error
    return _handed_over(delivery_id, courier=courier, tracking=tracking, now=now)


@action("hall.deliveries.hand_over", permission=HAND_OVER)
def _handed_over(delivery_id: int, *, courier: str, tracking: str, now: datetime) -> DeliveryView:
    row = _own(delivery_id, lock=True)
    if row.state != data.WAITING or row.tracking:
        raise DeliveryStateWrong()
    row.courier, row.tracking, row.state = courier, tracking, data.UNDER_WAY
    row.ask_at = now + ASK_EVERY
    row.save(update_fields=["courier", "tracking", "state", "ask_at"])
    _step(row, "HANDED_OVER", at=now, place=tracking)
    _announce("delivery.under_way", row)
    _audit(row)
    return delivery_view(row)


@action("hall.deliveries.place", permission=HAND_OVER)
def delivery_place(delivery_id: int, *, now: datetime) -> DeliveryView:
    """Say that a result lies ready (置入待领): at the counter or in its box; the receiver is told the code."""
    row = _own(delivery_id, lock=True)
    if row.method == data.COURIER or row.state != data.WAITING:
        raise DeliveryStateWrong()
    row.state = data.PLACED
    row.save(update_fields=["state"])
    _step(row, "PLACED", at=now)
    _announce("delivery.placed", row)
    _audit(row)
    return delivery_view(row)


def delivery_pick_up(delivery_id: int, *, code: str, now: datetime) -> DeliveryView:
    """Hand a result out for its pick-up code (凭码领取). Raises PickupCodeWrong, PickupLocked."""
    left = _code_try(delivery_id, code=code)
    if left is not None:
        raise PickupCodeWrong() if left else PickupLocked()
    return _picked_up(delivery_id, note="凭取件码", now=now)


@action("hall.deliveries.code_try", permission=HAND_OVER)
def _code_try(delivery_id: int, *, code: str) -> int | None:
    """Count a try (验码计数); None when the code is right, else how many tries are left. Kept though it fails."""
    row = _own(delivery_id, lock=True)
    if row.state != data.PLACED:
        raise DeliveryStateWrong()
    if row.wrong_codes >= rules.TRIES:
        left: int | None = 0
    elif hmac.compare_digest(code.strip().encode(), row.pickup_code.encode()):
        left = None
    else:
        row.wrong_codes += 1
        row.save(update_fields=["wrong_codes"])
        left = rules.TRIES - row.wrong_codes
    audit_record(f"delivery:{row.number}", detail={"is_right": left is None, "left": left})
    return left


@action("hall.deliveries.box_open")
def box_open(locker_code: str, *, code: str, now: datetime) -> int:
    """Open a box of a locker for its pick-up code (自助取件) and return its number; the result is delivered by it.

    Raises PickupCodeWrong. Whoever calls limits how often an address may try.
    """
    with data_scope(purpose="自助取件", reason=locker_code):
        rows = Delivery.objects.select_for_update(of=("self",)).filter(
            locker__code=locker_code, state=data.PLACED, wrong_codes__lt=rules.TRIES
        )
        row = next(
            (
                one
                for one in rows
                if hmac.compare_digest(code.strip().encode(), one.pickup_code.encode())
            ),
            None,
        )
    audit_record(f"locker:{locker_code}", detail={"opened": row.box if row else None})
    if row is None:
        raise PickupCodeWrong()
    _step(row, "PICKED_UP", at=now, place="自助取件柜")
    _end(row, data.DELIVERED, now=now)
    return row.box


def delivery_pick_up_by_document(
    delivery_id: int, *, document_tail: str, now: datetime
) -> DeliveryView:
    """Hand a result out to somebody whose document was looked at (凭证件领取), when the code is lost.

    document_tail: the last four characters of the document, which are kept as the proof.
    """
    if len(document_tail.strip()) != 4:
        raise ReceiverIncomplete(
            fields={"document": [_("Write the last four characters of the document.")]}
        )
    return _picked_up(delivery_id, note=f"凭证件，尾号 {document_tail.strip()}", now=now)


@action("hall.deliveries.pick_up", permission=HAND_OVER)
def _picked_up(delivery_id: int, *, note: str, now: datetime) -> DeliveryView:
    row = _own(delivery_id, lock=True)
    if row.state != data.PLACED:
        raise DeliveryStateWrong()
    _step(row, "PICKED_UP", at=now, place=note)
    _end(row, data.DELIVERED, now=now)
    _audit(row)
    return delivery_view(row)


@action("hall.deliveries.take")
def tracking_take(event: TrackingEvent, *, courier: str, now: datetime) -> str:
    """Take what a courier says (物流入账): once, in any order. Returns APPLIED, NO_CHANGE, REPEATED or UNKNOWN."""
    with data_scope(purpose="物流轨迹入账", reason=event.tracking):
        rows = Delivery.objects.select_for_update().filter(courier=courier)
        row = rows.filter(tracking=event.tracking).first()
    audit_record(f"tracking:{event.tracking}", detail={"kind": event.kind})
    if row is None:
        return "UNKNOWN"
    if DeliveryStep.objects.filter(event_id=event.event_id).exists():
        return "REPEATED"
    _step(row, event.kind, at=event.at, place=event.place, event_id=event.event_id)
    after = rules.state_after(row.state, event.kind)
    if after == row.state:
        return "NO_CHANGE"
    if after in (data.DELIVERED, data.RETURNED):
        _end(row, after, now=event.at)
    else:
        row.state = after
        row.save(update_fields=["state"])
    return "APPLIED"


@action("hall.deliveries.cancel", permission=HAND_OVER)
def delivery_cancel(delivery_id: int, *, reason: str, now: datetime) -> None:
    """Call a delivery off before it left (取消递送): the holder chooses again."""
    row = _own(delivery_id, lock=True)
    if row.state not in (data.WAITING, data.PLACED):
        raise DeliveryStateWrong()
    _step(row, "CANCELLED", at=now, place=reason.strip()[:120])
    _end(row, data.CANCELLED, now=now)
    _audit(row)


@action("hall.deliveries.locker_put", permission="hall.deliveries.lockers")
def locker_put(
    code: str, *, title: Mapping[str, str], address: str, boxes: int, is_open: bool = True
) -> int:
    """Set a locker up or change it (维护取件柜) and return its id; boxes in use are never taken away."""
    in_use = {"deliveries__state__in": [data.WAITING, data.PLACED], "deliveries__box__gt": boxes}
    if Locker.objects.filter(code=code, **in_use).exists():
        raise DeliveryStateWrong()
    row, _made = Locker.objects.update_or_create(
        code=code,
        defaults={"title": dict(title), "address": address, "boxes": boxes, "is_open": is_open},
    )
    audit_record(f"locker:{code}", detail={"boxes": boxes, "is_open": is_open})
    return row.pk


def _own(delivery_id: int, *, lock: bool = False) -> Delivery:
    rows = delivery_rows("递送")
    row = (rows.select_for_update() if lock else rows).filter(pk=delivery_id).first()
    if row is None:
        raise DeliveryNotFound()
    return row


def _end(row: Delivery, state: str, *, now: datetime) -> None:
    row.state, row.closed_at, row.ask_at = state, now, None
    row.save(update_fields=["state", "closed_at", "ask_at"])
    clock_stop(f"delivery:{row.number}", now=now)
    _announce(f"delivery.{state.lower()}", row)


def _step(row: Delivery, kind: str, *, at: datetime, place: str = "", event_id: str = "") -> None:
    number = row.steps.count() + 1
    with transaction.atomic():
        DeliveryStep.objects.create(
            delivery=row,
            event_id=event_id or f"{row.number}-{number}-{kind}",
            kind=kind,
            place=place[:120],
            by=context_get().name[:80],
            at=at,
        )


def _audit(row: Delivery) -> None:
    audit_record(
        f"delivery:{row.number}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"state": row.state},
    )


def _announce(topic: str, row: Delivery) -> None:
    event_publish(
        topic,
        {
            "delivery_id": row.pk,
            "number": row.number,
            "subject": row.subject,
            "title": row.title,
            "method": row.method,
            "tracking": row.tracking,
            "account_id": row.account_id,
            "department_id": row.department_id,
        },
        key=row.subject,
    )
