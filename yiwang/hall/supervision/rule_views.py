"""Pages of the rules (监察规则): what is in force, changing it from a day on, replaying the past."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.supervision.actions import DAYS_MAX, rule_put
from yiwang.hall.supervision.data import (
    LATE_FORWARDING,
    LEVELS,
    LIMIT_EXCEEDED,
    REFUSED_ACCEPTANCE,
    STEP_EXCEEDED,
    TRIGGERS,
    YELLOW,
    RuleView,
)
from yiwang.hall.supervision.errors import RuleInvalid
from yiwang.hall.supervision.models import SupervisionRule
from yiwang.hall.supervision.queries import SUPERVISE, VIEW, rule_list, rule_versions
from yiwang.hall.supervision.replay import replay_scores, supervision_replay
from yiwang.hall.supervision.views import PURPOSE, department_name, words
from yiwang.identity.api import allow, department_list
from yiwang.kernel.api import choices_of, context_get, flash, render
from yiwang.sdk.errors import N_, NotFound

NUMBERS = ("over_days", "reply_days", "points")
REPLAY_DAYS_MAX = 400
COUNTED = (STEP_EXCEEDED, LIMIT_EXCEEDED, REFUSED_ACCEPTANCE, LATE_FORWARDING)
"""Classes for which days over time are counted."""


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules in force today (有效监察规则)."""
    may_change = context_get().may(SUPERVISE)
    rows = rule_list(on=timezone.localdate())
    names = {"rules": rows, "may_change": may_change, **words()}
    return render(request, "hall/supervision/rules.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SUPERVISE, purpose="修订监察规则")
def rule(request: HttpRequest, key: str) -> HttpResponse:
    """Show a rule with its versions and change it from a day on (修订监察规则)."""
    versions = rule_versions(key)
    if not versions:
        raise NotFound()
    latest = versions[0]
    values = {
        "title_zh": latest.title.get("zh", ""),
        "title_en": latest.title.get("en", ""),
        "nodes": ", ".join(latest.nodes),
        "is_enabled": latest.is_enabled,
        **{name: getattr(latest, name) for name in ("trigger", "level", "basis", *NUMBERS)},
    }
    return _rule_page(request, key, values, versions)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SUPERVISE, purpose="修订监察规则")
def rule_new(request: HttpRequest) -> HttpResponse:
    """Add a rule of the city's own (新增监察规则), in force from a day on."""
    values = {
        "key": "",
        "title_zh": "",
        "title_en": "",
        "nodes": "",
        "is_enabled": True,
        "trigger": STEP_EXCEEDED,
        "level": YELLOW,
        "basis": "",
        **dict.fromkeys(NUMBERS, 0),
    }
    return _rule_page(request, request.POST.get("key", "").strip()[:40], values, [])


def _rule_page(
    request: HttpRequest, key: str, values: dict, versions: list[SupervisionRule]
) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    values["valid_from"] = (timezone.localdate() + timedelta(days=1)).isoformat()
    if request.method == "POST":
        values = {name: request.POST.get(name, "")[:300] for name in values}
        values["is_enabled"] = bool(request.POST.get("is_enabled"))
        try:
            _rule_save(key, values, is_new=not versions)
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
        "trigger_choices": choices_of(TRIGGERS),
        "level_choices": choices_of(LEVELS),
        **words(),
    }
    return render(request, "hall/supervision/rule.html", names, status=422 if errors else 200)


def _rule_save(key: str, values: dict, *, is_new: bool) -> None:
    if is_new and rule_versions(key):
        raise RuleInvalid(fields={"key": [N_("There is a rule of this name: choose another.")]})
    valid_from = _day(values["valid_from"], None)
    rule_put(key, values=_given(values), valid_from=valid_from, now=timezone.now())


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


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def replay(request: HttpRequest) -> HttpResponse:
    """Show what other thresholds would have issued in the past (规则回放); nothing is changed."""
    today = timezone.localdate()
    since = _day(request.GET.get("since", ""), today - timedelta(days=30))
    until = _day(request.GET.get("until", ""), today)
    since = max(since, until - timedelta(days=REPLAY_DAYS_MAX))
    current = rule_list(on=today)
    proposed = [_changed(rule, request.GET) for rule in current]
    rows = None
    if "since" in request.GET:
        rows = supervision_replay(
            proposed,
            since=_start(since),
            until=_start(until + timedelta(days=1)),
            now=timezone.now(),
        )
    names = {
        "rules": proposed,
        "rows": rows,
        "scores": replay_scores(rows, since=_start(since), until=_start(until + timedelta(days=1)))
        if rows
        else [],
        "department_names": {row.id: department_name(row) for row in department_list()},
        "level_choices": choices_of(LEVELS),
        "since": since,
        "until": until,
        "counted": COUNTED,
        **words(),
    }
    return render(request, "hall/supervision/replay.html", names)


def _changed(rule: RuleView, asked: QueryDict) -> RuleView:
    days = asked.get(f"days-{rule.key}", "")
    changed = replace(rule, over_days=min(int(days), DAYS_MAX)) if days.isdecimal() else rule
    points, level = asked.get(f"points-{rule.key}", ""), asked.get(f"level-{rule.key}", "")
    if points.isdecimal():
        changed = replace(changed, points=min(int(points), DAYS_MAX))
    if level in LEVELS:
        changed = replace(changed, level=level)
    if "since" not in asked:
        return changed
    return replace(changed, is_enabled=f"use-{rule.key}" in asked)


def _day(text: str, otherwise: date | None) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_default_timezone())
