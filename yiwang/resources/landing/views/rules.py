"""The rules of a resource's contract (数据规则): written on a page, tried on the last batch, kept in the draft."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import choices_of, context_get, error_text, flash, render
from yiwang.resources.catalogue.actions import draft_put
from yiwang.resources.catalogue.actions.resources import EDITABLE
from yiwang.resources.catalogue.data import QualityRule, ResourceSpec, ResourceView
from yiwang.resources.catalogue.queries import resource_for_staff
from yiwang.resources.landing.trying import rule_try
from yiwang.resources.quality.contracts import contract_of
from yiwang.resources.quality.data import (
    ACTIONS,
    BATCH_KINDS,
    KIND_PROPERTY,
    KINDS,
    PROPERTIES,
    ContractInvalid,
)
from yiwang.resources.quality.validators import TAKES, VALIDATORS
from yiwang.resources.quality.wording import rule_text
from yiwang.sdk.errors import N_, NotFound, YiwangError

REGISTER = "resources.catalogue.register"
RULES_MAX = 100
# Types and lengths follow from the fields themselves.
WRITTEN = (
    "ROW",
    "REQUIRED",
    "CODE",
    "VALID",
    "UNIQUE",
    "ACROSS",
    "REFERENCE",
    "OVER_TIME",
    "VOLUME",
    "FRESH",
)
# What stands in *compared with* for each kind.
THAT = {
    "ROW": N_("A condition over the fields, for example: approved_date >= applied_date"),
    "REQUIRED": N_("Nothing: the fields have to be filled in."),
    "CODE": N_("The code table, for example: ethnicities; empty for that of the field."),
    "VALID": N_("The check:"),
    "UNIQUE": N_("Nothing: no two rows may share the values of the fields."),
    "ACROSS": N_("The field that has to be the same in all rows that share the fields."),
    "REFERENCE": N_("Where the value has to be: code of the resource, a point, the field."),
    "OVER_TIME": N_("Empty: the value never goes back. same: the value never changes."),
    "VOLUME": N_("How many times more or fewer rows than usual are taken, for example: 3"),
    "FRESH": N_("How many days old the newest value may be, for example: 30"),
}
TEXTS = ("kind", "that", "action", "property", "message", "message_en", "stop_share", "stop_count")


@require_safe
@allow(populations={"STAFF"}, permission=REGISTER)
def rules(request: HttpRequest, resource_id: int) -> HttpResponse:
    """List what is asked of a resource: the rules written here, and those that follow from its fields."""
    view = _own(resource_id)
    spec, problem, found = view.draft, "", []
    try:
        contract = contract_of(spec)
        found = [(rule, rule_text(rule, contract)) for rule in contract.rules]
    except ContractInvalid as error:
        problem = error_text(error)
    written = {rule.key for rule in spec.quality}
    return render(
        request,
        "resources/landing/rules.html",
        {
            "view": view,
            "written": list(spec.quality),
            "built": [(rule, text) for rule, text in found if rule.key not in written],
            "texts": {rule.key: text for rule, text in found},
            "problem": problem,
            "may_edit": view.state in EDITABLE,
            "is_changed": view.published is None or view.published.spec.quality != spec.quality,
            **_words(spec),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def rule_new(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Write a rule (新增规则)."""
    return _form(request, _own(resource_id), None)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def rule_edit(request: HttpRequest, resource_id: int, key: str) -> HttpResponse:
    """Change a rule, or take it away (修改规则)."""
    view = _own(resource_id)
    rule = next((one for one in view.draft.quality if one.key == key), None)
    if rule is None:
        raise NotFound()
    return _form(request, view, rule)


def _form(request: HttpRequest, view: ResourceView, before: QualityRule | None) -> HttpResponse:
    typed, errors, trial, is_tried = _typed(request, before), {}, None, False
    if request.method == "POST" and request.POST.get("act") == "remove" and before:
        kept = tuple(one for one in view.draft.quality if one.key != before.key)
        errors = _keep(view, replace(view.draft, quality=kept))
        if not errors:
            flash(request, "success", _("The rule is taken out of the draft."))
            return redirect("resources_landing:rules", view.id)
    elif request.method == "POST":
        rule, errors = _read(typed, view.draft, before)
        if not errors:
            spec = _with(view.draft, rule, before)
            try:
                trial, is_tried = rule_try(view.id, view.code, spec, rule.key), True
            except ContractInvalid as error:
                errors = _at_input(error, rule)
            if not errors and request.POST.get("act") == "keep":
                errors = _keep(view, spec)
                if not errors:
                    flash(
                        request, "success", _("The rule stands in the draft. Submit it for review.")
                    )
                    return redirect("resources_landing:rules", view.id)
    return render(
        request,
        "resources/landing/rule_form.html",
        {
            "view": view,
            "before": before,
            "typed": typed,
            "errors": errors,
            "trial": trial,
            "is_tried": is_tried and not errors,
            **_words(view.draft),
        },
        status=422 if errors else 200,
    )


