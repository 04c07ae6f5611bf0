"""Writing a form (编写表单): its outline with buttons to move things, and a page for each part."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.engines.formdesigner import actions, queries
from yiwang.engines.formdesigner.data import FormDraftChanged, FormDraftView, FormUnknown
from yiwang.engines.formdesigner.queries import DESIGN, PUBLISH
from yiwang.engines.formdesigner.rules import edits
from yiwang.engines.formdesigner.rules.difference import cell_titles, fields_of, rule_words
from yiwang.engines.formdesigner.rules.properties import (
    COUNTS,
    LIMITS_OF,
    FieldInvalid,
    field_change,
    field_texts,
)
from yiwang.engines.formdesigner.views.parts import finding_rows, number_of, place_href, said
from yiwang.engines.formdesigner.words import FORMAT_WORDS, KIND_WORDS, TYPE_WORDS, WIDGET_WORDS
from yiwang.engines.forms.registry import prefill_sources
from yiwang.identity.api import allow
from yiwang.kernel.api import choices_of, context_get, error_text, flash, localized, render

Edit = Callable[[dict], dict]


def _changed(request: HttpRequest, key: str, change: Edit, what: str) -> FormDraftView | None:
    """Make one edit; what it refuses is said on the next page, and None is returned."""
    revision = number_of(request.POST.get("revision", ""))
    try:
        return actions.form_draft_change(
            key, change=change, what=what, revision=revision, now=timezone.now()
        )
    except (edits.EditRefused, FormDraftChanged) as error:
        flash(request, "danger", error_text(error))
        return None


def _texts(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.POST.get(name, "").strip()[:2000] for name in names}


def _both(request: HttpRequest, name: str) -> dict[str, str]:
    return {each: request.POST.get(f"{name}_{each}", "").strip()[:400] for each in ("zh", "en")}


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Show the whole draft with buttons to move, add and remove (设计). POST makes one edit."""
    if request.method == "POST" and request.POST.get("do", "open") == "open":
        actions.form_draft_open(key, now=timezone.now())
        return redirect("engines_formdesigner:draft", key)
    if request.method == "POST":
        return _edit(request, key)
    view = queries.draft_get(key)
    fields = fields_of(view.definition)
    titles = {path: each["title"] for path, each in fields.items()}
    cells = {
        path: [each for each in fields if each.startswith(f"{path}.")]
        for path, one in fields.items()
        if one["schema"].get("type") == "array"
        and one["schema"].get("items", {}).get("type", "object") == "object"
    }
    names = {
        "key": key,
        "draft": view,
        "fields": fields,
        "cells": cells,
        "row_rules": {
            path: [
                rule_words(one, titles | cell_titles(titles, path))
                for one in edits.rules_of(view.definition, f"rows.{path}")
            ]
            for path, own in cells.items()
            if own
        },
        "pages": view.definition["ui"]["pages"],
        "conditions": [rule_words(one, titles) for one in view.definition.get("conditions") or []],
        "checks": [rule_words(one, titles) for one in view.definition.get("checks") or []],
        "kinds": choices_of(KIND_WORDS),
        "types": {code: _(text) for code, text in TYPE_WORDS.items()},
        "findings": finding_rows(key, queries.draft_check(view.definition)),
        "may_publish": context_get().may(PUBLISH),
    }
    return render(request, "engines/formdesigner/draft.html", names)


def _edit(request: HttpRequest, key: str) -> HttpResponseRedirect:
    """Make the edit of a button: "field_up:phone", "page_remove:main", "field_add:main"."""
    name, _colon, place = request.POST["do"].partition(":")
    at = reverse("engines_formdesigner:draft", args=[key])
    if name in ("field_add", "cell_add"):
        return _field_add(request, key, at, name=name, place=place)
    if name == "page_add":
        new, title = request.POST.get("new_page", "").strip(), _both(request, "new_page_title")
        change: Edit = lambda one: edits.page_add(one, key=new, title=title)  # noqa: E731
        made = _changed(request, key, change, name)
        return redirect(f"{at}#page-{new}" if made else at)
    simple = _moves(place).get(name)
    if simple is None:
        raise FormUnknown()
    _changed(request, key, simple, name)
    anchor = "page" if name.startswith("page") else "field"
    return redirect(f"{at}#{anchor}-{place}" if name.endswith(("_up", "_down")) else at)


