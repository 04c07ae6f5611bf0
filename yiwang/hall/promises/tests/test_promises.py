"""Promises: made with their words, due by the calendar, kept, returned, broken with what follows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from yiwang.engines.api import AttachmentRefused
from yiwang.hall.licences.queries import licence_get, licence_list_by_source
from yiwang.hall.promises.actions import (
    bar_lift,
    promise_break,
    promise_keep,
    promise_return,
    promise_supply,
    promises_begin,
    promises_make,
    promises_void,
)
from yiwang.hall.promises.data import COMMITMENT, TOLERANT
from yiwang.hall.promises.errors import (
    CommitmentBarred,
    PromiseNotFound,
    PromiseReasonMissing,
    PromiseStateWrong,
    PromiseUnkept,
)
from yiwang.hall.promises.models import Promise, PromiseBar
from yiwang.hall.promises.queries import bar_get, promise_list_of, promises_require
from yiwang.hall.promises.rules import text_digest
from yiwang.hall.promises.sweeps import promises_follow
from yiwang.hall.promises.tests.conftest import (
    HOLDER,
    NEIGHBOUR,
    NOW,
    PDF,
    SUBJECT,
    SYSTEM,
    file,
    pledge,
    row,
)
from yiwang.kernel.api import audit_list, context_use
from yiwang.sdk.errors import Forbidden

# The outbox is another area's room: read without its door, to see what was announced.
OutboxEvent = apps.get_model("kernel_events", "OutboxEvent")
DUE = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)  # ten working days after a Friday, 17:00


def topics() -> list[str]:
    rows = OutboxEvent.objects.filter(topic__startswith="promise.").order_by("pk")
    return [topic.removeprefix("promise.") for topic in rows.values_list("topic", flat=True)]


def last_event() -> dict:
    return OutboxEvent.objects.filter(topic__startswith="promise.").latest("pk").payload


def test_what_is_promised_is_kept_word_for_word_with_its_digest_and_due_by_the_calendar(hall):
    (key,) = hall.make()
    found = row(key)
    assert found.sha256 == text_digest(found.text) == pledge().sha256
    assert (found.state, found.due_at) == ("OPEN", DUE)
    assert found.warn_at < DUE
    (audited,) = (r for r in audit_list(subject=SUBJECT) if r["act"] == "hall.promises.make")
    assert audited["person_ref"] == "P1"
    assert audited["detail"] == {"promises": [{"key": "report", "sha256": found.sha256}]}


def test_the_time_runs_from_acceptance_and_a_commitment_from_the_decision(hall):
    hall.make(pledge(), pledge(COMMITMENT), begin=False)
    with context_use(SYSTEM):
        assert promises_begin(SUBJECT, kinds=[TOLERANT], now=NOW) == 1
        states = {one.kind: (one.state, one.due_at) for one in promise_list_of(SUBJECT)}
        assert states == {TOLERANT: ("OPEN", DUE), COMMITMENT: ("MADE", None)}
        later = NOW + timedelta(days=3)
        assert promises_begin(SUBJECT, kinds=[TOLERANT, COMMITMENT], now=later) == 1
    assert {one.kind: one.begun_at for one in promise_list_of(SUBJECT)} == {
        TOLERANT: NOW,
        COMMITMENT: later,
    }


def test_one_document_of_an_application_is_promised_once(hall):
    hall.make()
    with pytest.raises(Exception, match=r"(?i)unique"):
        hall.make()


def test_nothing_is_issued_before_the_document_is_there_and_looked_at(hall):
    (key,) = hall.make()
    with context_use(HOLDER):
        with pytest.raises(PromiseUnkept):
            promises_require(SUBJECT)
        promise_supply(key, file=file(), now=NOW)
        with pytest.raises(PromiseUnkept):
            promises_require(SUBJECT)
    with context_use(hall.officer()):
        promise_keep(key, result="报告合格", now=NOW)
        promises_require(SUBJECT)
    assert row(key).decided_by == "陆审批"
    assert topics() == ["made", "supplied", "kept"]


def test_the_document_handed_in_goes_to_the_application(hall, supplied):
    (key,) = hall.make()
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW)
    ((material, attachment_id, digest, at),) = supplied
    assert (material, attachment_id, at) == ("report", row(key).attachment_id, NOW)
    assert len(digest) == 64


def test_a_wrong_file_changes_nothing(hall, supplied):
    (key,) = hall.make()
    with context_use(HOLDER), pytest.raises(AttachmentRefused):
        promise_supply(key, file=file(PDF + b"<</S /JavaScript>>"), now=NOW)
    assert (row(key).state, row(key).attachment_id, supplied) == ("OPEN", None, [])


def test_only_who_promised_hands_in_and_only_once_at_a_time(hall):
    (key,) = hall.make()
    with context_use(NEIGHBOUR), pytest.raises(PromiseNotFound):
        promise_supply(key, file=file(), now=NOW)
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW)
        with pytest.raises(PromiseStateWrong):
            promise_supply(key, file=file(), now=NOW)


def test_a_document_sent_back_leaves_three_working_days_at_least(hall):
    (key,) = hall.make()
    late = DUE - timedelta(hours=2)
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=late)
    with context_use(hall.officer()):
        with pytest.raises(PromiseReasonMissing):
            promise_return(key, reason=" ", now=late)
        promise_return(key, reason="缺少签章", now=late)
    found = row(key)
    assert (found.state, found.return_reason) == ("OPEN", "缺少签章")
    assert found.due_at == datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
    assert last_event()["reason"] == "缺少签章"


def test_a_document_sent_back_early_keeps_its_day(hall):
    (key,) = hall.make()
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW)
    with context_use(hall.officer()):
        promise_return(key, reason="缺少签章", now=NOW)
    assert row(key).due_at == DUE


def test_one_is_reminded_once_and_the_promise_breaks_after_its_day(hall):
    (key,) = hall.make()
    assert promises_follow(now=NOW) == 0
    warn = row(key).warn_at
    assert [promises_follow(now=warn), promises_follow(now=warn)] == [1, 0]
    assert promises_follow(now=DUE) == 0
    assert promises_follow(now=DUE + timedelta(minutes=1)) == 1
    assert promises_follow(now=DUE + timedelta(days=1)) == 0
    assert topics() == ["made", "due_soon", "broken"]
    assert row(key).state == "BROKEN"
    with pytest.raises(PromiseUnkept), context_use(SYSTEM):
        promises_require(SUBJECT)


def test_what_was_handed_in_is_not_broken_by_the_clock(hall):
    (key,) = hall.make()
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=DUE)
    assert promises_follow(now=DUE + timedelta(days=9)) == 0
    assert row(key).state == "SUPPLIED"


def test_a_commitment_found_untrue_revokes_what_was_issued_and_bars_from_the_next(hall):
    licence = hall.licence()
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer()):
        promise_break(key, reason="现场无此住所", legal_basis="行政许可法第六十九条", now=NOW)
    with context_use(SYSTEM):
        revoked = licence_get(licence.id)
    assert revoked.state == "REVOKED"
    assert "现场无此住所" in revoked.state_reason
    assert row(key).revoked == [licence.identifier]
    assert last_event()["revoked"] == [licence.identifier]
    bar = bar_get("person:P1", "320116001000")
    assert (bar.reason, bar.number) == ("现场无此住所", "A1")
    assert bar_get("person:P1", "other") is None
    with pytest.raises(CommitmentBarred):
        hall.make(pledge(COMMITMENT), subject="application:A2")
    assert promise_list_of("application:A2") == []


def test_who_is_barred_may_still_promise_a_document_that_follows(hall):
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer()):
        promise_break(key, reason="不实", legal_basis="某法", now=NOW)
    assert len(hall.make(subject="application:A2")) == 1


def test_the_bar_is_lifted_with_a_reason(hall):
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer()):
        promise_break(key, reason="不实", legal_basis="某法", now=NOW)
        bar_lift(key, reason="已修复信用", now=NOW)
        with pytest.raises(PromiseStateWrong):
            bar_lift(key, reason="再次", now=NOW)
    assert bar_get("person:P1", "320116001000") is None
    assert PromiseBar.objects.get().lifted_by == "陆审批"


def test_a_document_that_never_followed_revokes_where_that_was_told(hall):
    licence = hall.licence()
    (key,) = hall.make(pledge(consequence="REVOKE"))
    assert promises_follow(now=DUE + timedelta(minutes=1)) == 1
    with context_use(SYSTEM):
        assert licence_get(licence.id).state == "REVOKED"
    assert bar_get("person:P1", "320116001000") is None


def test_a_credit_note_revokes_nothing(hall):
    licence = hall.licence()
    hall.make(pledge(consequence="CREDIT"))
    promises_follow(now=DUE + timedelta(minutes=1))
    assert last_event()["consequence"] == "CREDIT"
    assert [one.state for one in licence_list_by_source(SUBJECT)] == [licence.state]


def test_a_commitment_that_was_checked_is_kept_with_what_was_found(hall):
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer()):
        with pytest.raises(PromiseReasonMissing):
            promise_keep(key, result="", now=NOW)
        promise_keep(key, result="现场核查属实", now=NOW)
        with pytest.raises(PromiseStateWrong):
            promise_break(key, reason="不实", legal_basis="某法", now=NOW)
    assert (row(key).state, row(key).result) == ("KEPT", "现场核查属实")


def test_a_commitment_not_checked_in_time_is_told_to_supervision_once(hall):
    (key,) = hall.make(pledge(COMMITMENT, days=5))
    late = row(key).due_at + timedelta(minutes=1)
    assert [promises_follow(now=late), promises_follow(now=late)] == [1, 0]
    (told,) = OutboxEvent.objects.filter(topic="supervision.violation")
    assert told.payload["department_id"] == hall.department
    assert told.payload["source"] == f"promise:{key}"
    assert row(key).state == "OPEN"


def test_a_document_brought_to_the_window_is_handed_in_by_an_officer_of_the_department(hall):
    (key,) = hall.make()
    with context_use(hall.officer(department_id=hall.other)), pytest.raises(PromiseNotFound):
        promise_supply(key, file=file(), now=NOW)
    with context_use(hall.officer("hall.promises.check")):
        promise_supply(key, file=file(), now=NOW)
    assert row(key).state == "SUPPLIED"


def test_promises_of_what_came_to_nothing_fall_away(hall):
    hall.make(pledge(), pledge(COMMITMENT))
    with context_use(SYSTEM):
        assert promises_void(SUBJECT, now=NOW) == 2
        assert promises_void(SUBJECT, now=NOW) == 0
    assert promises_follow(now=DUE + timedelta(days=60)) == 0
    assert {one.state for one in promise_list_of(SUBJECT)} == {"VOID"}


def test_another_department_neither_sees_nor_concludes(hall):
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer(department_id=hall.other)):
        for act in (
            lambda: promise_keep(key, result="x", now=NOW),
            lambda: promise_break(key, reason="x", legal_basis="x", now=NOW),
        ):
            with pytest.raises(PromiseNotFound):
                act()
    with context_use(hall.officer("hall.promises.check")), pytest.raises(Forbidden):
        promise_break(key, reason="x", legal_basis="x", now=NOW)
    assert row(key).state == "OPEN"


def test_a_conclusion_that_breaks_needs_reason_and_legal_basis(hall):
    (key,) = hall.make(pledge(COMMITMENT))
    with context_use(hall.officer()), pytest.raises(PromiseReasonMissing) as caught:
        promise_break(key, reason=" ", legal_basis="", now=NOW)
    assert set(caught.value.fields) == {"reason", "legal_basis"}
    assert row(key).state == "OPEN"


def test_a_promise_of_a_year_without_calendar_waits_without_a_day(hall):
    (key,) = hall.make(pledge(days=60), begin=False)
    far = datetime(2026, 12, 20, 2, 0, tzinfo=UTC)
    with context_use(SYSTEM):
        promises_begin(SUBJECT, kinds=[TOLERANT], now=far)
    assert (row(key).state, row(key).due_at) == ("OPEN", None)
    assert promises_follow(now=far + timedelta(days=400)) == 0


def test_making_promises_is_part_of_the_act_that_submits(hall):
    with context_use(SYSTEM):
        assert promises_make(hall.case(), [], now=NOW) == []
    assert Promise.objects.model._meta.verbose_name == "承诺"
