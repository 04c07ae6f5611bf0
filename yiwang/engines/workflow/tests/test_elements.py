"""Every element of the subset does what its meaning says."""

import datetime

import pytest

from yiwang.engines.workflow import actions, activities, messages, queries, registry, sweeps
from yiwang.engines.workflow.data import ProcessFault, ProcessInvalid
from yiwang.engines.workflow.models import Message, Subscription, Timer, WorkItem
from yiwang.engines.workflow.replay import replay
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    chain,
    flow,
    item_at,
    start_process,
    user,
)
from yiwang.kernel.api import context_system, context_use

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def system():
    with context_use(context_system("test")):
        yield


def start(*lines: str, **variables) -> int:
    return start_process(el.process(el.start(), *lines), **variables)


def complete(instance_id: int, node_id: str, outcome: str = "DONE", **more) -> None:
    actions.work_item_complete(item_at(instance_id, node_id).id, outcome=outcome, now=NOW, **more)


def stands(instance_id: int) -> list[str]:
    """Where tokens wait, and the state when it is not running; the history tells the same."""
    view = queries.instance_get(instance_id)
    told = replay(view.history)
    assert told.state == view.state
    assert set(told.tokens) == {token.number for token in view.tokens}
    nodes = sorted(token.node_id for token in view.tokens)
    if view.state != "RUNNING":
        nodes.append(view.state)
    if view.ended_at is not None:
        assert not view.tokens
        assert not Timer.objects.filter(instance=instance_id, state__in=["PENDING", "PAUSED"])
        assert not Subscription.objects.filter(instance=instance_id, state="PENDING")
    return nodes


def kinds(instance_id: int, node_id: str) -> list[str]:
    history = queries.instance_history(instance_id)
    return [event.kind for event in history if event.node_id == node_id]


def variables(instance_id: int) -> dict:
    return queries.instance_get(instance_id).variables


# -- tasks


def test_a_script_works_out_an_expression_and_keeps_its_value():
    script = '<scriptTask id="v" yw:result="fee"><script>amount * 2 + 1</script></scriptTask>'
    instance = start(script, user("t"), el.end(), *chain("s", "v", "t", "e"), amount=20)
    assert variables(instance)["fee"] == 41


def test_a_decision_gives_a_variable_and_its_rules_stand_in_the_history(monkeypatch):
    def decide(reference, inputs):
        return {"fee": inputs["size"] * 10}, [{"table": reference, "rules": [2]}]

    monkeypatch.setattr(registry, "DECIDERS", {"fees.": decide})
    rule = (
        '<businessRuleTask id="v" yw:decision="fees.table" yw:result="out"><extensionElements>'
        '<yw:input name="size" value="rooms + 1"/></extensionElements></businessRuleTask>'
    )
    instance = start(rule, user("t"), el.end(), *chain("s", "v", "t", "e"), rooms=3)
    assert variables(instance)["out"] == {"fee": 40}
    event = next(one for one in queries.instance_history(instance) if one.node_id == "v")
    assert event.detail["fired"] == [{"table": "fees.table", "rules": [2]}]


def test_an_error_of_a_service_goes_on_at_its_boundary_and_undoes_what_it_wrote(monkeypatch):
    def fail(call):
        WorkItem.objects.filter(instance_id=call.instance_id).update(number="touched")
        raise ProcessFault("BAD", "no such person")

    monkeypatch.setitem(activities.SERVICES, "fail", fail)
    instance = start(
        user("t"),
        '<serviceTask id="v" yw:service="fail"/>',
        el.boundary("b", "v", "BAD"),
        user("mend"),
        el.end(),
        el.end("e2"),
        *chain("s", "t", "v", "e"),
        *chain("b", "mend", "e2"),
    )
    complete(instance, "t")
    assert stands(instance) == ["mend"]
    assert kinds(instance, "b") == ["ERROR_CAUGHT"]
    assert item_at(instance, "t").number == "0001"