def _moves(place: str) -> dict[str, Edit]:
    number = int(place) if place.isdecimal() and len(place) < 5 else -1
    group, _dot, last = place.rpartition(".")
    inner = int(last) if last.isdecimal() and len(last) < 5 else -1
    return {
        "field_up": lambda one: edits.field_move(one, place, by=-1),
        "field_down": lambda one: edits.field_move(one, place, by=1),
        "field_remove": lambda one: edits.field_remove(one, place),
        "page_up": lambda one: edits.page_move(one, place, by=-1),
        "page_down": lambda one: edits.page_move(one, place, by=1),
        "page_remove": lambda one: edits.page_remove(one, place),
        "condition_remove": lambda one: edits.rule_remove(one, "conditions", number),
        "check_remove": lambda one: edits.rule_remove(one, "checks", number),
        "row_remove": lambda one: edits.rule_remove(one, f"rows.{group}", inner),
    }


def _field_add(
    request: HttpRequest, key: str, at: str, *, name: str, place: str
) -> HttpResponseRedirect:
    prefix = f"new_{place}"
    new = request.POST.get(f"{prefix}_name", "").strip()
    kind, title = request.POST.get(f"{prefix}_kind", "string"), _both(request, f"{prefix}_title")
    where = {"group": place} if name == "cell_add" else {"page": place}
    change: Edit = lambda one: edits.field_add(one, new, kind=kind, title=title, **where)  # noqa: E731
    if not _changed(request, key, change, name):
        return redirect(at)
    path = f"{place}.{new}" if name == "cell_add" else new
    return redirect("engines_formdesigner:field", key, path)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, key: str) -> HttpResponse:
    """Say what the form is called (表单名称)."""
    view = queries.draft_get(key)
    if request.method == "POST":
        title, block = _both(request, "title"), request.POST.get("block", "").strip()[:40]
        change: Edit = lambda one: edits.title_put(one, title, block=block)  # noqa: E731
        _changed(request, key, change, "title_put")
        return redirect("engines_formdesigner:draft", key)
    names = {"key": key, "draft": view, "block": view.definition.get("block") or ""}
    return render(request, "engines/formdesigner/form.html", names)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, key: str, page: str) -> HttpResponse:
    """Say what a page is called (页)."""
    view = queries.draft_get(key)
    found = next((one for one in view.definition["ui"]["pages"] if one.get("key") == page), None)
    if found is None:
        raise FormUnknown()
    if request.method == "POST":
        title, help_text = _both(request, "title"), _both(request, "help")
        change: Edit = lambda one: edits.page_change(one, page, title=title, help_text=help_text)  # noqa: E731
        _changed(request, key, change, "page_change")
        return redirect(reverse("engines_formdesigner:draft", args=[key]) + f"#page-{page}")
    names = {"key": key, "draft": view, "page": found}
    return render(request, "engines/formdesigner/page.html", names)


