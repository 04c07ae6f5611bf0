"""Acts of the review desk (判定): two different persons, independently; a third settles; two undo."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F

from yiwang.kernel.api import RequestContext, action, audit_record, context_get, purpose_use
from yiwang.resources.fusion.data import FusionNothing
from yiwang.resources.fusion.desk import (
    WORDS,
    PairAnswered,
    PairMoved,
    PairTaken,
    PairUnknown,
    PairView,
    SecondPersonNeeded,
    TwoNumbers,
    outcome_of,
)
from yiwang.resources.fusion.models import FusionRun, MatchDecision, ReviewPair, Verdict
from yiwang.resources.fusion.permissions import DESK, REVIEW, RUN, SETTLE, person_ref
from yiwang.resources.fusion.queries.reviews import WAITING, pair_rows, pair_view
from yiwang.resources.fusion.queries.sources import bindings, master_folder
from yiwang.sdk.errors import N_, Forbidden, Invalid

CLAIM = timedelta(minutes=15)
State = ReviewPair.State


class ReasonNeeded(Invalid):
    """An act that changes what others decided needs a reason."""

    code = "review_reason_needed"
    message = N_("Give the reason.")


@action("resources.fusion.pairs_load", permission=RUN)
def pairs_load(run_id: int, folder: Path, *, now: datetime) -> dict[str, int]:
    """Load the pairs that a run asks about (载入待判定对); returns how many are opened, kept, closed.

    A pair that was decided is not asked again; one that the run no longer asks about is closed.
    """
    from yiwang.resources.fusion.reports import asked_pairs, uids_of  # noqa: PLC0415

    run = FusionRun.objects.get(pk=run_id)
    asked = asked_pairs(folder)
    old = list(ReviewPair.objects.filter(registry=run.registry))
    persons = uids_of(folder, [tuple(one) for pair in old for one in pair.anchors])
    known: dict[tuple, ReviewPair] = {}
    for pair in old:
        row = (pair.number, pair.row_no)
        for anchor in map(tuple, pair.anchors):
            known[row, anchor] = pair
            if pair.kind == "PERSON" and anchor in persons:
                known.setdefault((row, persons[anchor]), pair)
    departments = {
        int(one.code[1:]): one.department_id
        for one in bindings(run.registry)
        if one.code.startswith("C")
    }
    new, seen = [], []
    for one in asked:
        keys = [one.uid] if one.uid is not None else [*one.anchors]
        found = next((known[one.row, key] for key in keys if (one.row, key) in known), None)
        if found is None:
            found = known.get((one.row, one.anchors[0]))
        if found is None:
            pair = _pair_new(run, one, departments, now=now)
            known[one.row, one.uid if one.uid is not None else one.anchors[0]] = pair
            new.append(pair)
        elif found.pk is not None and found not in seen:
            found.uid, found.probability, found.last_run = one.uid, one.probability, run
            found.anchors = [list(anchor) for anchor in one.anchors]
            seen.append(found)
    ReviewPair.objects.bulk_create(new, batch_size=1000)
    ReviewPair.objects.bulk_update(
        seen, ["uid", "probability", "last_run", "anchors"], batch_size=500
    )
    reopened = _reopen([pair for pair in seen if pair.state == State.CLOSED])
    gone = ReviewPair.objects.filter(
        registry=run.registry, state__in=(*WAITING, State.DISPUTED)
    ).exclude(last_run=run)
    closed = gone.update(state=State.CLOSED, claimed_by=None, claimed_until=None)
    counts = {"opened": len(new) + reopened, "kept": len(seen) - reopened, "closed": closed}
    audit_record(f"fusion_run:{run_id}", detail=counts)
    return counts


@action("resources.fusion.pair_claim", permission=DESK)
def pair_claim(pair_id: int, *, now: datetime) -> PairView:
    """Take a pair to work on (领取) for a quarter of an hour; again by the same person prolongs it.

    Raises PairUnknown, PairTaken, PairMoved (nothing to answer any more).
    """
    person, row = _person(), _locked(pair_id)
    if row.state not in (*WAITING, State.DISPUTED):
        raise PairMoved()
    _not_taken(row, person, now)
    row.claimed_by, row.claimed_until = person.account_id, now + CLAIM
    row.save(update_fields=["claimed_by", "claimed_until"])
    audit_record(_subject(row))
    return pair_view(row)


@action("resources.fusion.pair_release", permission=DESK)
def pair_release(pair_id: int, *, now: datetime) -> PairView:
    """Put a pair back (放回) so that others may take it; nothing happens to another's claim."""
    person, row = _person(), _locked(pair_id)
    if row.claimed_by == person.account_id:
        row.claimed_by = row.claimed_until = None
        row.save(update_fields=["claimed_by", "claimed_until"])
    audit_record(_subject(row))
    return pair_view(row)