def test_an_error_nobody_catches_fails_the_instance_until_an_administrator_mends_it(monkeypatch):
    answers = iter([ProcessFault("BAD", "registry is down"), None])

    def serve(call):
        if error := next(answers):
            raise error

    monkeypatch.setitem(activities.SERVICES, "flaky", serve)
    instance = start(
        *el.gateway("parallel", "a", "j"),
        '<serviceTask id="v" name="查询" yw:service="flaky"/>',
        user("t"),
        user("u"),
        el.end(),
        *chain("s", "a", "t", "j", "e"),
        *chain("a", "v", "u", "j"),
    )
    assert stands(instance) == ["t", "v", "FAILED"]
    assert queries.instance_get(instance).failure == "查询: registry is down"
    assert item_at(instance, "t").state == "SUSPENDED"
    actions.instance_retry(instance, reason="registry is up", now=NOW)
    assert stands(instance) == ["t", "u"]
    assert item_at(instance, "t").state == "READY"
    complete(instance, "t")
    complete(instance, "u")
    assert stands(instance) == ["COMPLETED"]


def test_a_failed_instance_can_go_on_at_another_step():
    instance = start(
        user("t", outcomes="YES,NO"),
        user("u"),
        *el.gateway("exclusive", "x", default="x__u"),
        el.end("bad", "BAD"),
        el.end(),
        *chain("s", "t", "x", "u", "e"),
        flow("x", "bad", "outcome == 'NO'"),
    )
    complete(instance, "t", "NO")
    assert stands(instance) == ["bad", "FAILED"]
    actions.instance_retry(instance, reason="a mistake", node_id="u", now=NOW)
    assert stands(instance) == ["u"]


def test_one_element_after_another_is_served_by_a_service_of_several_instances(monkeypatch):
    seen = []
    monkeypatch.setitem(
        activities.SERVICES, "each", lambda call: seen.append(call.variables["signer"])
    )
    task = f'<serviceTask id="v" yw:service="each">{el.several(by="people", sequential=True)}</serviceTask>'
    instance = start(
        task, user("t"), el.end(), *chain("s", "v", "t", "e"), people=["甲", "乙", "丙"]
    )
    assert seen == ["甲", "乙", "丙"]
    assert stands(instance) == ["t"]


# -- sub-processes


def nested(*more: str, first: str = "", inner: tuple[str, ...] = ()) -> list[str]:
    """A sub-process with two tasks at once, and one after it. first: what the end after x throws."""
    return [
        el.sub(
            "p",
            el.start("ps"),
            *el.gateway("parallel", "pa"),
            user("x"),
            user("y"),
            el.end("xe", first),
            el.end("ye"),
            *chain("ps", "pa", "x", "xe"),
            *chain("pa", "y", "ye"),
            *inner,
        ),
        user("after"),
        el.end(),
        *chain("s", "p", "after", "e"),
        *more,
    ]


def at_boundary(what: str, *, interrupting: bool = True) -> list[str]:
    return [
        el.boundary("b", "p", what, interrupting=interrupting),
        user("late"),
        el.end("e2"),
        *chain("b", "late", "e2"),
    ]


def test_a_sub_process_ends_with_the_last_of_its_tokens():
    instance = start(*nested())
    assert stands(instance) == ["p", "x", "y"]
    complete(instance, "x")
    assert stands(instance) == ["p", "y"]
    complete(instance, "y")
    assert stands(instance) == ["after"]


@pytest.mark.parametrize(
    ("interrupting", "left"), [(True, ["late"]), (False, ["late", "p", "x", "y"])]
)
def test_a_timer_on_a_sub_process_cancels_all_inside_or_leaves_it(interrupting, left):
    instance = start(*nested(*at_boundary("P2D", interrupting=interrupting)))
    assert [sweeps.timer_sweep(NOW + 3 * DAY) for _ in range(2)] == [1, 0]
    assert stands(instance) == left
    expected = "CANCELLED" if interrupting else "READY"
    assert item_at(instance, "x").state == item_at(instance, "y").state == expected


def test_a_cycle_fires_as_often_as_it_says():
    instance = start(*nested(*at_boundary("R2/P1D", interrupting=False)))
    assert [sweeps.timer_sweep(NOW + number * DAY) for number in (1, 2, 3, 4)] == [1, 1, 0, 0]
    assert stands(instance).count("late") == 2


def test_an_error_inside_goes_on_at_the_boundary():
    instance = start(*nested(*at_boundary("BAD"), first="BAD"))
    complete(instance, "x")
    assert stands(instance) == ["late"]
    assert item_at(instance, "y").state == "CANCELLED"


def test_an_error_that_the_boundary_does_not_name_passes_it_by():
    instance = start(*nested(*at_boundary("OTHER"), first="BAD"))
    complete(instance, "x")
    assert stands(instance) == ["p", "xe", "y", "FAILED"]


