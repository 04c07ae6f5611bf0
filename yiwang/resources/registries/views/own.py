"""Pages of the registries: what the city holds about me, who looked, what is wrong (基础库)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, context_get, flash, page_of, render
from yiwang.resources.registries.actions import objection_add, objection_answer, objection_open
from yiwang.resources.registries.data import NotInRegistry
from yiwang.resources.registries.models import RegistryObjection
from yiwang.resources.registries.queries import (
    OBJECTION,
    OWN_DATA,
    access_page,
    objection_list,
    objection_rows,
    own_enterprise_values,
    own_family_list,
    own_objection_get,
    own_person_values,
    person_ref_by_account,
    photo_get,
)
from yiwang.resources.registries.rules import fields_of
from yiwang.sdk.errors import N_, Invalid

PEOPLE = {"CITIZEN", "AGENT"}
# What else than fields an entry of *who looked at my data* may name.
OTHERS = {
    "family": N_("Family"),
    "history": N_("Earlier versions"),
    "ties": N_("Ties"),
    "provisional": N_("The list of provisional people"),
    "housing": N_("Dwellings"),
    "has_dwelling": N_("Whether you own a dwelling, yes or no"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations=PEOPLE, purpose=OWN_DATA)
def me(request: HttpRequest) -> HttpResponse:
    """Show everything the city holds about me, with source and date (我的数据)."""
    ref = _own_ref()
    subject_ref = f"person:{ref}"
    values = own_person_values(ref)
    return _record_page(
        request, "me", subject_ref, values, {"ref": ref, "family": own_family_list(ref)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"AGENT"}, purpose=OWN_DATA)
def enterprise(request: HttpRequest) -> HttpResponse:
    """Show everything the city holds about the enterprise I act for (企业数据)."""
    kind, _sep, uscc = context_get().subject_ref.partition(":")
    if kind != "enterprise":
        return render(request, "resources/registries/enterprise_none.html", {})
    values = own_enterprise_values(uscc)
    return _record_page(request, "enterprise", f"enterprise:{uscc}", values, {"uscc": uscc})


@require_safe
@allow(populations=PEOPLE, purpose=OWN_DATA)
def access_log(request: HttpRequest) -> HttpResponse:
    """Show who looked at my data (谁看过我的数据)."""
    before = request.GET.get("before", "")
    page = access_page(_own_ref(), before=int(before) if before.isdigit() else None)
    titles = {name: field.title for name, field in fields_of("person:").items()}
    return render(
        request,
        "resources/registries/access_log.html",
        {"page": page, "titles": titles, "others": OTHERS, "is_first": not before},
    )


@require_safe
@allow(populations=PEOPLE, purpose=OWN_DATA)
def my_objection(request: HttpRequest, number: str) -> HttpResponse:
    """Show one of my objections: its number, what happens next, the answer (我的异议)."""
    view = own_objection_get(number, subject_refs=_own_subjects())
    return render(request, "resources/registries/my_objection.html", {"objection": view})


@require_safe
@allow(populations={"CITIZEN", "AGENT", "STAFF"})
def photo(request: HttpRequest, ref: str) -> HttpResponse:
    """Send a portrait to its person, or to a civil servant who states a purpose (照片)."""
    try:
        content = photo_get(ref, purpose=request.GET.get("purpose", "")[:200])
    except NotInRegistry as error:
        raise Http404(str(error)) from None
    response = HttpResponse(content, content_type="image/png")
    response["Cache-Control"] = "private, max-age=600"
    return response


@require_safe
@allow(populations={"STAFF"}, permission="resources.registries.objections", purpose=OBJECTION)
def objections(request: HttpRequest) -> HttpResponse:
    """List the objections that my department answers (数据异议)."""
    page = page_of(
        request,
        objection_rows(),
        columns=(
            Column("number", N_("Objection number"), order="number"),
            Column("field", N_("Field")),
            Column("created_at", N_("Received on"), order="created_at"),
            Column("state", N_("State"), order="state"),
        ),
        filters=(_state_filter(),),
        default_order="-number",
    )
    return render(
        request,
        "resources/registries/objections.html",
        {"page": page, "fields_of": fields_of},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission="resources.registries.objections", purpose=OBJECTION)
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Show an objection and answer it (答复异议)."""
    view = objection_open(number)
    typed, errors = {"corrected": view.claimed, "outcome": "", "answer": ""}, {}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            objection_answer(number, **typed, now=timezone.now())
        except Invalid as error:
            errors = _translated(error.fields)
        else:
            flash(request, "success", _("Your answer was sent. The person sees it now."))
            return redirect("resources_registries:objection", number)
    return render(
        request,
        "resources/registries/objection.html",
        {
            "objection": view,
            "typed": typed,
            "errors": errors,
            "outcomes": _outcomes(view.correctable),
        },
        status=422 if errors else 200,
    )


def _record_page(
    request: HttpRequest, room: str, subject_ref: str, values: dict, extra: dict
) -> HttpResponse:
    """Show a record with the form *this is wrong* (此处有误), or take what was typed in it."""
    fields = fields_of(subject_ref)
    field = request.POST.get("field") or request.GET.get("field", "")
    field = field.rpartition(".")[2]
    field = field if field in fields else ""
    typed = {"claimed": request.POST.get("claimed", ""), "note": request.POST.get("note", "")}
    errors: dict[str, list[str]] = {}
    if request.method == "POST" and not field:
        errors = {"field": [_("Choose the field that is wrong.")]}
    elif request.method == "POST":
        try:
            added = objection_add(
                subject_ref, field, shown=values[field].value, **typed, now=timezone.now()
            )
        except Invalid as error:
            errors = _translated(error.fields)
        else:
            return redirect("resources_registries:my_objection", added.number)
    return render(
        request,
        f"resources/registries/{room}.html",
        {
            **extra,
            "room": room,
            "fields": fields,
            "values": values,
            "field": field,
            "typed": typed,
            "errors": errors,
            "objections": objection_list(subject_ref),
        },
        status=422 if errors else 200,
    )


def _state_filter() -> Filter:
    return Filter(
        "state",
        N_("State"),
        kind="select",
        choices=[("OPEN", _("Waiting for an answer")), ("ANSWERED", _("Answered"))],
        apply=lambda rows, value: rows.filter(state=value),
    )


def _own_subjects() -> list[str]:
    """Return whom the acting person may object for: themself, the enterprise they act for."""
    context = context_get()
    ref = person_ref_by_account(context.account_id)
    return list({context.subject_ref, f"person:{ref}" if ref else ""} - {""})


def _own_ref() -> str:
    ref = person_ref_by_account(context_get().account_id)
    if not ref:
        raise NotInRegistry()
    return ref


def _translated(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: [_(sentence) for sentence in sentences] for name, sentences in fields.items()}


def _outcomes(correctable: bool) -> list[tuple[str, str]]:
    kept = (RegistryObjection.Outcome.KEPT.value, _("The value stays as it is"))
    if not correctable:
        return [kept]
    return [(RegistryObjection.Outcome.CORRECTED.value, _("Correct the value")), kept]
