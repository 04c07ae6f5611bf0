"""Loading editions of code tables and deciding what became of codes (代码表)."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.codes.formats import CodeFile, CodeFileInvalid, csv_parse, yaml_parse
from yiwang.kernel.codes.models import Code, CodeEdition, CodeSuccession, CodeTable
from yiwang.kernel.codes.queries import STAMP, code_diff, rows_of
from yiwang.kernel.codes.rules import KINDS, UNCHANGED, CodeDiff, CodeRow, codes_compare
from yiwang.kernel.stamps.actions import stamp_renew
from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound

SEEDS = Path(__file__).parent / "data"


class EditionExists(Conflict):
    """An edition is never edited (版本不可修改): other content needs another edition."""

    code = "edition_exists"
    message = N_("The edition %(edition)s of %(table)s is already loaded with other content.")


class EditionDateTaken(Conflict):
    """Two editions of a table cannot come into force on the same day (启用日期重复)."""

    code = "edition_date_taken"
    message = N_("Another edition of %(table)s is in force from %(valid_from)s.")


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading did (载入结果).

    diff: against the edition before, None for the first; is_new: False when the same edition was
    there already.
    """

    table: str
    edition: str
    codes: int
    is_new: bool
    before: str = ""
    diff: CodeDiff | None = None


