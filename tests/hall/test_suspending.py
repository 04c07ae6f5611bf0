"""A case is suspended, resumed, terminated: its clocks, its work, its money, and what the applicant reads."""

import datetime
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hall.test_limits import certificate_submit, journey_submit
from tests.hall.test_pack_journeys import (
    PACKS,
    answer,
    applicant_make,
    item_of,
    officer_act,
    pay,
    submit,
)
from tests.hall.test_parallel import AGREE, CORRECTION
from yiwang.engines.api import (
    clock_list,
    clock_pause,
    instance_get,
    instance_hold_list,
    instance_resume,
    instance_suspend,
    instance_terminate,
    work_item_list,
)
from yiwang.engines.clocks.actions import clock_silence_sweep
from yiwang.engines.workflow.replay import replay
from yiwang.hall.api import licence_list_by_source, matter_get, message_list
from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.actions.holding import state_of_work
from yiwang.hall.applications.actions.limits import due_mirror
from yiwang.hall.applications.actions.urges import application_urge
from yiwang.hall.applications.actions.work import limit_extend
from yiwang.hall.applications.errors import AlreadyEnded, HandlingSuspended
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.details import application_detail_get
from yiwang.hall.applications.queries.holds import suspension_grounds, termination_effects
from yiwang.hall.applications.queries.space import correction_open_list
from yiwang.hall.applications.rules import END_STATES
from yiwang.hall.payments.models import Refund
from yiwang.hall.payments.queries import bill_of
from yiwang.identity.api import account_list_by_department, context_of_account
from yiwang.kernel.api import audit_list, context_system, context_use, event_relay
from yiwang.sdk.errors import Invalid, YiwangError

DAY = datetime.timedelta(days=1)
STATED = {"ground": "OTHER_CASE", "document": "中止字〔2026〕1号", "expected_days": 10}
BASIS = "《条例》第三条"


@pytest.fixture
def restaurant(city, now):
    """An accepted application to open a restaurant: four departments at once."""
    pack = next(one for one in PACKS if one.manifest.id == "restaurant")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    matter = matter_get("321050001000")
    agent = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, agent, now=now)
    officer_act(number, {"officer": "accept", "outcome": "ACCEPT"}, now=now)
    return number, agent, matter


def row(number: str):
    return application_rows("测试").get(number=number)


def head_of(number: str, *, now):
    """Return the head of the department in charge."""
    people = account_list_by_department(
        row(number).department_id, role="DEPARTMENT_HEAD", on=timezone.localdate()
    )
    return replace(context_of_account(people[0].id), purpose="办理办件")


def suspend(number: str, *, now, reason: str = "另案未结", **stated) -> None:
    with context_use(head_of(number, now=now)):
        instance_suspend(row(number).instance_id, reason=reason, now=now, **{**STATED, **stated})


def resume(number: str, *, now) -> None:
    with context_use(head_of(number, now=now)):
        instance_resume(row(number).instance_id, reason="另案已结", now=now)


def terminate(number: str, *, now, basis: str = BASIS) -> None:
    with context_use(head_of(number, now=now)):
        instance_terminate(row(number).instance_id, reason="申请人已注销", basis=basis, now=now)


def clocks(number: str, *, now) -> dict[str, tuple[str, float | None]]:
    """Return state and elapsed time of every clock of an application that has not been stopped."""
    found = clock_list(f"application:{number}", now=now, below=True)
    return {
        f"{one.subject}#{one.kind}": (one.state, one.elapsed)
        for one in found
        if one.state != "STOPPED"
    }


def items(number: str):
    states = ("READY", "CLAIMED", "SUSPENDED")
    return work_item_list(business_key=f"application:{number}", states=states)


def relay() -> None:
    with context_use(context_system("测试")):
        event_relay(limit=1000, now=timezone.now())


def told(context) -> list[str]:
    relay()
    with context_use(context):
        return [one.title["zh"] for one in message_list(context.account_id)]


def test_a_suspended_case_stands_still_with_a_legal_ground_and_goes_on_where_it_stood(
    restaurant, now
):
    number, agent, _matter = restaurant
    before = clocks(number, now=now)
    due = item_of(number, "food_permit").due_at
    suspend(number, now=now)

    assert row(number).state == "SUSPENDED"
    held = clocks(number, now=now + 7 * DAY)
    assert {state for state, _ in held.values()} == {"PAUSED"}
    assert held.keys() == before.keys()
    legal = next(c for c in clock_list(f"application:{number}", now=now) if c.kind == "LEGAL")
    (pause,) = legal.pauses
    assert (pause.ground, pause.document, pause.note) == (
        "OTHER_CASE", "中止字〔2026〕1号", "另案未结",
    )  # fmt: skip
    assert {(one.state, one.paused_by, one.due_at) for one in items(number)} == {
        ("SUSPENDED", "INSTANCE", None)
    }
    due_mirror(row(number))
    assert {one.due_at for one in items(number)} == {None}

    resume(number, now=now + 7 * DAY)

    assert row(number).state == "HANDLING"
    assert item_of(number, "food_permit").due_at == due + 7 * DAY
    assert [one.partition("：")[0] for one in told(agent)[:2]] == [
        "申请已恢复办理", "申请已中止办理",
    ]  # fmt: skip
    acts = [one["act"] for one in audit_list(subject=f"application:{number}", limit=50)]
    assert {"hall.applications.suspend", "hall.applications.resume"} <= set(acts)


