"""Edits of a form (表单编辑): each takes a definition and returns another; nothing is changed in place.

Whatever they are given, every field stands on exactly one page, and nothing refers to a field that an
edit took away. A definition is the pack's: key, title, schema, ui, conditions, checks.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy

from yiwang.sdk.errors import N_, Invalid

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
KINDS = {
    "string": {"type": "string", "maxLength": 100},
    "long": {"type": "string", "maxLength": 1000},
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer", "minimum": 0},
    "number": {"type": "number", "minimum": 0},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string", "enum": ["A", "B"]},
    "choices": {"type": "array", "uniqueItems": True, "items": {"type": "string", "enum": ["A", "B"]}},
    "file": {"type": "string"},
    "rows": {
        "type": "array",
        "maxItems": 20,
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "maxLength": 50}},
        },
    },
}  # fmt: skip
CHOICES = [
    {"value": "A", "zh": "选项一", "en": "First"},
    {"value": "B", "zh": "选项二", "en": "Second"},
]
MORE_UI = {
    "choice": {"options": CHOICES},
    "choices": {"options": CHOICES},
    "file": {"widget": "file", "accept": ["application/pdf", "image/jpeg", "image/png"]},
    "rows": {"fields": {"name": {"title": {"zh": "名称", "en": "Name"}}}},
}
TARGETS = ("show", "require", "lock")


class EditRefused(Invalid):
    """An edit makes no sense where it is asked for (不能这样修改)."""

    code = "form_edit_refused"
    message = N_("%(reason)s")


class NameUnusable(EditRefused):
    """A name that no field can have."""

    code = "form_name_unusable"
    message = N_("A name begins with a small letter and has small letters, digits and _: moved_in.")


class NameTaken(EditRefused):
    """A name that something else has."""

    code = "form_name_taken"
    message = N_("There is something of the name %(name)s already.")


class PlaceUnknown(EditRefused):
    """There is no such page, field, condition or check in the draft."""

    code = "form_place_unknown"
    message = N_("This part of the form is no longer there. Reload the page.")


class LastPage(EditRefused):
    """A form has at least one page."""

    code = "form_last_page"
    message = N_("This is the only page; a form needs one.")


def blank(key: str, title: Mapping[str, str]) -> dict:
    """Return a form that asks for nothing yet (空白表单)."""
    return {
        "key": key.rpartition(".")[2],
        "title": dict(title),
        "schema": {"type": "object", "required": [], "properties": {}},
        "ui": {
            "pages": [{"key": "main", "title": {"zh": "基本信息", "en": "Basics"}, "fields": []}],
            "fields": {},
        },
        "conditions": [],
    }


def mend(definition: object) -> dict:
    """Give a definition that was read from a file the parts that every edit counts on (补齐结构)."""
    found = deepcopy(definition) if isinstance(definition, dict) else {}
    schema = _mapping(found, "schema")
    schema.setdefault("type", "object")
    _mapping(schema, "properties")
    ui = _mapping(found, "ui")
    _mapping(ui, "fields")
    for owner, name in (
        (schema, "required"),
        (ui, "pages"),
        (found, "conditions"),
        (found, "checks"),
    ):
        if name in owner and not isinstance(owner[name], list):
            owner[name] = []
    ui["pages"] = [page for page in ui.get("pages") or [] if isinstance(page, dict)]
    return found


def _mapping(owner: dict, name: str) -> dict:
    if not isinstance(owner.get(name), dict):
        owner[name] = {}
    return owner[name]


def edit(change: Callable[..., None]) -> Callable[..., dict]:
    """Make a function that changes a definition one that returns a changed copy."""

    def changed(definition: Mapping, *args: object, **params: object) -> dict:
        result = deepcopy(dict(definition))
        change(result, *args, **params)
        return result

    changed.__doc__, changed.__name__ = change.__doc__, change.__name__
    return changed


# --- where things stand --------------------------------------------------------------------------


def part_of(definition: Mapping, path: str) -> tuple[dict, dict, str]:
    """Return (object schema, ui fields, name) that hold a field: "phone", or "staff.phone" in a group."""
    group, dot, name = path.partition(".")
    schema, fields = definition["schema"], definition["ui"]["fields"]
    if dot:
        if schema["properties"].get(group, {}).get("type") != "array":
            raise PlaceUnknown()
        schema = schema["properties"][group].get("items") or {}
        fields = fields.setdefault(group, {}).setdefault("fields", {})
    else:
        name = group
    if name not in (schema.get("properties") or {}):
        raise PlaceUnknown()
    return schema, fields, name


def page_of_field(definition: Mapping, name: str) -> int | None:
    """Return the place of the page that asks for a field."""
    for place, page in enumerate(definition["ui"]["pages"]):
        if name in (page.get("fields") or []):
            return place
    return None


def _page(definition: Mapping, key: str) -> int:
    for place, page in enumerate(definition["ui"]["pages"]):
        if page.get("key") == key:
            return place
    raise PlaceUnknown()


def _swap(items: list, place: int, by: int) -> None:
    other = place + by
    if 0 <= other < len(items):
        items[place], items[other] = items[other], items[place]


# --- pages ---------------------------------------------------------------------------------------


@edit
def page_add(definition: dict, *, key: str, title: Mapping[str, str]) -> None:
    """Add a page at the end (新增页)."""
    if not NAME.fullmatch(key):
        raise NameUnusable()
    pages = definition["ui"]["pages"]
    if any(page.get("key") == key for page in pages):
        raise NameTaken(name=key)
    pages.append({"key": key, "title": dict(title), "fields": []})


@edit
def page_change(
    definition: dict, key: str, *, title: Mapping[str, str], help_text: Mapping[str, str]
) -> None:
    """Say what a page is called (修改页)."""
    page = definition["ui"]["pages"][_page(definition, key)]
    page["title"] = dict(title)
    page.pop("help", None)
    if any(help_text.values()):
        page["help"] = dict(help_text)


@edit
def page_move(definition: dict, key: str, *, by: int) -> None:
    """Move a page up (-1) or down (1) (移动页)."""
    _swap(definition["ui"]["pages"], _page(definition, key), by)


@edit
def page_remove(definition: dict, key: str) -> None:
    """Take a page away (删除页); its fields go to the page beside it."""
    pages = definition["ui"]["pages"]
    place = _page(definition, key)
    if len(pages) == 1:
        raise LastPage()
    gone = pages.pop(place)
    beside = pages[max(0, place - 1)]
    beside["fields"] = [*(beside.get("fields") or []), *(gone.get("fields") or [])]


# --- fields --------------------------------------------------------------------------------------


@edit
def field_add(  # noqa: PLR0913 - what a new field is
    definition: dict,
    name: str,
    *,
    kind: str,
    title: Mapping[str, str],
    page: str = "",
    group: str = "",
) -> None:
    """Add a field at the end of a page (新增字段), or a cell at the end of a repeating group."""
    if not NAME.fullmatch(name):
        raise NameUnusable()
    if kind not in KINDS or (group and kind == "rows"):
        raise PlaceUnknown()
    schema, fields = definition["schema"], definition["ui"]["fields"]
    if group:
        part_of(definition, group)
        if schema["properties"][group].get("type") != "array":
            raise PlaceUnknown()
        schema = schema["properties"][group].setdefault("items", {"type": "object"})
        fields = fields.setdefault(group, {}).setdefault("fields", {})
    if name in schema.setdefault("properties", {}):
        raise NameTaken(name=name)
    schema["properties"][name] = deepcopy(KINDS[kind])
    fields[name] = {"title": dict(title), **deepcopy(MORE_UI.get(kind, {}))}
    if not group:
        place = definition["ui"]["pages"][_page(definition, page)]
        place["fields"] = [*(place.get("fields") or []), name]


@edit
def field_move(definition: dict, path: str, *, by: int) -> None:
    """Move a field up or down (移动字段): beyond the end of its page it goes to the next one."""
    schema, _fields, name = part_of(definition, path)
    if "." in path:
        names = list(schema["properties"])
        _swap(names, names.index(name), by)
        schema["properties"] = {each: schema["properties"][each] for each in names}
        return
    place = page_of_field(definition, name)
    if place is None:
        raise PlaceUnknown()
    pages = definition["ui"]["pages"]
    names = pages[place]["fields"]
    at = names.index(name)
    if 0 <= at + by < len(names):
        _swap(names, at, by)
    elif 0 <= place + by < len(pages):
        names.remove(name)
        beside = pages[place + by].setdefault("fields", [])
        beside.insert(0 if by > 0 else len(beside), name)


@edit
def field_page(definition: dict, name: str, *, page: str) -> None:
    """Move a field to the end of another page (换页)."""
    part_of(definition, name)
    target = _page(definition, page)
    place = page_of_field(definition, name)
    if place == target:
        return
    if place is not None:
        definition["ui"]["pages"][place]["fields"].remove(name)
    definition["ui"]["pages"][target].setdefault("fields", []).append(name)


@edit
def field_remove(definition: dict, path: str) -> None:
    """Take a field away (删除字段), with all that names it; expressions that speak of it stay and are told."""
    schema, fields, name = part_of(definition, path)
    del schema["properties"][name]
    if name in (schema.get("required") or []):
        schema["required"].remove(name)
    fields.pop(name, None)
    if "." in path:
        group = definition["ui"]["fields"][path.partition(".")[0]]
        group["conditions"] = _without(group.get("conditions") or [], name)
        if not group["conditions"]:
            del group["conditions"]
        return
    for page in definition["ui"]["pages"]:
        page["fields"] = [each for each in page.get("fields") or [] if each != name]
    if definition.get("conditions"):
        definition["conditions"] = _without(definition["conditions"], name)
    if definition.get("checks"):
        definition["checks"] = [one for one in definition["checks"] if one.get("field") != name]


def _without(conditions: list[dict], name: str) -> list[dict]:
    """Return conditions that no longer do anything to a field; those that do nothing at all are gone."""
    for condition in conditions:
        for target in TARGETS:
            if name in (condition.get(target) or []):
                condition[target] = [each for each in condition[target] if each != name]
        (condition.get("options") or {}).pop(name, None)
    return [one for one in conditions if _has_targets(one)]


def _has_targets(condition: Mapping) -> bool:
    return any(condition.get(each) for each in (*TARGETS, "options"))


# --- conditions and checks -----------------------------------------------------------------------


def rules_of(definition: Mapping, kind: str) -> list[dict]:
    """Return the rules of a kind (规则): "conditions", "checks", or "rows.<group>" for those inside its rows."""
    if kind in ("conditions", "checks"):
        return definition.get(kind) or []
    group = _group_ui(definition, kind)
    return group.get("conditions") or []


def _group_ui(definition: Mapping, kind: str) -> dict:
    name = kind.removeprefix("rows.")
    own = definition["schema"]["properties"].get(name) or {}
    if not kind.startswith("rows.") or (own.get("items") or {}).get("type") != "object":
        raise PlaceUnknown()
    return definition["ui"]["fields"].setdefault(name, {})


@edit
def condition_put(
    definition: dict, place: int | None, *, kind: str = "conditions", **parts: object
) -> None:
    """Write a condition (条件): when, show, require, lock; place None adds one at the end.

    kind: "conditions" of the form, or "rows.<group>" inside the rows of a group.
    """
    owner = definition if kind == "conditions" else _group_ui(definition, kind)
    conditions = owner.setdefault("conditions", [])
    kept = {} if place is None else dict(_at(conditions, place))
    new = {key: value for key, value in {**kept, **parts}.items() if value}
    if place is None:
        conditions.append(new)
    else:
        conditions[place] = new


@edit
def check_put(
    definition: dict, place: int | None, *, that: str, field: str, message: Mapping[str, str]
) -> None:
    """Write a rule across fields (校验规则); place None adds one at the end."""
    checks = definition.setdefault("checks", [])
    new = {"that": that, "field": field, "message": dict(message)}
    if place is None:
        checks.append(new)
    else:
        _at(checks, place)
        checks[place] = new


@edit
def rule_remove(definition: dict, kind: str, place: int) -> None:
    """Take a condition or a check away (删除规则). kind: as `rules_of`."""
    rules = rules_of(definition, kind)
    _at(rules, place)
    del rules[place]
    if not rules and kind.startswith("rows."):
        del _group_ui(definition, kind)["conditions"]


@edit
def title_put(definition: dict, title: Mapping[str, str], *, block: str = "") -> None:
    """Say what the form is called (表单名称), and which reusable block it is, if any."""
    definition["title"] = dict(title)
    definition.pop("block", None)
    if block:
        definition["block"] = block


def _at(rules: list, place: int) -> dict:
    if not 0 <= place < len(rules):
        raise PlaceUnknown()
    return rules[place]