@action("resources.fusion.pair_open", permission=DESK)
def pair_open(pair_id: int, *, purpose: str, now: datetime) -> PairView:
    """Open what is masked in a pair (查看受保护字段) for a stated purpose; each opening is recorded.

    Only while one has the pair. Raises ReasonNeeded without a purpose, PairTaken.
    """
    person, row = _person(), _locked(pair_id)
    if not purpose.strip():
        raise ReasonNeeded(fields={"purpose": [N_("Say what you need the values for.")]})
    _not_taken(row, person, now)
    purpose = purpose.strip()[:200]
    with purpose_use(purpose):
        audit_record(
            _subject(row),
            person_ref=person_ref(row.registry, row.uid) if row.uid else "",
            detail={"purpose": purpose, "uid": str(row.uid or "")},
        )
    return pair_view(row)


@action("resources.fusion.verdict_give", permission=REVIEW)
def verdict_give(pair_id: int, word: str, *, reason: str = "", now: datetime) -> PairView:
    """Say what one thinks of a pair (提出判定意见): MUST, CANNOT or UNSURE, without seeing the other's.

    The second equal answer puts the decision in force; a different one waits for a third person.
    Raises PairAnswered (the same person again), PairTaken, PairMoved, PairUnknown, TwoNumbers, Invalid.
    """
    person, row = _person(), _locked(pair_id)
    _word_check(word)
    said = _said(row)
    if any(one.account_id == person.account_id for one in said):
        raise PairAnswered()
    if row.state not in WAITING:
        raise PairMoved()
    _numbers_check(row, word)
    _not_taken(row, person, now)
    said.append(_verdict(row, person, len(said) + 1, word, reason, now))
    _conclude(row, said, now)
    audit_record(_subject(row), detail={"seat": len(said), "state": row.state})
    return pair_view(row)


@action("resources.fusion.dispute_settle", permission=SETTLE)
def dispute_settle(pair_id: int, word: str, *, reason: str, now: datetime) -> PairView:
    """Settle a dispute (裁定分歧) as a third person, who sees both answers and gives a reason.

    Raises SecondPersonNeeded for one of the two reviewers, PairMoved, ReasonNeeded, PairUnknown, TwoNumbers.
    """
    person, row = _person(), _locked(pair_id)
    _word_check(word)
    if row.state != State.DISPUTED:
        raise PairMoved()
    if not reason.strip():
        raise ReasonNeeded(fields={"reason": [N_("Say why one of the two is right.")]})
    said = _said(row)
    if any(one.account_id == person.account_id for one in said):
        raise SecondPersonNeeded()
    _numbers_check(row, word)
    _not_taken(row, person, now)
    said.append(_verdict(row, person, 3, word, reason, now))
    _conclude(row, said, now)
    audit_record(_subject(row), detail={"seat": 3, "word": word})
    return pair_view(row)


@action("resources.fusion.undo_request", permission=REVIEW)
def undo_request(pair_id: int, *, reason: str, now: datetime) -> PairView:
    """Ask to undo the decision on a pair (申请撤销判定); it stays in force until another person agrees."""
    person, row = _person(), _locked(pair_id)
    decision = _in_force(row)
    if not reason.strip():
        raise ReasonNeeded(fields={"reason": [N_("Say what speaks against the decision.")]})
    if decision.undo_account is not None:
        raise PairMoved()
    decision.undo_account, decision.undo_at = person.account_id, now
    decision.undo_reason = reason.strip()[:500]
    decision.save(update_fields=["undo_account", "undo_at", "undo_reason"])
    audit_record(_subject(row), detail={"reason": decision.undo_reason})
    return pair_view(row)


@action("resources.fusion.undo_refuse", permission=REVIEW)
def undo_refuse(pair_id: int, *, now: datetime) -> PairView:
    """Turn a request to undo down, or take one's own back (驳回或收回撤销申请)."""
    _person()
    row = _locked(pair_id)
    decision = _in_force(row)
    if decision.undo_account is None:
        raise PairMoved()
    detail = {"reason": decision.undo_reason, "asked_by": decision.undo_account}
    decision.undo_account = decision.undo_at = None
    decision.undo_reason = ""
    decision.save(update_fields=["undo_account", "undo_at", "undo_reason"])
    audit_record(_subject(row), detail=detail)
    return pair_view(row)


@action("resources.fusion.undo_confirm", permission=REVIEW)
def undo_confirm(pair_id: int, *, now: datetime) -> PairView:
    """Undo the decision on a pair as another than who asked (确认撤销判定); it is asked again.

    Raises SecondPersonNeeded, PairMoved (nobody asked).
    """
    person, row = _person(), _locked(pair_id)
    decision = _in_force(row)
    if decision.undo_account is None:
        raise PairMoved()
    if decision.undo_account == person.account_id:
        raise SecondPersonNeeded()
    decision.undone_account, decision.valid_to = person.account_id, now
    decision.save(update_fields=["undone_account", "valid_to"])
    row.round, row.state, row.outcome, row.decided_at = row.round + 1, State.OPEN, "", None
    row.claimed_by = row.claimed_until = None
    row.save()
    audit_record(_subject(row), detail={"reason": decision.undo_reason})
    return pair_view(row)