def test_an_error_passes_through_the_inner_to_the_outer_boundary():
    inner = el.sub("q", el.start("qs"), user("t"), el.end("bad", "BAD"), *chain("qs", "t", "bad"))
    never = [el.boundary("n", "q", "OTHER"), el.end("ne"), flow("n", "ne")]
    way_out = ['<exclusiveGateway id="m"/>']
    instance = start(
        el.sub(
            "p", el.start("ps"), inner, *never, *way_out, el.end("pe"), *chain("ps", "q", "m", "pe")
        ),
        *at_boundary("any error"),
        el.end(),
        *chain("s", "p", "e"),
    )
    complete(instance, "t")
    assert stands(instance) == ["late"]


@pytest.mark.parametrize(("interrupting", "left"), [(True, ["late"]), (False, ["late", "p", "y"])])
def test_an_escalation_tells_the_boundary_and_goes_on_unless_it_interrupts(interrupting, left):
    instance = start(*nested(*at_boundary("LATE", interrupting=interrupting), first="LATE"))
    complete(instance, "x")
    assert stands(instance) == left


def test_an_escalation_nobody_catches_is_only_noted():
    instance = start(*nested(first="LATE"))
    complete(instance, "x")
    assert stands(instance) == ["p", "y"]


def test_terminate_ends_everything_in_its_sub_process_only():
    instance = start(*nested(first="terminate"))
    complete(instance, "x")
    assert stands(instance) == ["after"]
    assert item_at(instance, "y").state == "CANCELLED"


def test_terminate_at_the_end_of_the_process_ends_all():
    instance = start(
        *el.gateway("parallel", "a"),
        user("x"),
        user("y"),
        el.end("xe", "terminate"),
        el.end("ye"),
        *chain("s", "a", "x", "xe"),
        *chain("a", "y", "ye"),
    )
    complete(instance, "x")
    assert stands(instance) == ["COMPLETED"]
    assert item_at(instance, "y").state == "CANCELLED"


def by_event(what: str, *, interrupting: bool = True) -> str:
    return el.sub(
        "h",
        el.start("hs", what, interrupting=interrupting),
        user("handle"),
        el.end("he"),
        *chain("hs", "handle", "he"),
        by_event=True,
    )


@pytest.mark.parametrize(
    ("interrupting", "left"),
    [(True, ["h", "handle", "p"]), (False, ["h", "handle", "p", "x", "y"])],
)
def test_an_event_sub_process_runs_in_place_of_or_beside_its_scope(interrupting, left):
    instance = start(*nested(inner=(by_event("stop", interrupting=interrupting),)))
    assert messages.signal_send("stop", now=NOW) == 1
    assert sweeps.message_sweep(NOW) == 1
    assert stands(instance) == left
    for node in ("handle",) if interrupting else ("handle", "x", "y"):
        complete(instance, node)
    assert stands(instance) == ["after"]


def test_an_event_sub_process_beside_may_run_again_and_an_interrupting_one_not():
    for interrupting, handled in ((False, 2), (True, 1)):
        instance = start(
            *nested(inner=(by_event("stop", interrupting=interrupting),)), key=f"k{interrupting}"
        )
        for _ in range(2):
            messages.signal_send("stop", now=NOW)
            sweeps.message_sweep(NOW)
        assert stands(instance).count("handle") == handled
        actions.instance_withdraw(instance, reason="x", now=NOW)
        assert stands(instance) == ["WITHDRAWN"]


def test_an_error_handler_of_the_process_takes_its_place():
    instance = start(
        user("t"),
        el.end("bad", "BAD"),
        by_event("BAD"),
        *chain("s", "t", "bad"),
    )
    complete(instance, "t")
    assert stands(instance) == ["h", "handle"]
    complete(instance, "handle")
    assert stands(instance) == ["COMPLETED"]


# -- events


def race() -> list[str]:
    """Paid, or stopped, or too late: whatever comes first."""
    return [
        *el.gateway("eventBased", "g"),
        el.catch("paid", "paid"),
        el.catch("stop", "stop"),
        el.catch("slow", "P5D"),
        *[user(f"t{key}") for key in ("paid", "stop", "slow")],
        *[el.end(f"e{key}") for key in ("paid", "stop", "slow")],
        *chain("s", "g"),
        *[
            line
            for key in ("paid", "stop", "slow")
            for line in chain("g", key, f"t{key}", f"e{key}")
        ],
    ]


