"""What `yw codes load|diff|show` does (代码表命令): prints through `echo`, returns the exit code."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from django.utils import timezone

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.codes.actions import LoadResult, code_file_read, code_table_load
from yiwang.kernel.codes.queries import code_diff, code_get, code_trace, edition_get
from yiwang.kernel.codes.rules import KINDS, UNCHANGED, CodeDiff
from yiwang.sdk.errors import YiwangError

Echo = Callable[[str], object]


def codes_load(
    file: str,
    *,
    table: str = "",
    edition: str = "",
    valid_from: str = "",
    valid_to: str = "",
    source: str = "",
    as_json: bool = False,
    echo: Echo,
) -> int:
    """Load an edition from a file (载入版本); what the file itself says may be left out."""
    try:
        content = code_file_read(Path(file))
        begins = _date(valid_from) or content.valid_from
        if begins is None:
            raise ValueError("The day from which the edition holds is missing: --valid-from DATE.")
        with context_use(context_system(f"yw codes load {file}", name="yw")):
            result = code_table_load(
                table or content.table,
                edition=edition or content.edition,
                rows=content.rows,
                valid_from=begins,
                valid_to=_date(valid_to) or content.valid_to,
                title=dict(content.title or {}),
                standard_ref=content.standard_ref,
                source=source or content.source or Path(file).name,
                is_made=content.is_made,
                now=timezone.now(),
            )
    except (YiwangError, ValueError) as error:
        return _failed(error, as_json=as_json, echo=echo)
    if as_json:
        echo(_json(_load_dict(result)))
    else:
        _load_print(result, echo)
    return 0


def codes_diff(table: str, a: str, b: str, *, as_json: bool = False, echo: Echo) -> int:
    """Print what became of every code from edition `a` to `b` (版本差异)."""
    try:
        diff = code_diff(table, a, b)
    except YiwangError as error:
        return _failed(error, as_json=as_json, echo=echo)
    if as_json:
        echo(_json({"table": table, "a": a, "b": b} | _diff_dict(diff)))
    else:
        echo(f"{table}: {a} -> {b}")
        _diff_print(diff, echo)
    return 0


def codes_show(
    table: str, code: str, as_of: str | None = None, *, as_json: bool = False, echo: Echo
) -> int:
    """Print a code as of a day and what it is called today (查代码); exit code 1 when unknown."""
    try:
        on = _date(as_of) or timezone.localdate()
    except ValueError as error:
        return _failed(error, as_json=as_json, echo=echo)
    view, edition = code_get(table, code, on), edition_get(table, on)
    if view is None:
        reason = f"{table} has no code {code} on {on}."
        if edition is None:
            reason = f"No edition of {table} holds on {on}."
        return _failed(reason, as_json=as_json, echo=echo)
    today = code_trace(table, code, since=on)
    if as_json:
        found = {"edition": edition.edition, "as_of": on, "code": asdict(view)}
        echo(_json(found | {"today": [asdict(one) for one in today]}))
        return 0
    echo(f"{view.code}  {view.name}  {view.name_en}".rstrip())
    echo(f"edition {edition.edition}, valid from {view.valid_from} to {view.valid_to or 'open'}")
    if view.parent_code:
        above = code_get(table, view.parent_code, on)
        echo(f"below {view.parent_code}  {above.name if above else ''}".rstrip())
    for name, value in view.attributes.items():
        echo(f"{name}: {value}")
    if [one.code for one in today] != [view.code] or today[0].name != view.name:
        called = ", ".join(f"{one.code} {one.name}" for one in today)
        echo(f"today: {called or 'gone, or not yet decided'}")
    return 0


def _load_print(result: LoadResult, echo: Echo) -> None:
    if not result.is_new:
        echo(f"{result.table} {result.edition}: already loaded, nothing changed.")
        return
    echo(f"{result.table} {result.edition}: {result.codes} codes loaded.")
    if result.diff is not None:
        echo(f"against {result.before}:")
        _diff_print(result.diff, echo)


def _diff_print(diff: CodeDiff, echo: Echo) -> None:
    echo("  ".join(f"{kind.lower()} {count}" for kind, count in diff.counts.items()))
    for change in diff.changes:
        old = f"{change.from_code} {change.from_name}".strip()
        new = f"{change.to_code} {change.to_name}".strip()
        by = " (decided by a person)" if change.decided_by == "PERSON" else ""
        echo(f"{change.kind:<9} {old or '-'} -> {new or '-'}: {change.evidence}{by}")
    for case in diff.undecided:
        candidates = ", ".join(f"{code} {name}" for code, name in case.candidates)
        echo(f"UNDECIDED {case.from_code} {case.from_name} -> {candidates}?: {case.reason}")


def _load_dict(result: LoadResult) -> dict:
    found = {
        "table": result.table,
        "edition": result.edition,
        "codes": result.codes,
        "is_new": result.is_new,
    }
    if result.diff is not None:
        found |= {"before": result.before} | _diff_dict(result.diff)
    return found


def _diff_dict(diff: CodeDiff) -> dict:
    kinds = [kind for kind in KINDS if kind != UNCHANGED]
    return {
        "counts": {kind.lower(): count for kind, count in diff.counts.items()},
        **{kind.lower(): [asdict(change) for change in diff.of(kind)] for kind in kinds},
        "undecided": [asdict(case) for case in diff.undecided],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _failed(error: object, *, as_json: bool, echo: Echo) -> int:
    echo(_json({"error": str(error)}) if as_json else str(error))
    return 1
