"""The operations of approval practice: what each does to tokens and items, and when it is refused."""

import datetime

import pytest

from yiwang.engines.workflow import actions, operations, proxies, queries, undoing
from yiwang.engines.workflow.data import (
    ActRefused,
    UrgedLately,
    WorkItemForbidden,
    WorkItemHeld,
    WorkItemSuspended,
)
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    chain,
    flow,
    item_at,
    staff,
    start_process,
    user,
)
from yiwang.engines.workflow.tests.test_elements import stands
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
SYSTEM = context_system("test")


@pytest.fixture(autouse=True)
def system():
    with context_use(SYSTEM):
        yield


def start(*lines: str, **variables) -> int:
    return start_process(el.process(el.start(), *lines), **variables)


def complete(instance_id: int, node_id: str, outcome: str = "DONE", **more) -> None:
    actions.work_item_complete(item_at(instance_id, node_id).id, outcome=outcome, now=NOW, **more)


def variables(instance_id: int) -> dict:
    return queries.instance_get(instance_id).variables


def items(instance_id: int, node_id: str):
    return [item for item in queries.instance_get(instance_id).items if item.node_id == node_id]


def open_items(instance_id: int, node_id: str):
    return [item for item in items(instance_id, node_id) if item.closed_at is None]


def snapshot(instance_id: int):
    view = queries.instance_get(instance_id)
    return (view.state, view.revision, view.variables, view.tokens, view.items)


def refused(error, instance_id: int, function, *args, match: str | None = None, **kwargs) -> None:
    before = snapshot(instance_id)
    with pytest.raises(error, match=match):
        function(*args, now=NOW, **kwargs)
    assert snapshot(instance_id) == before


# -- several signers: 会签, 或签, 票签, 顺签


def signing(multi: str, *more: str) -> list[str]:
    return [el.signers("t", multi), user("after"), el.end(), *chain("s", "t", "after", "e"), *more]


PEOPLE = [11, 12, 13, 14, 15]


def sign(instance_id: int, person: int, outcome: str) -> None:
    item = next(one for one in open_items(instance_id, "t") if one.assignee_id == person)
    actions.work_item_complete(item.id, outcome=outcome, now=NOW)


@pytest.mark.parametrize(
    ("fifth", "verdict"), [("AGREE", "AGREE"), ("REFUSE", "REFUSE")], ids=["all", "but one"]
)
def test_together_all_must_agree(fifth, verdict):
    instance = start(*signing(el.several(by="people", result="vote")), people=PEOPLE)
    for person in PEOPLE[:4]:
        sign(instance, person, "AGREE")
    assert stands(instance) == ["t", "t"]
    sign(instance, 15, fifth)
    assert stands(instance) == ["after"]
    assert variables(instance)["outcomes"] == {"t": verdict}
    result = variables(instance)["vote"]
    assert (result["total"], result["done"]) == (5, 5)
    assert [one["element"] for one in result["items"]] == PEOPLE


def test_any_one_is_enough_and_the_rest_is_cancelled():
    instance = start(*signing(el.several(by="people", done="done >= 1")), people=PEOPLE)
    sign(instance, 13, "REFUSE")
    assert stands(instance) == ["after"]
    assert variables(instance)["outcomes"] == {"t": "REFUSE"}
    assert sorted(item.state for item in items(instance, "t")) == ["CANCELLED"] * 4 + ["COMPLETED"]


def test_a_share_of_votes_decides():
    multi = el.several(by="people", done="share.AGREE >= 0.6 or share.REFUSE > 0.4", result="vote")
    instance = start(*signing(multi), people=PEOPLE)
    for person, outcome in ((11, "AGREE"), (12, "REFUSE"), (13, "AGREE"), (14, "AGREE")):
        assert stands(instance).count("t") > 1
        sign(instance, person, outcome)
    assert stands(instance) == ["after"]
    assert variables(instance)["outcomes"] == {"t": "AGREE"}
    vote = variables(instance)["vote"]
    assert (vote["votes"], vote["share"]) == (
        {"AGREE": 3, "REFUSE": 1},
        {"AGREE": 0.6, "REFUSE": 0.2},
    )


