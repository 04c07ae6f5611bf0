"""Reads the packs' bundles/*.yaml (一件事装载): checks them, makes the one form, puts them in force."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime

from django.urls import reverse

from yiwang.engines.api import FormInvalid, SearchEntry, form_get, form_put, search_put_many
from yiwang.hall.bundles.actions.loading import bundle_close_missing, bundle_put
from yiwang.hall.bundles.definition import (
    BundleDefinition,
    bundle_check,
    bundle_dump,
    bundle_load,
)
from yiwang.hall.bundles.union import FormPart, Shared, Union, union_make
from yiwang.hall.matters.queries import matter_get
from yiwang.sdk.packs import PackError, PackFile, PackProblem, PackSection


def bundles_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Put every bundle of a pack in force (一件事装载), close those its files no longer have.

    Returns the full key of each by the file's name; raises `PackError` with the problems of all files.
    """
    problems: list[PackProblem] = []
    found: dict[str, tuple[BundleDefinition, Union, int]] = {}
    for file in section.files:
        try:
            found[file.name] = _read(section, file, now=now)
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(problems)
    keys = {}
    for name, (definition, union, form_version_id) in found.items():
        keys[name] = section.qualified(name)
        dumped = bundle_dump(definition)
        fields = {key: [list(one) for one in sources] for key, sources in union.fields.items()}
        bundle_put(
            keys[name],
            definition=dumped,
            fields=fields,
            asked_before=union.asked_before,
            form_version_id=form_version_id,
            digest=_digest(dumped, fields, form_version_id),
            source=section.source,
            now=now,
        )
    bundle_close_missing(section.manifest.id, keep=set(keys.values()))
    search_put_many(
        _entry(keys[name], definition) for name, (definition, _union, _form) in found.items()
    )
    return dict(keys)


def _read(
    section: PackSection, file: PackFile, *, now: datetime
) -> tuple[BundleDefinition, Union, int]:
    problems = bundle_check(file)
    if problems:
        raise PackError(problems)
    definition = _resolved(section, file)
    matters = {one.key: matter_get(one.code) for one in definition.matters}
    problems = [*_applicants(file, definition, matters), *_documents(file, definition, matters)]
    union = union_make(
        f"bundle_{file.name}",
        definition.title,
        questions=definition.questions,
        parts=[
            FormPart(
                one.key,
                matters[one.key].title,
                form_get(matters[one.key].form_version_id).definition,
                always=False,
            )
            for one in definition.matters
        ],
        shared=[
            *(Shared(one.name, one.fields, one.title) for one in definition.shared),
            *_shared_forms(definition, matters),
        ],
        apart=definition.apart,
    )
    problems += [file.problem(("shared",), said) for said in union.problems]
    if problems:
        raise PackError(problems)
    key = f"{section.qualified(file.name)}_bundle"
    try:
        view = form_put(key, union.definition, source=section.source, now=now)
    except FormInvalid as error:
        raise PackError(
            [file.problem(("shared",), f"{each.path} {each.message}") for each in error.problems]
        ) from error
    return definition, union, view.version_id


def _shared_forms(definition: BundleDefinition, matters) -> list[Shared]:
    """Return the fields of a form that several matters have (同一表单): each is one question of all of them."""
    if not definition.one_form:
        return []
    said = {(part, own) for one in definition.shared for part, own in one.fields.items()}
    by_form: dict[int, list[str]] = {}
    for one in definition.matters:
        by_form.setdefault(matters[one.key].form_version_id, []).append(one.key)
    return [
        Shared(name, fields)
        for version_id, keys in by_form.items()
        if len(keys) > 1
        for name in form_get(version_id).definition["schema"]["properties"]
        if (fields := {key: name for key in keys if (key, name) not in said})
    ]


def _resolved(section: PackSection, file: PackFile) -> BundleDefinition:
    """Resolve the matters to their codes and the decision table to its key, with every problem."""
    problems: list[PackProblem] = []
    definition = bundle_load(file.data)
    matters = []
    for index, one in enumerate(definition.matters):
        try:
            place = ("matters", index, "matter")
            code = section.resolve("matters", one.matter, file, place)
            matters.append(replace(one, code=str(code)))
        except PackError as error:
            problems += error.problems
    table = definition.table
    if table:
        try:
            found = section.resolve("decisions", table, file, ("decision", "table"))
            table = found["key"]
            if definition.question not in found["decisions"]:
                text = f"The table has no decision {definition.question}."
                problems.append(file.problem(("decision", "question"), text))
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(problems)
    return replace(definition, matters=tuple(matters), table=table)


def _applicants(file: PackFile, definition: BundleDefinition, matters):
    """Find matters that the bundle's kind of applicant cannot apply for."""
    for index, one in enumerate(definition.matters):
        objects = matters[one.key].spec.service_objects
        fits = "1" in objects if definition.kind == "person" else set(objects) - {"1"}
        if not fits:
            place = ("matters", index, "matter")
            yield file.problem(place, f"{one.matter} is not for this kind of applicant.")
        if matters[one.key].form_version_id is None:
            place = ("matters", index, "matter")
            yield file.problem(place, f"{one.matter} cannot be applied for on line.")


def _documents(file: PackFile, definition: BundleDefinition, matters):
    """Find shared documents that a matter does not have, or whose kinds of file have nothing in common."""
    for index, one in enumerate(definition.documents):
        accepted = []
        for key, name in one.materials.items():
            place = ("documents", index, "materials", key)
            material = next((m for m in matters[key].materials if m.key == name), None)
            if material is None:
                yield file.problem(place, f"{key} needs no document {name}.")
            elif material.accept:
                accepted.append(set(material.accept))
        if accepted and not set.intersection(*accepted):
            place = ("documents", index)
            yield file.problem(place, "These documents have no kind of file in common.")


def _digest(definition: dict, fields: dict, form_version_id: int) -> str:
    text = json.dumps([definition, fields, form_version_id], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(key: str, definition: BundleDefinition) -> SearchEntry:
    return SearchEntry(
        kind="bundle",
        ref=key,
        title=definition.title["zh"],
        title_en=definition.title["en"],
        body=definition.summary["zh"],
        keywords=definition.aliases,
        url=reverse("hall_bundles:detail", args=[key]),
        weight=20,
    )