FIELD_TEXTS = (
    "title_zh", "title_en", "help_zh", "help_en", "hint_zh", "hint_en", "format", "pattern", "widget",
    "code_table", "prefill", "block", "autocomplete", "level", "accept", "max_mb", "options",
)  # fmt: skip


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: HttpRequest, key: str, path: str) -> HttpResponse:
    """Say what one field asks for and how (字段)."""
    view = queries.draft_get(key)
    try:
        texts = field_texts(view.definition, path)
    except edits.PlaceUnknown:
        raise FormUnknown() from None
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        posted = {**_texts(request, *FIELD_TEXTS, *COUNTS)}
        posted |= {name: request.POST.get(name) == "1" for name in ("required", "locked")}
        target = request.POST.get("page", "")
        texts = {**texts, **posted}
        try:
            if _changed(request, key, _field_edit(path, posted, target), "field_change"):
                return redirect(
                    reverse("engines_formdesigner:draft", args=[key]) + f"#field-{path}"
                )
        except FieldInvalid as error:
            errors = {name: [said(*each)] for name, each in error.errors.items()}
    definition = view.definition
    place = edits.page_of_field(definition, path)
    names = {
        "key": key,
        "draft": view,
        "path": path,
        "texts": texts,
        "errors": errors,
        "limits": LIMITS_OF.get(str(texts["type"]), ()),
        "page": definition["ui"]["pages"][place]["key"] if place is not None else "",
        "pages": [(one.get("key"), localized(one.get("title") or {})) for one in definition["ui"]["pages"]],
        "formats": choices_of(FORMAT_WORDS),
        "widgets": choices_of(WIDGET_WORDS),
        "prefills": _prefills(path),
        "type_word": _(TYPE_WORDS.get(str(texts["type"]), "text")),
        "findings": [
            one
            for one in finding_rows(key, queries.draft_check(definition))
            if one["place"] == path
        ],
    }  # fmt: skip
    return render(request, "engines/formdesigner/field.html", names, status=422 if errors else 200)


def _prefills(path: str) -> list[tuple[str, str]]:
    """Return what may fill a field: registries, licences, the same field of the last granted case."""
    known = [
        (one.name, f"{localized(one.title)} ({one.name})") for one in prefill_sources().values()
    ]
    return [*known, (f"earlier.{path}", _("What the last granted application said here"))]


def _field_edit(path: str, posted: dict, target: str) -> Edit:
    def change(one: dict) -> dict:
        changed = field_change(one, path, posted)
        return (
            edits.field_page(changed, path, page=target) if target and "." not in path else changed
        )

    return change


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, key: str, kind: str, place: str) -> HttpResponse:
    """Write a condition or a rule across fields (条件与校验规则); place "new" adds one.

    kind: conditions, checks, or rows.<group> for a condition inside the rows of a group (行内条件).
    """
    view = queries.draft_get(key)
    try:
        rules = edits.rules_of(view.definition, kind)
    except edits.PlaceUnknown:
        raise FormUnknown() from None
    number = int(place) if place.isdecimal() and len(place) < 5 else None
    if place != "new" and (number is None or number >= len(rules)):
        raise FormUnknown()
    if request.method == "POST":
        _changed(request, key, _rule_edit(request, kind, number), f"{kind}_put")
        anchor = f"field-{kind[5:]}" if kind.startswith("rows.") else kind
        return redirect(reverse("engines_formdesigner:draft", args=[key]) + f"#{anchor}")
    fields = fields_of(view.definition)
    group = kind.removeprefix("rows.") if kind.startswith("rows.") else ""
    names = {
        "key": key,
        "draft": view,
        "kind": kind,
        "place": place,
        "rule": rules[number] if number is not None else {},
        "group": localized(fields[group]["title"]) if group else "",
        "fields": _targets(fields, group),
        "findings": [
            one
            for one in finding_rows(key, queries.draft_check(view.definition))
            if one["place"] == f"{kind}:{place}"
        ],
        "back": place_href(key, ""),
    }
    return render(request, "engines/formdesigner/rule.html", names)


def _targets(fields: dict[str, dict], group: str) -> list[tuple[str, str]]:
    """Return what a rule may be about: the form's fields, or the cells of a group."""
    own = {path.partition(".")[::2]: each for path, each in fields.items()}
    return [
        (last or first, f"{localized(each['title'])} ({last or first})")
        for (first, last), each in own.items()
        if (first == group and last if group else not last)
    ]


def _rule_edit(request: HttpRequest, kind: str, number: int | None) -> Edit:
    if kind == "checks":
        parts = _texts(request, "that", "field")
        message = _both(request, "message")
        return lambda one: edits.check_put(one, number, **parts, message=message)
    when = request.POST.get("when", "").strip()[:2000]
    targets = {name: request.POST.getlist(name)[:300] for name in edits.TARGETS}
    if kind != "conditions":
        del targets["lock"]  # nothing in a row comes from a registry
    return lambda one: edits.condition_put(one, number, kind=kind, when=when, **targets)
