"""Reads the packs' datasets/*.yaml (应用包数据集): each becomes a draft of the pack's owner.

key: elder_card_holders
title: {zh: 老年人优待证持证人, en: Holders of the senior citizen card}
summary: {zh: …, en: …}
category: DEPARTMENT                       # BASE with base:, THEME
theme: 社会救助
cycle: DAILY
sharing: {type: 2, condition: …, mode: API}          # 3 with reason: 《…》第…条
open: {type: CLOSED, reason: …}
matters: ["322014001000"]
keys: [card_number]
fields:
  - {name: card_number, title: {zh: 证件编号, en: Card number}, type: C, length: 40, level: 2}
quality:
  - {key: of_age, that: years_between(birth_date, issue_date) >= 60, message: {zh: …, en: …}}
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from yiwang.identity.api import DepartmentView, department_list
from yiwang.kernel.api import action, audit_record
from yiwang.resources.catalogue.actions.resources import (
    draft_write,
    resource_insert,
    spec_problems,
)
from yiwang.resources.catalogue.data import Problem, ResourceSpec
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.rules import spec_load
from yiwang.sdk.expressions import ExpressionError
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.packs import PackError, PackFile, PackProblem, PackSection

_KEYS = frozenset(
    "key title summary category base theme cycle format sharing open matters keys fields quality "
    "office system channel note related".split()
)
_NEEDED = ("key", "title", "summary", "sharing", "open", "cycle", "fields")
_FIELD_KEYS = frozenset(
    "name title type length level sharing reason open code_table code_edition".split()
)
_PLAIN = ("category", "base", "theme", "cycle", "format", "office", "system", "channel", "note")
# Where a value stands in the file, by where it stands in the specification.
_PLACES = {
    "sharing": ("sharing", "type"),
    "sharing_condition": ("sharing", "condition"),
    "sharing_mode": ("sharing", "mode"),
    "sharing_reason": ("sharing", "reason"),
    "opening": ("open", "type"),
    "opening_condition": ("open", "condition"),
    "opening_reason": ("open", "reason"),
}


def datasets_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Register a pack's datasets (数据集登记) as drafts of its owner; returns their codes by name.

    What a pack says differently later becomes a revision; a person of the department submits it.
    Raises `PackError` with file and line of everything that is wrong.
    """
    problems: list[PackProblem] = []
    found: dict[str, ResourceSpec] = {}
    for file in section.files:
        spec, wrong = dataset_parse(file)
        problems += wrong
        if spec is not None:
            problems += [file.problem(_place(one), str(one)) for one in spec_problems(spec)]
            found[file.name] = spec
    if problems:
        raise PackError(problems)
    department = next(iter(department_list(level="CITY", function=section.manifest.owner)), None)
    return {
        name: _dataset_put(section, name, spec, department=department, now=now)
        for name, spec in found.items()
    }


@action("resources.catalogue.dataset_put", permission="resources.catalogue.register")
def _dataset_put(
    section: PackSection,
    name: str,
    spec: ResourceSpec,
    *,
    department: DepartmentView | None,
    now: datetime,
) -> str:
    reference = section.qualified(name)
    row = Resource.objects.select_for_update().filter(pack_ref=reference).first()
    if row is None:
        view = resource_insert(
            spec,
            department=department,
            function=section.manifest.owner,
            source=f"pack:{section.manifest.id}",
            accounts=[],
            pack_ref=reference,
        )
        return view.code
    if row.department_id is None and department is not None:
        Resource.objects.filter(pk=row.pk).update(
            department_id=department.id, area_code=department.area_code
        )
    if row.state == Resource.State.WITHDRAWN_SUBMITTED:
        audit_record(f"resource:{row.code}", detail={"left": "its withdrawal waits for review"})
        return row.code
    return draft_write(row, spec).code


def dataset_parse(file: PackFile) -> tuple[ResourceSpec | None, list[PackProblem]]:
    """Read one datasets file (数据集文件): its specification, or what is wrong with it."""
    problems = list(_shape_problems(file))
    if problems:
        return None, problems
    content = file.data
    try:
        return spec_load(_content(content)), []
    except msgspec.ValidationError as error:
        return None, [file.problem((), str(error))]


