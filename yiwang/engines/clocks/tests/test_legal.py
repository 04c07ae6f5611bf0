"""Limits as the law sets them: how long, who may extend, what does not count, what silence means."""

from datetime import date, datetime
from pathlib import Path

import pytest
import yaml
from django.utils import timezone

from yiwang.engines.clocks import actions
from yiwang.engines.clocks.actions import (
    ApprovalTooLow,
    ExtensionTooLong,
    PauseGroundUnknown,
    clock_extend,
    clock_pause,
    clock_resume,
    clock_silence_sweep,
    clock_start_legal,
    clock_stop,
)
from yiwang.engines.clocks.models import Clock
from yiwang.engines.clocks.queries import (
    LegalClockUnknown,
    clock_get,
    clock_projection,
    legal_clock_list,
)
from yiwang.kernel.api import (
    CodeRow,
    calendar_seed_load,
    code_table_load,
    context_system,
    context_use,
)
from yiwang.sdk.errors import Invalid

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parents[3] / "kernel" / "codes" / "data"
SUBJECT = "application:1"


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=timezone.get_default_timezone())


def close(month: int, day: int) -> datetime:
    return at(month, day, 17)


@pytest.fixture(autouse=True)
def _house():
    with context_use(context_system("test")):
        calendar_seed_load(now=at(1, 2))
        for key in ("legal_clocks", "pause_grounds"):
            table = yaml.safe_load((DATA / f"{key}.yaml").read_text(encoding="utf-8"))
            code_table_load(
                key,
                edition="1",
                rows=[
                    CodeRow(
                        row["code"],
                        row["name"],
                        name_en=row["name_en"],
                        attributes=row.get("attributes", {}),
                    )
                    for row in table["codes"]
                ],
                valid_from=date(2004, 7, 1),
                source="test",
                now=at(1, 2),
            )
        yield


def start(policy: str, **changes) -> int:
    return clock_start_legal(
        SUBJECT, policy=policy, **{"started_at": at(3, 2), "now": at(3, 2), **changes}
    )


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        ("NOTICE", close(3, 9)),
        ("DECISION", close(3, 30)),
        ("DECISION_JOINT", close(5, 8)),
        ("FIRST_REVIEW", close(3, 30)),
        ("DELIVERY", close(3, 16)),
    ],
)
def test_each_legal_limit_ends_on_its_working_day(policy, due):
    assert clock_get(start(policy), now=at(3, 3)).due_at == due


@pytest.mark.parametrize(
    ("policy", "most", "level", "lower", "due"),
    [
        ("DECISION", 10, "AGENCY_HEAD", "DEPARTMENT_HEAD", close(4, 14)),
        ("DECISION_JOINT", 15, "GOVERNMENT_HEAD", "AGENCY_HEAD", close(5, 28)),
    ],
)
def test_a_decision_is_extended_once_by_so_much_with_the_right_approval(
    policy, most, level, lower, due
):
    clock_id = start(policy)
    given = {"reason": "案情复杂", "approver_account_id": 5, "now": at(3, 5)}
    for refused, changes in (
        (ApprovalTooLow, {"amount": most, "approver_level": lower}),
        (ApprovalTooLow, {"amount": most}),
        (ExtensionTooLong, {"amount": most + 1, "approver_level": level}),
        (Invalid, {"amount": most, "approver_level": level, "reason": " "}),
    ):
        with pytest.raises(refused):
            clock_extend(clock_id, **{**given, **changes})
        assert clock_get(clock_id, now=at(3, 5)).extensions == ()
    clock_extend(clock_id, **given, amount=most, approver_level=level)
    view = clock_get(clock_id, now=at(3, 5))
    assert (view.due_at, view.extensions[0].approver_level) == (due, level)
    with pytest.raises(ExtensionTooLong):
        clock_extend(clock_id, **given, amount=1, approver_level=level)


