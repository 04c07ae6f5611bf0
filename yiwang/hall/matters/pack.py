"""Reads the packs' matters/*.yaml (checks, resolves form, process and licences, puts in force) and
sample/*.yaml (made rows that their form must accept)."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from yiwang.engines.api import (
    SearchEntry,
    form_get,
    form_validate,
    process_nodes,
    search_put_many,
)
from yiwang.hall.licences.queries import licence_type_get
from yiwang.hall.matters.actions import MatterCodeTaken, matter_close, matter_put
from yiwang.hall.matters.checks import publication_problems
from yiwang.hall.matters.publishing import tables_check
from yiwang.hall.matters.queries import matter_codes_of_source
from yiwang.hall.matters.rules import FUNCTION_NAMES
from yiwang.identity.api import department_list
from yiwang.sdk.packs import (
    MatterDefinition,
    PackError,
    PackFile,
    PackProblem,
    PackSection,
    definition_load,
    matter_check,
)

TABLED = ("fee", "eligibility", "routing")
"""The parts of a matter that a decision table may decide."""


def matters_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Put every matter of a pack in force (事项装载) and close those that its files no longer have.

    Returns the code of each by the file's name; raises `PackError` with the problems of all files.
    """
    problems: list[PackProblem] = []
    found: dict[str, tuple[MatterDefinition, int, int]] = {}
    for file in section.files:
        try:
            found[file.name] = _resolved(section, file)
        except PackError as error:
            problems += error.problems
    problems += _codes_twice(section)
    if not _function_known(section.manifest.owner):
        text = f"No department has the function {section.manifest.owner} (owner)."
        problems.append(PackProblem(section.manifest.id, "pack.toml", 1, text))
    if problems:
        raise PackError(problems)
    for file in section.files:
        definition, form_version_id, process_version_id = found[file.name]
        try:
            matter_put(
                definition,
                form_version_id=form_version_id,
                process_version_id=process_version_id,
                source=section.source,
                now=now,
            )
        except MatterCodeTaken as error:
            raise PackError(file.problem(("code",), str(error))) from error
    definitions = {name: definition for name, (definition, *_) in found.items()}
    search_put_many(entry for each in definitions.values() for entry in _licence_entries(each))
    codes = {name: definition.code for name, definition in definitions.items()}
    for code in matter_codes_of_source(section.source) - set(codes.values()):
        matter_close(code, reason=f"{section.source} no longer has it", now=now)
    return dict(codes)


def samples_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Check a pack's sample rows (样例数据) against their forms; writes nothing.

    A file has `form` and `rows`: [{values: {field: value}, names: {applicant: {…}, today: date}}].
    """
    problems: list[PackProblem] = []
    for file in section.files:
        data = file.data if isinstance(file.data, dict) else {}
        rows = data.get("rows")
        if not isinstance(data.get("form"), str) or not isinstance(rows, list) or not rows:
            problems.append(file.problem((), "A sample has a form and rows."))
            continue
        try:
            version_id = _version_id(section.resolve("forms", data["form"], file, ("form",)))
        except PackError as error:
            problems += error.problems
            continue
        for index, row in enumerate(rows):
            found = form_validate(version_id, row.get("values", {}), names=row.get("names", {}))
            problems += [
                file.problem(("rows", index, "values", name), f"{name}: {' '.join(sentences)}")
                for name, sentences in found.items()
            ]
    if problems:
        raise PackError(problems)
    return {}


def _resolved(section: PackSection, file: PackFile) -> tuple[MatterDefinition, int, int]:
    """Check a file and resolve what it refers to; licence references become the types' keys."""
    problems = matter_check(file)
    if problems:
        raise PackError(problems)
    definition = definition_load(file.data)
    problems += _owners(definition, file)
    resolved: dict[tuple, object] = {}
    for sort, reference, keypath in _references(definition):
        try:
            resolved[keypath] = section.resolve(sort, reference, file, keypath)
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(problems)
    tasks = {node["id"] for node in process_nodes(_version_id(resolved["workflow",]))}
    for index, one in enumerate(definition.opinions):
        if one.step not in tasks:
            text = f"The process has no task {one.step}."
            raise PackError([file.problem(("opinions", index, "step"), text)])
    definition = _with_table_keys(definition, resolved, file)
    form_version_id = _version_id(resolved["form",])
    found = [
        *tables_check(definition, form_get(form_version_id)),
        *publication_problems(definition),
    ]
    if found:
        raise PackError([file.problem(keypath, text) for keypath, text in found])
    return (
        _with_licence_keys(definition, resolved),
        form_version_id,
        _version_id(resolved["workflow",]),
    )


