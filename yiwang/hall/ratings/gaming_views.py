"""Pages against made-up ratings (刷评监测): findings to decide or to appeal against, the rules and their thresholds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.ratings import gaming_actions
from yiwang.hall.ratings.data import (
    FINDING_STATES,
    GAMING_KINDS,
    THRESHOLD_LABELS,
    THRESHOLD_LIMITS,
    THRESHOLDS,
)
from yiwang.hall.ratings.errors import FindingNotFound, GamingReasonMissing, GamingRuleInvalid
from yiwang.hall.ratings.gaming_queries import (
    evidence_list,
    finding_count,
    finding_get,
    finding_list,
    rule_get,
    rule_list,
)
from yiwang.hall.ratings.queries import DECIDE, HANDLE
from yiwang.identity.api import account_list, allow, department_list
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    datetime_text,
    flash,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

PURPOSE = "刷评认定"


def _columns(names: dict[int, str]) -> tuple[Column, ...]:
    return (
        Column("kind", N_("What is suspicious"), text=lambda row: _(row.kind_label)),
        Column("subject", N_("In common"), text=lambda row: common(row.subject)),
        Column(
            "department_id", N_("Department"), text=lambda row: names.get(row.department_id, "")
        ),
        Column("ratings", N_("Ratings"), align="end"),
        Column("satisfied", N_("Satisfied"), align="end"),
        Column("until_at", N_("Last rating"), text=lambda row: datetime_text(row.until_at)),
        Column("state", N_("State"), text=lambda row: _(row.state_label)),
    )


COMMON = {
    "place": N_("Counter"),
    "officer": N_("The clerk"),
    "device": N_("Device"),
    "department": N_("Department"),
    "text": N_("Same words"),
    "pair": N_("Rater and clerk"),
    "staff": N_("Staff"),
}


@require_GET
@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def findings(request: HttpRequest) -> HttpResponse:
    """List suspicious ratings (刷评线索): all for who decides, a head those of the department."""
    filters = [
        Filter("state", N_("State"), "select", choices_of(FINDING_STATES)),
        Filter("kind", N_("What is suspicious"), "select", choices_of(GAMING_KINDS)),
    ]  # fmt: skip
    source = source_of(finding_list, finding_count, ("state", "kind"))
    names = _names()
    page = page_of(request, source, columns=_columns(names), filters=filters)
    if page.wants_export:
        return page.export("rating-findings")
    shown = {"page": page, "common": common, "names": names, "may_decide": _may_decide()}
    return render(request, "hall/ratings/findings.html", shown)


def _may_decide() -> bool:
    return context_get().may(DECIDE)


def _names() -> dict[int, str]:
    return {row.id: row.name for row in department_list()}


def common(subject: str) -> str:
    """Say what suspicious ratings have in common (共同点): a counter, a clerk by name, a digest's first digits."""
    kind, _colon, value = subject.partition(":")
    words = _(COMMON.get(kind, kind))
    if kind == "officer" and value.isdecimal():
        found = account_list(ids=[int(value)])
        return f"{words} {found[0].name if found else value}"
    if kind in ("department", "staff"):
        return words
    return f"{words} {value if kind == 'place' else value[:8]}"


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=HANDLE, purpose=PURPOSE)
def finding(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Show the ratings of a finding; decide, appeal, or decide the appeal (认定与申诉)."""
    errors: dict[str, list[str]] = {}
    reason = request.POST.get("reason", "")[:2000]
    if request.method == "POST":
        try:
            _act(request, finding_id, reason)
        except GamingReasonMissing as error:
            errors = {"reason": [_(error.message)]}
        else:
            flash(request, "success", _("Noted."))
            return redirect("hall_ratings:finding", finding_id)
    found = finding_get(finding_id)
    names = {
        "finding": found,
        "rule": rule_get(found.rule_key),
        "evidence": evidence_list(finding_id, limit=500),
        "common": common(found.subject),
        "department": _names().get(found.department_id, ""),
        "labels": THRESHOLD_LABELS,
        "errors": errors,
        "reason": reason,
        "may_decide": _may_decide(),
        "may_appeal": found.department_id in context_get().department_ids,
    }
    return render(request, "hall/ratings/finding.html", names, status=422 if errors else 200)


def _act(request: HttpRequest, finding_id: int, reason: str) -> None:
    now = timezone.now()
    do = request.POST.get("do", "")
    if do in ("keep", "leave_out"):
        kept = [int(each) for each in request.POST.getlist("kept") if each.isdecimal()]
        gaming_actions.finding_decide(
            finding_id, leave_out=do == "leave_out", kept=kept, reason=reason, now=now
        )
    elif do == "appeal":
        gaming_actions.finding_appeal(finding_id, reason=reason, now=now)
    elif do in ("grant", "uphold"):
        gaming_actions.finding_rule(finding_id, granted=do == "grant", reason=reason, now=now)
    else:
        raise NotFound()


@require_GET
@allow(populations={"STAFF"}, permission=DECIDE, purpose="修订刷评规则")
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules against made-up ratings with their thresholds (刷评规则)."""
    names = {"rules": rule_list(), "kinds": GAMING_KINDS, "labels": THRESHOLD_LABELS}
    return render(request, "hall/ratings/rules.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=DECIDE, purpose="修订刷评规则")
def rule(request: HttpRequest, key: str) -> HttpResponse:
    """Change the thresholds of a rule (修订刷评规则)."""
    found = rule_get(key)
    if found is None:
        raise FindingNotFound()
    values: dict[str, object] = {**found.thresholds, "is_enabled": found.is_enabled}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "").strip()[:6] for name in found.thresholds}
        values["is_enabled"] = bool(request.POST.get("is_enabled"))
        try:
            gaming_actions.rule_put(
                key,
                thresholds={name: _number(values[name]) for name in found.thresholds},
                is_enabled=bool(values["is_enabled"]),
                now=timezone.now(),
            )
        except GamingRuleInvalid as error:
            errors = {name: [_(each) for each in texts] for name, texts in error.fields.items()}
        else:
            flash(
                request, "success", _("Changed. Findings made before keep the thresholds of then.")
            )
            return redirect("hall_ratings:rules")
    names = {
        "rule": found,
        "values": values,
        "errors": errors,
        "labels": THRESHOLD_LABELS,
        "limits": THRESHOLD_LIMITS,
        "fields": THRESHOLDS[found.kind],
    }
    return render(request, "hall/ratings/rule.html", names, status=422 if errors else 200)


def _number(text: object) -> int | None:
    return int(str(text)) if str(text).isdecimal() else None
