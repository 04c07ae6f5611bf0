"""Reads of deliveries (递送查询). The holder sees their own, officers their departments'."""

from django.db.models import Count, Q, QuerySet

from yiwang.hall.deliveries import data
from yiwang.hall.deliveries.data import DeliveryView, LockerView, Receiver, StepView
from yiwang.hall.deliveries.errors import DeliveryNotFound
from yiwang.hall.deliveries.models import Delivery, DeliveryStep, Locker
from yiwang.identity.api import Rule, data_scope, field_equals, field_in, of_context, rule_by_office
from yiwang.kernel.api import RequestContext, context_get
from yiwang.sdk.errors import N_

HAND_OVER = "hall.deliveries.hand_over"
LOCKERS = "hall.deliveries.lockers"
HOLDER_RULE: Rule = field_equals("holder_ref", of_context("subject_ref"))
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")
STEPS = {
    **data.TRACKING,
    "CHOSEN": N_("You chose how to receive it"),
    "HANDED_OVER": N_("Handed to the courier"),
    "PLACED": N_("Ready to be picked up"),
    "PICKED_UP": N_("Picked up"),
    "CANCELLED": N_("Cancelled"),
}


def delivery_rule(context: RequestContext) -> Rule:
    """Return the rule (行级规则) of the deliveries that a person may see."""
    return rule_by_office(context, HAND_OVER, office=DEPARTMENT_RULE, others=HOLDER_RULE)


def delivery_rows(purpose: str) -> QuerySet[Delivery]:
    """Return the deliveries that the acting person may see (可见递送)."""
    context = context_get()
    with data_scope(purpose=context.purpose or purpose, reason="递送"):
        return Delivery.objects.filter(delivery_rule(context).filter(context))


def delivery_get(delivery_id: int) -> DeliveryView:
    """Return a delivery that the acting person may see. Raises `DeliveryNotFound` for all others."""
    row = delivery_rows("查看递送").select_related("locker").filter(pk=delivery_id).first()
    if row is None:
        raise DeliveryNotFound()
    return delivery_view(row)


def delivery_of(subject: str) -> DeliveryView | None:
    """Return the newest delivery of a subject that the acting person may see (办件的递送)."""
    rows = delivery_rows("查看递送").select_related("locker").filter(subject=subject)
    row = rows.order_by("-pk").first()
    return delivery_view(row) if row else None


def delivery_list(
    *, state: str = "", number: str = "", limit: int = 20, offset: int = 0
) -> list[DeliveryView]:
    """List the deliveries that the acting person may see, the soonest due of the open ones first."""
    rows = _deliveries(state, number).select_related("locker")
    return [delivery_view(row) for row in rows[offset : offset + limit]]


def delivery_count(*, state: str = "", number: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _deliveries(state, number)[:cap].count()


def _deliveries(state: str, number: str) -> QuerySet[Delivery]:
    rows = delivery_rows("查看递送").order_by("closed_at", "due_at", "-pk")
    rows = rows.filter(state=state) if state else rows
    text = number.strip()
    return rows.filter(Q(number=text) | Q(tracking=text)) if text else rows


def step_list(delivery_id: int) -> list[StepView]:
    """List what happened to a delivery (递送轨迹), in order of time; who may see it may see them."""
    delivery_get(delivery_id)
    rows = DeliveryStep.objects.filter(delivery=delivery_id).order_by("at", "pk")
    return [StepView(row.kind, STEPS[row.kind], row.place, row.at, row.by) for row in rows]


def locker_list(*, only_open: bool = True) -> list[LockerView]:
    """List the lockers (自助取件柜) with their free boxes."""
    taken = Q(deliveries__state__in=["WAITING", "PLACED"], deliveries__box__isnull=False)
    rows = Locker.objects.annotate(taken=Count("deliveries", filter=taken)).order_by("code")
    rows = rows.filter(is_open=True) if only_open else rows
    return [
        LockerView(row.pk, row.code, row.title, row.address, row.boxes, row.boxes - row.taken)
        for row in rows
    ]


def delivery_view(row: Delivery) -> DeliveryView:
    """Turn a row into what others see; the pick-up code only for the eyes of its holder."""
    context = context_get()
    shows_code = row.state in (data.WAITING, data.PLACED) and context.subject_ref == row.holder_ref
    locker = row.locker if row.locker_id else None
    return DeliveryView(
        id=row.pk,
        number=row.number,
        subject=row.subject,
        title=row.title,
        method=row.method,
        state=row.state,
        receiver=Receiver(row.receiver_name, row.receiver_phone, row.receiver_address),
        holder_ref=row.holder_ref,
        department_id=row.department_id,
        account_id=row.account_id,
        courier=row.courier,
        tracking=row.tracking,
        place={**locker.title, "address": locker.address} if locker else {},
        box=str(row.box) if row.box and context.population != "CITIZEN" else "",
        pickup_code=row.pickup_code if shows_code else "",
        chosen_at=row.chosen_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
    )
