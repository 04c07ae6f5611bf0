"""Reads the section licences/*.yaml of a pack: one type of licence (证照类型) a file."""

import re
from datetime import datetime

from yiwang.hall.licences.actions import licence_type_put
from yiwang.sdk.packs import PackError, PackFile, PackProblem, PackSection

HOLDERS = {"person": "PERSON", "enterprise": "ENTERPRISE"}
TEMPLATES = {
    "card": "CARD",
    "landscape": "CARD",
    "certificate": "CERTIFICATE",
    "portrait": "CERTIFICATE",
}
_NEEDED = frozenset({"title", "type_code", "holder", "fields", "template", "legal_basis"})
_KNOWN = _NEEDED | {"key", "validity", "is_made"}
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}\Z")


def licences_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Store the licence types of a pack; returns the full key by the file's name.

    Raises `PackError` with file and line for everything that is wrong, before anything is stored.
    """
    if problems := [problem for file in section.files for problem in licence_check(file)]:
        raise PackError(problems)
    return {
        file.name: licence_type_put(
            section.qualified(file.name), _definition(file.data), source=section.source, now=now
        ).key
        for file in section.files
    }


def licence_check(file: PackFile) -> list[PackProblem]:
    """List what is wrong with a licence type (证照类型校验), each with its line."""
    data = file.data
    if not isinstance(data, dict):
        return [file.problem((), "A licence type is a mapping of keys.")]
    problems = [
        file.problem((), f"The key {name} is missing.") for name in sorted(_NEEDED - data.keys())
    ]
    problems += [
        file.problem((name,), f"The key {name} is not known here.")
        for name in sorted(data.keys() - _KNOWN)
    ]
    if problems:
        return problems
    return [
        file.problem(path, sentence)
        for path, sentence, is_right in (*_head_checks(file), *_field_checks(data["fields"]))
        if not is_right
    ]


def _head_checks(file: PackFile) -> list[tuple]:
    data = file.data
    years = (data.get("validity") or {}).get("years") if _is_validity(data) else 0
    basis = data["legal_basis"]
    return [
        (("key",), "The key must be the file's name.", data.get("key", file.name) == file.name),
        (("title",), "A title needs zh and en.", _is_text(data["title"])),
        (
            ("type_code",),
            "A type code has 21 characters: the USCC of the authority that defines it, and 3.",
            isinstance(data["type_code"], str) and bool(_TYPE_CODE.match(data["type_code"])),
        ),
        (("holder",), "The holder is person or enterprise.", data["holder"] in HOLDERS),
        (
            ("template",),
            "The template is card (landscape) or certificate (portrait).",
            data["template"] in TEMPLATES,
        ),
        (
            ("validity",),
            "The validity is null or {years: N} with N from 1 to 100.",
            years is None or (isinstance(years, int) and 1 <= years <= 100),
        ),
        (
            ("legal_basis",),
            "The legal basis lists at least one {title: {zh, en}, article}.",
            isinstance(basis, list)
            and bool(basis)
            and all(isinstance(entry, dict) and _is_text(entry.get("title")) for entry in basis),
        ),
    ]


def _field_checks(fields: object) -> list[tuple]:
    if not isinstance(fields, list) or not fields:
        return [(("fields",), "A licence shows at least one field.", False)]
    checks = []
    seen: set[object] = set()
    for index, field in enumerate(fields):
        path = ("fields", index)
        is_whole = isinstance(field, dict) and field.keys() == {"name", "title", "from"}
        checks.append((path, "A field has name, title and from.", is_whole))
        if not is_whole:
            continue
        checks.append(((*path, "title"), "A title needs zh and en.", _is_text(field["title"])))
        checks.append(((*path, "name"), "The field appears twice.", field["name"] not in seen))
        seen.add(field["name"])
    return checks


def _is_validity(data: dict) -> bool:
    validity = data.get("validity")
    return validity is None or (isinstance(validity, dict) and validity.keys() == {"years"})


def _is_text(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("zh")) and bool(value.get("en"))


def _definition(data: dict) -> dict:
    return {
        "title": data["title"],
        "type_code": data["type_code"],
        "holder": HOLDERS[data["holder"]],
        "validity_years": (data.get("validity") or {}).get("years"),
        "fields": data["fields"],
        "template": TEMPLATES[data["template"]],
        "legal_basis": data["legal_basis"],
    }
