"""Rows of what is published: a department's own decisions and its own powers."""

import dataclasses
import secrets

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _record(world: World, department_id: int) -> int:
    from yiwang.hall.disclosure.actions import record_enter
    from yiwang.kernel.api import context_system, context_use

    given = {
        "CF_XDR_MC": "某店",
        "CF_XDR_TYPE": "LEGAL",
        "CF_WSH": f"某罚〔2026〕{secrets.token_hex(4)}号",
    }
    with context_use(context_system("test")):
        kept = record_enter("CF", given, department_id=department_id, source="test", now=world.now)
    return kept.record.id


def _power(world: World, function: str) -> str:
    from yiwang.hall.matters.actions import matter_put
    from yiwang.hall.matters.tests.conftest import CARD
    from yiwang.kernel.api import context_system, context_use

    code = f"3207{secrets.randbelow(10**8):08d}"
    definition = dataclasses.replace(CARD, code=code, item_type="07", department=function)
    with context_use(context_system("test")):
        return matter_put(definition, source="pack:matrix@1.0.0", now=world.now).code


def _of_department(name: str):
    def build(world: World) -> Case:
        return Case(
            own=lambda _persona: reverse(name, args=[_record(world, world.own_department)]),
            other=lambda _persona: reverse(name, args=[_record(world, world.other_department)]),
        )

    return build


def _complete(world: World) -> Case:
    name = "hall_lists:complete"
    return Case(
        own=reverse(name, args=[_power(world, "civil_affairs")]),
        other=reverse(name, args=[_power(world, "health")]),
    )


matrix_case("hall_disclosure:record", _of_department("hall_disclosure:record"))
matrix_case("hall_lists:complete", _complete)
