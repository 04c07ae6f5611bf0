"""The review desk (判定台): queue, one pair, agreement of reviewers."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    audit_list,
    choices_of,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.resources.fusion.actions import (
    dispute_settle,
    pair_claim,
    pair_open,
    pair_release,
    undo_confirm,
    undo_refuse,
    undo_request,
    verdict_give,
)
from yiwang.resources.fusion.desk import PAIR_STATES, REGISTRIES, WORDS, PairView
from yiwang.resources.fusion.permissions import DESK, REVIEW, SETTLE
from yiwang.resources.fusion.queries import (
    agreement,
    agreement_by_reviewers,
    pair_get,
    pair_rows,
    plan_get,
)
from yiwang.resources.fusion.queries.reviews import (
    decision_history,
    decision_of,
    pair_count_by_state,
    pairs_for_me,
    verdict_list,
)
from yiwang.resources.fusion.views import words
from yiwang.resources.fusion.views.records import pair_records
from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

COLUMNS = (
    Column("pk", N_("No."), order="pk"),
    Column("registry", N_("Registry"), order="registry"),
    Column("source", N_("Where the row comes from"), order="number"),
    Column("probability", N_("Likelihood"), order="probability"),
    Column("state", N_("State"), order="state"),
    Column("created_at", N_("Asked since"), order="created_at"),
)
LIKELY = {"90": N_("90 % and more"), "70": N_("70 to 90 %"), "50": N_("Below 70 %")}
BOUNDS = {"90": (0.9, 1.1), "70": (0.7, 0.9), "50": (0.0, 0.7)}
# What is masked is opened for one of these purposes.
PURPOSES = {
    "NAME": N_("To compare names and addresses character by character"),
    "NUMBER": N_("To compare the numbers digit by digit"),
    "ASK": N_("To ask the department that supplied the row"),
}


@require_safe
@allow(populations={"STAFF"}, permission=DESK)
def reviews(request: HttpRequest) -> HttpResponse:
    """List the uncertain pairs (待判定对), those for me first."""
    now, context = timezone.now(), context_get()
    everything = request.GET.get("show") == "all"
    rows = pair_rows() if everything else pairs_for_me(now)
    page = page_of(request, rows, columns=COLUMNS, filters=_filters(), default_order="-probability")
    counts = pair_count_by_state()
    here = reverse("resources_fusion:reviews")
    spoken = counts["DECIDED"]
    context = {
        "page": page,
        "counts": counts,
        "done": spoken,
        "total": spoken + counts["OPEN"] + counts["SECOND"] + counts["DISPUTED"],
        "tabs": [
            (_("For me"), here, not everything, pairs_for_me(now).count()),
            (_("All pairs"), f"{here}?show=all", everything, sum(counts.values())),
        ],
        "me": context.account_id,
        "now": now,
        "may_review": context.may(REVIEW),
        "plans": {name: plan_get(name) for name in REGISTRIES},
        "words": words,
    }
    return render(request, "resources/fusion/reviews.html", context)


@require_POST
@allow(populations={"STAFF"}, permission=DESK)
def review_next(request: HttpRequest) -> HttpResponse:
    """Take the next pair that waits for me (领取下一对) and show it."""
    return _next(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=DESK)
def review(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Show both records of a pair with what speaks for and against, and take the answer (判定)."""
    view = pair_get(pair_id)
    problem, errors, is_open = "", {}, False
    if request.method == "POST":
        try:
            is_open = request.POST.get("act") == "open"
            answer = _act(request, view)
        except Invalid as error:
            is_open = False
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        except YiwangError as error:
            is_open = False
            problem = error_text(error)
        else:
            if answer is not None:
                return answer
        if not pair_rows().filter(pk=pair_id).exists():  # a dispute is out of sight once settled
            return redirect("resources_fusion:reviews")
        view = pair_get(pair_id)
    context = _page(request, view, is_open=is_open) | {"problem": problem, "errors": errors}
    status = 422 if errors or problem else 200
    return render(request, "resources/fusion/review.html", context, status=status)


@require_safe
@allow(populations={"STAFF"}, permission=DESK)
def reviewers(request: HttpRequest) -> HttpResponse:
    """Show how far reviewers agree (判定一致性)."""
    context = {
        "registries": [(words.registry(name), agreement(name)) for name in REGISTRIES],
        "overall": agreement(),
        "rows": agreement_by_reviewers(),
        "counts": pair_count_by_state(),
        "words": words,
    }
    return render(request, "resources/fusion/reviewers.html", context)


def _filters() -> tuple[Filter, ...]:
    return (
        Filter("registry", N_("Registry"), kind="select",
               choices=choices_of(REGISTRIES),
               apply=lambda rows, value: rows.filter(registry=value)),
        Filter("state", N_("State"), kind="select",
               choices=choices_of(PAIR_STATES),
               apply=lambda rows, value: rows.filter(state=value)),
        Filter("likely", N_("Likelihood"), kind="select",
               choices=choices_of(LIKELY), apply=_likely),
    )  # fmt: skip


def _likely(rows: object, value: str) -> object:
    least, below = BOUNDS.get(value, (0.0, 1.1))
    return rows.filter(probability__gte=least, probability__lt=below)


