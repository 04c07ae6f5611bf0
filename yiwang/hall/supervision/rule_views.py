"""Pages of the rules (监察规则): what is in force, changing it from a day on, replaying the past."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.supervision.actions import rule_put
from yiwang.hall.supervision.data import LEVELS, TRIGGERS, RuleView
from yiwang.hall.supervision.errors import RuleInvalid
from yiwang.hall.supervision.queries import SUPERVISE, VIEW, rule_list, rule_versions
from yiwang.hall.supervision.replay import supervision_replay
from yiwang.hall.supervision.views import PURPOSE, words
from yiwang.identity.api import allow
from yiwang.kernel.api import flash, render
from yiwang.sdk.errors import N_, NotFound

NUMBERS = ("over_days", "reply_days", "points")
REPLAY_DAYS_MAX = 400


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules in force today (有效监察规则)."""
    names = {"rules": rule_list(on=timezone.localdate()), **words()}
    return render(request, "hall/supervision/rules.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SUPERVISE, purpose="修订监察规则")
def rule(request: HttpRequest, key: str) -> HttpResponse:
    """Show a rule with its versions and change it from a day on (修订监察规则)."""
    versions = rule_versions(key)
    if not versions:
        raise NotFound()
    latest, errors = versions[0], {}
    values = {
        "title_zh": latest.title.get("zh", ""),
        "title_en": latest.title.get("en", ""),
        "nodes": ", ".join(latest.nodes),
        "is_enabled": latest.is_enabled,
        "valid_from": (timezone.localdate() + timedelta(days=1)).isoformat(),
        **{name: getattr(latest, name) for name in ("trigger", "level", "basis", *NUMBERS)},
    }
    if request.method == "POST":
        values = {name: request.POST.get(name, "")[:300] for name in values}
        values["is_enabled"] = bool(request.POST.get("is_enabled"))
        try:
            valid_from = _date(values["valid_from"])
            rule_put(key, values=_given(values), valid_from=valid_from, now=timezone.now())
        except RuleInvalid as error:
            errors = {name: [_(each) for each in texts] for name, texts in error.fields.items()}
        else:
            flash(
                request,
                "success",
                _("The rule changes on that day. Cards issued before stay as they are."),
            )
            return redirect("hall_supervision:rule", key)
    names = {
        "key": key,
        "versions": versions,
        "values": values,
        "errors": errors,
        "trigger_choices": [(code, _(text)) for code, text in TRIGGERS.items()],
        "level_choices": [(code, _(text)) for code, text in LEVELS.items()],
        **words(),
    }
    return render(request, "hall/supervision/rule.html", names, status=422 if errors else 200)


def _given(values: dict) -> dict:
    return {
        "title": {"zh": values["title_zh"].strip(), "en": values["title_en"].strip()},
        "trigger": values["trigger"],
        "level": values["level"],
        "nodes": [each.strip() for each in values["nodes"].replace("，", ",").split(",") if each.strip()],
        "basis": values["basis"].strip(),
        "is_enabled": values["is_enabled"],
        **{
            name: int(values[name]) if str(values[name]).isdecimal() else None for name in NUMBERS
        },
    }  # fmt: skip


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RuleInvalid(
            fields={"valid_from": [N_("Give a day, for example 2026-12-01.")]}
        ) from error


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def replay(request: HttpRequest) -> HttpResponse:
    """Show what other thresholds would have issued in the past (规则回放); nothing is changed."""
    today = timezone.localdate()
    since = _day(request.GET.get("since", ""), today - timedelta(days=30))
    until = _day(request.GET.get("until", ""), today)
    since = max(since, until - timedelta(days=REPLAY_DAYS_MAX))
    current = rule_list(on=today)
    asked = {key: value for key, value in request.GET.items() if key.startswith("days-")}
    proposed = [_changed(rule, asked.get(f"days-{rule.key}", "")) for rule in current]
    rows = None
    if "since" in request.GET:
        rows = supervision_replay(
            proposed,
            since=_start(since),
            until=_start(until + timedelta(days=1)),
            now=timezone.now(),
        )
    names = {"rules": proposed, "rows": rows, "since": since, "until": until, **words()}
    return render(request, "hall/supervision/replay.html", names)


def _changed(rule: RuleView, text: str) -> RuleView:
    return replace(rule, over_days=min(int(text), 60)) if text.isdecimal() else rule


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_default_timezone())
