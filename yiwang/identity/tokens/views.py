"""Departments' systems and their tokens (部门系统与接口令牌), for the department's stewards and heads."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.identity.access.policies import allow
from yiwang.identity.organisations.queries import department_get
from yiwang.identity.tokens import actions
from yiwang.identity.tokens.data import SystemUnknown, SystemView, TokenInvalid
from yiwang.identity.tokens.queries import (
    MANAGE,
    READ,
    program_routes,
    routes_to_grant,
    system_get,
    system_list,
)
from yiwang.kernel.api import (
    Column,
    Filter,
    context_get,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, YiwangError

DAYS = (30, 90, 180, 366)


def _state_text(row: SystemView) -> str:
    if not row.is_active:
        return _("Closed")
    if not row.living:
        return _("No living token")
    return _("In use") if row.last_used_at else _("Not used yet")


_COLUMNS = (
    Column("name", N_("System"), order="name"),
    Column("department", N_("Department"), text=lambda row: row.department_name),
    Column("state", N_("State"), text=_state_text),
    Column(
        "used",
        N_("Last used"),
        text=lambda row: datetime_text(row.last_used_at) if row.last_used_at else "—",
    ),
)


def _named(rows: list[SystemView], text: str) -> list[SystemView]:
    word = text.casefold()
    return [row for row in rows if word in f"{row.name} {row.department_name}".casefold()]


_FILTERS = (Filter("q", N_("System or department"), apply=_named),)


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def systems(request: HttpRequest) -> HttpResponse:
    """List the department's systems; overseers see the whole city's."""
    page = page_of(request, system_list(now=timezone.now()), columns=_COLUMNS, filters=_FILTERS)
    if page.wants_export:
        return page.export("systems")
    return render(
        request,
        "identity/tokens/systems.html",
        {"page": page, "may_manage": context_get().may(MANAGE), "state_text": _state_text},
    )


@allow(populations={"STAFF"}, permission=MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def system_new(request: HttpRequest) -> HttpResponse:
    """Register a system of one's own department (登记系统)."""
    return _form(request, None)


@allow(populations={"STAFF"}, permission=MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def system_edit(request: HttpRequest, system_id: int) -> HttpResponse:
    """Change what a system is for, from where and how often it may call."""
    return _form(request, _own(system_id))


def _form(request: HttpRequest, view: SystemView | None) -> HttpResponse:
    context = context_get()
    department = department_get(view.department_id if view else context.department_id)
    values, errors = _values(request, view), {}
    if request.method == "POST":
        try:
            system_id = actions.program_account_put(
                department.id,
                **values | {"per_minute": _number(values["per_minute"])},
                system_id=view.id if view else None,
                now=timezone.now(),
            )
        except TokenInvalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        else:
            flash(request, "success", _("The system is kept."))
            return redirect("identity_tokens:system", system_id)
    return render(
        request,
        "identity/tokens/system_form.html",
        {"system": view, "department": department, "values": values, "errors": errors},
        status=422 if errors else 200,
    )


def _values(request: HttpRequest, view: SystemView | None) -> dict[str, str]:
    names = {"name": 100, "purpose": 300, "contact": 120, "networks": 2000, "per_minute": 10}
    if request.method == "POST":
        return {name: request.POST.get(name, "")[:size] for name, size in names.items()}
    if view is None:
        return dict.fromkeys(names, "") | {"per_minute": "600"}
    kept = {name: str(getattr(view, name)) for name in names}
    return kept | {"networks": "\n".join(view.networks)}


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def system(request: HttpRequest, system_id: int) -> HttpResponse:
    """Show a system: its tokens, what each may call, when it was last used; issue and revoke."""
    return _page(request, system_get(system_id, now=timezone.now()))


@never_cache
@allow(populations={"STAFF"}, permission=MANAGE)
@sensitive_variables("issued")
@require_POST
def issue(request: HttpRequest, system_id: int) -> HttpResponse:
    """Issue a token and show it this once: the answer is the page itself, no redirect keeps it."""
    view = _own(system_id)
    chosen = {"routes": request.POST.getlist("routes"), "days": request.POST.get("days", "")}
    try:
        issued = actions.token_issue(
            system_id, routes=chosen["routes"], days=_number(chosen["days"]), now=timezone.now()
        )
    except TokenInvalid as error:
        errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        return _page(request, view, chosen=chosen, errors=errors)
    names = [program_routes()[name] for name in sorted(set(chosen["routes"]))]
    return render(
        request,
        "identity/tokens/issued.html",
        {
            "system": view,
            "issued": issued,
            "routes": names,
            "example": request.build_absolute_uri(names[0].path),
        },
    )


@allow(populations={"STAFF"}, permission=READ)
@require_POST
def revoke(request: HttpRequest, system_id: int) -> HttpResponse:
    """Revoke a token (吊销)."""
    token_id, reason = _number(request.POST.get("token")), request.POST.get("reason", "")[:300]
    return _act(
        request,
        system_id,
        lambda: actions.token_revoke(token_id, reason=reason, now=timezone.now()),
        _("The token is revoked. The next call with it is refused."),
    )


@allow(populations={"STAFF"}, permission=READ)
@require_POST
def close(request: HttpRequest, system_id: int) -> HttpResponse:
    """Close a system with all its tokens (停用)."""
    reason = request.POST.get("reason", "")[:300]
    return _act(
        request,
        system_id,
        lambda: actions.program_account_close(system_id, reason=reason, now=timezone.now()),
        _("The system is closed and all its tokens are revoked."),
    )


def _page(
    request: HttpRequest,
    view: SystemView,
    *,
    chosen: dict | None = None,
    errors: dict | None = None,
) -> HttpResponse:
    known = program_routes()
    titles = {name: localized(route.title) for name, route in known.items()}
    is_own = view.department_id in context_get().department_ids
    return render(
        request,
        "identity/tokens/system.html",
        {
            "system": view,
            "titles": titles,
            "paths": {name: route.path for name, route in known.items()},
            "grantable": [(route.name, localized(route.title)) for route in routes_to_grant()],
            "may_manage": is_own and context_get().may(MANAGE),
            "chosen": chosen or {"routes": [], "days": "90"},
            "errors": errors or {},
            "days": [(str(n), _("%(n)s days") % {"n": n}) for n in DAYS],
            "here": reverse("identity_tokens:system", args=[view.id]),
        },
        status=422 if errors else 200,
    )


def _own(system_id: int) -> SystemView:
    """Return a system of one's own department: overseers look and revoke, no more."""
    view = system_get(system_id, now=timezone.now())
    if view.department_id not in context_get().department_ids:
        raise SystemUnknown()
    return view


def _act(request: HttpRequest, system_id: int, act, done: str) -> HttpResponse:
    try:
        act()
    except TokenInvalid as error:
        flash(request, "danger", " ".join(_(t) for texts in error.fields.values() for t in texts))
    except YiwangError as error:
        flash(request, "danger", error_text(error))
    else:
        flash(request, "success", done)
    return redirect("identity_tokens:system", system_id)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
