"""Who somebody is by number and name (核验身份): the registry says yes or no, audited whatever it answers."""

from dataclasses import replace
from datetime import datetime

from yiwang.kernel.api import context_get, context_system, context_use
from yiwang.resources.api import (
    NotInRegistry,
    enterprise_get,
    person_ref_by_id_number,
    person_verify,
)
from yiwang.sdk.identifiers import id_number_valid, normalise, uscc_valid

CHECK = "resources.registries.check"


def number_is_sound(kind: str, number: str) -> bool:
    """Tell whether a number can be one of a document (号码格式): pure arithmetic, nothing is looked up."""
    return id_number_valid(number) if kind == "person" else uscc_valid(number)


def person_identify(number: str, name: str, *, purpose: str, now: datetime, phone: str = "") -> str:
    """Return the subject of whom the population registry confirms number and name (核验自然人), else "".

    phone: confirmed too, if given. Counted by account and minute. Who asks needs no general right to verify
    anybody: a purpose is stated, and the person concerned sees it with who asked. No value of the person is read.
    """
    number, name = normalise(number), name.strip()
    if not id_number_valid(number) or not name:
        return ""
    context = context_get()
    # A citizen may verify nobody; the machine does, in their name, and keeps the answer to itself.
    population = context.population if context.population == "STAFF" else "SYSTEM"
    asking = replace(context, permissions=context.permissions | {CHECK}, population=population)
    with context_use(asking):
        answers = person_verify(number, {"name": name, "phone": phone}, purpose=purpose, now=now)
    if not all(answers.values()):
        return ""
    with context_use(context_system(purpose)):
        return f"person:{person_ref_by_id_number(number)}"


def subject_identify(kind: str, number: str, name: str, *, purpose: str, now: datetime) -> str:
    """Return the subject of a kind with this number and name (核验主体), "" when the registry does not confirm it."""
    if kind == "person":
        return person_identify(number, name, purpose=purpose, now=now)
    try:
        found = enterprise_get(normalise(number))
    except NotInRegistry:
        return ""
    return f"enterprise:{found.uscc}" if found.name == name.strip() else ""
