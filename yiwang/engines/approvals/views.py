"""Pages of approval practice (审批操作): operations on an item, deputies, the deputy's desk, moving running cases."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.engines.approvals import cases, queries
from yiwang.engines.workflow.actions import work_item_transfer
from yiwang.engines.workflow.data import WorkItemView
from yiwang.engines.workflow.operations import (
    AFTER,
    BEFORE,
    PARALLEL,
    work_item_add_signers,
    work_item_delegate,
    work_item_remove_signer,
    work_item_urge,
)
from yiwang.engines.workflow.proxies import proxy_list, proxy_put, proxy_revoke
from yiwang.engines.workflow.queries import work_item_get
from yiwang.engines.workflow.undoing import return_targets, work_item_recall, work_item_return
from yiwang.engines.workflow.versions import MigrationRefused, migration_apply, migration_plan
from yiwang.identity.api import (
    account_find,
    account_list,
    account_list_by_department,
    allow,
    department_get,
    department_list,
)
from yiwang.kernel.api import (
    Column,
    choices_of,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound

ACT = "engines.approvals.act"
ADMINISTER = "engines.workflow.administer"
PURPOSE = "办理办件"
HOWS = (
    (BEFORE, N_("Before this step")),
    (PARALLEL, N_("Together with it")),
    (AFTER, N_("After it")),
)
KINDS = {
    "DELEGATED": N_("Delegated"),
    "DELEGATE_ANSWERED": N_("Delegate answered"),
    "TRANSFERRED": N_("Transferred"),
    "SIGNER_ADDED": N_("Signers added"),
    "SIGNER_REMOVED": N_("Signer taken off"),
    "URGED": N_("Urged"),
    "RETURNED": N_("Returned"),
    "RECALLED": N_("Recalled"),
}
DONE = {
    "delegate": N_("Delegated. The answer comes back to you to be confirmed."),
    "transfer": N_("Transferred."),
    "sign": N_("The signers are asked."),
    "unsign": N_("This person signs no more."),
    "urge": N_("Urged. Whoever holds it is told."),
    "return": N_("Returned. What followed from that step is withdrawn."),
    "recall": N_("Recalled. The step is open again."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=ACT, purpose=PURPOSE)
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show what may be done with an item besides concluding it, and do it (审批操作)."""
    errors: dict[str, list[str]] = {}
    act = request.POST.get("act", "")
    found = work_item_get(item_id)
    standing = queries.standing_get(item_id, context_get(), now=timezone.now())
    if request.method == "POST":
        try:
            _operate(act, found, request.POST, now=timezone.now())
        except Invalid as error:
            texts = error.fields or {"": [error_text(error)]}
            errors = {
                f"{act}-{key}" if key else "": [_(t) for t in some] for key, some in texts.items()
            }
        except (Conflict, Forbidden) as error:
            errors = {"": [error_text(error)]}
        else:
            flash(request, "success", _(DONE[act]))
            return redirect(_after(act, item_id))
    return _item_page(request, found, standing, errors=errors, act=act)


def _item_page(
    request: HttpRequest,
    found: WorkItemView,
    standing: queries.Standing,
    *,
    errors: dict[str, list[str]],
    act: str,
) -> HttpResponse:
    today = timezone.localdate()
    may_work = standing.may_work
    own = context_get().account_id
    people = [one for one in queries.colleague_list(found, on=today) if one.id != own]
    same = [
        one for one in queries.colleague_list(found, on=today, role=found.role) if one.id != own
    ]
    holders = account_list(ids=[found.assignee_id]) if found.assignee_id else []
    return render(
        request,
        "engines/approvals/item.html",
        {
            "item": found,
            "standing": standing,
            "holder": holders[0] if holders else None,
            "department": department_get(found.department_id),
            "people": [(one.id, one.name) for one in people],
            "same_role": [(one.id, one.name) for one in same],
            "departments": [
                (one.id, localized({"zh": one.name, "en": one.name_en}))
                for one in department_list()
            ],
            "signers": [(one.id, one.name) for one in queries.signer_list(found)]
            if may_work
            else [],
            "may_hold": cases.may_hold(found.instance_id, context_get()),
            "targets": _targets(found) if may_work and found.state != "SUSPENDED" else [],
            "hows": choices_of(HOWS),
            "operations": queries.operation_list(found),
            "kinds": KINDS,
            "typed": request.POST,
            "act": act,
            "errors": errors,
        },
        status=422 if errors else 200,
    )


def _targets(found: WorkItemView) -> list[tuple[str, str]]:
    targets = return_targets(found.id, now=timezone.now())
    return [(one["id"], localized(one["name"])) for one in targets]