def test_a_limit_that_the_law_does_not_extend_is_not_extended():
    clock_id = start("DELIVERY")
    with pytest.raises(ExtensionTooLong):
        clock_extend(clock_id, amount=1, reason="忙", approver_account_id=5, now=at(3, 5))


@pytest.mark.parametrize(
    "ground",
    ["HEARING", "TENDER", "AUCTION", "INSPECTION", "TESTING", "QUARANTINE", "APPRAISAL", "EXPERT_REVIEW"],
)  # fmt: skip
def test_the_special_procedures_do_not_count_and_are_told_with_reason_and_document(ground):
    clock_id = start("DECISION")
    clock_pause(
        SUBJECT,
        ground=ground,
        document="告知书〔2026〕3号",
        note="须组织专门程序",
        expected_days=10,
        now=at(3, 9),
    )
    assert clock_get(clock_id, now=at(3, 12)).state == "PAUSED"
    clock_resume(SUBJECT, now=at(3, 16))
    view = clock_get(clock_id, now=at(3, 17))
    assert view.due_at == close(4, 7)
    assert (view.pauses[0].note, view.pauses[0].expected_days) == ("须组织专门程序", 10)


def test_any_other_ground_or_none_at_all_does_not_stop_the_clock():
    clock_id = start("DECISION")
    with pytest.raises(PauseGroundUnknown):
        clock_pause(SUBJECT, ground="BUSY", document="告知书", now=at(3, 9))
    with pytest.raises(Invalid):
        clock_pause(SUBJECT, ground="HEARING", document=" ", now=at(3, 9))
    assert clock_get(clock_id, now=at(3, 12)).state == "RUNNING"


def test_a_promise_is_never_longer_than_the_law(monkeypatch):
    view = clock_get(start("DECISION", amount=8), now=at(3, 3))
    assert (view.kind, view.amount, view.due_at) == ("PROMISED", 8, close(3, 12))
    with pytest.raises(Invalid):
        start("DECISION", amount=21)
    assert Clock.objects.count() == 1


@pytest.fixture
def told(monkeypatch):
    events = []
    monkeypatch.setattr(
        actions, "event_publish", lambda topic, payload, *, key="": events.append((topic, payload))
    )
    return events


def test_silence_after_five_working_days_accepts_and_is_announced_once(told):
    clock_id = start("NOTICE")
    assert clock_silence_sweep(now=close(3, 9)) == 0
    assert clock_silence_sweep(now=at(3, 10)) == 1
    assert clock_silence_sweep(now=at(3, 11)) == 0
    ((topic, payload),) = told
    assert topic == "clock.silent"
    assert (payload["subject"], payload["silence"]) == (SUBJECT, "DEEMED_ACCEPTED")
    assert datetime.fromisoformat(payload["started_at"]) == at(3, 2)
    assert clock_get(clock_id, now=at(3, 11)).silent_at == at(3, 10)


def test_who_was_told_in_time_is_not_silent(told):
    start("NOTICE")
    clock_stop(SUBJECT, now=at(3, 6))
    assert clock_silence_sweep(now=at(3, 20)) == 0
    start("DECISION")
    assert clock_silence_sweep(now=at(7, 20)) == 0
    assert told == []


def test_what_a_resumption_and_an_extension_would_give_can_be_asked_without_doing_it():
    clock_id = start("DECISION")
    clock_pause(SUBJECT, ground="HEARING", document="听证通知", now=at(3, 9))
    assert clock_projection(clock_id).due_at is None
    assert clock_projection(clock_id, resumed_at=at(3, 16)).due_at == close(4, 7)
    assert clock_projection(clock_id, resumed_at=at(3, 16), extension=10).due_at == close(4, 21)
    assert clock_get(clock_id, now=at(3, 20)).state == "PAUSED"
    assert clock_projection(0) is None


def test_the_table_says_what_comes_from_memory():
    limits = legal_clock_list(on=date(2026, 3, 2))
    assert len(limits) == 5
    assert all("据记忆" in limit.basis for limit in limits)
    with pytest.raises(LegalClockUnknown):
        start("NOTHING")