def _typed(request: HttpRequest, before: QualityRule | None) -> dict:
    if request.method == "POST":
        typed: dict = {name: request.POST.get(name, "").strip()[:2000] for name in TEXTS}
        typed["fields"] = request.POST.getlist("fields")
        typed["judges_empty"] = request.POST.get("judges_empty") == "1"
        return typed
    rule = before or QualityRule("")
    typed = {name: getattr(rule, name) for name in TEXTS if not name.startswith("stop")}
    share = rule.stop_share * 100
    typed["stop_share"] = "" if rule.stop_share >= 1 else f"{share:g}"
    typed["stop_count"] = str(rule.stop_count or "")
    return typed | {"fields": list(rule.fields), "judges_empty": rule.judges_empty}


def _read(
    typed: dict, spec: ResourceSpec, before: QualityRule | None
) -> tuple[QualityRule, dict[str, list[str]]]:
    """Build the rule that was typed, with the sentences for the inputs at fault."""
    errors: dict[str, list[str]] = {}
    kind = typed["kind"]
    if kind not in WRITTEN:
        errors["kind"] = [_("Choose what the rule asks.")]
    if typed["action"] not in ACTIONS:
        errors["action"] = [_("Choose what becomes of a row.")]
    if not typed["message"]:
        errors["message"] = [
            _("Say in Chinese what is wrong with such a row and how to put it right.")
        ]
    fields = tuple(one.name for one in spec.fields if one.name in typed["fields"])
    if not fields and kind not in {"ROW", "VOLUME", ""}:
        errors["fields"] = [_("Choose the fields that the rule judges.")]
    that = typed["that"]
    if kind == "CODE" and not that:
        tables = {one.code_table for one in spec.fields if one.name in fields} - {""}
        that = tables.pop() if len(tables) == 1 else ""
        if not that:
            errors["that"] = [_("Name the code table.")]
    share = _number(typed["stop_share"], 100.0, lowest=0, highest=100)
    if share is None:
        errors["stop_share"] = [_("Give a percentage between 0 and 100.")]
    count = _number(typed["stop_count"], 0, lowest=0, highest=10**9)
    if count is None:
        errors["stop_count"] = [_("Write a whole number.")]
    if before is None and len(spec.quality) >= RULES_MAX:
        errors[""] = [_("A resource has 100 rules at most.")]
    rule = QualityRule(
        key=before.key if before else _new_key(spec),
        kind=kind,
        that=that,
        message=typed["message"],
        message_en=typed["message_en"],
        property=typed["property"] if typed["property"] in PROPERTIES else "",
        fields=_ordered(fields, kind),
        action=typed["action"],
        stop_share=(share if share is not None else 100) / 100,
        stop_count=int(count or 0),
        judges_empty=typed["judges_empty"],
    )
    return rule, errors


def _ordered(fields: tuple[str, ...], kind: str) -> tuple[str, ...]:
    """A check of two fields takes the identity number first, whatever the order of the resource."""
    if kind != "VALID" or len(fields) != 2:
        return fields
    return tuple(sorted(fields, key=lambda name: "id_number" not in name))


def _new_key(spec: ResourceSpec) -> str:
    taken = {rule.key for rule in spec.quality}
    return next(f"r{n}" for n in range(1, RULES_MAX + 2) if f"r{n}" not in taken)


def _number(text: str, default: float, *, lowest: float, highest: float) -> float | None:
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        return None
    return value if lowest <= value <= highest else None


def _with(spec: ResourceSpec, rule: QualityRule, before: QualityRule | None) -> ResourceSpec:
    if before is None:
        return replace(spec, quality=(*spec.quality, rule))
    kept = tuple(rule if one.key == before.key else one for one in spec.quality)
    return replace(spec, quality=kept)


def _keep(view: ResourceView, spec: ResourceSpec) -> dict[str, list[str]]:
    try:
        draft_put(view.id, spec, now=timezone.now())
    except YiwangError as error:
        return {"": [error_text(error)]}
    return {}


def _at_input(error: ContractInvalid, rule: QualityRule) -> dict[str, list[str]]:
    if error.rule != rule.key:
        return {"": [error_text(error)]}
    name = (
        "that"
        if rule.kind in {"ROW", "VALID", "ACROSS", "REFERENCE", "OVER_TIME", *BATCH_KINDS}
        else "fields"
    )
    return {name: [_("This cannot be checked: %(reason)s") % {"reason": error.reason}]}


def _own(resource_id: int) -> ResourceView:
    view = resource_for_staff(resource_id)
    if view.department_id not in context_get().department_ids:
        raise NotFound()
    return view


def _words(spec: ResourceSpec) -> dict:
    checks = [(code, _(text), TAKES.get(code, 1)) for code, text in VALIDATORS.items()]
    return {
        "kinds": [(code, _(KINDS[code])) for code in WRITTEN],
        "kind_words": {code: _(text) for code, text in KINDS.items()},
        "that_words": [(_(KINDS[code]), _(THAT[code]), code) for code in WRITTEN],
        "checks": checks,
        "actions": choices_of(ACTIONS),
        "action_words": {code: _(text) for code, text in ACTIONS.items()},
        "properties": choices_of(PROPERTIES),
        "property_words": {code: _(PROPERTIES[name]) for code, name in KIND_PROPERTY.items()},
        "field_options": [
            (one.name, f"{one.title or one.name}  {one.name}") for one in spec.fields
        ],
        "titles": {one.name: one.title or one.name for one in spec.fields},
    }
