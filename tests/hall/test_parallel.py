"""Several departments at once: one legal clock, each its own, a correction stops only whom it concerns."""

import datetime

import pytest

from tests.hall.test_pack_journeys import (
    PACKS,
    answer,
    applicant_make,
    item_of,
    officer_act,
    submit,
)
from yiwang.engines.api import clock_list
from yiwang.hall.api import licence_list_by_source, matter_get
from yiwang.hall.applications.queries.access import application_rows

AGREE = {"outcome": "AGREE", "comment": "同意"}
CORRECTION = {
    "officer": "signboard",
    "outcome": "CORRECT",
    "correction": {
        "reason": {"zh": "店招高度超过门楣"},
        "fields": ["sign_height"],
        "materials": [],
    },
}


@pytest.fixture
def restaurant(city, now):
    """An accepted application to open a restaurant: its number, the agent, the matter."""
    pack = next(one for one in PACKS if one.manifest.id == "restaurant")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    matter = matter_get("321050001000")
    agent = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, agent, now=now)
    officer_act(number, {"officer": "accept", "outcome": "ACCEPT"}, now=now)
    return number, agent, matter


def states(number: str, *, now) -> dict[str, str]:
    clocks = clock_list(f"application:{number}", now=now, below=True)
    return {
        clock.subject.partition("/")[2] or clock.kind: clock.state
        for clock in clocks
        if not clock.subject.endswith("/acceptance")
    }


def test_acceptance_starts_one_legal_clock_and_one_for_each_department(restaurant, now):
    number, _agent, _matter = restaurant

    assert states(number, now=now) == {
        "LEGAL": "RUNNING",
        "PROMISED": "RUNNING",
        "business_licence": "RUNNING",
        "food_permit": "RUNNING",
        "signboard": "RUNNING",
        "fire_safety": "RUNNING",
    }


def test_a_department_that_has_concluded_is_no_longer_counted(restaurant, now):
    number, _agent, _matter = restaurant

    officer_act(number, {"officer": "food_permit", **AGREE}, now=now)

    found = states(number, now=now)
    assert found["food_permit"] == "STOPPED"
    assert found["fire_safety"] == "RUNNING"


def test_a_correction_pauses_its_department_and_the_legal_clock_only(restaurant, now):
    number, _agent, _matter = restaurant

    officer_act(number, CORRECTION, now=now)

    assert states(number, now=now) == {
        "LEGAL": "PAUSED",
        "PROMISED": "PAUSED",
        "business_licence": "RUNNING",
        "food_permit": "RUNNING",
        "signboard": "PAUSED",
        "fire_safety": "RUNNING",
    }
    assert item_of(number, "signboard").state == "SUSPENDED"
    assert item_of(number, "fire_safety").state == "READY"


def test_the_days_of_a_correction_do_not_count(restaurant, now):
    number, agent, matter = restaurant
    before = {c.kind: c.due_at for c in clock_list(f"application:{number}/signboard", now=now)}
    officer_act(number, CORRECTION, now=now)
    later = now + datetime.timedelta(days=7)

    answer(number, {"values": {"sign_height": 0.9}, "materials": []}, matter, agent, now=later)

    after = {c.kind: c.due_at for c in clock_list(f"application:{number}/signboard", now=later)}
    assert after["DEPARTMENT"] - before["DEPARTMENT"] == datetime.timedelta(days=7)
    assert item_of(number, "signboard").due_at == after["DEPARTMENT"]


def test_nothing_is_issued_until_the_last_department_agrees(restaurant, now):
    number, _agent, _matter = restaurant
    for branch in ("business_licence", "food_permit", "signboard"):
        officer_act(number, {"officer": branch, **AGREE}, now=now)
        assert licence_list_by_source(f"application:{number}") == []

    officer_act(number, {"officer": "fire_safety", **AGREE}, now=now)

    assert len(licence_list_by_source(f"application:{number}")) == 4
    assert application_rows("测试").get(number=number).state == "APPROVED"
    assert set(states(number, now=now).values()) == {"STOPPED"}


def test_one_refusal_refuses_the_whole_once_all_have_spoken(restaurant, now):
    number, _agent, _matter = restaurant
    refusal = {
        "officer": "fire_safety",
        "outcome": "REFUSE",
        "reason": {"zh": "安全出口上锁"},
        "legal_basis": {"zh": "《消防法》第十五条"},
    }
    officer_act(number, refusal, now=now)
    assert application_rows("测试").get(number=number).state == "HANDLING"

    for branch in ("business_licence", "food_permit", "signboard"):
        officer_act(number, {"officer": branch, **AGREE}, now=now)

    application = application_rows("测试").get(number=number)
    assert application.state == "REFUSED"
    assert application.decision.reasons[0]["text"] == "安全出口上锁"
    assert licence_list_by_source(f"application:{number}") == []