def test_in_order_one_signs_after_the_other():
    instance = start(*signing(el.several(by="people", sequential=True)), people=PEOPLE[:3])
    for person in PEOPLE[:3]:
        assert [item.assignee_id for item in open_items(instance, "t")] == [person]
        sign(instance, person, "AGREE")
    assert stands(instance) == ["after"]


def test_nobody_to_sign_is_done_at_once():
    assert stands(start(*signing(el.several(by="people")), people=[])) == ["after"]


def test_a_timer_on_a_multi_instance_cancels_all_that_is_open():
    more = (el.boundary("b", "t", "P2D"), user("late"), el.end("e2"), *chain("b", "late", "e2"))
    instance = start(*signing(el.several(by="people"), *more), people=PEOPLE)
    sign(instance, 11, "AGREE")
    from yiwang.engines.workflow.sweeps import timer_sweep

    assert timer_sweep(NOW + 3 * DAY) == 1
    assert stands(instance) == ["late"]


def test_a_sub_process_for_each_department():
    inner = el.sub(
        "p",
        el.start("ps"),
        '<userTask id="x" yw:role="APPROVER" yw:outcomes="DONE" yw:departmentBy="signer"/>',
        el.end("pe"),
        *chain("ps", "x", "pe"),
        multi=el.several(by="where"),
    )
    instance = start(
        inner, user("after"), el.end(), *chain("s", "p", "after", "e"), where=["a", "b"]
    )
    assert [item.department_id for item in open_items(instance, "x")] == [2, 3]
    for item in open_items(instance, "x"):
        actions.work_item_complete(item.id, outcome="DONE", now=NOW)
    assert stands(instance) == ["after"]


# -- returning


LINE = [*[user(key) for key in "abc"], el.end(), *chain("s", "a", "b", "c", "e")]


def send_back(instance_id: int, node_id: str, to: str) -> None:
    item = open_items(instance_id, node_id)[-1]
    undoing.work_item_return(item.id, to_node=to, reason="材料不全", now=NOW)


def test_a_case_goes_back_to_any_earlier_step_of_its_way():
    instance = start(*LINE)
    complete(instance, "a")
    complete(instance, "b")
    item = open_items(instance, "c")[0]
    assert [one["id"] for one in undoing.return_targets(item.id, now=NOW)] == ["b", "a"]
    send_back(instance, "c", "a")
    assert stands(instance) == ["a"]
    assert variables(instance)["outcomes"] == {}
    assert [one.state for one in items(instance, "c")] == ["CANCELLED"]
    complete(instance, "a")
    complete(instance, "b")
    send_back(instance, "c", "b")
    assert stands(instance) == ["b"]
    assert variables(instance)["outcomes"] == {"a": "DONE"}


BOTH = [
    user("first"),
    *el.gateway("parallel", "g", "j"),
    *[user(key) for key in ("x1", "x2", "y", "last")],
    el.end(),
    *chain("s", "first", "g", "x1", "x2", "j", "last", "e"),
    *chain("g", "y", "j"),
]


def test_back_inside_one_branch_leaves_the_other_alone():
    instance = start(*BOTH)
    for node in ("first", "x1"):
        complete(instance, node)
    send_back(instance, "x2", "x1")
    assert stands(instance) == ["x1", "y"]


def test_back_before_the_split_withdraws_all_branches():
    instance = start(*BOTH)
    for node in ("first", "x1"):
        complete(instance, node)
    send_back(instance, "x2", "first")
    assert stands(instance) == ["first"]
    assert item_at(instance, "y").state == "CANCELLED"


def test_back_from_behind_the_join_asks_one_branch_again_and_keeps_what_the_other_brought():
    instance = start(*BOTH)
    for node in ("first", "x1", "x2", "y"):
        complete(instance, node)
    send_back(instance, "last", "x2")
    assert stands(instance) == ["j", "x2"]
    assert variables(instance)["outcomes"] == {"first": "DONE", "x1": "DONE", "y": "DONE"}
    complete(instance, "x2")
    assert stands(instance) == ["last"]
    assert len(items(instance, "y")) == 1


def test_what_was_kept_for_a_join_goes_when_it_is_sent_back_further():
    instance = start(*BOTH)
    for node in ("first", "x1", "x2", "y"):
        complete(instance, node)
    send_back(instance, "last", "x1")
    assert stands(instance) == ["j", "x1"]
    send_back(instance, "x1", "first")
    assert stands(instance) == ["first"]
    for node in ("first", "y", "x1", "x2", "last"):
        complete(instance, node)
    assert stands(instance) == ["COMPLETED"]


