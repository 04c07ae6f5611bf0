"""Pages of decision tables (决策表): what is in force, what a version says, and trying it."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from yiwang.engines.decisions.data import FINDINGS, DecisionModelUnknown, DecisionModelView
from yiwang.engines.decisions.queries import (
    decision_evaluate,
    decision_input_list,
    decision_model_get,
    decision_model_list,
    decision_model_versions,
    decision_model_xml,
    decision_sheet_list,
)
from yiwang.engines.decisions.sheets import Sheet
from yiwang.identity.api import allow
from yiwang.kernel.api import render
from yiwang.sdk.errors import N_

READ = "engines.decisions.read"
MAX_TYPED = 2000
KINDS = {
    "string": N_("text"),
    "number": N_("A number"),
    "boolean": N_("true or false"),
    "date": N_("a day: 2026-11-21"),
}
POLICIES = {
    "UNIQUE": N_("One rule answers (unique)"),
    "ANY": N_("Rules that answer agree (any)"),
    "FIRST": N_("The first rule that fits answers (first)"),
    "PRIORITY": N_("The most important answer holds (priority)"),
    "COLLECT": N_("All answers together (collect)"),
    "RULE ORDER": N_("All answers, in the order of the rules (rule order)"),
    "OUTPUT ORDER": N_("All answers, the most important first (output order)"),
}
_OTHERS = "other than "


@require_GET
@allow(populations={"STAFF"}, permission=READ)
def models(request: HttpRequest) -> HttpResponse:
    """List the decision models in force (在用决策表)."""
    names = {"models": decision_model_list()}
    return render(request, "engines/decisions/list.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=READ)
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a version as it is written, with its findings, and try it with what was typed (试算)."""
    view = decision_model_get(key, number=_number(request, key))
    inputs, sheets = decision_input_list(view), decision_sheet_list(view)
    typed = {name: request.GET.get(f"in-{name}", "")[:MAX_TYPED] for name, _kind in inputs}
    asked = request.GET.get("decision", "")
    tried = _tried(view, asked, typed) if asked in view.decisions else None
    return render(
        request,
        "engines/decisions/detail.html",
        {
            "model": view,
            "versions": decision_model_versions(key),
            "sheets": sheets,
            "inputs": inputs,
            "titles": input_titles(sheets),
            "kinds": KINDS,
            "policies": POLICIES,
            "where_text": where_text,
            "typed": typed,
            "asked": asked or next(reversed(view.decisions), ""),
            "decision_options": [(name, name) for name in view.decisions],
            "tried": tried,
            "fired": {one["table"]: one["rules"] for one in tried.fired} if tried else {},
            "result": json.dumps(tried.value, ensure_ascii=False) if tried else "",
            "finding_words": FINDINGS,
        },
    )


@require_GET
@allow(populations={"STAFF"}, permission=READ)
def download(request: HttpRequest, key: str) -> HttpResponse:
    """Hand out a version as a DMN file (下载)."""
    view = decision_model_get(key, number=_number(request, key))
    xml = decision_model_xml(key, number=view.number)
    response = HttpResponse(xml, content_type="application/xml")
    name = f"{key}-v{view.number}.dmn"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def input_titles(sheets: list[Sheet]) -> dict[str, str]:
    """Return what the tables call the names that they ask for (输入名称), by name."""
    return {
        name: title
        for sheet in sheets
        for name, title in zip(sheet.expressions, sheet.inputs, strict=True)
    }


def where_text(where: list[str]) -> str:
    """Say for which values of its inputs a finding holds (检查结果所在), in the language of the page."""
    return " | ".join(" … ".join(map(_segment_text, text.split(" … "))) for text in where)


def _segment_text(text: str) -> str:
    if not text.startswith(_OTHERS):
        return gettext("any value") if text == "-" else text
    return gettext("other than %(values)s") % {"values": text.removeprefix(_OTHERS)}


def _number(request: HttpRequest, key: str) -> int | None:
    text = request.GET.get("version", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise DecisionModelUnknown(key=key)
    return int(text)


def _tried(view: DecisionModelView, asked: str, typed: dict[str, str]):
    inputs = {name: value_of_text(text) for name, text in typed.items() if text.strip()}
    return decision_evaluate(view.key, asked, inputs, number=view.number)


def value_of_text(text: str) -> object:
    """Read what somebody typed: JSON where it is JSON (a number, true, a list), else the text itself.

    >>> value_of_text("18"), value_of_text("true"), value_of_text("2026-01-01")
    (18, True, '2026-01-01')
    """
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text.strip()