def _with_table_keys(
    definition: MatterDefinition, resolved: dict, file: PackFile
) -> MatterDefinition:
    """Name the decision tables by their keys; raises `PackError` where a table has no such decision."""
    for part in TABLED:
        table = resolved.get((part, "decision"))
        if table is None:
            continue
        rule = getattr(definition, part)
        if rule.question not in table["decisions"]:
            names = ", ".join(table["decisions"])
            text = f"The table has no decision {rule.question}. It has: {names}."
            raise PackError([file.problem((part, "question"), text)])
        named = {part: dataclasses.replace(rule, decision=table["key"])}
        definition = dataclasses.replace(definition, **named)
    return definition


def _owners(definition: MatterDefinition, file: PackFile) -> list[PackProblem]:
    """Find functions that no department of a city has: mostly misspelt ones."""
    named = [(("department",), definition.department)]
    named += [
        (("branches", index, "department"), branch.department)
        for index, branch in enumerate(definition.branches)
    ]
    return [
        file.problem(keypath, f"No department has the function {function}.")
        for keypath, function in named
        if not _function_known(function)
    ]


def _function_known(function: str) -> bool:
    return function in FUNCTION_NAMES or bool(department_list(function=function))


def _licence_entries(definition: MatterDefinition) -> Iterator[SearchEntry]:
    """Let people who look for a licence find the guide of the matter that issues it."""
    keys = [*definition.result.licences, *(branch.licence for branch in definition.branches)]
    for key in filter(None, keys):
        title = licence_type_get(key).title
        yield SearchEntry(
            kind="licence_type",
            ref=key,
            title=title["zh"],
            title_en=title["en"],
            body=definition.title["zh"],
            url=reverse("hall_matters:detail", args=[definition.code]),
            weight=5,
        )


def _version_id(value: object) -> int:
    """Take the version's id out of what a reader gave: the id itself or a mapping with it."""
    return int(value["version_id"] if isinstance(value, dict) else value)


def _references(definition: MatterDefinition) -> list[tuple[str, str, tuple]]:
    found = [
        ("forms", definition.form, ("form",)),
        ("workflows", definition.workflow, ("workflow",)),
    ]
    rules = [(part, getattr(definition, part)) for part in TABLED]
    found += [
        ("decisions", rule.decision, (part, "decision"))
        for part, rule in rules
        if rule and rule.decision
    ]
    found += [
        ("licences", name, ("result", "licences", index))
        for index, name in enumerate(definition.result.licences)
    ]
    found += [
        ("licences", branch.licence, ("branches", index, "licence"))
        for index, branch in enumerate(definition.branches)
        if branch.licence
    ]
    found += [
        ("licences", material.licence_type, ("materials", index, "licence_type"))
        for index, material in enumerate(definition.materials)
        if material.licence_type
    ]
    return found


def _with_licence_keys(definition: MatterDefinition, resolved: dict) -> MatterDefinition:
    return dataclasses.replace(
        definition,
        result=dataclasses.replace(
            definition.result,
            licences=tuple(
                resolved["result", "licences", index]
                for index, _ in enumerate(definition.result.licences)
            ),
        ),
        branches=tuple(
            dataclasses.replace(
                branch, licence=resolved.get(("branches", index, "licence"), branch.licence)
            )
            for index, branch in enumerate(definition.branches)
        ),
        materials=tuple(
            dataclasses.replace(
                material,
                licence_type=resolved.get(
                    ("materials", index, "licence_type"), material.licence_type
                ),
            )
            for index, material in enumerate(definition.materials)
        ),
    )


def _codes_twice(section: PackSection) -> list[PackProblem]:
    seen: dict[str, str] = {}
    problems = []
    for file in section.files:
        code = file.data.get("code") if isinstance(file.data, dict) else None
        if code in seen:
            problems.append(file.problem(("code",), f"{seen[code]} has this code too."))
        elif code:
            seen[code] = file.path
    return problems
