"""Loading of packs (应用包加载): each in its own transaction, none able to stop another."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.packs.data import PackState
from yiwang.kernel.packs.models import PackInstallation
from yiwang.kernel.packs.queries import pack_source_list, pack_state_of
from yiwang.kernel.packs.registry import Section, section_list
from yiwang.sdk.errors import NotFound, YiwangError
from yiwang.sdk.packs import Manifest, Pack, PackError, PackProblem, PackSection, load_order

# Raise it when readers change so that unchanged packs must be read again.
READING = "1"
State = PackInstallation.State
Symbols = dict[str, dict[str, object]]


def pack_load_all(now: datetime) -> list[PackState]:
    """Load every pack found in settings.PACK_DIRS (加载全部应用包), as the machine itself.

    A pack with an error keeps what was in force before and stops those that depend on it, never
    the others. Files that have not changed since the last load cost one digest.
    """
    packs, broken = pack_source_list()
    with context_use(context_system("load packs", name="pack loader")):
        states = _load(packs, broken, now=now)
        _forget_missing({*packs, *broken}, now=now)
    return states


def pack_load(pack_id: str, *, now: datetime) -> PackState:
    """Load one pack and what it depends on (加载应用包); raises `NotFound`."""
    packs, broken = pack_source_list()
    if pack_id not in {*packs, *broken}:
        raise NotFound()
    wanted = _with_depends(pack_id, packs)
    with context_use(context_system("load packs", name="pack loader")):
        states = _load(
            {name: pack for name, pack in packs.items() if name in wanted},
            {name: problems for name, problems in broken.items() if name in wanted},
            now=now,
        )
    return next(state for state in states if state.pack == pack_id)


def pack_read_sections(
    pack: Pack, known: Symbols, *, now: datetime, check: bool = False
) -> Symbols:
    """Run every section's reader over a pack inside the caller's transaction; returns its symbols.

    known: symbols of the packs it depends on; check: also the sections that are only checked.
    Raises `PackError` with the problems of the first section that has any: later sections refer to
    it and would only repeat them.
    """
    symbols: Symbols = {}

    def lookup(section: str, full_name: str) -> object | None:
        own = symbols.get(section, {})
        return own.get(full_name, known.get(section, {}).get(full_name))

    for section in section_list():
        files = pack.section(section.name)
        if files and (check or not section.check_only):
            given = PackSection(pack.manifest, section.name, files, lookup)
            values = _read_section(section, given, now=now)
            symbols[section.name] = {given.qualified(name): value for name, value in values.items()}
    return symbols


def _read_section(section: Section, given: PackSection, *, now: datetime) -> dict[str, object]:
    try:
        return section.reader(given, now=now) or {}
    except PackError:
        raise
    except YiwangError as error:
        path = str(error.params.get("file") or given.files[0].path)
        raise PackError(PackProblem(given.manifest.id, path, 1, str(error))) from error


def _load(
    packs: Mapping[str, Pack], broken: Mapping[str, Sequence[PackProblem]], *, now: datetime
) -> list[PackState]:
    order, refused = load_order(packs)
    states = [_failure_record(name, None, problems, now=now) for name, problems in broken.items()]
    digests: dict[str, str] = {}
    for name in order:
        pack = packs[name]
        stopped = [other for other in pack.manifest.depends if other not in digests]
        if stopped:
            refused[name] = pack.files["pack.toml"].problem(
                ("depends",), f"It depends on {', '.join(stopped)}, which could not be loaded."
            )
            continue
        digest = _digest(pack, [digests[other] for other in pack.manifest.depends])
        state = _load_one(pack, digest, now=now)
        if state.is_sound:
            digests[name] = digest
        states.append(state)
    for name, problem in refused.items():
        manifest = packs[name].manifest
        states.append(_failure_record(name, manifest, [problem], now=now, state=State.SKIPPED))
    return sorted(states, key=lambda state: state.pack)


def _load_one(pack: Pack, digest: str, *, now: datetime) -> PackState:
    row = PackInstallation.objects.filter(pack=pack.manifest.id).first()
    if row and row.state == State.LOADED and row.digest == digest:
        return pack_state_of(row)
    try:
        return _pack_install(pack, digest=digest, now=now)
    except PackError as error:
        return _failure_record(pack.manifest.id, pack.manifest, error.problems, now=now)


@action("kernel.packs.load", permission="kernel.packs.load")
def _pack_install(pack: Pack, *, digest: str, now: datetime) -> PackState:
    manifest = pack.manifest
    symbols = pack_read_sections(pack, _symbols_of(manifest.depends), now=now)
    row, _ = PackInstallation.objects.update_or_create(
        pack=manifest.id,
        defaults={
            "title": dict(manifest.title),
            "owner": manifest.owner,
            "version": manifest.version,
            "loaded_version": manifest.version,
            "digest": digest,
            "state": State.LOADED,
            "problems": [],
            "symbols": symbols,
            "loaded_at": now,
        },
    )
    audit_record(f"pack:{manifest.id}", detail={"version": manifest.version, "digest": digest})
    return pack_state_of(row, changed=True)


def _failure_record(
    name: str,
    manifest: Manifest | None,
    problems: Sequence[PackProblem],
    *,
    now: datetime,
    state: str = State.FAILED,
) -> PackState:
    """Note why a pack was not loaded; what was in force before stays in force."""
    values: dict[str, object] = {
        "state": state,
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "loaded_at": now,
    }
    if manifest:
        values |= {
            "title": dict(manifest.title),
            "owner": manifest.owner,
            "version": manifest.version,
        }
    with transaction.atomic():
        row, _ = PackInstallation.objects.update_or_create(pack=name, defaults=values)
        audit_record(
            f"pack:{name}",
            act="kernel.packs.load",
            outcome="FAILED",
            detail={"problems": [str(problem) for problem in problems][:20]},
        )
    return pack_state_of(row, changed=True)


def _forget_missing(present: set[str], *, now: datetime) -> None:
    gone = PackInstallation.objects.exclude(pack__in=present).exclude(state=State.MISSING)
    gone.update(state=State.MISSING, loaded_at=now)


def _symbols_of(packs: Sequence[str]) -> Symbols:
    merged: Symbols = {}
    rows = PackInstallation.objects.filter(pack__in=packs).values_list("symbols", flat=True)
    for symbols in rows:
        for section, values in symbols.items():
            merged.setdefault(section, {}).update(values)
    return merged


def _with_depends(pack_id: str, packs: Mapping[str, Pack]) -> set[str]:
    wanted: set[str] = set()
    waiting = [pack_id]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += packs[name].manifest.depends if name in packs else ()
    return wanted


def _digest(pack: Pack, depends: Sequence[str]) -> str:
    """Digest what loading depends on: the files, what they depend on, and who reads them."""
    read = [section.name for section in section_list() if pack.section(section.name)]
    parts = json.dumps([READING, read, pack.digest, *depends])
    return hashlib.sha256(parts.encode()).hexdigest()