def test_the_applicant_reads_why_it_stands_still_and_cannot_urge(restaurant, now):
    number, agent, _matter = restaurant
    suspend(number, now=now)
    with context_use(agent):
        detail = application_detail_get(number, purpose="查看本人办件", now=now)
        with pytest.raises(HandlingSuspended):
            application_urge(number, note="", now=now)
    assert detail.hold.ground["zh"] == "须以另案处理结果为依据而另案尚未办结"
    assert (detail.hold.view.reason, detail.hold.view.expected_days) == ("另案未结", 10)
    story = [one for one in detail.timeline if one.title.startswith("Handling suspended")]
    assert [one.text for one in story] == ["须以另案处理结果为依据而另案尚未办结 · 另案未结"]
    assert detail.application.urges.count() == 0


def test_a_suspension_needs_a_ground_of_its_own_and_a_document(restaurant, now):
    number, _agent, _matter = restaurant
    offered = dict(suspension_grounds())
    assert {"HEARING", "FORCE_MAJEURE", "SUCCESSION"} <= offered.keys()
    for stated in ({"ground": ""}, {"ground": "CORRECTION"}, {"ground": "EXPERT_REVIEW"},
                   {"document": " "}):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            suspend(number, now=now, **stated)
        assert set(refusal.value.fields) == set(stated)
    assert row(number).state == "HANDLING"
    assert {state for state, _ in clocks(number, now=now).values()} == {"RUNNING"}
    assert instance_hold_list(row(number).instance_id) == []


def test_a_correction_is_answered_while_the_case_is_suspended_and_no_clock_runs(restaurant, now):
    number, agent, matter = restaurant
    officer_act(number, CORRECTION, now=now)
    suspend(number, now=now)
    answer(number, {"values": {"sign_height": 0.9}, "materials": []}, matter, agent, now=now + DAY)
    assert row(number).state == "SUSPENDED"
    assert {state for state, _ in clocks(number, now=now + DAY).values()} == {"PAUSED"}
    resume(number, now=now + 3 * DAY)
    assert row(number).state == "HANDLING"
    assert item_of(number, "signboard").state == "CLAIMED"
    assert {state for state, _ in clocks(number, now=now + 3 * DAY).values()} == {"RUNNING"}


def test_an_answered_correction_lets_only_its_own_pause_end(restaurant, now):
    number, agent, matter = restaurant
    officer_act(number, CORRECTION, now=now)
    with context_use(context_system("测试")):
        clock_pause(f"application:{number}", ground="EXPERT_REVIEW", document="评审1", now=now)
    answer(number, {"values": {"sign_height": 0.9}, "materials": []}, matter, agent, now=now)
    legal = next(c for c in clock_list(f"application:{number}", now=now) if c.kind == "LEGAL")
    assert legal.state == "PAUSED"


def test_a_terminated_case_ends_with_reason_basis_and_remedy_and_its_fee_goes_back(city, now):
    pack = next(one for one in PACKS if one.manifest.id == "urban_services")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    number = journey_submit(city, "urban_services:construction_waste_approved", now=now)
    agent = applicant_make(city, journey["applicant"], now=now)
    for step in ({"officer": "accept", "outcome": "ACCEPT"}, {"officer": "review", **AGREE}):
        officer_act(number, step, now=now)
    pay(number, agent, now=now)
    suspend(number, now=now)
    with context_use(head_of(number, now=now)):
        effects = termination_effects(f"application:{number}")
    assert any("24000.00" in text for text in effects)
    with pytest.raises(Invalid) as refusal:
        terminate(number, now=now, basis="")
    assert set(refusal.value.fields) == {"basis"}
    assert row(number).state == "SUSPENDED"

    terminate(number, now=now + DAY)

    application = row(number)
    decision = application.decision
    assert (application.state, application.decided_at) == ("TERMINATED", now + DAY)
    assert (decision.outcome, decision.legal_basis) == ("TERMINATED", [BASIS])
    assert [one["text"] for one in decision.reasons] == ["申请人已注销"]
    assert "终字〔2026〕" in decision.document_number
    assert "复议" in decision.remedy["zh"]
    assert clocks(number, now=now + DAY) == {}
    assert items(number) == []
    assert licence_list_by_source(f"application:{number}") == []
    bill = bill_of(f"application:{number}")
    assert (bill.state, bill.amount_fen) == ("PAID", 2400000)
    assert [one.amount_fen for one in Refund.objects.all()] == [2400000]
    assert told(agent)[0].startswith("申请已终止办理")
    with pytest.raises(AlreadyEnded), context_use(agent):
        application_withdraw(number, now=now + 2 * DAY)