def test_back_into_a_sibling_branch_has_no_meaning():
    instance = start(*BOTH)
    for node in ("first", "x1"):
        complete(instance, node)
    item = item_at(instance, "y").id
    refused(
        ActRefused,
        instance,
        undoing.work_item_return,
        item,
        to_node="x1",
        reason="x",
        match="did not come before it on the same way",
    )
    assert [one["id"] for one in undoing.return_targets(item, now=NOW)] == ["first"]


def test_back_over_an_inclusive_join_opens_its_block_again():
    lines = [
        *el.gateway("inclusive", "g", "j"),
        *[user(key) for key in ("x", "y", "last")],
        el.end(),
        *chain("s", "g"),
        flow("g", "x", "true"),
        flow("g", "y", "true"),
        flow("x", "j"),
        flow("y", "j"),
        *chain("j", "last", "e"),
    ]
    instance = start(*lines)
    for node in ("x", "y"):
        complete(instance, node)
    send_back(instance, "last", "x")
    assert stands(instance) == ["g", "j", "x"]
    complete(instance, "x")
    assert stands(instance) == ["last"]


def in_sub() -> int:
    inner = el.sub(
        "p", el.start("ps"), user("x"), user("y"), el.end("pe"), *chain("ps", "x", "y", "pe")
    )
    return start(
        user("first"), inner, user("last"), el.end(), *chain("s", "first", "p", "last", "e")
    )


def test_back_out_of_a_sub_process_ends_it():
    instance = in_sub()
    for node in ("first", "x"):
        complete(instance, node)
    send_back(instance, "y", "x")
    assert stands(instance) == ["p", "x"]
    send_back(instance, "x", "first")
    assert stands(instance) == ["first"]


def test_back_into_a_sub_process_that_has_ended_is_refused_but_not_to_it_as_a_whole():
    instance = in_sub()
    for node in ("first", "x", "y"):
        complete(instance, node)
    item = item_at(instance, "last").id
    refused(
        ActRefused,
        instance,
        undoing.work_item_return,
        item,
        to_node="y",
        reason="x",
        match="return to the sub-process as a whole",
    )
    undoing.work_item_return(item, to_node="p", reason="x", now=NOW)
    assert stands(instance) == ["p", "x"]


def test_back_from_one_signer_withdraws_the_signing_and_back_to_it_begins_it_anew():
    lines = [
        user("first"),
        el.signers("t", el.several(by="people")),
        user("after"),
        el.end(),
        *chain("s", "first", "t", "after", "e"),
    ]
    instance = start(*lines, people=[11, 12])
    complete(instance, "first")
    sign(instance, 11, "AGREE")
    send_back(instance, "t", "first")
    assert stands(instance) == ["first"]
    complete(instance, "first")
    for person in (11, 12):
        sign(instance, person, "AGREE")
    send_back(instance, "after", "t")
    assert stands(instance) == ["t", "t", "t"]
    assert [item.assignee_id for item in open_items(instance, "t")] == [11, 12]


def test_a_return_needs_a_reason_and_a_step_that_was_done():
    instance = start(*LINE)
    complete(instance, "a")
    item = item_at(instance, "b").id
    back = undoing.work_item_return
    refused(Invalid, instance, back, item, to_node="a", reason=" ")
    refused(
        ActRefused, instance, back, item, to_node="c", reason="x", match="has not been finished"
    )


# -- recalling


A, B, C = (staff(number, 1, "APPROVER") for number in (11, 12, 13))


def test_what_was_just_finished_is_taken_back_until_somebody_acts():
    instance = start(*LINE)
    item = item_at(instance, "a").id
    with context_use(A):
        complete(instance, "a")
        undoing.work_item_recall(item, reason="看错了", now=NOW)
    assert stands(instance) == ["a"]
    assert variables(instance)["outcomes"] == {}
    second = item_at(instance, "a").id
    with context_use(A):
        actions.work_item_complete(second, outcome="DONE", now=NOW)
    with context_use(B):
        refused(Forbidden, instance, undoing.work_item_recall, second, reason="x")
        actions.work_item_claim(item_at(instance, "b").id, now=NOW)
    with context_use(A):
        refused(
            ActRefused,
            instance,
            undoing.work_item_recall,
            second,
            reason="x",
            match="has acted on it",
        )


