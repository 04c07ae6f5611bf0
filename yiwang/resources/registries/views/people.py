"""People for civil servants (人口查询): verification first, lookup, one person, provisional ones."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, context_get, error_text, page_of, render
from yiwang.resources.quality.queries import HANDLE, is_bureau
from yiwang.resources.registries.actions import person_verify, subject_unmask
from yiwang.resources.registries.data import PERSON_FIELDS, LineageView, SubjectView
from yiwang.resources.registries.lineage import subject_lineage
from yiwang.resources.registries.returning import value_return
from yiwang.resources.registries.rules import masked_text
from yiwang.resources.registries.subjects import (
    CHECK,
    READ,
    UNMASK,
    provisional_rows,
    subject_as_of,
    subject_find,
    subject_get,
    subject_history,
    subject_ties,
)
from yiwang.resources.registries.views import purposes
from yiwang.sdk.errors import N_, Invalid, YiwangError

# What is verified most; each is typed as on the document.
CHECKED = ("name", "birth_date", "sex", "address", "phone", "marital_status", "employer")
PEOPLE = "person"
KINDS = {
    "SPOUSE": N_("Spouse"),
    "PARENT": N_("Parent"),
    "CHILD": N_("Child"),
    "BRANCH": N_("Branch"),
    "HEAD_OFFICE": N_("Head office"),
    "INVESTOR": N_("Investor"),
    "INVESTED": N_("Has invested in"),
    "REPRESENTATIVE": N_("Legal representative"),
    "REPRESENTED": N_("Represents"),
}
VERSIONS = {
    "EARLIER": N_("Versions before were removed; it stood like this"),
    "NEW": N_("Came into the registry"),
    "CHANGED": N_("Changed"),
    "GONE": N_("Left it"),
}
RULES = {
    "EXACT_ID": N_("It carries the validated number."),
    "DECIDED": N_("Two people decided that it belongs here."),
    "LINKED": N_("It was compared and belongs here with this probability."),
    "CLUSTERED": N_("It agrees with other rows without a number."),
    "RESIDUE": N_("It stands alone: it agrees with nobody."),
}
KEYED = N_("It has no valid number; it agrees in the key %(key)s with this subject only.")


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=CHECK)
def people(request: HttpRequest) -> HttpResponse:
    """Verify what somebody says, or look somebody up (核验与查询). Numbers never stand in an address."""
    act = request.POST.get("act", "")
    typed = {
        name: request.POST.get(name, "")
        for name in ("id_number", "name", "birth_date", "purpose", "note")
    }
    typed |= {f"claim-{name}": request.POST.get(f"claim-{name}", "") for name in CHECKED}
    context = {
        "typed": typed,
        "act": act or "check",
        "errors": {},
        "answers": None,
        "found": None,
        "checked": [PERSON_FIELDS[name] for name in CHECKED],
        "purposes": purposes.options(),
        "may_read": context_get().may(READ),
        "kinds": KINDS,
    }
    status = 200
    if request.method == "POST":
        try:
            context |= _verified(request, typed) if act == "check" else _looked_up(request, typed)
        except Invalid as error:
            context["errors"] = _sentences(error)
            status = 422
    return render(request, "resources/registries/people.html", context, status=status)


def _verified(request: HttpRequest, typed: dict) -> dict:
    purpose = purposes.purpose_read(request.POST)
    claims = {name: typed[f"claim-{name}"] for name in CHECKED}
    answers = person_verify(typed["id_number"], claims, purpose=purpose, now=timezone.now())
    purposes.purpose_keep(request, purpose)
    return {"answers": {PERSON_FIELDS[name].name: said for name, said in answers.items()}}


def _looked_up(request: HttpRequest, typed: dict) -> dict:
    if not context_get().may(READ):
        raise Invalid(fields={"act": [N_("You may verify, but not look people up.")]})
    purpose = purposes.purpose_read(request.POST)
    birth = _day(typed["birth_date"], "birth_date")
    found = subject_find(
        id_number=typed["id_number"], name=typed["name"], birth_date=birth, purpose=purpose
    )
    purposes.purpose_keep(request, purpose)
    return {"found": found}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=READ)
def person(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one person: fields with source and date, conflicts, family, versions (人员详情)."""
    return subject_page(request, PEOPLE, ref)


