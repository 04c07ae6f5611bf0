"""Several instances of one activity (多实例): 会签, 或签, 票签, 顺签, and the signers added to an item.

A multi-instance is a token (MULTI) with one token inside for each open instance. It counts as they
finish: how many, and how many for each outcome. When all are done, or its completion condition
holds, what is still open is cancelled and the token goes on.
"""

from collections.abc import Mapping

from yiwang.engines.workflow.data import TASKS, Node
from yiwang.engines.workflow.models import HistoryEvent
from yiwang.engines.workflow.step import MULTI, Arrival, Mark, Step


def verdict(outcomes: tuple[str, ...], votes: Mapping[str, int], *, by_votes: bool) -> str:
    """Say what many signers together decided (会签结论).

    Unanimous: what all chose, else the last listed outcome that anyone chose, so that one refusal
    weighs more than consents. By votes: the outcome with the most votes, the later listed when even.

    >>> verdict(("AGREE", "REFUSE"), {"AGREE": 4, "REFUSE": 1}, by_votes=False)
    'REFUSE'
    >>> verdict(("AGREE", "REFUSE"), {"AGREE": 4, "REFUSE": 1}, by_votes=True)
    'AGREE'
    """
    chosen = [outcome for outcome in outcomes if votes.get(outcome)]
    if not chosen:
        return ""
    if not by_votes:
        return chosen[-1]
    return max(reversed(chosen), key=lambda outcome: votes[outcome])


def count_names(data: Mapping) -> dict[str, object]:
    """Return what a completion condition is asked with (完成条件变量)."""
    total, done, votes = data["total"], data["done"], data["votes"]
    share = {outcome: number / total for outcome, number in votes.items()} if total else {}
    return {
        "total": total,
        "done": done,
        "open": data["opened"] - done,
        "votes": votes,
        "share": share,
    }


def instance_open(step: Step, node: Node, number: int, *, element: object, cause: int) -> None:
    """Send a token into the next instance of a multi-instance (下一实例)."""
    data = step.marks[number].data
    index = data["opened"]
    step.change(number, data={**data, "opened": index + 1})
    own = {"index": index, "local": {node.multi.element: element, "loop": index}}
    step.queue.append(Arrival(node.id, "", number, cause, own))


def finish(
    step: Step,
    node: Node,
    scope: int,
    *,
    cause: int,
    outcome: str = "",
    by: int | None = None,
) -> None:
    """Go on from an activity that is done (活动完成): whatever it stands in counts it, or its flows are taken."""
    outer = step.marks.get(scope)
    if outer is None or outer.node_id != node.id:
        step.send_all(node.outgoing, scope, cause)
    elif outer.state == MULTI:
        _count(step, node, outer, cause=cause, outcome=outcome)
    else:
        opinions = [*outer.data.get("opinions", ()), {"outcome": outcome, "by": by}]
        step.change(outer.number, data={**outer.data, "opinions": opinions})


def _count(step: Step, node: Node, outer: Mark, *, cause: int, outcome: str) -> None:
    votes = dict(outer.data["votes"])
    if outcome:
        votes[outcome] = votes.get(outcome, 0) + 1
    data = {**outer.data, "done": outer.data["done"] + 1, "votes": votes}
    step.change(outer.number, data=data)
    multi_go_on(step, node, outer.number, cause=cause)


def multi_go_on(step: Step, node: Node, number: int, *, cause: int) -> None:
    """Look whether a multi-instance is over, or whose turn is next (多实例推进)."""
    mark = step.marks[number]
    condition = node.multi.completion
    names = {**step.names(mark.scope), **count_names(mark.data)}
    if condition is not None and mark.data["done"] and condition.evaluate(names):
        _close(step, node, mark)
    elif node.multi.is_sequential and mark.data["opened"] < mark.data["total"]:
        if mark.data["opened"] == mark.data["done"]:
            element = mark.data["elements"][mark.data["opened"]]
            instance_open(step, node, number, element=element, cause=cause)


def multi_settle(step: Step, mark: Mark) -> bool:
    """Let a multi-instance with nothing left inside go on (多实例结束)."""
    if step.inside(mark.number):
        return False
    _close(step, step.net.nodes[mark.node_id], mark)
    return True


def _close(step: Step, node: Node, mark: Mark) -> None:
    withdrawn = step.withdraw([one.number for one in step.inside(mark.number)])
    step.queue_clear(mark.number)
    names = count_names(mark.data)
    outcome = verdict(node.outcomes, names["votes"], by_votes=node.multi.completion is not None)
    detail = {"token": mark.number, "withdrawn": withdrawn, "votes": names["votes"]}
    if node.kind in TASKS:
        detail |= {"branch": node.branch or node.id, "outcome": outcome}
        step.outcome_set(detail["branch"], outcome)
    done = {"done": names["done"], "total": names["total"]}
    cause = step.log("MULTI_COMPLETED", node.id, **detail, **done)
    if node.multi.result:
        del names["open"]
        step.merge({node.multi.result: {**names, "items": _items(step, mark.number)}})
    step.take(mark.number)
    finish(step, node, mark.scope, cause=cause)


def _items(step: Step, number: int) -> list[dict]:
    """Collect what each instance gave, in the order of completion (多实例结果)."""
    stored = HistoryEvent.objects.filter(
        instance_id=step.instance.pk, kind="COMPLETED", detail__multi=number
    )
    details = list(stored.order_by("seq").values_list("detail", flat=True))
    details += [
        event.detail
        for event in step.events
        if event.kind == "COMPLETED" and event.detail.get("multi") == number
    ]
    keys = ("index", "element", "outcome", "assignee", "comment")
    return [{key: detail.get(key) for key in keys} for detail in details]
