"""What changed between two versions of a form (版本差异), in words.

Each change is a sentence; `harder` tells that somebody who has filled in the old version may have to
act: something was taken away, is asked for now, or is limited more.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as value_field

from yiwang.engines.forms.rules.inputs import value_text
from yiwang.sdk.errors import N_

ADDED, REMOVED, CHANGED, MOVED = "ADDED", "REMOVED", "CHANGED", "MOVED"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. field: the field that it is about, "" for the form; message with params is the sentence.

    params hold texts and {zh, en}.
    """

    kind: str
    message: str
    params: Mapping[str, object] = value_field(default_factory=dict)
    field: str = ""
    harder: bool = False


Said = Mapping[str, str]
# Keyword -> (what it is called, does a higher value make it harder to fill in: None when it cannot be said).
KEYWORDS: dict[str, tuple[Said, bool | None]] = {
    "minLength": ({"zh": "最少字数", "en": "fewest characters"}, True),
    "maxLength": ({"zh": "最多字数", "en": "most characters"}, False),
    "minimum": ({"zh": "最小值", "en": "lowest value"}, True),
    "maximum": ({"zh": "最大值", "en": "highest value"}, False),
    "exclusiveMinimum": ({"zh": "大于", "en": "more than"}, True),
    "exclusiveMaximum": ({"zh": "小于", "en": "less than"}, False),
    "minItems": ({"zh": "最少项数", "en": "fewest entries"}, True),
    "maxItems": ({"zh": "最多项数", "en": "most entries"}, False),
    "multipleOf": ({"zh": "倍数", "en": "multiple of"}, None),
    "pattern": ({"zh": "格式（正则）", "en": "pattern"}, None),
    "format": ({"zh": "格式", "en": "format"}, None),
    "const": ({"zh": "必须为", "en": "must be"}, None),
    "uniqueItems": ({"zh": "不得重复", "en": "no entry twice"}, None),
}
PROPERTIES: dict[str, Said] = {
    "widget": {"zh": "填写控件", "en": "input"},
    "prefill": {"zh": "预填来源", "en": "prefilled from"},
    "locked": {"zh": "锁定为登记数据", "en": "locked to the registry"},
    "code_table": {"zh": "代码表", "en": "code table"},
    "level": {"zh": "区划层级", "en": "level of area"},
    "accept": {"zh": "文件类型", "en": "kinds of file"},
    "max_mb": {"zh": "文件大小（MB）", "en": "size of file (MB)"},
    "autocomplete": {"zh": "浏览器自动填充", "en": "filled in by the browser"},
    "block": {"zh": "常用信息", "en": "reusable block"},
}
TEXTS: dict[str, Said] = {
    "help": {"zh": "填写说明", "en": "help"},
    "hint": {"zh": "出错提示", "en": "sentence for errors"},
}


def changes_find(old: Mapping, new: Mapping) -> list[Change]:
    """List what changed from one definition to another (差异)."""
    before, after = fields_of(old), fields_of(new)
    changes = [*_form(old, new)]
    for path in [each for each in after if each not in before]:
        required = after[path]["required"]
        changes.append(
            Change(
                ADDED,
                N_("Field added, and required: %(title)s")
                if required
                else N_("Field added: %(title)s"),
                {"title": after[path]["title"]},
                path,
                required,
            )
        )
    for path in [each for each in before if each not in after]:
        params = {"title": before[path]["title"]}
        changes.append(Change(REMOVED, N_("Field removed: %(title)s"), params, path, harder=True))
    for path in [each for each in before if each in after]:
        changes += _field(path, before[path], after[path])
    changes += _pages(old, new)
    changes += _rules(old, new)
    order = {path: place for place, path in enumerate([*after, *before])}
    return sorted(changes, key=lambda one: (one.field != "", order.get(one.field, -1)))