def test_what_waits_for_a_correction_need_not_be_answered_after_the_end(restaurant, now):
    number, agent, _matter = restaurant
    officer_act(number, CORRECTION, now=now)
    with context_use(agent):
        assert len(correction_open_list()) == 1
    terminate(number, now=now)
    with context_use(agent):
        assert correction_open_list() == []
        detail = application_detail_get(number, purpose="查看本人办件", now=now)
    assert detail.open_corrections == []


def test_a_case_is_deemed_accepted_after_all_when_it_is_resumed(city, now):
    begun = now - 14 * DAY
    number = certificate_submit(city, begun)
    suspend(number, now=now - DAY)
    with context_use(context_system("测试")):
        clock_silence_sweep(now=now)
    relay()
    assert row(number).state == "SUSPENDED"
    assert row(number).accepted_at is None
    resume(number, now=now)
    relay()
    assert (row(number).state, row(number).accepted_at) == ("HANDLING", begun)


def test_only_an_ended_application_has_an_end_date(restaurant, now):
    number, _agent, _matter = restaurant
    rows = application_rows("测试").filter(number=number)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state="SUSPENDED", decided_at=now)
    with transaction.atomic():
        assert rows.update(state="TERMINATED", decided_at=now) == 1


# -- whatever the order


class Run:
    """One application under random acts of the head, the officers and the applicant."""

    def __init__(self, restaurant, now) -> None:
        self.number, self.agent, self.matter = restaurant
        self.now = now
        self.before: dict | None = None

    def act(self, name: str, choice: int) -> None:
        self.now += DAY
        before = self.state()
        try:
            with transaction.atomic():
                getattr(self, f"do_{name}")(choice)
        except (YiwangError, StopIteration):
            assert self.state() == before, f"{name} was refused and left a trace"

    def state(self) -> tuple:
        application = row(self.number)
        view = instance_get(application.instance_id)
        return application.state, view.state, view.revision, clocks(self.number, now=self.now)

    def do_suspend(self, choice):
        ground = ("OTHER_CASE", "HEARING", "FORCE_MAJEURE")[choice % 3]
        suspend(self.number, now=self.now, ground=ground)

    def do_resume(self, choice):
        resume(self.number, now=self.now)

    def do_terminate(self, choice):
        terminate(self.number, now=self.now)

    def do_withdraw(self, choice):
        with context_use(self.agent):
            application_withdraw(self.number, reason="不办了", now=self.now)

    def do_correct(self, choice):
        officer_act(self.number, CORRECTION, now=self.now)

    def do_answer(self, choice):
        if row(self.number).corrections.filter(answered_at=None).exists():
            given = {"values": {"sign_height": 0.9}, "materials": []}
            answer(self.number, given, self.matter, self.agent, now=self.now)

    def do_agree(self, choice):
        open_ones = [one for one in items(self.number) if one.closed_at is None]
        node = open_ones[choice % len(open_ones)].node_id if open_ones else "none"
        officer_act(self.number, {"officer": node, **AGREE}, now=self.now)

    def do_extend(self, choice):
        with context_use(head_of(self.number, now=self.now)):
            limit_extend(self.number, amount=1, reason="复杂", approval="政发1号", now=self.now)

    def check(self) -> None:
        application = row(self.number)
        view = instance_get(application.instance_id)
        open_items = items(self.number)
        running = clocks(self.number, now=self.now)
        told = replay(view.history)
        assert told.state == view.state
        assert told.tokens.keys() == {token.number for token in view.tokens}
        assert (application.state == "SUSPENDED") == (view.state == "SUSPENDED")
        standing = [one for one in instance_hold_list(view.id) if one.ended_at is None]
        assert len(standing) == (application.state == "SUSPENDED")
        if application.state in END_STATES:
            assert (open_items, running, view.tokens) == ([], {}, ())
            assert view.ended_at is not None
        elif application.state == "SUSPENDED":
            assert {state for state, _ in running.values()} == {"PAUSED"}
            assert {(one.state, one.due_at) for one in open_items} == {("SUSPENDED", None)}
            assert self.before in (None, running), "a clock ran while the case was suspended"
            self.before = running
            return
        else:
            assert application.state == state_of_work(application)
            assert any(state == "RUNNING" for state, _ in running.values())
        self.before = None


ACTS = ("suspend", "suspend", "resume", "resume", "correct", "answer", "agree", "extend")
LAST = ("withdraw", "terminate")
PLAYED = st.lists(
    st.tuples(st.sampled_from([*ACTS, *ACTS, *LAST]), st.integers(0, 5)), min_size=3, max_size=9
)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def played(restaurant, now, acts) -> None:
    with transaction.atomic():
        run = Run(restaurant, now)
        for name, choice in acts:
            run.act(name, choice)
            run.check()
        transaction.set_rollback(True)


@settings(max_examples=4, **QUIET)
@given(acts=PLAYED)
def test_no_order_of_acts_lets_a_clock_run_while_suspended_or_leaves_work_after_the_end(
    restaurant, now, acts
):
    played(restaurant, now, acts)


@pytest.mark.heavy
@settings(max_examples=60, **QUIET)
@given(acts=PLAYED)
def test_no_long_search_finds_an_order_that_does(restaurant, now, acts):
    played(restaurant, now, acts)