def _after(act: str, item_id: int) -> str:
    """Where one goes on: to the item, or to the desk when it is no longer one's own."""
    if act in ("transfer", "return"):
        return reverse("engines_approvals:acting")
    return reverse("engines_approvals:item", args=[item_id])


def _operate(act: str, found: WorkItemView, given: QueryDict, *, now: datetime) -> None:
    """Do one operation (执行审批操作). Raises `Invalid` with the fields, and what the engine refuses."""
    operations: dict[str, Callable[..., None]] = {
        "delegate": _delegate,
        "transfer": _transfer,
        "sign": _sign,
        "unsign": _unsign,
        "urge": lambda key, given, *, reason, now: work_item_urge(key, reason=reason, now=now),
        "return": _return,
        "recall": lambda key, given, *, reason, now: work_item_recall(key, reason=reason, now=now),
    }
    if act not in operations:
        raise Invalid(N_("Choose what is to be done."))
    reason = given.get("reason", "").strip()[:300]
    if not reason and act != "urge":
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    operations[act](found.id, given, reason=reason, now=now)


def _delegate(key: int, given: QueryDict, *, reason: str, now: datetime) -> None:
    work_item_delegate(key, to_account_id=_person(given), reason=reason, now=now)


def _transfer(key: int, given: QueryDict, *, reason: str, now: datetime) -> None:
    department = given.get("department", "")
    if department.isdecimal() and not given.get("person"):
        work_item_transfer(key, to_department_id=int(department), reason=reason, now=now)
        return
    work_item_transfer(key, to_account_id=_person(given), reason=reason, now=now)


def _sign(key: int, given: QueryDict, *, reason: str, now: datetime) -> None:
    accounts = [int(one) for one in given.getlist("people") if one.isdecimal()]
    if given.get("username", "").strip():
        accounts.append(_named(given["username"]))
    if not accounts:
        raise Invalid(fields={"people": [N_("Choose who signs.")]})
    how = given.get("how", "")
    work_item_add_signers(key, account_ids=accounts, how=how, reason=reason, now=now)


def _unsign(key: int, given: QueryDict, *, reason: str, now: datetime) -> None:
    work_item_remove_signer(key, account_id=_person(given), reason=reason, now=now)


def _return(key: int, given: QueryDict, *, reason: str, now: datetime) -> None:
    node = given.get("to_node", "")
    if not node:
        raise Invalid(fields={"to_node": [N_("Choose the step.")]})
    work_item_return(key, to_node=node[:120], reason=reason, now=now)


def _person(given: QueryDict) -> int:
    """Return who was chosen from the list, or named by user name. Raises `Invalid`."""
    if given.get("username", "").strip():
        return _named(given["username"])
    person = given.get("person", "")
    if not person.isdecimal() or not account_list(ids=[int(person)]):
        raise Invalid(fields={"person": [N_("Choose a colleague.")]})
    return int(person)


def _named(username: str) -> int:
    account = account_find(username.strip()[:150])
    if account is None or account.population != "STAFF":
        raise Invalid(fields={"username": [N_("No colleague has this user name.")]})
    return account.id


_ACTING = (
    Column("title", N_("Case waiting")),
    Column("principal", N_("Whose")),
    Column("due", N_("Due")),
)


@require_GET
@allow(populations={"STAFF"}, permission=ACT, purpose=PURPOSE)
def acting(request: HttpRequest) -> HttpResponse:
    """List what waits for those whom I act for, and whose it is (代办事项)."""
    now = timezone.now()
    page = page_of(request, queries.acting_list(context_get(), now=now), columns=_ACTING)
    proxies = proxy_list(now=now, deputy_id=context_get().account_id)
    return render(
        request, "engines/approvals/acting.html", {"page": page, "proxies": proxies, "now": now}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=ACT)
def deputies(request: HttpRequest) -> HttpResponse:
    """Show who acts for me and whom I act for; name a deputy for some days (代办授权)."""
    context, now = context_get(), timezone.now()
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _deputy_name(request.POST)
        except Invalid as error:
            texts = error.fields or {"": [error_text(error)]}
            errors = {key: [_(text) for text in some] for key, some in texts.items()}
        else:
            flash(request, "success", _("Your deputy is named."))
            return redirect("engines_approvals:deputies")
    mine = queries.proxy_future_list(context.account_id, now=now)
    names = {one.id: one.name for one in account_list(ids={row.deputy_id for row in mine})}
    return render(
        request,
        "engines/approvals/deputies.html",
        {
            "mine": mine,
            "names": names,
            "others": proxy_list(now=now, deputy_id=context.account_id),
            "people": _colleagues(),
            "typed": request.POST,
            "errors": errors,
            "today": timezone.localdate(),
            "now": now,
        },
        status=422 if errors else 200,
    )


