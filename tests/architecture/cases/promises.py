"""Rows of promises and receipts: those of who promised or submitted, and of an officer's departments."""

import secrets

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World

TITLE = {"zh": "某事", "en": "A matter"}
PEOPLE = ("CITIZEN", "AGENT")


def _promise(world: World, holder_ref: str, department_id: int) -> int:
    from yiwang.hall.promises.actions import promises_make
    from yiwang.hall.promises.data import TOLERANT, Pledge, PromiseCase
    from yiwang.kernel.api import context_system, context_use

    number = f"M{secrets.token_hex(8)}"
    case = PromiseCase(
        subject=f"application:{number}",
        number=number,
        matter_code="999999999999",
        title=TITLE,
        holder_ref=holder_ref,
        holder_name="某",
        account_id=None,
        department_id=department_id,
    )
    pledge = Pledge(TOLERANT, "paper", TITLE, TITLE, "0" * 64, 5, "WITHHOLD", world.now)
    with context_use(context_system("test")):
        return promises_make(case, [pledge], now=world.now)[0]


def _receipt(world: World, holder_ref: str) -> str:
    from yiwang.hall.receipts.actions import submission_keep
    from yiwang.kernel.api import context_system, context_use

    number = f"M{secrets.token_hex(8)}"
    with context_use(context_system("test")):
        submission_keep(
            number, title=TITLE, content={"number": number}, holder_ref=holder_ref, now=world.now
        )
    return number


def _holders_promise(world: World) -> Case:
    name, elsewhere = "hall_promises:detail", world.other_department
    own = {one: _promise(world, world.own_subject[one], elsewhere) for one in PEOPLE}
    return Case(
        own=lambda persona: reverse(name, args=[own[persona]]),
        other=reverse(name, args=[_promise(world, "person:other", elsewhere)]),
    )


def _officers_promise(world: World) -> Case:
    name = "hall_promises:item"
    return Case(
        own=reverse(name, args=[_promise(world, "person:other", world.own_department)]),
        other=reverse(name, args=[_promise(world, "person:other", world.other_department)]),
    )


def _submitters(name: str):
    def build(world: World) -> Case:
        own = {one: _receipt(world, world.own_subject[one]) for one in PEOPLE}
        return Case(
            own=lambda persona: reverse(name, args=[own[persona]]),
            other=reverse(name, args=[_receipt(world, "person:other")]),
        )

    return build


matrix_case("hall_promises:detail", _holders_promise)
matrix_case("hall_promises:item", _officers_promise)
matrix_case("hall_receipts:pdf", _submitters("hall_receipts:pdf"))
matrix_case("hall_receipts:proof", _submitters("hall_receipts:proof"))
matrix_case("hall_receipts:history", _submitters("hall_receipts:history"))
