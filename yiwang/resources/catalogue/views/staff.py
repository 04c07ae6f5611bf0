"""The department's desk (本部门目录): register, edit, submit, withdraw, files in and out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow, department_list
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
from yiwang.resources.catalogue.actions import (
    catalogue_import,
    draft_discard,
    draft_put,
    resource_register,
    resource_submit,
    withdrawal_request,
)
from yiwang.resources.catalogue.actions.resources import ResourceIncomplete, spec_problems
from yiwang.resources.catalogue.data import STATES, ResourceSpec
from yiwang.resources.catalogue.queries import mine_rows, resource_for_staff, view_of
from yiwang.resources.catalogue.rules import spec_compare
from yiwang.resources.catalogue.sheets import FORMS, file_read
from yiwang.resources.catalogue.views import forms, words
from yiwang.resources.catalogue.views.public import file_response, light_of
from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

REGISTER = "resources.catalogue.register"
UPLOAD_MAX = 10 * 1024 * 1024
COLUMNS = (
    Column("draft_title", N_("Resource"), order="draft_title"),
    Column("code", N_("Code"), order="code"),
    Column("department", N_("Provider")),
    Column("state", N_("State"), order="state"),
)
ACTS = {
    "resources.catalogue.register": N_("Registered"),
    "resources.catalogue.import": N_("Taken in from a file"),
    "resources.catalogue.dataset_put": N_("Written by a pack"),
    "resources.catalogue.draft_put": N_("Draft written"),
    "resources.catalogue.draft_discard": N_("Draft given up"),
    "resources.catalogue.submit": N_("Submitted for review"),
    "resources.catalogue.publish": N_("Published in the catalogue"),
    "resources.catalogue.reject": N_("Sent back with a reason"),
    "resources.catalogue.withdrawal_request": N_("Withdrawal asked for"),
    "resources.catalogue.withdrawal_grant": N_("Withdrawal agreed"),
    "resources.catalogue.withdrawal_refuse": N_("Withdrawal refused"),
    "resources.catalogue.proposal_accept": N_("Taken up from the inventory"),
}


@require_safe
@allow(populations={"STAFF"}, permission=REGISTER)
def mine(request: HttpRequest) -> HttpResponse:
    """List the resources of my department and those below it, whatever their state (本部门目录)."""
    page = page_of(
        request,
        mine_rows(),
        columns=COLUMNS,
        filters=(
            Filter(
                "state",
                N_("State"),
                kind="select",
                choices=choices_of(STATES),
                apply=lambda rows, value: rows.filter(state=value),
            ),
            Filter(
                "q",
                N_("Name or code"),
                apply=lambda rows, value: (
                    rows.filter(draft_title__contains=value) | rows.filter(code__startswith=value)
                ),
            ),
        ),
        default_order="code",
    )
    return render(request, "resources/catalogue/mine.html", {"page": page, "words": words})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def new(request: HttpRequest) -> HttpResponse:
    """Register a resource (登记信息资源)."""
    return _form_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def edit(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Edit the working copy of a resource (编辑)."""
    view = resource_for_staff(resource_id)
    if view.department_id not in context_get().department_ids:
        raise NotFound()
    return _form_page(request, view)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def one(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show a resource of my department with its state and history, and act on it (办理)."""
    view = resource_for_staff(resource_id)
    if view.department_id not in context_get().department_ids:
        raise NotFound()
    problem, errors = "", {}
    if request.method == "POST":
        try:
            text, kept = _act(request, resource_id)
        except ResourceIncomplete as error:
            errors = {"": [words.problem_text(each) for each in error.problems]}
        except Invalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        except YiwangError as error:
            problem = error_text(error)
        else:
            flash(request, "success", text)
            name = "resources_catalogue:one" if kept else "resources_catalogue:mine"
            return redirect(name, *([resource_id] if kept else []))
    return render(
        request,
        "resources/catalogue/one.html",
        {
            "view": view,
            "spec": view.draft,
            "light": light_of(view),
            "problems": [words.problem_text(each) for each in spec_problems(view.draft)],
            "problem": problem,
            "errors": errors,
            "reason": request.POST.get("reason", ""),
            "history": history_of(view.code),
            "lines": revision_lines(view),
            "words": words,
        },
        status=422 if errors or problem else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a catalogue file in and show what became of each row (导入)."""
    report, errors = None, {}
    if request.method == "POST":
        upload = request.FILES.get("file")
        if upload is None or upload.size > UPLOAD_MAX:
            errors = {"file": [_("Choose a file of at most 10 MB.")]}
        else:
            try:
                entries = file_read(upload.name, upload.read())
                report = catalogue_import(entries, name=upload.name[:80], now=timezone.now())
            except YiwangError as error:
                errors = {"file": [error_text(error)]}
    return render(
        request,
        "resources/catalogue/import.html",
        {"report": report, "errors": errors, "words": words},
        status=422 if errors else 200,
    )


@require_safe
@allow(populations={"STAFF"}, permission=REGISTER)
def mine_export(request: HttpRequest, form: str) -> HttpResponse:
    """Send my department's working copies as a file (导出本部门目录)."""
    if form not in FORMS:
        raise NotFound()
    views = [view_of(row) for row in mine_rows().order_by("code")]
    return file_response(form, views, name="our-resources", working=True)


def history_of(code: str) -> list[dict]:
    """Return what happened to a resource as entries of a timeline, newest first (流转记录)."""
    entries = []
    for row in audit_list(subject=f"resource:{code}", limit=50):
        detail = row["detail"]
        version = detail.get("version")
        text = detail.get("reason", "")
        if version:
            text = _("Version %(n)s") % {"n": version}
        who = " · ".join(filter(None, (row["department_name"], row["actor_name"])))
        title = _(ACTS.get(row["act"], row["act"]))
        entries.append({"title": title, "at": row["at"], "by": who, "text": text})
    return entries


def revision_lines(view) -> list:  # noqa: ANN001 - ResourceView
    """Return what a working copy changes against what is published."""
    if view.published is None or view.published.spec == view.draft:
        return []
    changes = spec_compare(view.published.spec, view.draft)
    return words.change_lines(changes, view.published.spec, view.draft)


def _act(request: HttpRequest, resource_id: int) -> tuple[str, bool]:
    """Do what the pressed button says; returns what to tell, and whether the resource is still there."""
    act, now = request.POST.get("act", ""), timezone.now()
    if act == "submit":
        resource_submit(resource_id, now=now)
        return _("Sent to the data department for review."), True
    if act == "discard":
        kept = draft_discard(resource_id, now=now)
        return _("The draft was given up."), kept is not None
    if act == "withdraw":
        withdrawal_request(resource_id, reason=request.POST.get("reason", ""), now=now)
        return _("The data department decides about the withdrawal."), True
    raise NotFound()


def _form_page(request: HttpRequest, view) -> HttpResponse:  # noqa: ANN001 - ResourceView or None
    before = view.draft if view else None
    typed = forms.typed_of(before or ResourceSpec("", ""))
    errors: dict[str, list[str]] = {}
    department = context_get().department_id
    if request.method == "POST":
        typed = forms.typed_read(request.POST)
        if request.POST.get("act") == "more":
            typed["fields"] += forms.blank_rows(forms.BLANK_ROWS)
        else:
            department, errors, saved = _save(request, view, typed)
            if saved is not None:
                return redirect("resources_catalogue:one", saved)
    return render(
        request,
        "resources/catalogue/edit.html",
        {
            "view": view,
            "typed": typed,
            "errors": errors,
            "department": department,
            "departments": _own_departments(),
            "words": words,
        },
        status=422 if errors else 200,
    )


def _save(request: HttpRequest, view, typed: dict) -> tuple:  # noqa: ANN001
    """Save the form: as it is with *save*, only without problems with *save and submit*."""
    chosen = request.POST.get("department", "")
    context = context_get()
    own = {row.id for row in _own_departments()}
    department = int(chosen) if chosen.isascii() and chosen.isdigit() else context.department_id
    department = department if department in own else context.department_id
    spec, errors = forms.spec_typed(typed, view.draft if view else None)
    if spec is None:
        return department, errors, None
    is_submitted = request.POST.get("act") == "submit"
    problems = spec_problems(spec) if is_submitted else []
    if problems:
        return department, forms.errors_of(problems, typed), None
    now = timezone.now()
    try:
        if view is None:
            saved = resource_register(spec, department_id=department, now=now)
        else:
            saved = draft_put(view.id, spec, now=now)
        if is_submitted:
            resource_submit(saved.id, now=now)
    except ResourceIncomplete as error:
        return department, forms.errors_of(error.problems, typed), None
    except YiwangError as error:
        return department, {"": [error_text(error)]}, None
    text = (
        _("Sent to the data department for review.") if is_submitted else _("The draft is saved.")
    )
    flash(request, "success", text)
    return department, {}, saved.id


def _own_departments() -> list:
    return department_list(ids=sorted(context_get().department_ids))
