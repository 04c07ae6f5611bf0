"""Checking a name against the rules and everything that exists (名称自查): a few indexed reads, however many names."""

from datetime import date

from django.db.models import Q

from yiwang.hall.companies.data import NameCheck
from yiwang.hall.companies.models import NameEntry, NameIndex, NameReservation
from yiwang.hall.companies.naming import (
    Finding,
    KnownName,
    NameKeys,
    NameParts,
    compare,
    name_keys,
    name_parse,
    parts_within,
    sounds_of,
    structure_findings,
)
from yiwang.hall.companies.tables import naming_tables, places_known, places_of

FOUND_MAX = 20
REGISTRY = "legal-persons"
_KEYS = ("name", "exact_key", "core_key", "sound_key", "trade_group")


def name_check(
    parts: NameParts, *, kind: str, area_code: str, today: date, own: str = "", uscc: str = ""
) -> NameCheck:
    """Judge a name (名称自查): structure, words, and the names of the registry and those reserved.

    own: number of one's own reservation, which does not count against itself; uscc: of the company that
    would change its name, whose present name does not count against the new one unless it is the same.
    """
    tables, places = naming_tables(), places_of(area_code)
    findings = structure_findings(parts, kind=kind, tables=tables, places=places)
    if parts.core:
        known = _known(name_keys(parts, tables=tables), today=today, own=own, uscc=uscc)
        findings += compare(parts, known, tables=tables)[:FOUND_MAX]
    index = NameIndex.objects.filter(registry=REGISTRY).first()
    return NameCheck(
        name=parts.text,
        parts=parts,
        kind=kind,
        area_code=area_code,
        findings=tuple(findings),
        entries=index.entries if index else 0,
    )


def keys_of(name: str) -> NameKeys:
    """Return what a registered name is found by (比对键)."""
    tables = naming_tables()
    return name_keys(name_parse(name, tables=tables, places=places_known()), tables=tables)


def _known(keys: NameKeys, *, today: date, own: str, uscc: str) -> list[KnownName]:
    """Fetch every name that could be similar, by its keys (候选名称)."""
    entries = NameEntry.objects.all()
    if uscc:
        entries = entries.exclude(Q(uscc=uscc) & ~Q(exact_key=keys.exact))
    held = NameReservation.objects.filter(
        Q(state="FILED") | Q(state="HELD", expires_date__gte=today)
    ).exclude(number=own)
    found: list[KnownName] = []
    for rows, source in ((entries, "REGISTERED"), (held, "RESERVED")):
        sets = [rows.filter(exact_key=keys.exact), rows.filter(core_key=keys.core)]
        if keys.trade_group:
            sounds = sorted(sounds_of(keys.core))
            sets.append(rows.filter(sound_key__in=sounds, trade_group=keys.trade_group))
            if within := parts_within(keys.core):
                sets.append(rows.filter(core_key__in=within, trade_group=keys.trade_group))
        for one in sets:
            found += [_row(values, source) for values in one.values_list(*_KEYS)[:FOUND_MAX]]
    return list(dict.fromkeys(found))


def _row(values: tuple, source: str) -> KnownName:
    name, exact, core, sound, group = values
    return KnownName(name, NameKeys(exact, core, sound, group), source)


def findings_plain(findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    """Turn findings into what is kept with a reservation (申报提示)."""
    return [
        {"kind": one.kind, "effect": one.effect, "words": one.words, "basis": one.basis}
        for one in findings
    ]