@pytest.mark.parametrize("first", ["paid", "stop", "slow"])
def test_the_first_event_wins_and_the_others_are_cancelled(first):
    instance = start(*race())
    assert stands(instance) == ["g"]
    happen = {
        "paid": lambda: messages.message_send("paid", key="application:1", now=NOW),
        "stop": lambda: messages.signal_send("stop", now=NOW) and sweeps.message_sweep(NOW),
        "slow": lambda: sweeps.timer_sweep(NOW + 6 * DAY),
    }
    happen.pop(first)()
    assert stands(instance) == [f"t{first}"]
    for other in happen.values():
        other()
    assert stands(instance) == [f"t{first}"]


RECEIVE = '<receiveTask id="r" messageRef="m_paid"/>'


def test_a_message_is_taken_by_name_and_key_and_brings_its_values():
    instance = start(RECEIVE, user("t"), el.end(), *chain("s", "r", "t", "e"), key="application:7")
    for name, key in (("done", "application:7"), ("paid", "application:8")):
        messages.message_send(name, key=key, now=NOW)
        assert stands(instance) == ["r"]
    messages.message_send("paid", key="application:7", now=NOW, variables={"fen": 500})
    assert stands(instance) == ["t"]
    assert variables(instance)["fen"] == 500


def test_a_message_before_its_receiver_is_kept_and_taken_once():
    lines = (user("u"), RECEIVE, user("t"), el.end(), *chain("s", "u", "r", "t", "e"))
    one, two = (start(*lines, key="same") for _ in range(2))
    messages.message_send("paid", key="same", now=NOW)
    complete(one, "u")
    complete(two, "u")
    assert (stands(one), stands(two)) == (["t"], ["r"])
    assert Message.objects.get().state == "DELIVERED"


def test_a_message_is_kept_no_longer_than_stated():
    messages.message_send("paid", key="application:1", now=NOW - DAY, keep=DAY)
    instance = start(RECEIVE, el.end(), *chain("s", "r", "e"))
    sweeps.message_sweep(NOW)
    assert stands(instance) == ["r"]
    assert Message.objects.get().state == "EXPIRED"


def test_a_message_sent_twice_under_one_reference_counts_once():
    sent = [
        messages.message_send("paid", key="k", now=NOW, reference="bill 1", variables={})
        for _ in range(2)
    ]
    assert sent == [True, False]
    assert Message.objects.count() == 1


def test_a_message_waits_while_its_receiver_is_suspended():
    instance = start(RECEIVE, user("t"), el.end(), *chain("s", "r", "t", "e"))
    actions.instance_suspend(instance, reason="x", now=NOW)
    messages.message_send("paid", key="application:1", now=NOW)
    assert stands(instance) == ["r", "SUSPENDED"]
    actions.instance_resume(instance, now=NOW)
    assert sweeps.message_sweep(NOW) == 1
    assert stands(instance) == ["t"]


def test_one_process_sends_to_another_by_a_key():
    waiting = start(RECEIVE, user("t"), el.end(), *chain("s", "r", "t", "e"), key="bill:9")
    payload = '<extensionElements><yw:input name="fen" value="fee"/></extensionElements>'
    send = f'<sendTask id="v" messageRef="m_paid" yw:key="\'bill:\' + bill">{payload}</sendTask>'
    start(send, el.end(), *chain("s", "v", "e"), bill="9", fee=300)
    assert sweeps.message_sweep(NOW) == 1
    assert stands(waiting) == ["t"]
    assert variables(waiting)["fen"] == 300


def test_a_moment_in_the_data_is_waited_for():
    instance = start(
        el.catch("c", "day"), user("t"), el.end(), *chain("s", "c", "t", "e"), day="2026-11-25"
    )
    assert sweeps.timer_sweep(NOW + 3 * DAY) == 0
    assert sweeps.timer_sweep(NOW + 4 * DAY) == 1
    assert stands(instance) == ["t"]


def test_a_timer_that_finds_no_way_on_fails_its_instance_and_not_the_sweep():
    stuck = start(
        el.catch("c", "P1D"),
        *el.gateway("exclusive", "x"),
        el.end("e1"),
        el.end("e2"),
        *chain("s", "c", "x"),
        flow("x", "e1", "a == 1"),
        flow("x", "e2", "a == 2"),
        a=3,
    )
    other = start(el.catch("c", "P1D"), user("t"), el.end(), *chain("s", "c", "t", "e"))
    sweeps.timer_sweep(NOW + 2 * DAY)
    assert stands(stuck) == ["c", "FAILED"]
    assert "No way leads on" in queries.instance_get(stuck).failure
    assert stands(other) == ["t"]
    actions.instance_retry(stuck, reason="put right", variables={"a": 2}, now=NOW + 2 * DAY)
    sweeps.timer_sweep(NOW + 3 * DAY)
    assert stands(stuck) == ["COMPLETED"]


