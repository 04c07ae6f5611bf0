"""Running cases move to a new version all together or not at all, and a dry run says why."""

import datetime
import re

import pytest

from yiwang.engines.workflow import actions, queries, sweeps, undoing
from yiwang.engines.workflow.replay import replay
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    CARD,
    DEPARTMENTS,
    NOW,
    chain,
    item_at,
    staff,
    user,
)
from yiwang.engines.workflow.versions import MigrationRefused, migration_apply, migration_plan
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)

FIRST = el.process(
    el.start(),
    user("accept"),
    *el.gateway("parallel", "g", "j"),
    user("a", department="a"),
    user("b", department="b"),
    user("decide"),
    el.end(),
    *chain("s", "accept", "g", "a", "j", "decide", "e"),
    *chain("g", "b", "j"),
)
LONGER = (
    FIRST.replace('id="decide" name="decide"', 'id="resolve" name="复核"')
    .replace('sourceRef="decide"', 'sourceRef="resolve"')
    .replace('targetRef="decide"', 'targetRef="resolve"')
    .replace(
        "\n</process>",
        el.boundary("late", "resolve", "P3D", interrupting=False)
        + el.end("le")
        + chain("late", "le")[0]
        + "\n</process>",
    )
)
ONE_BRANCH = el.process(
    el.start(),
    user("accept"),
    user("a", department="a"),
    user("decide"),
    el.end(),
    *chain("s", "accept", "a", "decide", "e"),
)


@pytest.fixture(autouse=True)
def system():
    with context_use(context_system("test")):
        yield


def put(xml: str) -> int:
    return actions.process_put("case", xml, title={"zh": "办件"}).version_id


def begin(version_id: int, *done: str) -> int:
    instance = actions.process_start(
        version_id,
        business_key="application:1",
        card=CARD,
        variables={},
        departments=DEPARTMENTS,
        now=NOW,
    )
    for node in done:
        actions.work_item_complete(item_at(instance, node).id, outcome="DONE", now=NOW)
    return instance


def test_a_dry_run_says_which_move_and_which_do_not_and_changes_nothing():
    old = put(FIRST)
    early, split, half = begin(old), begin(old, "accept"), begin(old, "accept", "a")
    new = put(ONE_BRANCH)
    before = [queries.instance_get(one) for one in (early, split, half)]
    plan = migration_plan(old, new)
    assert plan.movable == (early,)
    assert [(one.instance_id, one.node_id, one.reason) for one in plan.blocked] == [
        (split, "b", "the new version has no such element"),
        (half, "b", "the new version has no such element"),
    ]
    assert [queries.instance_get(one) for one in (early, split, half)] == before


def test_two_tokens_that_the_new_version_cannot_join_hold_a_case_back():
    old = put(FIRST)
    split = begin(old, "accept")
    new = put(ONE_BRANCH)
    plan = migration_plan(old, new, mapping={"b": "decide"})
    assert [one.instance_id for one in plan.blocked] == [split]
    assert "Two tokens can meet" in plan.blocked[0].reason


def test_two_tokens_that_would_become_one_element_hold_a_case_back():
    old = put(FIRST)
    early, split = begin(old), begin(old, "accept")
    new = put(re.sub(r'(id|sourceRef|targetRef)="a"', r'\1="x"', ONE_BRANCH))
    plan = migration_plan(old, new, mapping={"a": "x", "b": "x"})
    assert plan.movable == (early,)
    assert [(one.instance_id, one.node_id, one.reason) for one in plan.blocked] == [
        (split, "b", "two elements that are both at work would become one")
    ]


def test_nothing_moves_when_one_cannot():
    old = put(FIRST)
    ids = [begin(old), begin(old, "accept")]
    new = put(ONE_BRANCH)
    before = [queries.instance_get(one) for one in ids]
    with pytest.raises(MigrationRefused, match="1 of 2 instances cannot move"):
        migration_apply(old, new, reason="x", now=NOW)
    assert [queries.instance_get(one) for one in ids] == before


def test_all_move_with_their_items_joins_and_events_and_go_on_to_the_end():
    old = put(FIRST)
    half, last = begin(old, "accept", "a"), begin(old, "accept", "a", "b")
    new = put(LONGER)
    moved = migration_apply(old, new, mapping={"decide": "resolve"}, reason="改版", now=NOW)
    assert moved == 2
    assert item_at(last, "resolve").name["zh"] == "复核"
    for instance in (half, last):
        view = queries.instance_get(instance)
        assert view.version_id == new
        tokens = {token.number: token.node_id for token in view.tokens}
        told = replay(view.history)
        assert {number: token[0] for number, token in told.tokens.items()} == tokens
    assert sweeps.timer_sweep(NOW + 4 * DAY) == 1
    undoing.work_item_return(item_at(last, "resolve").id, to_node="accept", reason="x", now=NOW)
    for node in ("b", "resolve"):
        actions.work_item_complete(item_at(half, node).id, outcome="DONE", now=NOW)
    for node in ("accept", "a", "b", "resolve"):
        actions.work_item_complete(item_at(last, node).id, outcome="DONE", now=NOW)
    assert [queries.instance_get(one).state for one in (half, last)] == ["COMPLETED"] * 2


def test_a_case_that_has_ended_stays_where_it_was():
    old = put(ONE_BRANCH)
    done = begin(old, "accept", "a", "decide")
    new = put(FIRST)
    assert migration_apply(old, new, reason="x", now=NOW) == 0
    assert queries.instance_get(done).version_id == old


def test_moving_is_for_administrators_with_a_reason_and_within_one_process():
    old = put(FIRST)
    new = put(LONGER)
    other = actions.process_put("other", FIRST, title={}).version_id
    with pytest.raises(Invalid):
        migration_apply(old, new, reason=" ", now=NOW)
    with pytest.raises(Invalid):
        migration_plan(old, other)
    with pytest.raises(Invalid):
        migration_plan(old, new, mapping={"nothing": "a"})
    with context_use(staff(1, 1, "APPROVER")), pytest.raises(Forbidden):
        migration_apply(old, new, reason="x", now=NOW)
