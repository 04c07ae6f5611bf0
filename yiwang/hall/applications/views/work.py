"""What officers see and do (办理页面): one item with everything, one button for each conclusion."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yiwang.engines.api import (
    WorkItemView,
    work_item_claim,
    work_item_get,
    work_item_principal,
    work_item_proposal,
    work_item_release,
    work_item_transfer,
)
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.work import correction_request, limit_extend, work_conclude
from yiwang.hall.applications.queries.details import (
    ApplicationDetail,
    application_detail_get,
)
from yiwang.hall.applications.queries.work import colleague_list, correctable_list
from yiwang.hall.matters.parts import parts_of
from yiwang.identity.api import account_list, allow, pending_form_take
from yiwang.kernel.api import audit_list, error_text, flash, render
from yiwang.sdk.errors import N_, Invalid

HANDLE = "hall.applications.handle"
PURPOSE = "办理办件"
EXTENSION_MAX = (
    15  # of what several departments decide together; the clock knows the limit of each case
)
MISSING = {
    "reason": N_("Write the reason of the refusal, so that the applicant understands it."),
    "legal_basis": N_("Name the legal basis of the refusal."),
}


def _page(
    request: HttpRequest,
    item: WorkItemView,
    *,
    errors: dict | None = None,
    typed: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    number = item.business_key.removeprefix("application:")
    now = timezone.now()
    panel = request.headers.get("HX-Target") == "item-panel"
    found = application_detail_get(number, purpose=PURPOSE, now=now)
    outcomes = [
        {"code": code, **rules.OUTCOMES[code]} for code in item.outcomes if code in rules.OUTCOMES
    ]
    context = {
        "item": item,
        "item_light": item.light(now),
        "acting_for": work_item_principal(item.id, now=now),
        **_delegation(item),
        "is_panel": panel,
        "detail": found,
        "outcomes": [o for o in outcomes if o["code"] != "CORRECT"],
        "may_refuse": any(o["refuses"] for o in outcomes),
        "may_correct": any(o["code"] == "CORRECT" for o in outcomes),
        "correctable": correctable_list(found.application),
        "colleagues": colleague_list(item, on=timezone.localdate()),
        "history": audit_list(subject=item.business_key, limit=20),
        "page_parts": parts_of("work", found),
        "errors": errors or {},
        "typed": typed or _kept(request, item.id),
    }
    template = "hall/applications/work_panel.html" if panel else "hall/applications/work.html"
    return render(request, template, context, status=status)


def _delegation(item: WorkItemView) -> dict:
    """Say for whom a step is prepared, or what who prepared it proposes (委派情况)."""
    if item.delegated_by is not None:
        (principal,) = account_list(ids=[item.delegated_by])
        return {"delegated_by": principal.name}
    found = work_item_proposal(item.id)
    label = rules.OUTCOMES.get(found.outcome, {}).get("label", "") if found else ""
    return {"proposal": found, "proposed": label}


def _kept(request: HttpRequest, item_id: int) -> dict:
    """Return what was typed when the session had ended: on this page, or beside the desk's list."""
    names = ("work", "conclude", "transfer")
    paths = [reverse(f"hall_applications:{name}", args=[item_id]) for name in names]
    return next(filter(None, (pending_form_take(request, path) for path in paths)), {})


@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def work(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show one work item with its application and what may be concluded."""
    return _page(request, work_item_get(item_id))


@require_POST
@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def claim(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take an item onto one's own list (签收), or give it back (放回)."""
    if request.POST.get("do") == "release":
        work_item_release(item_id, now=timezone.now())
    else:
        work_item_claim(item_id, now=timezone.now())
    return redirect("hall_applications:work", item_id)


@require_POST
@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def conclude(request: HttpRequest, item_id: int) -> HttpResponse:
    """Conclude the step with the outcome of the pressed button."""
    typed = {key: request.POST.get(key, "") for key in request.POST}
    outcome = typed.get("outcome", "")
    item = work_item_get(item_id)
    try:
        if outcome == "CORRECT":
            correction_request(
                item_id,
                items=_correction_items(request),
                legal_basis=typed.get("legal_basis", ""),
                now=timezone.now(),
            )
        elif outcome in item.outcomes:
            work_conclude(
                item_id,
                outcome=outcome,
                opinion=typed.get("opinion", ""),
                reason=typed.get("reason", ""),
                legal_basis=typed.get("legal_basis", ""),
                now=timezone.now(),
            )
        else:
            raise Invalid(fields={"outcome": [_("Choose one of the conclusions.")]})
    except Invalid as error:
        fields = {k: [_(MISSING[k])] if v == ["—"] else v for k, v in error.fields.items()}
        return _page(
            request, item, errors=fields or {"": [error_text(error)]}, typed=typed, status=422
        )
    flash(
        request,
        "success",
        _("%(number)s: done. The next item is below.") % {"number": item.number},
    )
    return redirect("portal_spaces:desk")


def _correction_items(request: HttpRequest) -> list[dict]:
    items = []
    for key in request.POST.getlist("correct"):
        kind, _sep, name = key.partition(":")
        what = request.POST.get(f"what:{key}", "").strip()
        title = request.POST.get(f"title:{key}", name)
        english = request.POST.get(f"title_en:{key}", title)
        items.append(
            {"kind": kind, "key": name, "title": {"zh": title, "en": english}, "what": what}
        )
    return items


@require_POST
@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def transfer(request: HttpRequest, item_id: int) -> HttpResponse:
    """Hand an item to a colleague (转办), with the reason."""
    to_account = request.POST.get("to_account", "")
    reason = request.POST.get("transfer_reason", "").strip()
    if not (to_account.isdigit() and reason):
        errors = {"transfer_reason": [_("Choose the colleague and give the reason.")]}
        typed = {key: request.POST.get(key, "") for key in request.POST}
        return _page(request, work_item_get(item_id), errors=errors, typed=typed, status=422)
    work_item_transfer(item_id, to_account_id=int(to_account), reason=reason, now=timezone.now())
    flash(request, "success", _("Handed over."))
    return redirect("portal_spaces:desk")


@require_POST
@allow(populations={"STAFF"}, permission="hall.applications.extend", purpose=PURPOSE)
def extend(request: HttpRequest, number: str) -> HttpResponse:
    """Extend the limit of an application (延长期限), as the head of the organ may."""
    amount = request.POST.get("amount", "")
    reason = request.POST.get("reason", "").strip()
    if not (amount.isdigit() and 1 <= int(amount) <= EXTENSION_MAX and reason):
        flash(request, "danger", _("An extension is 1 to 15 working days and needs a reason."))
    else:
        approval = request.POST.get("approval", "")[:80]
        limit_extend(
            number, amount=int(amount), reason=reason, approval=approval, now=timezone.now()
        )
        flash(request, "success", _("Extended; the applicant is told with the reason."))
    return redirect("hall_applications:case", number)


@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Show an application to an officer of a department that takes part."""
    found: ApplicationDetail = application_detail_get(number, purpose=PURPOSE, now=timezone.now())
    history = audit_list(subject=f"application:{number}", limit=50)
    names = {"detail": found, "history": history, "page_parts": parts_of("work", found)}
    return render(request, "hall/applications/case.html", names)
