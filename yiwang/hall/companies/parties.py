"""Who has to confirm a registration (签署方): shareholders and officers, as the registries know them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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
    """A person or an enterprise with all parts it has in the company (签署方).

    must: nothing goes on without them; votes: capital in 10,000 yuan that counts toward the resolution.
    """

    subject_ref: str
    name: str
    roles: list[str] = field(default_factory=list)
    must: bool = True
    votes: Decimal = Decimal(0)


@dataclass(slots=True)
class Signatures:
    """Who signs a filing (签署要求), how much capital must agree besides, and what is wrong by field."""

    rows: dict[str, Party] = field(default_factory=dict)
    votes_needed: Decimal = Decimal(0)
    problems: dict[str, list[str]] = field(default_factory=dict)

    @property
    def parties(self) -> list[Party]:
        """Return the parties in the order they were named."""
        return list(self.rows.values())

    def add(self, ref: str, name: str, role: str, *, must: bool = True) -> Party:
        """Name somebody in a role; who must sign in one role must sign."""
        party = self.rows.setdefault(ref, Party(ref, name, must=must))
        party.must = party.must or must
        if role not in party.roles:
            party.roles.append(role)
        return party


def parties_of(content: Mapping) -> Signatures:
    """Return who confirms a foundation: everybody named in it (设立签署方)."""
    return signatures_of(_named(content))


def signatures_of(named: Iterable[tuple[str, str, str, str]]) -> Signatures:
    """Look up who is named and must sign (核验签署方); what is wrong stands by field, with the sentences.

    named: (field, name, number, role). Everybody is looked up in the registries by number, and the name must
    be theirs; the persons see in their space that it was asked.
    """
    found = Signatures()
    with context_use(context_system(PURPOSE)):
        for place, name, number, role in named:
            ref, sentence = subject_named(name, number, known={})
            if sentence:
                found.problems.setdefault(place, []).append(gettext(sentence) % {"name": name})
            else:
                found.add(ref, name, role)
    return found


def subject_named(name: str, number: str, *, known: Mapping[str, str]) -> tuple[str, str]:
    """Return the subject behind a name and number, or what is wrong with it (核验身份).

    Called in the machine's context. known: name → subject of those who need no number.
    """
    if not number and name in known:
        return known[name], ""
    return _subject(name, normalise(number))


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