def fields_of(definition: Mapping) -> dict[str, dict]:
    """Return every field and cell by path: title, schema, ui, required, page."""
    schema, ui = definition.get("schema") or {}, definition.get("ui") or {}
    pages = {
        name: page
        for page in ui.get("pages") or []
        if isinstance(page, dict)
        for name in page.get("fields") or []
    }
    found: dict[str, dict] = {}
    for path, own, said, required in _walk(schema, ui.get("fields") or {}, ""):
        page = pages.get(path.partition(".")[0]) or {}
        found[path] = {
            "title": said.get("title") or {"zh": path, "en": path},
            "schema": own,
            "ui": said,
            "required": required,
            "page": page.get("key", ""),
            "page_title": page.get("title") or {},
        }
    return found


def _walk(
    schema: Mapping, ui: Mapping, prefix: str
) -> Iterator[tuple[str, Mapping, Mapping, bool]]:
    required = schema.get("required") or []
    for name, raw in (schema.get("properties") or {}).items():
        own = raw if isinstance(raw, dict) else {}
        said = ui.get(name) if isinstance(ui.get(name), dict) else {}
        yield prefix + name, own, said, name in required
        items = own.get("items")
        if not prefix and isinstance(items, dict) and items.get("type") == "object":
            yield from _walk(items, said.get("fields") or {}, f"{name}.")


def _form(old: Mapping, new: Mapping) -> Iterator[Change]:
    if old.get("title") != new.get("title"):
        params = {"before": old.get("title") or "—", "after": new.get("title") or "—"}
        yield Change(
            CHANGED, N_("The form was called %(before)s and is called %(after)s now"), params
        )
    if (old.get("block") or "") != (new.get("block") or ""):
        params = {"before": old.get("block") or "—", "after": new.get("block") or "—"}
        yield Change(CHANGED, N_("Is the reusable block %(after)s; was %(before)s"), params)


def _field(path: str, old: Mapping, new: Mapping) -> Iterator[Change]:
    title = {"title": new["title"]}
    if old["title"] != new["title"]:
        params = {"before": old["title"], "after": new["title"]}
        yield Change(CHANGED, N_("Renamed: %(before)s → %(after)s"), params, path)
    if new["required"] and not old["required"]:
        yield Change(CHANGED, N_("Required now: %(title)s"), title, path, harder=True)
    if old["required"] and not new["required"]:
        yield Change(CHANGED, N_("No longer required: %(title)s"), title, path)
    if old["schema"].get("type") != new["schema"].get("type"):
        params = {
            **title,
            "before": str(old["schema"].get("type")),
            "after": str(new["schema"].get("type")),
        }
        text = N_("%(title)s is of another type: %(before)s → %(after)s")
        yield Change(CHANGED, text, params, path, harder=True)
    for key, said in TEXTS.items():
        if (old["ui"].get(key) or {}) != (new["ui"].get(key) or {}):
            params = {
                **title,
                "part": said,
                "before": old["ui"].get(key) or "—",
                "after": new["ui"].get(key) or "—",
            }
            yield Change(CHANGED, _PART, params, path)
    yield from _limits(path, old["schema"], new["schema"], title)
    yield from _options(path, old, new, title)
    for key, said in PROPERTIES.items():
        before, after = old["ui"].get(key), new["ui"].get(key)
        if (before or "") != (after or ""):
            params = {**title, "part": said, "before": _plain(before), "after": _plain(after)}
            yield Change(CHANGED, _PART, params, path)


_PART = N_("%(title)s, %(part)s: %(before)s → %(after)s")


def _limits(path: str, old: Mapping, new: Mapping, title: Mapping) -> Iterator[Change]:
    known = {"type", "properties", "required", "items", "enum", "title", "description"}
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if key in known or before == after:
            continue
        said, rising = KEYWORDS.get(key, ({"zh": key, "en": key}, None))
        params = {**title, "part": said, "before": _plain(before), "after": _plain(after)}
        yield Change(CHANGED, _PART, params, path, _is_harder(before, after, rising))