def _person() -> RequestContext:
    """Return who acts; the machine cannot answer for a person."""
    context = context_get()
    if context.account_id is None:
        raise Forbidden()
    return context


def _locked(pair_id: int) -> ReviewPair:
    if not pair_rows().filter(pk=pair_id).exists():
        raise PairUnknown(pair=pair_id)
    return ReviewPair.objects.select_for_update().get(pk=pair_id)


def _not_taken(row: ReviewPair, person: RequestContext, now: datetime) -> None:
    if row.claimed_by not in (None, person.account_id) and row.claimed_until > now:
        from django.utils.timezone import localtime  # noqa: PLC0415

        raise PairTaken(until=f"{localtime(row.claimed_until):%H:%M}")


def _said(row: ReviewPair) -> list[Verdict]:
    return list(Verdict.objects.filter(pair=row, round=row.round).order_by("seat"))


def _word_check(word: str) -> None:
    if word not in WORDS:
        raise Invalid(fields={"word": [N_("Choose one of the three answers.")]})


def _numbers_check(row: ReviewPair, word: str) -> None:
    """Refuse to join two valid numbers: a run would pass such a decision over in silence."""
    from yiwang.resources.fusion.reports import run_folder, uids_of  # noqa: PLC0415

    if word != "MUST":
        return
    one, others = (row.number, row.row_no), [tuple(anchor) for anchor in row.anchors]
    try:
        folder = run_folder(master_folder(row.registry))
    except FusionNothing:
        return
    person = uids_of(folder, [one, *others], numbered=True)
    if one in person and any(person.get(other, person[one]) != person[one] for other in others):
        raise TwoNumbers()


def _verdict(
    row: ReviewPair, person: RequestContext, seat: int, word: str, reason: str, now: datetime
) -> Verdict:
    try:
        with transaction.atomic():
            return Verdict.objects.create(
                pair=row,
                round=row.round,
                seat=seat,
                account_id=person.account_id,
                actor_name=person.name[:100],
                department_id=person.department_id,
                word=word,
                reason=reason.strip()[:500],
                at=now,
            )
    except IntegrityError as error:  # somebody else was quicker
        raise PairMoved() from error


def _conclude(row: ReviewPair, said: Sequence[Verdict], now: datetime) -> None:
    """Write what the answers make of the pair, and the decision when there is one."""
    outcome = outcome_of([(one.word, one.account_id) for one in said])
    row.claimed_by = row.claimed_until = None
    if outcome in WORDS:
        row.state, row.outcome, row.decided_at = State.DECIDED, outcome, now
        MatchDecision.objects.create(
            pair=row,
            registry=row.registry,
            round=row.round,
            word=outcome,
            number=row.number,
            row_no=row.row_no,
            anchors=row.anchors,
            first_account=said[0].account_id,
            second_account=said[1].account_id,
            third_account=said[2].account_id if len(said) > 2 else None,
            valid_from=now,
        )
    else:
        row.state = outcome
    row.save()


def _in_force(row: ReviewPair) -> MatchDecision:
    decision = (
        MatchDecision.objects.select_for_update().filter(pair=row, valid_to__isnull=True).first()
    )
    if decision is None:
        raise PairMoved()
    return decision


def _pair_new(run: FusionRun, one: object, departments: dict, *, now: datetime) -> ReviewPair:
    return ReviewPair(
        registry=run.registry,
        kind="ROW" if one.uid is None else "PERSON",
        number=one.row[0],
        row_no=one.row[1],
        other_number=one.anchors[0][0],
        other_row=one.anchors[0][1],
        anchors=[list(anchor) for anchor in one.anchors],
        uid=one.uid,
        probability=one.probability,
        department_id=departments.get(one.row[0]),
        first_run=run,
        last_run=run,
        created_at=now,
    )


def _reopen(closed: Sequence[ReviewPair]) -> int:
    """Bring closed pairs back that a run asks about again, with what was said; returns how many."""
    said: dict[int, list[tuple[str, int]]] = {}
    rows = Verdict.objects.filter(pair__in=closed, round=F("pair__round")).order_by("seat")
    for one in rows:
        said.setdefault(one.pair_id, []).append((one.word, one.account_id))
    return sum(
        ReviewPair.objects.filter(pk=pair.pk, state=State.CLOSED).update(
            state=outcome_of(said.get(pair.pk, []))
        )
        for pair in closed
    )


def _subject(row: ReviewPair) -> str:
    return f"review_pair:{row.pk}"