def _act(request: HttpRequest, view: PairView) -> HttpResponse | None:
    """Carry out what was pressed; returns where to go, None to show the pair again."""
    act, now = request.POST.get("act", ""), timezone.now()
    reason = request.POST.get("reason", "")
    if act in WORDS:
        return _answer(request, view, act, reason)
    if act == "claim":
        pair_claim(view.id, now=now)
    elif act == "open":
        purpose = PURPOSES.get(request.POST.get("purpose", ""), "")
        pair_open(view.id, purpose=purpose, now=now)
        return None
    elif act == "skip":
        pair_release(view.id, now=now)
        return _next(request, view)
    elif act == "undo":
        undo_request(view.id, reason=reason, now=now)
        flash(request, "success", _("Asked for. It stays in force until another person agrees."))
    elif act == "undo_confirm":
        undo_confirm(view.id, now=now)
        flash(request, "success", _("Undone. The pair is asked again."))
    elif act == "undo_refuse":
        undo_refuse(view.id, now=now)
        flash(request, "success", _("The decision stays in force."))
    else:
        raise NotFound()
    return redirect("resources_fusion:review", view.id)


def _answer(request: HttpRequest, view: PairView, word: str, reason: str) -> HttpResponse:
    now = timezone.now()
    if view.state == "DISPUTED":
        dispute_settle(view.id, word, reason=reason, now=now)
        flash(request, "success", _("Settled. The next run carries it out."))
    else:
        done = verdict_give(view.id, word, reason=reason, now=now)
        texts = {
            "SECOND": N_("Your answer is kept. Another person answers without seeing it."),
            "DISPUTED": N_("Your answer differs from the other one. A third person decides."),
            "DECIDED": N_("Both answers agree. The next run carries it out."),
        }
        flash(request, "success", _(texts[done.state]))
    return _next(request, view)


def _next(request: HttpRequest, after: PairView | None) -> HttpResponse:
    """Go on with the next pair for me, after this one; take it so that nobody else does."""
    now = timezone.now()
    rows = pairs_for_me(now)
    if after is not None:
        rows = rows.exclude(pk=after.id)
        below = rows.filter(probability__lt=after.probability) | rows.filter(
            probability=after.probability, pk__gt=after.id
        )
        rows = below if below.exists() else rows
    for pair_id in rows.values_list("pk", flat=True)[:5]:
        try:
            pair_claim(pair_id, now=now)
        except YiwangError:  # another was quicker
            continue
        return redirect("resources_fusion:review", pair_id)
    flash(request, "info", _("Nothing waits for you any more."))
    return redirect("resources_fusion:reviews")


def _page(request: HttpRequest, view: PairView, *, is_open: bool) -> dict:
    context, now = context_get(), timezone.now()
    plan = plan_get(view.registry)
    said = verdict_list(view.id)
    mine = [one for one in said if one.round == view.round and one.account_id == context.account_id]
    taken = view.claimed_by is not None and view.claimed_until > now
    asked = view.state in ("OPEN", "SECOND")
    can_settle = view.state == "DISPUTED" and context.may(SETTLE) and not mine
    # Nobody sees what the other said before the pair is decided; who settles sees both.
    shown = [one for one in said if one.round < view.round or view.state == "DECIDED" or can_settle]
    return {
        "pair": view,
        "plan": plan,
        "records": pair_records(view, plan, is_open=is_open),
        "is_open": is_open,
        "taken_by_me": taken and view.claimed_by == context.account_id,
        "taken": taken and view.claimed_by != context.account_id,
        "can_answer": asked and context.may(REVIEW) and not mine,
        "can_settle": can_settle,
        "mine": mine[0] if mine else None,
        "verdicts": shown,
        "decision": decision_of(view.id) if view.state == "DECIDED" else None,
        "may_review": context.may(REVIEW),
        "decisions": decision_history(view.id),
        "me": context.account_id,
        "history": _history(view),
        "purposes": choices_of(PURPOSES),
        "reason": request.POST.get("reason", ""),
        "words": words,
    }


ACTS = {
    "resources.fusion.pair_claim": N_("Taken to work on"),
    "resources.fusion.pair_release": N_("Put back"),
    "resources.fusion.pair_open": N_("Masked values opened"),
    "resources.fusion.verdict_give": N_("An answer was given"),
    "resources.fusion.dispute_settle": N_("The dispute was settled"),
    "resources.fusion.undo_request": N_("Undoing was asked for"),
    "resources.fusion.undo_refuse": N_("Undoing was turned down"),
    "resources.fusion.undo_confirm": N_("The decision was undone"),
}


def _history(view: PairView) -> list[dict]:
    """Return what happened to the pair; of answers only that they were given."""
    found = []
    for one in audit_list(subject=f"review_pair:{view.id}"):
        title = ACTS.get(one["act"])
        if title is not None:
            text = _text(one["detail"])
            found.append(
                {"title": _(title), "at": one["at"], "by": one["actor_name"], "text": text}
            )
    return found


def _text(detail: dict) -> str:
    purpose = detail.get("purpose", "")
    return _(purpose) if purpose else detail.get("reason", "")
