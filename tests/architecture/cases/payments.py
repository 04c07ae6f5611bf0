"""Rows of payments, deliveries and ratings: the payer's and holder's own, and those of an officer's departments."""

import secrets

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _bill(world: World, payer_ref: str, department_id: int) -> int:
    from yiwang.hall.payments.actions import bill_open
    from yiwang.hall.payments.data import FeeLine
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("test")):
        return bill_open(
            f"application:{secrets.token_hex(8)}",
            title={"zh": "某事", "en": "A matter"},
            payer_ref=payer_ref,
            payer_name="某",
            account_id=None,
            lines=[FeeLine("fee", {"zh": "工本费", "en": "Fee"}, 100)],
            department_id=department_id,
            area_code="320500",
            now=world.now,
        ).id


def _payers_bill(world: World) -> Case:
    own = {
        persona: _bill(world, world.own_subject[persona], world.other_department)
        for persona in ("CITIZEN", "AGENT")
    }
    other = _bill(world, "person:other", world.other_department)
    name = "hall_payments:detail"
    return Case(
        own=lambda persona: reverse(name, args=[own[persona]]), other=reverse(name, args=[other])
    )


def _officers_bill(world: World) -> Case:
    name = "hall_payments:bill"
    return Case(
        own=reverse(name, args=[_bill(world, "person:other", world.own_department)]),
        other=reverse(name, args=[_bill(world, "person:other", world.other_department)]),
    )


matrix_case("hall_payments:detail", _payers_bill)
matrix_case("hall_payments:bill", _officers_bill)


def _delivery(world: World, holder_ref: str, department_id: int) -> int:
    from yiwang.hall.deliveries.actions import delivery_choose
    from yiwang.hall.deliveries.data import Receiver
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("test")):
        return delivery_choose(
            f"application:{secrets.token_hex(8)}",
            title={"zh": "某事", "en": "A matter"},
            method="COUNTER",
            receiver=Receiver("某", "13800001234"),
            holder_ref=holder_ref,
            department_id=department_id,
            account_id=None,
            decided_at=world.now,
            now=world.now,
        ).id


def _holders_delivery(world: World) -> Case:
    own = {
        persona: _delivery(world, world.own_subject[persona], world.other_department)
        for persona in ("CITIZEN", "AGENT")
    }
    name = "hall_deliveries:detail"
    return Case(
        own=lambda persona: reverse(name, args=[own[persona]]),
        other=reverse(name, args=[_delivery(world, "person:other", world.other_department)]),
    )


def _officers_delivery(world: World) -> Case:
    name = "hall_deliveries:item"
    return Case(
        own=reverse(name, args=[_delivery(world, "person:other", world.own_department)]),
        other=reverse(name, args=[_delivery(world, "person:other", world.other_department)]),
    )


matrix_case("hall_deliveries:detail", _holders_delivery)
matrix_case("hall_deliveries:item", _officers_delivery)


def _rating_case(world: World) -> Case:
    from yiwang.hall.ratings.actions import rating_give
    from yiwang.hall.ratings.models import RatingCase
    from yiwang.kernel.api import context_system, context_use

    def rated(department_id: int) -> int:
        with context_use(context_system("test")):
            rating = rating_give(
                f"application:{secrets.token_hex(8)}",
                channel="ONLINE",
                title={"zh": "某事", "en": "A matter"},
                matter_code="1",
                department_id=department_id,
                rater_ref="person:other",
                level="DISSATISFIED",
                indicators={},
                text="慢",
                now=world.now,
            )
        return RatingCase.objects.get(rating=rating.id).pk

    name = "hall_ratings:case"
    return Case(
        own=reverse(name, args=[rated(world.own_department)]),
        other=reverse(name, args=[rated(world.other_department)]),
    )


matrix_case("hall_ratings:case", _rating_case)


def _rating_finding(world: World) -> Case:
    from yiwang.hall.ratings.models import GamingFinding

    def found(department_id: int) -> int:
        return GamingFinding.objects.create(
            rule_key="burst_place",
            kind="BURST_PLACE",
            subject=f"place:{secrets.token_hex(4)}",
            department_id=department_id,
            since_at=world.now,
            until_at=world.now,
            found_at=world.now,
            state="LEFT_OUT",
            reason="代评",
        ).pk

    name = "hall_ratings:finding"
    other = found(world.other_department)
    return Case(
        own=reverse(name, args=[found(world.own_department)]),
        # The supervisor judges the findings of all departments: there is no other's for them.
        other=lambda persona: reverse(name, args=[999_999 if persona == "SUPERVISOR" else other]),
    )


matrix_case("hall_ratings:finding", _rating_finding)