def code_file_read(path: Path) -> CodeFile:
    """Read an edition from a .csv, .csv.gz, .yaml or .yml file (读取代码文件).

    Raises `CodeFileInvalid`, also for text that is not UTF-8.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CodeFileInvalid(reason=f"{path.name}: {error}") from error
    if path.name.endswith((".csv", ".csv.gz")):
        return csv_parse(text)
    if path.suffix not in (".yaml", ".yml"):
        raise CodeFileInvalid(reason=f"{path.name} is neither CSV nor YAML")
    file = yaml_parse(text)
    if not file.file:
        return file
    rows = code_file_read(path.parent / Path(file.file).name).rows
    return CodeFile(
        rows,
        file.table,
        file.title,
        file.edition,
        file.valid_from,
        file.valid_to,
        file.standard_ref,
        file.source,
        file.is_made,
    )


def codes_seed_load(*, now: datetime) -> list[LoadResult]:
    """Load the tables that the product ships (载入内置代码表); the second time changes nothing."""
    results = []
    for path in sorted(SEEDS.glob("*.yaml")):
        file = code_file_read(path)
        results.append(
            code_table_load(
                file.table,
                edition=file.edition,
                rows=file.rows,
                valid_from=file.valid_from,
                valid_to=file.valid_to,
                title=dict(file.title or {}),
                standard_ref=file.standard_ref,
                source=file.source,
                is_made=file.is_made,
                now=now,
            )
        )
    return results


@action("kernel.codes.load", permission="kernel.codes.load")
def code_table_load(
    table: str,
    *,
    edition: str,
    rows: Iterable[CodeRow],
    valid_from: date,
    now: datetime,
    source: Mapping[str, str] | str,
    valid_to: date | None = None,
    title: dict[str, str] | None = None,
    standard_ref: str = "",
    is_made: bool = False,
) -> LoadResult:
    """Load an edition of a table (载入版本) and say what became of every code of the one before.

    The edition before ends where this one begins, and this one where the next one begins. The same
    content again changes nothing. source: {zh, en} or one text for both.
    Raises `EditionExists`, `EditionDateTaken`, `CodeFileInvalid`.
    """
    rows = tuple(rows)
    if not (table and edition and rows):
        raise CodeFileInvalid(reason="a table, an edition and at least one code are needed")
    digest = _digest(rows, valid_from)
    titles = {
        "title_zh": (title or {}).get("zh", table),
        "title_en": (title or {}).get("en", table),
    }
    code_table, _is_new = CodeTable.objects.get_or_create(key=table, defaults=titles)
    known = CodeEdition.objects.filter(table=code_table, edition=edition).first()
    if known is not None:
        if known.digest != digest:
            raise EditionExists(table=table, edition=edition)
        audit_record(f"codes:{table}", detail={"edition": edition}, outcome="UNCHANGED")
        return LoadResult(table, edition, len(rows), is_new=False)
    if CodeEdition.objects.filter(table=code_table, valid_from=valid_from).exists():
        raise EditionDateTaken(table=table, valid_from=valid_from.isoformat())
    row = _edition_insert(
        CodeEdition(
            table=code_table,
            edition=edition,
            valid_from=valid_from,
            valid_to=valid_to,
            standard_ref=standard_ref,
            source={"zh": source, "en": source} if isinstance(source, str) else dict(source),
            is_made=is_made,
            digest=digest,
            loaded_at=now,
        ),
        rows,
    )
    result = _link(table, row, rows)
    detail = {"edition": edition, "codes": len(rows), "before": result.before}
    audit_record(f"codes:{table}", detail=detail | (result.diff.counts if result.diff else {}))
    return result


@action("kernel.codes.decide", permission="kernel.codes.decide")
def succession_decide(
    table: str, *, a: str, b: str, kind: str, from_code: str, to_code: str, evidence: str
) -> None:
    """Record what a person found about a code (人工认定沿革); it replaces what the rules said.

    a, b: the editions before and after; from_code or to_code is "" for ADDED and GONE.
    Raises `Invalid`, `NotFound`.
    """
    if kind not in KINDS or not evidence.strip():
        raise Invalid(fields={"evidence": [N_("State what the decision rests on.")]})
    editions = {
        e.edition: e for e in CodeEdition.objects.filter(table__key=table, edition__in=[a, b])
    }
    for edition, code in ((a, from_code), (b, to_code)):
        rows = editions[edition].codes if edition in editions else None
        if rows is None or (code and not rows.filter(code=code).exists()):
            raise NotFound()
    pair = {"from_edition": editions[a], "to_edition": editions[b]}
    by_rule = CodeSuccession.objects.filter(**pair, decided_by="RULE")
    if from_code:
        by_rule.filter(from_code=from_code).delete()
    if to_code:
        by_rule.filter(from_code="", to_code=to_code).delete()
    CodeSuccession.objects.update_or_create(
        **pair,
        from_code=from_code,
        to_code=to_code,
        defaults={"kind": kind, "evidence": evidence, "decided_by": "PERSON"},
    )
    # What follows from the decision, such as the subdivisions of a place that a person has linked.
    _succession_write(editions[a], editions[b], code_diff(table, a, b))
    audit_record(
        f"codes:{table}",
        detail={
            "a": a,
            "b": b,
            "kind": kind,
            "from_code": from_code,
            "to_code": to_code,
            "evidence": evidence,
        },
    )


def _edition_insert(row: CodeEdition, rows: tuple[CodeRow, ...]) -> CodeEdition:
    editions = CodeEdition.objects.filter(table=row.table)
    following = editions.filter(valid_from__gt=row.valid_from).order_by("valid_from").first()
    if following is not None:
        row.valid_to = min(row.valid_to or following.valid_from, following.valid_from)
    row.save()
    before = _before(row)
    if before is not None and (before.valid_to is None or before.valid_to > row.valid_from):
        editions.filter(pk=before.pk).update(valid_to=row.valid_from)
    Code.objects.bulk_create(
        (
            Code(
                edition=row,
                code=r.code,
                name=r.name,
                name_en=r.name_en,
                parent_code=r.parent,
                level=r.level,
                is_local=r.is_local,
                predecessors=" ".join(r.predecessors),
                attributes=dict(r.attributes),
            )
            for r in rows
        ),
        batch_size=500,
    )
    stamp_renew(STAMP)
    return row


def _before(row: CodeEdition) -> CodeEdition | None:
    rows = CodeEdition.objects.filter(table=row.table, valid_from__lt=row.valid_from)
    return rows.order_by("-valid_from").first()


def _link(table: str, row: CodeEdition, rows: tuple[CodeRow, ...]) -> LoadResult:
    """Link the edition with its neighbours in time."""
    after = CodeEdition.objects.filter(table=row.table, valid_from__gt=row.valid_from)
    if (following := after.order_by("valid_from").first()) is not None:
        _succession_write(row, following, codes_compare(rows, rows_of(following.pk)))
    before = _before(row)
    if before is None:
        return LoadResult(table, row.edition, len(rows), is_new=True)
    diff = codes_compare(rows_of(before.pk), rows)
    _succession_write(before, row, diff)
    return LoadResult(table, row.edition, len(rows), is_new=True, before=before.edition, diff=diff)


def _succession_write(a: CodeEdition, b: CodeEdition, diff: CodeDiff) -> None:
    """Store what the rules found; what persons found stays."""
    pair = {"from_edition": a, "to_edition": b}
    CodeSuccession.objects.filter(**pair, decided_by="RULE").delete()
    CodeSuccession.objects.bulk_create(
        (
            CodeSuccession(
                **pair,
                from_code=change.from_code,
                to_code=change.to_code,
                kind=change.kind,
                evidence=change.evidence,
                decided_by="RULE",
            )
            for change in diff.changes
            if change.decided_by == "RULE" and change.kind != UNCHANGED
        ),
        batch_size=500,
    )


def _digest(rows: tuple[CodeRow, ...], valid_from: date) -> str:
    facts = sorted(
        [r.code, r.name, r.parent, r.level, r.name_en, r.is_local, r.predecessors, r.attributes]
        for r in rows
    )
    text = json.dumps([valid_from.isoformat(), facts], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