@require_safe
@allow(populations={"STAFF"}, permission=READ)
def provisional(request: HttpRequest) -> HttpResponse:
    """List people who are known only from records without a valid number (暂列人员)."""
    purpose = purposes.purpose_kept(request)
    if not purpose:
        return purpose_page(request)
    page = page_of(
        request,
        provisional_rows(purpose),
        columns=(
            Column("ref", N_("Subject reference")),
            Column("name", N_("Name")),
            Column("birth_date", N_("Date of birth")),
            Column("area_code", N_("District")),
            Column("records", N_("Records"), order="records", align="end"),
        ),
        filters=(
            Filter(
                "area", N_("District code"), apply=lambda rows, text: rows.filter(area_code=text)
            ),
        ),
        default_order="-records",
    )
    return render(
        request,
        "resources/registries/provisional.html",
        {"page": page, "mask": masked_text, "purpose": purposes.purpose_text(purpose)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=READ)
def lineage(request: HttpRequest, ref: str, field: str) -> HttpResponse:
    """Show where one value comes from (字段血缘): row, batch, rule, trust, version."""
    kind = "enterprise" if ref.startswith("E") else PEOPLE
    if request.method == "POST" and "purpose" in request.POST:
        return purpose_page(request)
    purpose = purposes.purpose_kept(request)
    if not purpose and kind == PEOPLE:
        return purpose_page(request)
    purpose = purpose or _("Looking at public registration data")
    unmasked, errors = False, {}
    if request.method == "POST" and request.POST.get("act") != "return":
        try:
            subject_unmask(kind, ref, reason=request.POST.get("reason", ""), purpose=purpose)
            unmasked = True
        except Invalid as error:
            errors = _sentences(error)
    view = subject_lineage(kind, ref, field, purpose=purpose, unmasked=unmasked)
    if request.method == "POST" and request.POST.get("act") == "return":
        try:
            return redirect("resources_quality:exception", _return(request, view))
        except Invalid as error:
            errors = _sentences(error)
        except YiwangError as error:
            errors = {"": [error_text(error)]}
    context = {
        "may_return": is_bureau() and context_get().may(HANDLE),
        "why": request.POST.get("why", ""),
        "view": view,
        "rule": rule_text,
        "steps": _steps(view),
        "errors": errors,
        "may_unmask": context_get().may(UNMASK) and not unmasked,
        "purpose": purposes.purpose_text(purpose),
    }
    return render(
        request, "resources/registries/lineage.html", context, status=422 if errors else 200
    )


def _return(request: HttpRequest, view: LineageView) -> int:
    """Send the chosen row of a conflict back to its department (退回核实)."""
    chosen = request.POST.get("place", "")
    place = next(
        (one for one in view.places if one.batch and f"{one.resource_code}:{one.row_no}" == chosen),
        None,
    )
    if place is None:
        raise Invalid(fields={"place": [N_("Choose the row that is doubtful.")]})
    return value_return(
        place.resource_code,
        place.row_no,
        field=view.field.name,
        title=view.field.title,
        line=place.batch["line"],
        batch_number=place.batch["batch_number"],
        reason=request.POST.get("why", ""),
        now=timezone.now(),
    )


def subject_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Show a person or a legal person; a person's page asks first what for."""
    if request.method == "POST" and "purpose" in request.POST:
        return purpose_page(request)
    purpose = purposes.purpose_kept(request)
    if not purpose and kind == PEOPLE:
        return purpose_page(request)
    purpose = purpose or _("Looking at public registration data")
    unmasked, errors = None, {}
    if request.method == "POST":
        try:
            unmasked = subject_unmask(
                kind, key, reason=request.POST.get("reason", ""), purpose=purpose
            )
        except Invalid as error:
            errors = _sentences(error)
    context, day = _subject_context(kind, key, purpose, unmasked), request.GET.get("on", "")
    if day and unmasked is None:
        try:
            context["then"] = subject_as_of(kind, key, _day(day, "on"), purpose=purpose)
        except Invalid as error:
            errors |= _sentences(error)
        except YiwangError as error:
            context["then_problem"] = error_text(error)
    context |= {
        "errors": errors,
        "on": day,
        "may_unmask": context_get().may(UNMASK) and unmasked is None,
        "purpose": purposes.purpose_text(purpose),
        "kinds": KINDS,
        "versions": VERSIONS,
    }
    return render(
        request, "resources/registries/subject.html", context, status=422 if errors else 200
    )


def _subject_context(
    kind: str, key: str, purpose: str, unmasked: SubjectView | None
) -> dict[str, object]:
    view = unmasked or subject_get(kind, key, purpose=purpose)
    full = unmasked is not None
    return {
        "subject": view,
        "ties": subject_ties(kind, key, purpose=purpose, unmasked=full),
        "history": subject_history(kind, key, purpose=purpose, unmasked=full)[:20],
        "is_unmasked": full,
    }


def purpose_page(request: HttpRequest) -> HttpResponse:
    """Ask what for, then come back (说明使用目的)."""
    typed = {name: request.POST.get(name, "") for name in ("purpose", "note")}
    errors = {}
    if request.method == "POST":
        try:
            purposes.purpose_keep(request, purposes.purpose_read(request.POST))
            return redirect(request.path)
        except Invalid as error:
            errors = _sentences(error)
    return render(
        request,
        "resources/registries/purpose.html",
        {"typed": typed, "errors": errors, "purposes": purposes.options()},
        status=422 if errors else 200,
    )


def rule_text(rule: str) -> str:
    """Say in words why a row belongs to a subject (规则说明)."""
    if rule in RULES:
        return _(RULES[rule])
    return _(KEYED) % {"key": rule.removeprefix("KEY_")}


def _steps(view: LineageView) -> list[dict]:
    """Return the way of the value as entries of a timeline, the newest first."""
    steps = []
    if view.published_at:
        by = view.published_name or _("The platform itself")
        steps.append(
            {
                "title": _("Published in version %(number)s") % {"number": view.master},
                "at": view.published_at,
                "by": by,
                "text": _("Fusion run %(run)s") % {"run": view.run} if view.run else "",
            }
        )
    if view.origin:
        steps.append({"title": _("Chosen by fusion"), "text": rule_text(view.origin.rule)})
    if view.deciders:
        names = _(", ").join(view.deciders)
        steps.append({"title": _("Decided by people"), "at": view.decided_at, "by": names})
    if view.batch:
        steps.append(
            {
                "title": _("Landed in batch %(number)s, line %(line)s")
                % {"number": view.batch["batch_number"], "line": view.batch["line"]},
                "at": view.batch["received_at"],
                "by": view.sender,
                "text": view.batch.get("file_name", ""),
            }
        )
    if view.origin:
        steps.append(
            {
                "title": _("Recorded by the department"),
                "at": f"{view.origin.at:%Y-%m-%d}",
                "text": f"{view.class_code} {view.class_title}",
            }
        )
    return steps


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(fields={name: [N_("Write the date as year-month-day.")]}) from None


def _sentences(error: Invalid) -> dict[str, list[str]]:
    return {name: [_(text) for text in texts] for name, texts in error.fields.items()}