def _is_harder(before: object, after: object, rising: bool | None) -> bool:
    if after is None or after is False:
        return False
    numbers = isinstance(before, (int, float)) and isinstance(after, (int, float))
    if rising is None or before is None or not numbers:
        return True
    return after > before if rising else after < before


def _options(path: str, old: Mapping, new: Mapping, title: Mapping) -> Iterator[Change]:
    before, after = _choices(old), _choices(new)
    for value in [each for each in before if each not in after]:
        params = {**title, "option": before[value]}
        yield Change(
            REMOVED, N_("%(title)s, choice removed: %(option)s"), params, path, harder=True
        )
    for value in [each for each in after if each not in before]:
        params = {**title, "option": after[value]}
        yield Change(ADDED, N_("%(title)s, choice added: %(option)s"), params, path)
    for value in [each for each in before if each in after]:
        if before[value] != after[value]:
            params = {**title, "before": before[value], "after": after[value]}
            text = N_("%(title)s, choice renamed: %(before)s → %(after)s")
            yield Change(CHANGED, text, params, path)
    if [*before] != [*after] and before.keys() == after.keys():
        yield Change(MOVED, N_("%(title)s: the choices stand in another order"), title, path)


def _choices(one: Mapping) -> dict[str, Said]:
    found = {}
    schema = one["schema"]
    for value in (schema.get("items") or schema).get("enum") or []:
        found[value_text(value)] = {"zh": value_text(value), "en": value_text(value)}
    listed = {}
    for each in one["ui"].get("options") or []:
        if isinstance(each, dict) and "value" in each:
            listed[value_text(each["value"])] = {
                "zh": str(each.get("zh", "")),
                "en": str(each.get("en", "")),
            }
    return listed | {key: each for key, each in found.items() if key not in listed}


def _pages(old: Mapping, new: Mapping) -> Iterator[Change]:
    before, after = _page_map(old), _page_map(new)
    for key in [each for each in after if each not in before]:
        yield Change(ADDED, N_("Page added: %(title)s"), {"title": after[key].get("title") or key})
    for key in [each for each in before if each not in after]:
        yield Change(
            REMOVED, N_("Page removed: %(title)s"), {"title": before[key].get("title") or key}
        )
    for key in [each for each in after if each in before]:
        if before[key].get("title") != after[key].get("title"):
            params = {
                "before": before[key].get("title") or key,
                "after": after[key].get("title") or key,
            }
            yield Change(CHANGED, N_("Page renamed: %(before)s → %(after)s"), params)
    if [key for key in before if key in after] != [key for key in after if key in before]:
        yield Change(MOVED, N_("The pages stand in another order"))
    yield from _places(old, new, before, after)


def _places(old: Mapping, new: Mapping, before: dict, after: dict) -> Iterator[Change]:
    was, fields = fields_of(old), fields_of(new)
    for path, each in fields.items():
        if path in was and "." not in path and was[path]["page"] != each["page"]:
            params = {"title": each["title"], "page": each["page_title"] or each["page"] or "—"}
            yield Change(MOVED, N_("%(title)s stands on the page %(page)s now"), params, path)
    for key in [each for each in after if each in before]:
        stayed = [set(one[key].get("fields") or []) for one in (before, after)]
        both = stayed[0] & stayed[1]
        orders = [[n for n in one[key].get("fields") or [] if n in both] for one in (before, after)]
        if orders[0] != orders[1]:
            params = {"page": after[key].get("title") or key}
            yield Change(
                MOVED, N_("On the page %(page)s the fields stand in another order"), params
            )


def _page_map(definition: Mapping) -> dict[str, dict]:
    pages = (definition.get("ui") or {}).get("pages") or []
    return {str(each.get("key")): each for each in pages if isinstance(each, dict)}


