"""Pages of licences: the holder's, the issuing department's, and everybody's for verification."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.licences.actions import licence_resume, licence_revoke, licence_suspend
from yiwang.hall.licences.data import LicenceView
from yiwang.hall.licences.documents import licence_document_get, licence_image_get
from yiwang.hall.licences.errors import (
    LicenceChecked,
    LicenceFieldUnknown,
    PresentationGone,
    ReasonMissing,
)
from yiwang.hall.licences.lifecycle import (
    SHOW_MINUTES,
    licence_cancel,
    licence_change,
    licence_check,
    licence_present,
    licence_verified,
    licence_viewed,
    presentation_open,
)
from yiwang.hall.licences.queries import (
    REVOKE,
    licence_check_list,
    licence_get,
    licence_issued_count,
    licence_issued_list,
    licence_list,
    licence_use_list,
    licence_verify,
    licence_version_list,
)
from yiwang.hall.licences.rules import code_group, code_normalise
from yiwang.identity.api import allow, public
from yiwang.kernel.api import (
    Column,
    Filter,
    context_get,
    date_text,
    error_text,
    flash,
    localized,
    page_of,
    rate_exceeded,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

STATES = {
    "PENDING": N_("Not yet valid"),
    "VALID": N_("Valid"),
    "EXPIRING": N_("Expires soon"),
    "EXPIRED": N_("Expired"),
    "SUSPENDED": N_("Suspended"),
    "REVOKED": N_("Revoked"),
    "REPLACED": N_("Replaced by a newer version"),
    "CANCELLED": N_("Licence struck off"),
}
ACTS = {
    "suspend": licence_suspend,
    "resume": licence_resume,
    "revoke": licence_revoke,
    "cancel": licence_cancel,
}
USES = {
    "VERIFIED": N_("Verified by its code"),
    "SHOWN": N_("Looked at when you showed it"),
    "REUSED": N_("Used instead of a document"),
    "VIEWED": N_("Looked at by the department"),
}
CHANGEABLE = ("VALID", "EXPIRING", "EXPIRED", "PENDING", "SUSPENDED")
COLUMNS = (
    Column("number", N_("Licence number")),
    Column("title", N_("Licence")),
    Column("holder_name", N_("Holder")),
    Column("issued_at", N_("Date of issue")),
    Column("state", N_("State")),
)
# Sixteen letters cannot be guessed anyway (80 bits); this keeps a machine from trying.
VERIFY_PER_MINUTE = 30


@require_GET
@allow(populations={"CITIZEN", "AGENT"}, purpose="查看本人证照")
def licences(request: HttpRequest) -> HttpResponse:
    """Show my licences (我的证照) as cards."""
    found = licence_list(context_get().subject_ref)
    return render(request, "hall/licences/list.html", {"licences": found, "states": STATES})


@require_GET
@allow(populations={"STAFF"}, permission=REVOKE, purpose="证照监管")
def issued(request: HttpRequest) -> HttpResponse:
    """List what my department has issued (本部门签发的证照), newest first."""
    source = source_of(licence_issued_list, licence_issued_count, ("number",))
    page = page_of(
        request, source, columns=COLUMNS, filters=[Filter("number", N_("Licence number"))]
    )
    return render(request, "hall/licences/issued.html", {"page": page, "states": STATES})


@require_GET
@allow(purpose="查看证照")
def detail(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Show one licence (证照详情) to its holder or to its issuing department."""
    return _detail(request, _looked_at(licence_id))