@pytest.mark.parametrize("sequential", [False, True])
def test_a_vote_is_taken_back_while_the_signing_goes_on(sequential):
    multi = el.several(by="people", sequential=sequential, result="vote")
    instance = start(*signing(multi), people=[11, 12, 13])
    with context_use(A):
        sign(instance, 11, "REFUSE")
        mine = next(item for item in items(instance, "t") if item.state == "COMPLETED").id
        undoing.work_item_recall(mine, reason="x", now=NOW)
    for person in (11, 12, 13):
        sign(instance, person, "AGREE")
    assert stands(instance) == ["after"]
    assert variables(instance)["vote"]["votes"] == {"AGREE": 3, "REFUSE": 0}
    assert variables(instance)["outcomes"] == {"t": "AGREE"}


def test_what_a_service_has_done_cannot_be_taken_back(monkeypatch):
    from yiwang.engines.workflow import activities

    monkeypatch.setitem(activities.SERVICES, "act", lambda call: None)
    service = '<serviceTask id="v" yw:service="act"/>'
    instance = start(user("a"), service, user("b"), el.end(), *chain("s", "a", "v", "b", "e"))
    item = item_at(instance, "a").id
    complete(instance, "a")
    refused(
        ActRefused, instance, undoing.work_item_recall, item, reason="x", match="a service has run"
    )


# -- delegating, transferring


ONE = [user("t", outcomes="AGREE,REFUSE"), user("u"), el.end(), *chain("s", "t", "u", "e")]


def test_a_delegated_item_comes_back_with_a_proposal_to_be_confirmed():
    instance = start(*ONE)
    item = item_at(instance, "t").id
    with context_use(A):
        operations.work_item_delegate(item, to_account_id=20, reason="请先核实", now=NOW)
        refused(WorkItemHeld, instance, actions.work_item_complete, item, outcome="AGREE")
    helper = staff(20, 9)
    with context_use(helper):
        refused(
            ActRefused,
            instance,
            operations.work_item_delegate,
            item,
            to_account_id=21,
            reason="x",
            match="cannot be handed on",
        )
        actions.work_item_complete(item, outcome="REFUSE", comment="不符", now=NOW)
    assert stands(instance) == ["t"]
    assert (item_at(instance, "t").state, item_at(instance, "t").assignee_id) == ("CLAIMED", 11)
    answer = queries.instance_history(instance)[-1]
    assert (answer.kind, answer.detail["proposed"]) == ("DELEGATE_ANSWERED", "REFUSE")
    with context_use(A):
        actions.work_item_complete(item, outcome="AGREE", now=NOW)
    assert variables(instance)["outcomes"] == {"t": "AGREE"}


# -- signers


def add(instance_id: int, node_id: str, how: str, *accounts: int) -> None:
    operations.work_item_add_signers(
        item_at(instance_id, node_id).id, account_ids=accounts, how=how, reason="需会办", now=NOW
    )


def signer(number: int):
    return context_use(staff(number, 99))


def test_who_signs_before_advises_while_the_item_waits_and_does_not_decide():
    instance = start(*ONE)
    own = item_at(instance, "t").id
    add(instance, "t", "BEFORE", 21, 22)
    assert stands(instance) == ["t", "t", "t"]
    refused(WorkItemSuspended, instance, actions.work_item_complete, own, outcome="AGREE")
    for number in (21, 22):
        with signer(number):
            sign(instance, number, "REFUSE")
    assert queries.work_item_get(own).state == "READY"
    actions.work_item_complete(own, outcome="AGREE", now=NOW)
    assert stands(instance) == ["u"]
    assert variables(instance)["outcomes"] == {"t": "AGREE"}


@pytest.mark.parametrize("how", ["AFTER", "PARALLEL"])
def test_who_signs_after_or_beside_decides_with_the_holder(how):
    instance = start(*ONE)
    own = item_at(instance, "t").id
    add(instance, "t", how, 21)
    assert len(open_items(instance, "t")) == (1 if how == "AFTER" else 2)
    actions.work_item_complete(own, outcome="AGREE", now=NOW)
    assert stands(instance) == ["t", "t"]
    assert variables(instance)["outcomes"] == {}
    sign(instance, 21, "REFUSE")
    assert stands(instance) == ["u"]
    assert variables(instance)["outcomes"] == {"t": "REFUSE"}


