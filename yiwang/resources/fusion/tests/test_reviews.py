"""The review desk: two persons, independently; a third settles; two undo; runs carry decisions out."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.kernel.api import audit_list, context_use
from yiwang.resources.fusion.actions import (
    dispute_settle,
    pair_claim,
    pair_open,
    pair_release,
    undo_confirm,
    undo_request,
    verdict_give,
)
from yiwang.resources.fusion.data import Decision
from yiwang.resources.fusion.desk import (
    PairAnswered,
    PairMoved,
    PairTaken,
    PairUnknown,
    SecondPersonNeeded,
    TwoNumbers,
)
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.models import MatchDecision, ReviewPair, Verdict
from yiwang.resources.fusion.queries import (
    agreement,
    agreement_by_reviewers,
    decision_list,
    feed_folder,
    master_folder,
    plan_get,
)
from yiwang.resources.fusion.queries.reviews import pair_rows, pairs_for_me
from yiwang.resources.fusion.tests.desk_city import (
    LATER,
    NOW,
    OPTIONS,
    city_with_a_pair,
    id_number,
)
from yiwang.resources.fusion.tests.made import groups_of
from yiwang.sdk.errors import Forbidden, Invalid, YiwangError

pytestmark = pytest.mark.filled(by=city_with_a_pair)


@pytest.fixture
def city(seeds, filled, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return filled.moved(tmp_path)


def give(city, account, word, **more):
    with city.as_person(account, **more):
        return verdict_give(city.pair, word, now=LATER)


def decided(city, word="MUST"):
    give(city, 11, word)
    give(city, 12, word)


def groups(city):
    return {tuple(row[:2] for row in rows) for rows in groups_of(master_folder("population"))}


TOGETHER, APART = {((2, 1), (7, 1)), ((2, 2),)}, {((2, 1),), ((2, 2),), ((7, 1),)}


def test_two_equal_answers_put_a_decision_in_force_and_the_next_run_carries_it_out(city):
    assert groups(city) == APART
    assert give(city, 11, "MUST").state == "SECOND"
    assert decision_list("population") == []
    assert give(city, 12, "MUST").state == "DECIDED"
    assert decision_list("population") == [Decision((7, 1), (2, 1), "MUST")]
    assert city.run(now=LATER).report["placed"] == {"DECIDED": 1, "REST": 0}
    assert groups(city) == TOGETHER


def test_a_cannot_is_not_asked_again(city):
    decided(city, "CANNOT")
    view = city.run(now=LATER)
    assert view.counts["review"] == 0
    assert groups(city) == APART
    assert ReviewPair.objects.get().state == "DECIDED"


def test_a_pair_that_nobody_could_tell_is_not_asked_again(city):
    decided(city, "UNSURE")
    assert city.run(now=LATER).report["pairs"] == {"opened": 0, "kept": 1, "closed": 0}
    pair = ReviewPair.objects.get()
    assert (pair.state, pair.outcome) == ("DECIDED", "UNSURE")
    assert decision_list("population") == []


def test_decisions_survive_a_rebuild_in_which_every_identifier_is_drawn_anew(city):
    import shutil

    give(city, 11, "MUST")
    before = ReviewPair.objects.get()
    shutil.rmtree(master_folder("population"))
    with context_use(city.person(9, population="SYSTEM", permissions=frozenset({"*"}))):
        from yiwang.resources.fusion.actions import run_record
        from yiwang.resources.fusion.data import FusionOptions

        run_record(
            "population",
            now=LATER,
            files=city.files,
            options=FusionOptions(workers=1, seed=77, durable=False),
        )
    after = ReviewPair.objects.get()
    assert (after.pk, after.state) == (before.pk, "SECOND")
    assert after.uid != before.uid
    give(city, 12, "MUST")
    city.run(now=LATER)
    assert groups(city) == TOGETHER


def test_the_same_person_cannot_answer_twice(city):
    give(city, 11, "MUST")
    with pytest.raises(PairAnswered):
        give(city, 11, "MUST")
    assert Verdict.objects.count() == 1
    assert ReviewPair.objects.get().state == "SECOND"


def test_different_answers_wait_for_a_third_person_who_sees_both(city):
    give(city, 11, "MUST")
    assert give(city, 12, "CANNOT").state == "DISPUTED"
    with pytest.raises(PairMoved):
        give(city, 13, "MUST")
    with context_use(city.supervisor(11)), pytest.raises(SecondPersonNeeded):
        dispute_settle(city.pair, "MUST", reason="同一人", now=LATER)
    with context_use(city.supervisor(20)):
        with pytest.raises(Invalid):
            dispute_settle(city.pair, "MUST", reason=" ", now=LATER)
        assert dispute_settle(city.pair, "MUST", reason="电话已核实", now=LATER).state == "DECIDED"
    decision = MatchDecision.objects.get()
    assert (decision.first_account, decision.second_account, decision.third_account) == (11, 12, 20)
    assert decision.word == "MUST"


def test_a_reviewer_may_not_settle(city):
    give(city, 11, "MUST")
    give(city, 12, "CANNOT")
    with city.as_person(13), pytest.raises(Forbidden):
        dispute_settle(city.pair, "MUST", reason="x", now=LATER)
    assert ReviewPair.objects.get().state == "DISPUTED"


def test_who_has_a_pair_keeps_others_out_for_a_quarter_of_an_hour(city):
    with city.as_person(11):
        pair_claim(city.pair, now=NOW)
    with city.as_person(12):
        with pytest.raises(PairTaken):
            verdict_give(city.pair, "MUST", now=NOW + timedelta(minutes=14))
        assert not pairs_for_me(NOW).exists()
        assert pairs_for_me(NOW + timedelta(minutes=16)).exists()
        pair_claim(city.pair, now=NOW + timedelta(minutes=16))
        pair_release(city.pair, now=NOW)
    assert ReviewPair.objects.get().claimed_by is None


def test_a_department_reviews_its_own_rows_and_nobody_elses(city):
    for name, sees in (("civil_affairs", 1), ("public_security", 0), ("data", 1)):
        with city.as_person(30, name):
            assert pair_rows().count() == sees
    with city.as_person(30, "public_security"), pytest.raises(PairUnknown):
        verdict_give(city.pair, "MUST", now=LATER)
    assert not Verdict.objects.exists()


def test_opening_masked_values_is_recorded_with_its_purpose(city):
    with city.as_person(11):
        with pytest.raises(Invalid):
            pair_open(city.pair, purpose="", now=LATER)
        pair_open(city.pair, purpose="逐字核对姓名", now=LATER)
    row = audit_list(subject=f"review_pair:{city.pair}")[0]
    assert (row["act"], row["purpose"]) == ("resources.fusion.pair_open", "逐字核对姓名")
    assert row["account_id"] == 11


def test_who_was_looked_at_sees_it_where_the_registry_can_tell(city, monkeypatch):
    from yiwang.resources.fusion import permissions

    uid = ReviewPair.objects.get().uid
    monkeypatch.setitem(
        permissions._readers, "population", lambda asked: "P0000000018" if asked == uid else ""
    )
    with city.as_person(11):
        pair_open(city.pair, purpose="核对", now=LATER)
    assert audit_list(person_ref="P0000000018")[0]["act"] == "resources.fusion.pair_open"


def test_undoing_takes_two_persons_and_asks_again(city):
    decided(city)
    with city.as_person(11):
        undo_request(city.pair, reason="后来发现是两个人", now=LATER)
        with pytest.raises(SecondPersonNeeded):
            undo_confirm(city.pair, now=LATER)
    assert len(decision_list("population")) == 1
    with city.as_person(13):
        view = undo_confirm(city.pair, now=LATER)
    assert (view.state, view.round, decision_list("population")) == ("OPEN", 2, [])
    assert MatchDecision.objects.get().undone_account == 13
    decided(city, "CANNOT")  # both may answer again in the new round
    city.run(now=LATER)
    assert groups(city) == APART


def test_the_desk_refuses_to_join_two_valid_numbers(city):
    decided(city)
    rows = [{"sfzh": id_number(7), "xm": "王晓明", "sex": "男", "phone": "16412345678"}]
    city.land(city.living, rows, "corrected")
    city.run(now=LATER)
    assert groups(city) == APART  # the decision has no hold on two valid numbers
    with city.as_person(11):
        undo_request(city.pair, reason="号码已更正", now=LATER)
    with city.as_person(13):
        undo_confirm(city.pair, now=LATER)
    before = Verdict.objects.count()
    with pytest.raises(TwoNumbers, match="two different valid numbers"):
        give(city, 11, "MUST")
    assert (Verdict.objects.count(), ReviewPair.objects.get().state) == (before, "OPEN")
    assert give(city, 11, "CANNOT").state == "SECOND"


def test_a_pair_that_comes_back_keeps_what_was_said(city):
    give(city, 11, "MUST")
    rows = city.landed[city.living]
    city.land(city.living, [{"sfzh": "", "xm": "赵无人", "sex": "1", "phone": ""}], "other")
    assert city.run(now=LATER).report["pairs"]["closed"] == 1
    city.landed[city.living] = rows
    assert city.run(now=LATER).report["pairs"] == {"opened": 1, "kept": 0, "closed": 0}
    pair = ReviewPair.objects.get()
    assert (pair.pk, pair.state) == (city.pair, "SECOND")


def test_agreement_is_counted_over_all_and_by_two_reviewers(city):
    give(city, 11, "MUST")
    assert agreement().pairs == 0
    give(city, 12, "CANNOT")
    assert (agreement().pairs, agreement().equal, agreement().kappa) == (1, 0, 0.0)
    [(names, one)] = agreement_by_reviewers("population")
    assert (names, one.pairs) == (("data11", "data12"), 1)
    assert agreement("legal-persons").pairs == 0


WORDS = st.sampled_from(["MUST", "CANNOT", "UNSURE"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["give", "settle", "undo", "confirm"]), st.integers(1, 3), WORDS),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_tried_one_person_alone_never_puts_a_decision_in_force_or_out(city, steps):
    from django.db import transaction

    with transaction.atomic():
        for kind, account, word in steps:
            who = city.supervisor(account) if kind == "settle" else city.person(account)
            acts = {
                "give": lambda: verdict_give(city.pair, word, now=LATER),  # noqa: B023
                "settle": lambda: dispute_settle(city.pair, word, reason="x", now=LATER),  # noqa: B023
                "undo": lambda: undo_request(city.pair, reason="x", now=LATER),
                "confirm": lambda: undo_confirm(city.pair, now=LATER),
            }
            with context_use(who):
                try:
                    acts[kind]()
                except YiwangError:
                    continue
        for decision in MatchDecision.objects.all():
            said = Verdict.objects.filter(pair=decision.pair, round=decision.round)
            agree = {one.account_id for one in said if one.word == decision.word}
            people = {one.account_id for one in said}
            assert len(people) >= 2
            assert len(agree) >= 2 or len(people) == 3
            assert decision.valid_to is None or decision.undo_account != decision.undone_account
        transaction.set_rollback(True)


@pytest.mark.parametrize("word", ["MUST", "CANNOT"])
def test_a_run_answers_as_the_library_does_with_the_same_decisions(city, tmp_path, word):
    decided(city, word)
    city.run(now=LATER)
    fuse(
        plan_get("population"),
        feed_folder("population"),
        tmp_path / "again",
        options=OPTIONS,
        decisions=[Decision((7, 1), (2, 1), word)],
    )
    assert groups_of(tmp_path / "again") == groups_of(master_folder("population"))


def test_the_database_itself_refuses_a_decision_of_one_person(city):
    from django.db import IntegrityError, transaction

    pair = ReviewPair.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDecision.objects.create(
            pair=pair, registry="population", round=1, word="MUST", number=7, row_no=1,
            anchors=[[2, 1]], first_account=11, second_account=11, valid_from=NOW,
        )  # fmt: skip
    assert not MatchDecision.objects.exists()


def test_a_pair_of_two_rows_is_asked_and_decided_as_well(city):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from yiwang.kernel.api import context_system
    from yiwang.resources.fusion.actions.reviews import pairs_load
    from yiwang.resources.fusion.reports import run_folder
    from yiwang.resources.fusion.views.records import pair_records

    rows = [
        {"sfzh": "", "xm": name, "sex": "1", "phone": phone}
        for name, phone in (("赵有人", "16411112222"), ("赵有仁", "16411113333"))
    ]
    city.land(city.living, rows, "two")
    view = city.run(now=LATER)
    folder = run_folder(master_folder("population"))
    asked = {
        "class": [7], "row_no": [1], "uid": pa.array([None], pa.int64()), "probability": [0.8],
        "other_class": [7], "other_row_no": [2],
    }  # fmt: skip
    pq.write_table(pa.table(asked), folder / "review.parquet")
    with context_use(context_system("test")):
        assert pairs_load(view.id, folder, now=LATER)["opened"] == 1
        assert pairs_load(view.id, folder, now=LATER)["kept"] == 1
    pair = ReviewPair.objects.get(kind="ROW")
    from yiwang.resources.fusion.queries.reviews import pair_view

    shown = pair_records(pair_view(pair), plan_get("population"), is_open=True)
    name = next(line for line in shown.lines if line.field == "name")
    assert (name.left.value, name.right.value) == ("赵有人", "赵有仁")
    city.pair = pair.pk
    decided(city)
    assert decision_list("population") == [Decision((7, 1), (7, 2), "MUST")]
    city.run(now=LATER)
    assert ((7, 1), (7, 2)) in groups(city)
