"""Reads of the review desk (判定台): the queue, a pair's verdicts, decisions in force, agreement."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from yiwang.kernel.api import RequestContext, context_get
from yiwang.resources.fusion.data import Decision
from yiwang.resources.fusion.desk import (
    Agreement,
    PairUnknown,
    PairView,
    VerdictView,
    kappa,
)
from yiwang.resources.fusion.models import MatchDecision, ReviewPair, Verdict
from yiwang.resources.fusion.permissions import REVIEW, SETTLE, pair_rule

State = ReviewPair.State
WAITING = (State.OPEN, State.SECOND)


def decision_list(registry: str) -> list[Decision]:
    """List the decisions that the next run carries out (生效判定): for `library.fuse`.

    Of a decision on a person each kept row of his stands for him, so that one of them may go.
    """
    rows = MatchDecision.objects.filter(
        registry=registry, valid_to__isnull=True, word__in=("MUST", "CANNOT")
    ).order_by("pk")
    return [
        Decision((row.number, row.row_no), (number, row_no), row.word)
        for row in rows
        for number, row_no in row.anchors
    ]


def pair_rows(context: RequestContext | None = None) -> QuerySet[ReviewPair]:
    """Return the pairs that the acting person may see (待判定对).

    The data bureau's stewards see all, other stewards those of their department's rows, who settles
    disputes sees the disputed ones.
    """
    context = context or context_get()
    rows = ReviewPair.objects.none()
    if context.may(REVIEW):
        rows = ReviewPair.objects.filter(pair_rule(context).filter(context))
    if context.may(SETTLE):
        rows = rows | ReviewPair.objects.filter(state=State.DISPUTED)
    return rows


def pair_get(pair_id: int, context: RequestContext | None = None) -> PairView:
    """Return a pair that the acting person may see; raises `PairUnknown`."""
    row = pair_rows(context).filter(pk=pair_id).first()
    if row is None:
        raise PairUnknown(pair=pair_id)
    return pair_view(row)


def pairs_for_me(now: datetime, context: RequestContext | None = None) -> QuerySet[ReviewPair]:
    """Return what waits for the acting person's own answer (待我判定), likeliest first.

    Not what he answered already, nor what another reviewer has open.
    """
    context = context or context_get()
    rows = pair_rows(context)
    mine = Verdict.objects.filter(
        account_id=context.account_id,
        round=F("pair__round"),
        pair__state__in=(*WAITING, State.DISPUTED),
    ).values("pair_id")
    states = WAITING if context.may(REVIEW) else (State.DISPUTED,)
    taken = rows.filter(claimed_until__gt=now).exclude(claimed_by=context.account_id)
    return (
        rows.filter(state__in=states)
        .exclude(pk__in=mine)
        .exclude(pk__in=taken.values("pk"))
        .order_by("-probability", "pk")
    )


def pair_count_by_state(context: RequestContext | None = None) -> dict[str, int]:
    """Count the pairs by state (各状态数量)."""
    counts = pair_rows(context).values_list("state").annotate(Count("pk")).order_by()
    return {str(state): 0 for state in State} | dict(counts)


def pairs_waiting(registry: str) -> int:
    """Count a registry's pairs that wait for somebody's word (待判定对数), whoever it is."""
    return ReviewPair.objects.filter(registry=registry, state__in=WAITING).count()


def waiting_count(context: RequestContext) -> int | None:
    """Count what waits for the acting person (待判定数), for the menu."""
    return pairs_for_me(timezone.now(), context).count() or None


def verdict_list(pair_id: int) -> list[VerdictView]:
    """List every verdict on a pair (判定意见), oldest first. Who may read them is the caller's to ask."""
    rows = Verdict.objects.filter(pair_id=pair_id).order_by("round", "seat")
    return [
        VerdictView(
            row.round, row.seat, row.account_id, row.actor_name, row.word, row.reason, row.at
        )
        for row in rows
    ]


def decision_of(pair_id: int) -> MatchDecision | None:
    """Return the decision in force on a pair (生效判定), None when there is none."""
    return MatchDecision.objects.filter(pair_id=pair_id, valid_to__isnull=True).first()


def decision_history(pair_id: int) -> list[MatchDecision]:
    """List all decisions on a pair (判定历史), oldest first."""
    return list(MatchDecision.objects.filter(pair_id=pair_id).order_by("pk"))


def agreement(registry: str = "") -> Agreement:
    """Measure how far first and second reviewers agree (判定一致性) over all rounds with both answers."""
    return kappa((first[1], second[1]) for first, second in _both(registry))


def agreement_by_reviewers(registry: str = "") -> list[tuple[tuple[str, str], Agreement]]:
    """Measure agreement of every two reviewers (两人一致性): [((name, name), Agreement), …], most pairs first."""
    answers: dict[tuple[int, int], list[tuple[str, str]]] = {}
    names: dict[int, str] = {}
    for first, second in _both(registry):
        one, other = sorted((first, second))
        answers.setdefault((one[0], other[0]), []).append((one[1], other[1]))
        names |= {first[0]: first[2], second[0]: second[2]}
    found = [((names[a], names[b]), kappa(some)) for (a, b), some in answers.items()]
    return sorted(found, key=lambda one: (-one[1].pairs, one[0]))


def pair_view(row: ReviewPair) -> PairView:
    """Turn a row into its view."""
    names = PairView.__dataclass_fields__
    return PairView(**{"id": row.pk} | {name: getattr(row, name) for name in names if name != "id"})


def _both(registry: str) -> Iterable[tuple[tuple[int, str, str], tuple[int, str, str]]]:
    rows = Verdict.objects.filter(seat__in=(1, 2))
    if registry:
        rows = rows.filter(pair__registry=registry)
    by_round: dict[tuple[int, int], dict[int, tuple[int, str, str]]] = {}
    for pair_id, number, seat, account, word, name in rows.values_list(
        "pair_id", "round", "seat", "account_id", "word", "actor_name"
    ).iterator():
        by_round.setdefault((pair_id, number), {})[seat] = (account, word, name)
    for seats in by_round.values():
        if len(seats) == 2:
            yield seats[1], seats[2]