def test_one_more_voter_counts_among_the_votes():
    instance = start(*signing(el.several(by="people", result="vote")), people=[11, 12])
    item = open_items(instance, "t")[0]
    operations.work_item_add_signers(item.id, account_ids=[13], how="PARALLEL", reason="x", now=NOW)
    for person in (11, 12, 13):
        sign(instance, person, "AGREE")
    assert stands(instance) == ["after"]
    assert variables(instance)["vote"]["votes"] == {"AGREE": 3}


def remove(instance_id: int, item_id: int, account_id: int) -> None:
    operations.work_item_remove_signer(item_id, account_id=account_id, reason="x", now=NOW)


def test_a_signer_who_is_removed_is_waited_for_no_more():
    instance = start(*ONE)
    own = item_at(instance, "t").id
    add(instance, "t", "BEFORE", 21, 22)
    remove(instance, own, 21)
    remove(instance, own, 22)
    assert queries.work_item_get(own).state == "READY"
    operations.work_item_add_signers(own, account_ids=[23], how="AFTER", reason="x", now=NOW)
    remove(instance, own, 23)
    actions.work_item_complete(own, outcome="AGREE", now=NOW)
    assert stands(instance) == ["u"]


def test_a_voter_who_is_removed_changes_the_total():
    multi = el.several(by="people", done="share.AGREE >= 0.5", result="vote")
    instance = start(*signing(multi), people=[11, 12, 13])
    sign(instance, 11, "AGREE")
    mine = open_items(instance, "t")[0].id
    remove(instance, mine, 13)
    assert stands(instance) == ["after"]
    assert variables(instance)["vote"]["total"] == 2


def test_nobody_signs_twice_and_only_who_signs_can_be_removed():
    instance = start(*ONE)
    own = item_at(instance, "t").id
    add(instance, "t", "PARALLEL", 21)
    put = operations.work_item_add_signers
    refused(
        ActRefused,
        instance,
        put,
        own,
        account_ids=[21, 22],
        how="AFTER",
        reason="x",
        match="already",
    )
    refused(Invalid, instance, put, own, account_ids=[], how="AFTER", reason="x")
    refused(
        ActRefused,
        instance,
        operations.work_item_remove_signer,
        own,
        account_id=22,
        reason="x",
        match="does not sign here",
    )


# -- urging, acting for somebody, terminating


def test_an_item_is_urged_once_a_day():
    instance = start(*ONE)
    item = item_at(instance, "t").id
    operations.work_item_urge(item, now=NOW)
    refused(UrgedLately, instance, operations.work_item_urge, item)
    operations.work_item_urge(item, now=NOW + DAY)
    told = queries.instance_history(instance)
    assert [event.kind for event in told].count("URGED") == 2


def test_a_deputy_acts_in_period_and_scope_and_the_history_says_for_whom():
    instance = start(*ONE)
    item = item_at(instance, "t").id
    deputy = staff(30, 77, "REVIEWER")
    act = actions.work_item_complete
    with context_use(A):
        proxy = proxies.proxy_put(
            30, starts_at=NOW - DAY, ends_at=NOW + DAY, reason="出差", processes=()
        )
    with context_use(deputy):
        with pytest.raises(WorkItemForbidden):
            act(item, outcome="AGREE", now=NOW + 2 * DAY)
        act(item, outcome="AGREE", now=NOW)
    event = next(e for e in queries.instance_history(instance) if e.kind == "COMPLETED")
    assert (event.actor_id, event.detail["for"]) == (30, 11)
    with context_use(deputy):
        proxies.proxy_revoke(proxy, now=NOW)
        refused(WorkItemForbidden, instance, act, item_at(instance, "u").id, outcome="DONE")


def test_nobody_gives_away_more_than_they_have():
    with context_use(A), pytest.raises(Forbidden):
        proxies.proxy_put(
            30, starts_at=NOW, ends_at=NOW + DAY, reason="x", roles=["DEPARTMENT_HEAD"]
        )
    assert proxies.proxy_list(now=NOW) == []