def _shape_problems(file: PackFile) -> Iterator[PackProblem]:
    content = file.data
    if not isinstance(content, dict):
        yield file.problem((), "A dataset is a mapping.")
        return
    for key in content.keys() - _KEYS:
        yield file.problem((key,), f"The key {key} is not known.")
    for key in _NEEDED:
        if key not in content:
            yield file.problem((), f"The key {key} is missing.")
    if content.get("key") != file.name:
        yield file.problem(("key",), f"key must be the file's name, {file.name}.")
    for key in ("title", "summary"):
        if key in content and not _is_text(content[key]):
            yield file.problem((key,), f"{key} needs zh and en.")
    for key in ("sharing", "open"):
        if key in content and not isinstance(content[key], dict):
            yield file.problem((key,), f"{key} is a mapping with type.")
    yield from _fields_problems(file, content)
    yield from _quality_problems(file, content)


def _fields_problems(file: PackFile, content: dict) -> Iterator[PackProblem]:
    fields = content.get("fields", [])
    if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
        yield file.problem(("fields",), "fields is a list of mappings.")
        return
    for index, one in enumerate(fields):
        for key in one.keys() - _FIELD_KEYS:
            yield file.problem(("fields", index), f"The key {key} is not known.")
        if not _is_text(one.get("title")):
            yield file.problem(("fields", index), "A field's title needs zh and en.")
    names = {one.get("name") for one in fields}
    for index, key in enumerate(content.get("keys") or []):
        if key not in names:
            yield file.problem(("keys", index), f"No field is called {key}.")


def _quality_problems(file: PackFile, content: dict) -> Iterator[PackProblem]:
    for index, rule in enumerate(content.get("quality") or []):
        if not isinstance(rule, dict) or not rule.get("key") or not rule.get("that"):
            yield file.problem(("quality", index), "A rule has key and that.")
            continue
        try:
            expression_compile(str(rule["that"]))
        except ExpressionError as error:
            yield file.problem(("quality", index, "that"), str(error))


def _content(content: dict) -> dict:
    sharing, opening = content["sharing"], content["open"]
    found = {name: str(content[name]) for name in _PLAIN if name in content}
    found |= {
        "title": content["title"]["zh"],
        "title_en": content["title"]["en"],
        "summary": content["summary"]["zh"],
        "summary_en": content["summary"]["en"],
        "sharing": str(sharing.get("type", "")),
        "sharing_condition": sharing.get("condition", ""),
        "sharing_mode": sharing.get("mode", ""),
        "sharing_reason": sharing.get("reason", ""),
        "opening": opening.get("type", ""),
        "opening_condition": opening.get("condition", ""),
        "opening_reason": opening.get("reason", ""),
        "matters": [str(code) for code in content.get("matters") or []],
        "related": content.get("related") or [],
        "fields": [_field(one, content.get("keys") or []) for one in content["fields"]],
        "quality": [
            {
                "key": rule["key"],
                "that": str(rule["that"]),
                "message": (rule.get("message") or {}).get("zh", ""),
            }
            for rule in content.get("quality") or []
        ],
    }
    return found


def _field(one: dict, keys: list[str]) -> dict:
    found = {name: one[name] for name in ("length", "level") if name in one}
    texts = ("name", "type", "sharing", "reason", "code_table", "code_edition")
    found |= {name: str(one[name]) for name in texts if name in one}
    return found | {
        "title": one["title"]["zh"],
        "title_en": one["title"]["en"],
        "is_open": bool(one.get("open", False)),
        "is_key": one.get("name") in keys,
    }


def _place(problem: Problem) -> tuple[str | int, ...]:
    """Return where in the file a problem of the specification stands."""
    head = problem.keypath[0] if problem.keypath else ""
    if head in _PLACES:
        return _PLACES[head]
    return tuple("open" if part == "is_open" else part for part in problem.keypath)


def _is_text(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("zh")) and bool(value.get("en"))