# -- inclusive gateways


def inclusive(*, default: str = "g__z") -> list[str]:
    return [
        *el.gateway("inclusive", "g", default=default),
        *el.gateway("inclusive", "j"),
        *[user(key) for key in "xyz"],
        user("after"),
        el.end(),
        flow("s", "g"),
        flow("g", "x", "a > 0"),
        flow("g", "y", "b > 0"),
        flow("g", "z"),
        *[flow(key, "j") for key in "xyz"],
        *chain("j", "after", "e"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "opened"), [(1, 1, ["x", "y"]), (1, 0, ["x"]), (0, 1, ["y"]), (0, 0, ["z"])]
)
def test_an_inclusive_gateway_waits_for_exactly_what_it_let_go(a, b, opened):
    instance = start(*inclusive(), a=a, b=b)
    assert stands(instance) == sorted(["g", *opened])
    for node in opened:
        assert "after" not in stands(instance)
        complete(instance, node)
    assert stands(instance) == ["after"]


def test_an_inclusive_gateway_without_its_own_join_is_refused():
    lines = [line for line in inclusive() if "z__j" not in line]
    with pytest.raises(ProcessInvalid) as caught:
        start(*lines, el.end("e2"), flow("z", "after"), a=1, b=1)
    assert "do not come together in one inclusive join" in str(caught.value.problems[0])


# -- called processes


def called(*, outputs: str = "", more: tuple[str, ...] = ()) -> list[str]:
    mapping = f'<yw:input name="size" value="rooms * 2"/>{outputs}'
    return [
        '<callActivity id="c" calledElement="inner"><extensionElements>'
        f"{mapping}</extensionElements></callActivity>",
        user("after"),
        el.end(),
        *chain("s", "c", "after", "e"),
        *more,
    ]


def inner_put(last: str = "") -> None:
    xml = el.process(el.start(), user("t"), el.end("e", last), *chain("s", "t", "e"))
    actions.process_put("inner", xml, title={"zh": "内"})


def child_of(instance_id: int) -> int:
    return queries.instance_called(instance_id)[0]


def test_a_called_process_gets_values_and_gives_values_back():
    inner_put()
    instance = start(*called(outputs='<yw:output name="area" value="size + extra"/>'), rooms=3)
    child = child_of(instance)
    assert variables(child) == {"outcomes": {}, "size": 6}
    assert stands(instance) == ["c"]
    complete(child, "t", variables={"extra": 4})
    assert stands(child) == ["COMPLETED"]
    assert stands(instance) == ["after"]
    assert variables(instance)["area"] == 10


def test_a_called_process_is_the_newest_or_that_of_the_publication_of_its_caller():
    inner_put()
    lines = called()
    bound = [line.replace("<callActivity ", '<callActivity yw:version="bound" ') for line in lines]
    bound_id = start(*bound, key="a", rooms=1)
    actions.instance_withdraw(bound_id, reason="x", now=NOW)
    inner_put("terminate")
    versions = [
        queries.instance_get(child_of(start(*one, key="b", rooms=1))).version_id
        for one in (bound, lines)
    ]
    numbers = {key: queries.process_xml(key).count("terminate") for key in versions}
    assert [numbers[key] > 0 for key in versions] == [False, True]


def test_an_error_of_a_called_process_is_caught_where_it_was_called():
    inner_put("BAD")
    more = (el.boundary("b", "c", "BAD"), user("late"), el.end("e2"), *chain("b", "late", "e2"))
    instance = start(*called(more=more), rooms=1)
    child = child_of(instance)
    complete(child, "t")
    assert (stands(child), stands(instance)) == (["TERMINATED"], ["late"])


def test_withdrawing_and_suspending_the_caller_reaches_what_it_called():
    inner_put()
    instance = start(*called(), rooms=1)
    child = child_of(instance)
    actions.instance_suspend(instance, reason="x", now=NOW)
    assert stands(child) == ["t", "SUSPENDED"]
    actions.instance_resume(instance, now=NOW)
    assert item_at(child, "t").state == "READY"
    actions.instance_withdraw(instance, reason="x", now=NOW)
    assert (stands(child), stands(instance)) == (["TERMINATED"], ["WITHDRAWN"])
