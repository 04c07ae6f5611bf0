"""Letting somebody else act for me, and acting for others (委托代办): pages of the citizen's space."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.api import (
    THEMES,
    BundleScope,
    MatterFilter,
    MatterNotFound,
    bundle_scope_list,
    matter_get,
    matter_list,
)
from yiwang.identity.api import (
    DELEGATION_STATES,
    DELEGATION_USES,
    DelegationCodeWrong,
    DelegationMissing,
    DelegationView,
    allow,
    delegation_accept,
    delegation_covered,
    delegation_get,
    delegation_given_list,
    delegation_held_list,
    delegation_offer,
    delegation_revoke,
    delegation_use_list,
)
from yiwang.kernel.api import context_get, flash, localized, rate_exceeded, render
from yiwang.sdk.errors import Invalid, NotFound

PURPOSE = "委托代办"
FIELDS = ("deputy_name", "scope_value", "to_date")
CODES_PER_MINUTE = 10
MATTERS = 500
OBJECTS = {"person": "1", "enterprise": "2"}
"""GB/T 39046 A.4: whom a matter serves, by who authorises."""


@require_http_methods(["GET", "POST"])
@allow(populations={"CITIZEN", "AGENT"}, purpose=PURPOSE)
def delegations(request: HttpRequest) -> HttpResponse:
    """List whom I let act for me and for whom I may act; authorise, accept (委托代办)."""
    typed = {name: request.POST.get(name, "").replace("\x00", "").strip()[:80] for name in FIELDS}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        accepts = request.POST.get("do") == "accept"
        try:
            found = _accept(request) if accepts else _offer(typed)
        except Invalid as error:
            errors = {key: [_(line) for line in said] for key, said in error.fields.items()}
        except DelegationCodeWrong as error:
            errors = {"code": [_(error.message)]}
        else:
            text = (
                _("You may act for them now.") if accepts else _("Tell the other person the code.")
            )
            flash(request, "success", text)
            return redirect("portal_spaces:delegation", found.id)
    today = timezone.localdate()
    names = {
        "given": delegation_given_list(today),
        "for_enterprise": _kind() == "enterprise",
        "held": delegation_held_list(today),
        "states": DELEGATION_STATES,
        "choices": _choices(),
        "typed": {"to_date": (today + timedelta(days=30)).isoformat(), **_filled(typed)},
        "today": today,
        "errors": errors,
    }
    return render(request, "portal/spaces/delegations.html", names, status=422 if errors else 200)


def _filled(typed: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if value}


def _choices() -> list[tuple[str, str]]:
    """List what may be authorised (授权范围): bundles, single matters, whole themes."""
    kind = _kind()
    bundles = [(f"BUNDLE:{one.key}", _("Bundle: %(title)s") % {"title": localized(one.title)})
               for one in bundle_scope_list(kind)]  # fmt: skip
    themes = [(f"THEME:{key}", _("Everything about: %(theme)s") % {"theme": _(text)})
              for key, text in THEMES.items()]  # fmt: skip
    wanted = MatterFilter(kind="APPLY", service_object=OBJECTS[kind])
    rows = matter_list(wanted, order="title", limit=MATTERS)
    matters = [(f"MATTER:{row.code}", localized(row.title)) for row in rows.rows]
    return [*bundles, *matters, *themes]


def _kind() -> str:
    """Return in whose name one authorises (委托人类型): person or enterprise."""
    return context_get().subject_ref.partition(":")[0] or "person"


def _offer(typed: dict[str, str]) -> DelegationView:
    scope, _sep, value = typed["scope_value"].partition(":")
    title, matters = {"zh": "", "en": ""}, ()
    if scope == "THEME" and value in THEMES:
        title = {"zh": value, "en": THEMES[value]}
    elif scope == "MATTER":
        try:
            title = dict(matter_get(value).title)
        except MatterNotFound:
            value = ""
    elif scope == "BUNDLE":
        found = next((one for one in bundle_scope_list(_kind()) if one.key == value), None)
        value = found.key if found else ""
        title, matters = (found.title, tuple(found.matters)) if found else (title, ())
    else:
        value = ""
    try:
        until = date.fromisoformat(typed["to_date"])
    except ValueError:
        until = date.min
    return delegation_offer(
        deputy_name=typed["deputy_name"],
        scope=scope,
        scope_value=value,
        scope_title=title,
        to_date=until,
        matters=matters,
        now=timezone.now(),
    )


def _accept(request: HttpRequest) -> DelegationView:
    if rate_exceeded(
        f"portal.spaces.delegations:{context_get().account_id}", per_minute=CODES_PER_MINUTE
    ):
        raise DelegationCodeWrong()
    code = request.POST.get("code", "").replace("\x00", "")[:20]
    return delegation_accept(code, now=timezone.now())


@require_http_methods(["GET", "POST"])
@allow(populations={"CITIZEN", "AGENT"}, purpose=PURPOSE)
def delegation(request: HttpRequest, delegation_id: int) -> HttpResponse:
    """Show one authorisation to either of the two: what was done with it; end it, or use it."""
    if request.method == "POST":
        if request.POST.get("do") != "revoke":
            raise NotFound()
        delegation_revoke(delegation_id, now=timezone.now())
        flash(request, "success", _("The authorisation has ended; the other person is told."))
        return redirect("portal_spaces:delegations")
    found = delegation_get(delegation_id)
    is_deputy = found.deputy_account_id == context_get().account_id
    names = {
        "delegation": found,
        "is_deputy": is_deputy,
        "states": DELEGATION_STATES,
        "uses": delegation_use_list(delegation_id),
        "use_titles": DELEGATION_USES,
        "matters": _matters(found) if is_deputy and found.state == "RUNNING" else [],
        "bundles": _bundles(found) if is_deputy and found.state == "RUNNING" else [],
    }
    return render(request, "portal/spaces/delegation.html", names)


def _matters(found: DelegationView) -> list:
    if found.scope == "MATTER":
        return [matter_get(found.scope_value)]
    if found.scope == "BUNDLE":
        return []  # its matters are filed together
    kind = found.principal_ref.partition(":")[0]
    filters = MatterFilter(theme=found.scope_value, kind="APPLY", service_object=OBJECTS[kind])
    return list(matter_list(filters, limit=MATTERS).rows)


def _bundles(found: DelegationView) -> list[tuple[BundleScope, int]]:
    """List the bundles that may be begun under an authorisation (可代办的一件事), with how many matters it covers."""
    rows = []
    for one in bundle_scope_list(found.principal_ref.partition(":")[0]):
        if found.scope == "BUNDLE" and found.scope_value != one.key:
            continue
        try:
            covered = delegation_covered(
                found.id,
                account_id=context_get().account_id,
                principal_ref=found.principal_ref,
                matters=one.matters,
            )
        except DelegationMissing:
            continue
        rows.append((one, len(covered)))
    return rows
