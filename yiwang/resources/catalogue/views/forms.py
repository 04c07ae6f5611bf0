"""The form of a resource (编制表单): from a specification to inputs and back, without scripts."""

from collections.abc import Iterable, Mapping

import msgspec

from yiwang.resources.catalogue.data import FieldSpec, Problem, ResourceSpec
from yiwang.resources.catalogue.rules import spec_dump, spec_load
from yiwang.resources.catalogue.views.words import problem_text
from yiwang.sdk.errors import N_

TEXTS = (
    *("title", "title_en", "summary", "summary_en", "category", "base", "theme", "office"),
    *("system", "format", "sharing", "sharing_condition", "sharing_mode", "sharing_reason"),
    *("opening", "opening_condition", "opening_reason", "cycle", "channel", "note"),
)
LISTS = ("matters", "related")
FIELD_TEXTS = (
    "name",
    "title",
    "title_en",
    "type",
    "sharing",
    "reason",
    "code_table",
    "code_edition",
)
FIELD_NUMBERS = ("length", "level")
FIELD_FLAGS = ("is_key", "is_open")
BLANK_ROWS, ROWS_MAX = 3, 200


def typed_of(spec: ResourceSpec) -> dict:
    """Return what the form shows for a specification."""
    content = spec_dump(spec)
    typed = {name: content[name] for name in TEXTS}
    typed |= {name: " ".join(content[name]) for name in LISTS}
    typed["fields"] = [*content["fields"], *blank_rows(BLANK_ROWS if not spec.fields else 0)]
    return typed


def blank_rows(number: int) -> list[dict]:
    """Return empty field rows."""
    empty = spec_dump(ResourceSpec("", "", fields=(FieldSpec("", ""),)))["fields"][0]
    return [dict(empty, length="") for _ in range(number)]


def typed_read(post: Mapping[str, str]) -> dict:
    """Return what was typed, as it was typed; `more` adds empty rows for fields."""
    typed = {name: post.get(name, "") for name in (*TEXTS, *LISTS)}
    count = post.get("rows", "0")
    count = min(int(count), ROWS_MAX) if count.isascii() and count.isdigit() else 0
    rows = []
    for index in range(count):
        prefix = f"f{index}-"
        row = {name: post.get(prefix + name, "") for name in (*FIELD_TEXTS, *FIELD_NUMBERS)}
        row |= {name: post.get(prefix + name) == "1" for name in FIELD_FLAGS}
        rows.append(row)
    typed["fields"] = rows
    return typed


def spec_typed(typed: dict, before: ResourceSpec | None) -> tuple[ResourceSpec | None, dict]:
    """Build a specification from what was typed; else the sentences for the fields of the form.

    Rows without a name and a title are left out. Quality rules are not in the form and stay.
    """
    errors: dict[str, list[str]] = {}
    content = {name: typed[name] for name in TEXTS}
    content |= {name: typed[name].split() for name in LISTS}
    content["quality"] = spec_dump(before)["quality"] if before else []
    content["fields"] = []
    for index, row in enumerate(typed["fields"]):
        if not row["name"].strip() and not row["title"].strip():
            continue
        one = dict(row)
        for name in FIELD_NUMBERS:
            text = str(row[name]).strip() or "0"
            if not (text.isascii() and text.isdigit() and len(text) < 9):
                words = Problem((), N_("Write a whole number."))
                errors.setdefault(f"f{index}-{name}", []).append(problem_text(words))
                text = "0"
            one[name] = int(text)
        content["fields"].append(one)
    if errors:
        return None, errors
    try:
        return spec_load(content), {}
    except msgspec.ValidationError as error:
        return None, {"": [str(error)]}


def errors_of(problems: Iterable[Problem], typed: dict) -> dict[str, list[str]]:
    """Put each problem at the input it is about."""
    filled = [
        index
        for index, row in enumerate(typed["fields"])
        if str(row["name"]).strip() or str(row["title"]).strip()
    ]
    errors: dict[str, list[str]] = {}
    for problem in problems:
        path = problem.keypath
        key = str(path[0]) if path else ""
        if key == "fields" and len(path) > 2:
            key = f"f{filled[path[1]]}-{path[2]}" if path[1] < len(filled) else "fields"
        errors.setdefault(key, []).append(problem_text(problem))
    return errors
