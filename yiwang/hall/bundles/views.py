"""Pages of bundles (一件事页面): choose, one form, one plan, one receipt, one page to follow all of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.engines.api import AttachmentRefused, FormState, PageState, draft_post, draft_way_on
from yiwang.hall.applications.filing import Filing, filing_page
from yiwang.hall.applications.views.filing import FILL, FILLERS, acting_by, draft_render
from yiwang.hall.bundles.actions.cases import bundle_withdraw
from yiwang.hall.bundles.actions.drafts import (
    bundle_document_attach,
    bundle_document_detach,
    bundle_draft_begin,
    bundle_draft_begin_for,
    bundle_draft_drop,
    bundle_draft_filing,
)
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.errors import BundleIncomplete, NothingApplies
from yiwang.hall.bundles.queries.bundles import bundle_get, bundle_list, bundle_schedule
from yiwang.hall.bundles.queries.cases import bundle_case_get, bundle_case_list, case_filing_page
from yiwang.hall.bundles.queries.drafts import (
    BundleDraftContext,
    BundleSheet,
    bundle_draft_get,
    bundle_draft_list,
    bundle_sheet,
)
from yiwang.hall.bundles.rules import LEGAL
from yiwang.hall.bundles.union import QUESTIONS_PAGE
from yiwang.hall.matters.rules import applicant_note, function_title
from yiwang.identity.api import allow, delegation_get, pending_form_take, public
from yiwang.kernel.api import (
    Column,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_

APPLICANTS = {"CITIZEN", "AGENT"}
PURPOSE = "填报一件事"
FOLLOW = "查看本人一件事"
for_applicant = acting_by(bundle_draft_filing, bundle_draft_get)

COLUMNS = (
    Column("title", N_("Bundle"), text=lambda row: localized(row.title)),
    Column("number", N_("Number")),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
    Column("submitted_at", N_("Submitted")),
)


# --- what there is -------------------------------------------------------------------------------


@public
def bundles(request: HttpRequest) -> HttpResponse:
    """List the bundles that one can file."""
    return render(request, "hall/bundles/list.html", {"rows": bundle_list()})


@public
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a bundle: its matters, in what order and until when, and what is asked only once."""
    bundle = bundle_get(key)
    today = timezone.localdate()
    keys = tuple(bundle.matters)
    return render(
        request,
        "hall/bundles/detail.html",
        {
            "bundle": bundle,
            "departments": _departments(bundle),
            "promised": bundle_schedule(bundle, keys, begin=today),
            "legal": bundle_schedule(bundle, keys, begin=today, kind=LEGAL),
            "titles": _titles(bundle),
            "apply_note": applicant_note({bundle.spec.kind}, population=context_get().population),
        },
    )


def _titles(bundle: BundleView) -> dict[str, dict]:
    return {key: matter.title for key, matter in bundle.matters.items()}


def _departments(bundle: BundleView) -> dict[str, dict]:
    return {
        key: function_title(matter.department_function) for key, matter in bundle.matters.items()
    }


# --- filling in ----------------------------------------------------------------------------------


@allow(populations=APPLICANTS, purpose=PURPOSE)
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Open or resume one's draft of a bundle and go to where it stands."""
    draft_id = bundle_draft_begin(key, now=timezone.now())
    return redirect("hall_bundles:resume", draft_id)


@require_POST
@allow(populations={"CITIZEN"}, permission=FILL, purpose=PURPOSE)
def start_for(request: HttpRequest, delegation_id: int, key: str) -> HttpResponse:
    """Begin a bundle for who authorised me (代他人办理一件事)."""
    held = delegation_get(delegation_id)
    filing = Filing(by_name=context_get().name, delegation_id=delegation_id)
    draft_id = bundle_draft_begin_for(
        key, applicant_ref=held.principal_ref, filing=filing, now=timezone.now()
    )
    return redirect("hall_bundles:resume", draft_id)


