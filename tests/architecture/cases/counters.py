"""Rows of halls: a visitor's own appointments, windows and halls of an officer's departments."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World

_TEXT = {"zh": "某", "en": "Some"}


def _hall(world: World, function: str) -> int:
    """Put a hall that one of the two departments runs, with a window of it."""
    from yiwang.hall.counters.actions.setup import hall_put
    from yiwang.kernel.api import calendar_seed_load, context_system, context_use

    definition = {
        "title": _TEXT,
        "level": "CITY",
        "area_code": "320500",
        "address": "x",
        "department": function,
        "hours": {"working": [["09:00", "17:00"]]},
        "pools": [{"key": "shared", "title": _TEXT, "minutes": 30, "capacity": 50}],
        "queues": [
            {
                "key": "general",
                "letter": "A",
                "title": _TEXT,
                "matters": ["*"],
                "service_minutes": 10,
                "pool": "shared",
            }
        ],
        "windows": [{"number": 1, "title": _TEXT, "department": function, "queues": ["general"]}],
    }
    with context_use(context_system("test")):
        calendar_seed_load(now=world.now)
        return hall_put(f"hall-{function}", definition, source="pack:test@1.0.0")


def _of_halls(route: str) -> Callable[[World], Case]:
    def build(world: World) -> Case:
        for function in ("civil_affairs", "health"):
            _hall(world, function)
        return Case(
            own=reverse(route, args=["hall-civil_affairs"]),
            other=reverse(route, args=["hall-health"]),
        )

    return build


def _window(world: World) -> Case:
    from yiwang.hall.counters.models import Window

    own, other = (
        Window.objects.get(hall=_hall(world, function)).pk
        for function in ("civil_affairs", "health")
    )
    name = "hall_counters:window"
    return Case(own=reverse(name, args=[own]), other=reverse(name, args=[other]))


def _appointment(world: World, subject_ref: str, number: int) -> int:
    from yiwang.hall.counters.actions.appointments import appointment_book
    from yiwang.hall.counters.models import Queue
    from yiwang.kernel.api import ANONYMOUS, context_use

    hall = _hall(world, "civil_affairs")
    visitor = replace(ANONYMOUS, population="CITIZEN", account_id=1, subject_ref=subject_ref)
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=world.now.tzinfo) - timedelta(hours=8)
    with context_use(visitor):
        return appointment_book(
            "hall-civil_affairs",
            queue_ids=[Queue.objects.get(hall_id=hall).pk],
            starts_at=monday + timedelta(minutes=30 * number),
            name="某",
            phone="13800001234",
            now=world.now,
        ).id


def _visitors(route: str) -> Callable[[World], Case]:
    def build(world: World) -> Case:
        own = {persona: _appointment(world, ref, 0) for persona, ref in world.own_subject.items()}
        other = _appointment(world, "person:other", 1)
        return Case(
            own=lambda persona: reverse(route, args=[own[persona]]),
            other=reverse(route, args=[other]),
        )

    return build


for _name in ("desk", "desk_appointments", "manage", "statistics"):
    matrix_case(f"hall_counters:{_name}", _of_halls(f"hall_counters:{_name}"))
for _name in ("appointment", "move"):
    matrix_case(f"hall_counters:{_name}", _visitors(f"hall_counters:{_name}"))
matrix_case("hall_counters:window", _window)