def _colleagues() -> list[tuple[int, str]]:
    """Return the colleagues of one's own department (本部门同事) by name."""
    context, today = context_get(), timezone.localdate()
    if context.department_id is None:
        return []
    found = {
        person.id: person.name
        for role in queries.ROLES
        for person in account_list_by_department(context.department_id, role=role, on=today)
        if person.id != context.account_id
    }
    return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))


def _deputy_name(given: QueryDict) -> None:
    """Name a deputy from one day to another, both included (设置代办). Raises `Invalid`."""
    deputy = _person(given)
    fields: dict[str, list[str]] = {}
    days: dict[str, date] = {}
    for name in ("from_date", "to_date"):
        try:
            days[name] = date.fromisoformat(given.get(name, ""))
        except ValueError:
            fields[name] = [N_("Enter a date.")]
    if not given.get("reason", "").strip():
        fields["reason"] = [N_("State the reason.")]
    if not fields and days["to_date"] < max(days["from_date"], timezone.localdate()):
        fields["to_date"] = [N_("The last day lies before the first, or in the past.")]
    if fields:
        raise Invalid(fields=fields)
    proxy_put(
        deputy,
        starts_at=_midnight(days["from_date"]),
        ends_at=_midnight(days["to_date"] + timedelta(days=1)),
        reason=given["reason"].strip()[:200],
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


@require_POST
@allow(populations={"STAFF"}, permission=ACT)
def deputy_end(request: HttpRequest, proxy_id: int) -> HttpResponse:
    """End a proxy early (撤销代办): who named it or the deputy may."""
    proxy_revoke(proxy_id, now=timezone.now())
    flash(request, "success", _("The proxy has ended."))
    return redirect("engines_approvals:deputies")


@require_GET
@allow(populations={"STAFF"}, permission=ADMINISTER)
def migrations(request: HttpRequest) -> HttpResponse:
    """List the processes whose running cases may move to a newer version (版本迁移)."""
    columns = (
        Column("title", N_("Process")),
        Column("newest", N_("Newest version")),
        Column("running", N_("Cases on older versions"), align="end"),
    )
    page = page_of(request, queries.process_moving_list(), columns=columns)
    return render(request, "engines/approvals/migrations.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=ADMINISTER)
def migration(request: HttpRequest, key: str) -> HttpResponse:
    """Rehearse moving running cases to another version, then move all or none (版本迁移)."""
    versions = queries.version_list(key)
    if not versions:
        raise NotFound()
    given = request.POST
    chosen = {name: _version(given.get(name, ""), versions) for name in ("from", "to")}
    plan, errors = None, {}
    if request.method == "POST":
        try:
            mapping = _mapping(given.get("mapping", ""))
            if None in chosen.values():
                raise Invalid(N_("Choose both versions."))
            if given.get("act") == "move":
                reason = given.get("reason", "")[:300]
                now = timezone.now()
                moved = migration_apply(
                    chosen["from"], chosen["to"], mapping=mapping, reason=reason, now=now
                )
                text = ngettext("%(n)s case has moved.", "%(n)s cases have moved.", moved)
                flash(request, "success", text % {"n": moved})
                return redirect("engines_approvals:migration", key)
            plan = migration_plan(chosen["from"], chosen["to"], mapping=mapping)
        except MigrationRefused as error:
            plan, errors = error.plan, {"": [error_text(error)]}
        except Invalid as error:
            texts = error.fields or {"": [error_text(error)]}
            errors = {name: [_(text) for text in some] for name, some in texts.items()}
    return _migration_page(request, key, versions, chosen=chosen, plan=plan, errors=errors)


def _migration_page(request: HttpRequest, key: str, versions: list, *, chosen, plan, errors):  # noqa: ANN001, ANN202
    numbers = [(pk, f"{number} ({running})") for pk, number, running in versions]
    older = next((pk for pk, _n, running in versions[1:] if running), None)
    return render(
        request,
        "engines/approvals/migration.html",
        {
            "key": key,
            "versions": numbers,
            "from_id": chosen["from"] or older or (versions[1][0] if len(versions) > 1 else ""),
            "to_id": chosen["to"] or versions[0][0],
            "plan": plan,
            "errors": errors,
            "typed": request.POST,
        },
        status=422 if errors else 200,
    )


def _version(text: str, versions: list[tuple[int, int, int]]) -> int | None:
    return next((pk for pk, _n, _r in versions if str(pk) == text), None)


def _mapping(text: str) -> dict[str, str]:
    """Read what old elements become, one a line: old = new. Raises `Invalid`."""
    pairs = [line.split("=") for line in text.splitlines() if line.strip()]
    if any(len(pair) != 2 or not pair[0].strip() or not pair[1].strip() for pair in pairs):
        raise Invalid(fields={"mapping": [N_("Write one element a line: old = new.")]})
    return {old.strip(): new.strip() for old, new in pairs}