def _rules(old: Mapping, new: Mapping) -> Iterator[Change]:
    titles = {path: each["title"] for path, each in (fields_of(old) | fields_of(new)).items()}
    texts = {
        "conditions": (N_("Condition removed: %(rule)s"), N_("Condition added: %(rule)s")),
        "checks": (N_("Rule removed: %(rule)s"), N_("Rule added: %(rule)s")),
    }
    for part, sentences in texts.items():
        yield from _rules_between(old.get(part), new.get(part), titles, sentences)
    inside = (
        N_("Condition inside the rows of %(group)s removed: %(rule)s"),
        N_("Condition inside the rows of %(group)s added: %(rule)s"),
    )
    before, after = _row_conditions(old), _row_conditions(new)
    for group in dict.fromkeys([*before, *after]):
        own = titles | cell_titles(titles, group)
        more = {"group": titles.get(group) or {"zh": group, "en": group}}
        yield from _rules_between(before.get(group), after.get(group), own, inside, group, more)


def _rules_between(  # noqa: PLR0913 - two lists, and the words
    old: object,
    new: object,
    titles: Mapping[str, Said],
    sentences: tuple[str, str],
    field: str = "",
    more: Mapping[str, object] | None = None,
) -> Iterator[Change]:
    removed, added = sentences
    before = {_plain(one): one for one in old or []}
    after = {_plain(one): one for one in new or []}
    for key in [each for each in before if each not in after]:
        params = {"rule": rule_words(before[key], titles), **(more or {})}
        yield Change(REMOVED, removed, params, field)
    for key in [each for each in after if each not in before]:
        params = {"rule": rule_words(after[key], titles), **(more or {})}
        yield Change(ADDED, added, params, field, harder=True)


def _row_conditions(definition: Mapping) -> dict[str, list]:
    ui = (definition.get("ui") or {}).get("fields") or {}
    return {
        name: said["conditions"]
        for name, said in ui.items()
        if isinstance(said, dict) and isinstance(said.get("conditions"), list)
    }


def cell_titles(titles: Mapping[str, Said], group: str) -> dict[str, Said]:
    """Return the titles of a group's cells by their own names (列名).

    >>> cell_titles({"staff": {"zh": "人员"}, "staff.name": {"zh": "姓名"}}, "staff")
    {'name': {'zh': '姓名'}}
    """
    start = f"{group}."
    return {
        path.removeprefix(start): each for path, each in titles.items() if path.startswith(start)
    }


def rule_words(rule: object, titles: Mapping[str, Said]) -> dict[str, str]:
    """Say a condition or a check in words (规则说明), in both languages."""
    if not isinstance(rule, dict):
        return {"zh": str(rule), "en": str(rule)}
    if "that" in rule:
        message = rule.get("message") or {}
        return {
            "zh": f"须满足 {rule['that']}，否则提示“{message.get('zh', '')}”",
            "en": f"{rule['that']} must hold, else: {message.get('en', '')}",
        }
    parts = {"zh": [], "en": []}
    for key, zh, en in (
        ("show", "显示", "shows"),
        ("require", "必填", "requires"),
        ("lock", "锁定", "locks"),
    ):
        names = rule.get(key) or []
        names = [names] if isinstance(names, str) else names
        if names:
            said = [titles.get(name) or {"zh": name, "en": name} for name in names]
            parts["zh"].append(zh + "、".join(f"“{each.get('zh')}”" for each in said))
            parts["en"].append(f"{en} " + ", ".join(str(each.get("en")) for each in said))
    for name in rule.get("options") or {}:
        said = titles.get(name) or {"zh": name, "en": name}
        parts["zh"].append(f"限定“{said.get('zh')}”的选项")
        parts["en"].append(f"narrows the choices of {said.get('en')}")
    when = rule.get("when", "?")
    return {
        "zh": f"当 {when} 时，" + "，".join(parts["zh"]),
        "en": f"when {when}: " + "; ".join(parts["en"]),
    }


def _plain(value: object) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value_text(value)
