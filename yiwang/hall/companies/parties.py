"""Who has to confirm a registration (签署方): shareholders and officers, as the registries know them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.api import (
    NotInRegistry,
    enterprise_get,
    person_ref_by_id_number,
    person_values,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import id_number_valid, normalise, uscc_valid

PURPOSE = "核验公司登记签署方"
UNKNOWN = N_(
    "%(name)s is not in the city's registry under this number, so they cannot confirm on line."
)
NAME_WRONG = N_("The registry has another name under the number given for %(name)s.")
NUMBER_WRONG = N_("The number given for %(name)s is neither an identity number nor a credit code.")


@dataclass(slots=True)
class Party:
    """A person or an enterprise with all parts it has in the company (签署方)."""

    subject_ref: str
    name: str
    roles: list[str] = field(default_factory=list)


def parties_of(content: Mapping) -> tuple[list[Party], dict[str, list[str]]]:
    """Return who has to confirm, and what is wrong by field, with the sentences (核验签署方).

    Everybody is looked up in the registries by number, and the name must be theirs; the persons see in
    their space that it was asked.
    """
    found: dict[str, Party] = {}
    problems: dict[str, list[str]] = {}
    with context_use(context_system(PURPOSE)):
        for place, name, number, role in _named(content):
            ref, sentence = _subject(name, normalise(number))
            if sentence:
                problems.setdefault(place, []).append(gettext(sentence) % {"name": name})
                continue
            party = found.setdefault(ref, Party(ref, name))
            if role not in party.roles:
                party.roles.append(role)
    return list(found.values()), problems


def _named(content: Mapping) -> Iterator[tuple[str, str, str, str]]:
    for row in content.get("shareholders") or []:
        yield "shareholders", row["holder_name"], row["holder_number"], "SHAREHOLDER"
    for row in content.get("officers") or []:
        yield "officers", row["officer_name"], row["officer_number"], row["post"]
    name, number = content["legal_representative_name"], content["legal_representative_id"]
    yield "legal_representative_id", name, number, "LEGAL_REPRESENTATIVE"


def subject_of(number: str) -> str:
    """Return the subject behind a number (对应主体): "person:…", "enterprise:…" or "" when nobody has it."""
    if id_number_valid(number):
        ref = person_ref_by_id_number(number)
        return f"person:{ref}" if ref else ""
    try:
        return f"enterprise:{enterprise_get(number).uscc}"
    except NotInRegistry:
        return ""


def _subject(name: str, number: str) -> tuple[str, str]:
    """Return the subject behind a number, or what is wrong with it."""
    if not id_number_valid(number) and not uscc_valid(number):
        return "", NUMBER_WRONG
    ref = subject_of(number)
    if not ref:
        return "", UNKNOWN
    kind, _, key = ref.partition(":")
    if kind == "person":
        known = person_values(key, ["name"], purpose=PURPOSE)["name"].value
    else:
        known = enterprise_get(key).name
    return (ref, "") if known == name else ("", NAME_WRONG)