@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def resume(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Go on with a draft at the page it was left on, on whatever device."""
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=timezone.now())
    return redirect("hall_bundles:draft", draft_id, sheet.state.page(context.draft.page).key)


def _way(context: BundleDraftContext, state: FormState) -> list[tuple[str, str]]:
    """Return the whole way through the form: (step, address); the pages of one matter are one step."""
    draft_id = context.draft.id
    way = [(_step(context, one), _page_href(draft_id, one.key)) for one in state.pages]
    place = 1 if state.pages[0].key == QUESTIONS_PAGE else 0
    way.insert(place, (_("What it takes"), reverse("hall_bundles:plan", args=[draft_id])))
    way.append((_("Documents"), reverse("hall_bundles:documents", args=[draft_id])))
    way.append((_("Check and submit"), reverse("hall_bundles:check", args=[draft_id])))
    return way


def _step(context: BundleDraftContext, page: PageState) -> str:
    """Return the step a page belongs to: what several need, a matter, or the page itself."""
    if page.key.startswith("common_"):
        return _("What several departments need")
    for key, matter in context.bundle.matters.items():
        if page.key.startswith(f"{key}_"):
            return localized(matter.title)
    return localized(page.title)


def _steps(way: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the steps with the first address of each."""
    first: dict[str, str] = {}
    for title, href in way:
        first.setdefault(title, href)
    return list(first.items())


def _page_href(draft_id: int, key: str) -> str:
    return reverse("hall_bundles:draft", args=[draft_id, key])


def _index(steps: list[tuple[str, str]], href: str) -> int:
    return next(number for number, (_title, one) in enumerate(steps) if one == href)


def _render(
    request: HttpRequest,
    template: str,
    context: BundleDraftContext,
    sheet: BundleSheet,
    *,
    href: str,
    status: int = 200,
    **names: object,
) -> HttpResponse:
    way = _way(context, sheet.state)
    place = _index(way, href)
    steps = _steps(way)
    room = "me" if context.applicant.kind == "person" else "enterprise"
    return draft_render(
        request,
        f"hall/bundles/{template}.html",
        {
            "draft": context,
            "bundle": context.bundle,
            "sheet": sheet,
            "state": sheet.state,
            "steps": steps,
            "current": [title for title, _href in steps].index(way[place][0]),
            "back": way[place - 1][1] if place else "",
            "after": way[place + 1][1] if place + 1 < len(way) else "",
            "titles": _titles(context.bundle),
            "departments": _departments(context.bundle),
            "wrong_href": reverse(f"resources_registries:{room}") + "?field={field}#objection",
            **names,
        },
        status=status,
    )


@require_http_methods(["GET", "POST"])
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def page(request: HttpRequest, draft_id: int, page: str) -> HttpResponse:
    """Show or save one page of the one form; errors are shown once the person wants to go on."""
    now = timezone.now()
    context = bundle_draft_get(draft_id)
    errors_shown, refusals = False, {}
    kept = pending_form_take(request, request.path)
    posted = request.POST if request.method == "POST" else kept
    if posted:
        saved = draft_post(draft_id, post=posted, files=request.FILES, page=page, now=now)
        refusals = saved.refusals
        context = bundle_draft_get(draft_id)
        go = request.POST.get("go", "")
        target = _target(context, bundle_sheet(context, now=now), page, go)
        if target is not None and not refusals:
            return redirect(draft_way_on(saved, target))
        errors_shown = go == "next" or bool(refusals)
    if kept:
        flash(request, "info", _("You were signed out. What you had typed is here again."))
    sheet = bundle_sheet(context, now=now)
    shown = sheet.state.page(page)
    return _render(
        request,
        "draft",
        context,
        sheet,
        href=_page_href(draft_id, shown.key),
        status=422 if errors_shown else 200,
        page=shown,
        errors_shown=errors_shown,
        refusals=refusals,
    )


def _left_href(context: BundleDraftContext) -> str:
    """Return where *save and leave* leads (保存离开)."""
    return filing_page(context.filing) or reverse("hall_bundles:mine")


def _target(context: BundleDraftContext, sheet: BundleSheet, page: str, go: str) -> str | None:
    """Where the pressed button leads; None stays on the page (an error, or a change of rows)."""
    if go == "leave":
        return _left_href(context)
    way = _way(context, sheet.state)
    shown = sheet.state.page(page)
    place = _index(way, _page_href(context.draft.id, shown.key))
    if go == "back":
        return way[max(place - 1, 0)][1]
    if go != "next" or shown.error_count:
        return None
    return way[place + 1][1]


@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def plan(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show which matters the answers make necessary, why, in what order and until when."""
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=timezone.now())
    schedule = bundle_schedule(context.bundle, sheet.plan, begin=timezone.localdate())
    href = reverse("hall_bundles:plan", args=[draft_id])
    return _render(request, "plan", context, sheet, href=href, schedule=schedule)


@require_http_methods(["GET", "POST"])
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def documents(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show the documents of all matters, each once: what the city has, what must be uploaded and why."""
    now = timezone.now()
    errors: dict[str, list[str]] = {}
    href = reverse("hall_bundles:documents", args=[draft_id])
    if request.method == "POST":
        if removed := request.POST.get("remove", ""):
            bundle_document_detach(draft_id, removed)
        for key, file in request.FILES.items():
            try:
                bundle_document_attach(draft_id, key, file=file, now=now)
            except AttachmentRefused as error:
                errors[key] = [error_text(error)]
        if not errors and request.POST.get("go") == "next":
            return redirect("hall_bundles:check", draft_id)
        if not errors:
            return redirect(href)
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=now)
    status = 422 if errors else 200
    return _render(request, "documents", context, sheet, href=href, status=status, errors=errors)


@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def check(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show everything once more before it is submitted."""
    return _check_page(request, draft_id)


def _check_page(request: HttpRequest, draft_id: int, *, errors: dict | None = None) -> HttpResponse:
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=timezone.now())
    return _render(
        request,
        "check",
        context,
        sheet,
        href=reverse("hall_bundles:check", args=[draft_id]),
        status=422 if errors else 200,
        errors=errors or {},
        edit_href=reverse("hall_bundles:draft", args=[draft_id, "{page}"]),
    )


@require_POST
@allow(populations=FILLERS, permission=FILL, purpose="提交一件事")
@for_applicant
def submit(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Submit; pressing twice leads to the same receipt."""
    try:
        receipt = bundle_submit(draft_id, now=timezone.now())
    except BundleIncomplete as error:
        return _check_page(request, draft_id, errors=error.fields)
    except NothingApplies as error:
        return _check_page(request, draft_id, errors={"": [error_text(error)]})
    page = case_filing_page(receipt.number)
    return redirect(page or reverse("hall_bundles:receipt", args=[receipt.number]))


@require_POST
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw one's draft away."""
    left = _left_href(bundle_draft_get(draft_id))
    bundle_draft_drop(draft_id)
    flash(request, "success", _("The draft was deleted."))
    return redirect(left)


# --- following -----------------------------------------------------------------------------------


@allow(populations=APPLICANTS, purpose=FOLLOW)
def mine(request: HttpRequest) -> HttpResponse:
    """List what one has begun and what one has filed."""
    rows = bundle_case_list(limit=200)
    shown = page_of(request, rows, columns=COLUMNS)
    return render(request, "hall/bundles/mine.html", {"page": shown, "drafts": bundle_draft_list()})


@allow(populations=APPLICANTS, purpose=FOLLOW)
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Show how far a bundle is: every matter, what is critical, when all will be done."""
    found = bundle_case_get(number, now=timezone.now())
    titles = {item.key: item.title for item in found.items}
    return render(request, "hall/bundles/case.html", {"case": found, "titles": titles})


@allow(populations=APPLICANTS, purpose=FOLLOW)
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show the receipt of a bundle."""
    found = bundle_case_get(number, now=timezone.now())
    return render(request, "hall/bundles/receipt.html", {"case": found})


@require_POST
@allow(populations=APPLICANTS, purpose="撤回一件事")
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw a whole bundle."""
    bundle_withdraw(number, reason=request.POST.get("reason", "").strip(), now=timezone.now())
    flash(request, "success", _("Withdrawn. What has been decided stays as it is."))
    return redirect("hall_bundles:case", number)