@require_GET
@allow(purpose="查看证照")
def pdf(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Hand out the document (证照文件) as PDF."""
    licence = _looked_at(licence_id)
    response = HttpResponse(licence_document_get(licence_id), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="licence-{licence.number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@allow(purpose="查看证照")
def image(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Hand out a picture of the document (证照图像), for the page that shows the licence."""
    response = HttpResponse(licence_image_get(licence_id), content_type="image/png")
    response["Cache-Control"] = "private, max-age=300"
    return response


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REVOKE, purpose="证照监管")
def state_change(request: HttpRequest, licence_id: int, act: str) -> HttpResponse:
    """Suspend, give back or revoke a licence (暂扣、恢复、撤销) with reason and legal basis."""
    if act not in ACTS:
        raise NotFound()
    licence = licence_get(licence_id)
    values = {name: request.POST.get(name, "")[:2000] for name in ("reason", "legal_basis")}
    errors = {}
    if request.method == "POST":
        try:
            ACTS[act](licence_id, **values, now=timezone.now())
        except ReasonMissing as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
        else:
            flash(request, "success", _("Done. The holder has been told."))
            return redirect("hall_licences:detail", licence_id)
    names = {"licence": licence, "act": act, "values": values, "errors": errors, "states": STATES}
    status = 422 if errors else 200
    return render(request, "hall/licences/state_change.html", names, status=status)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REVOKE, purpose="证照变更")
def change(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Change what stands on a licence, or its last day (变更、延续): the next version replaces it."""
    licence = licence_get(licence_id)
    entries = [entry for entry in licence.face if isinstance(entry["value"], str)]
    typed = {
        name: request.POST.get(name, "")[:2000] for name in ("reason", "legal_basis", "valid_to")
    }
    values = {
        entry["name"]: request.POST.get(f"face-{entry['name']}", entry["value"])[:500]
        for entry in entries
    }
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors, new = _changed(licence, typed, values)
        if new is not None:
            flash(request, "success", _("Changed. The holder has been told."))
            return redirect("hall_licences:detail", new.id)
    names = {
        "licence": licence,
        "entries": entries,
        "typed": typed,
        "values": values,
        "errors": errors,
    }
    return render(request, "hall/licences/change.html", names, status=422 if errors else 200)


def _changed(
    licence: LicenceView, typed: dict[str, str], values: dict[str, str]
) -> tuple[dict[str, list[str]], LicenceView | None]:
    before = {entry["name"]: entry["value"] for entry in licence.face}
    changes = {name: value for name, value in values.items() if value != before[name]}
    try:
        until = date.fromisoformat(typed["valid_to"]) if typed["valid_to"] else None
    except ValueError:
        return {"valid_to": [_("Write a date such as 2030-12-31.")]}, None
    try:
        new = licence_change(
            licence.id,
            changes=changes,
            reason=typed["reason"],
            legal_basis=typed["legal_basis"],
            valid_to=until,
            now=timezone.now(),
        )
    except ReasonMissing as error:
        return {name: [_(text) for text in texts] for name, texts in error.fields.items()}, None
    except LicenceFieldUnknown:
        return {"": [_("Nothing was changed: change an entry or the last day.")]}, None
    return {}, new


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REVOKE, purpose="证照年检")
def check(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Record the yearly check of a licence (年检)."""
    licence = licence_get(licence_id)
    year = timezone.localdate().year
    errors: dict[str, list[str]] = {}
    note = request.POST.get("note", "")[:2000]
    if request.method == "POST":
        is_passed = request.POST.get("result") == "passed"
        try:
            licence_check(licence_id, year=year, is_passed=is_passed, note=note, now=timezone.now())
        except ReasonMissing:
            errors = {"note": [_("Say what did not pass.")]}
        except LicenceChecked as error:
            errors = {"note": [error_text(error)]}
        else:
            flash(request, "success", _("The check is recorded."))
            return redirect("hall_licences:detail", licence_id)
    names = {"licence": licence, "year": year, "note": note, "errors": errors}
    return render(request, "hall/licences/check.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations={"CITIZEN", "AGENT"}, purpose="亮证")
def show(request: HttpRequest, licence_id: int) -> HttpResponse:
    """Show one's licence to somebody for a purpose (亮证): choose what they see and for how long."""
    licence = licence_get(licence_id)
    purpose, chosen = request.POST.get("purpose", "")[:120], request.POST.getlist("fields")
    errors: dict[str, list[str]] = {}
    code = ""
    if request.method == "POST":
        minutes = request.POST.get("minutes", "")
        try:
            code = licence_present(
                licence_id,
                purpose=purpose,
                fields=chosen,
                minutes=int(minutes) if minutes.isdecimal() else SHOW_MINUTES[0],
                now=timezone.now(),
            )
        except ReasonMissing:
            errors = {"purpose": [_("What for? Whoever looks reads it.")]}
    fields = [(entry["name"], localized(entry["title"])) for entry in licence.face]
    names = {
        "licence": licence,
        "fields": [("holder_name", _("Holder")), *fields],
        "minutes": [
            (SHOW_MINUTES[0], _("5 minutes")),
            (SHOW_MINUTES[1], _("30 minutes")),
            (SHOW_MINUTES[2], _("One day")),
        ],
        "purpose": purpose,
        "chosen": chosen,
        "errors": errors,
        "code": code_group(code),
    }
    return render(request, "hall/licences/show.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@public
def shown(request: HttpRequest, code: str) -> HttpResponse:
    """Look at a licence that is being shown (查看亮证); a look is counted when it is asked for, not before."""
    names: dict[str, object] = {"code": code[:40], "states": STATES}
    status = 200
    if request.method == "POST":
        if _too_often():
            status = 429
        else:
            try:
                names["shown"] = presentation_open(code, now=timezone.now())
            except PresentationGone as error:
                names["error"], status = error_text(error), 404
    response = render(request, "hall/licences/shown.html", names, status=status)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@public
def verify(request: HttpRequest) -> HttpResponse:
    """Ask for the code of a licence (证照查验)."""
    typed = request.GET.get("code", "")[:60]
    if code := code_normalise(typed):
        return redirect("hall_licences:verify_code", code_group(code))
    return render(request, "hall/licences/verify.html", {"typed": typed})


@require_GET
@public
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """Show whether the licence with this code is good (查验结果), and nothing personal."""
    if _too_often():
        return render(request, "hall/licences/verify.html", {"wait": True}, status=429)
    found = licence_verify(code)
    if found is None:
        return render(request, "hall/licences/verify.html", {"typed": code[:60]}, status=404)
    if request.method == "GET":
        licence_verified(found.id, now=timezone.now())
    names = {"licence": found, "states": STATES, "checked_at": timezone.now()}
    response = render(request, "hall/licences/verified.html", names)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _looked_at(licence_id: int) -> LicenceView:
    """Return a licence; an officer's look is recorded for the holder to see."""
    licence = licence_get(licence_id)
    if context_get().population == "STAFF":
        licence_viewed(licence, now=timezone.now())
    return licence


def _detail(request: HttpRequest, licence: LicenceView) -> HttpResponse:
    is_staff = context_get().population == "STAFF"
    names = {
        "licence": licence,
        "face": [
            (localized(entry["title"]), _face_text(entry["value"]))
            for entry in licence.face
            if entry["name"] != "photo" and entry["value"] != licence.holder_name
        ],
        "states": STATES,
        "may_change": is_staff and context_get().may(REVOKE) and licence.state in CHANGEABLE,
        "is_staff": is_staff,
        "versions": licence_version_list(licence.id),
        "checks": licence_check_list(licence.id),
        "uses": [] if is_staff else licence_use_list(licence.id),
        "use_words": USES,
        "shell": "kernel/ui/desk.html" if is_staff else "kernel/ui/space.html",
    }
    return render(request, "hall/licences/detail.html", names)


def _face_text(value: object) -> str:
    """Write a face value in the active language; dates as dates, lists joined."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "、".join(_face_text(item) for item in value)
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date_text(date.fromisoformat(value))
        except ValueError:
            return value
    return localized(value)


def _too_often() -> bool:
    key = f"hall.licences.verify:{context_get().address}"
    return rate_exceeded(key, per_minute=VERIFY_PER_MINUTE)
