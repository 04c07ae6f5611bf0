"""The city's fee catalogue against what its matters charge (收费目录清单比对).

A charge off the catalogue is one of the classes of electronic supervision; here it is found before anybody pays.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db.models import Q

from yiwang.hall.lists.errors import FeeFileUnreadable
from yiwang.hall.lists.fee_tables import RowAmount, row_amounts
from yiwang.hall.lists.models import FeeEntry
from yiwang.hall.matters.models import Matter
from yiwang.kernel.api import action, audit_record, sheet_text
from yiwang.sdk.errors import N_
from yiwang.sdk.packs import Fee, MatterDefinition, definition_load
from yiwang.sdk.text import clean

SHIPPED = Path(__file__).parent / "data_files" / "fees.csv"
COLUMNS = ("code", "title", "basis", "standard", "max_yuan")
RANGE_COLUMNS = ("min_yuan", "unit")
"""May be left out: a catalogue with highest amounts only."""
FILE_LIMIT = 2_000_000
OFF_CATALOGUE, NOT_CHARGED = "OFF_CATALOGUE", "NOT_CHARGED"
ABOVE, OTHER_BASIS, NO_MATTER = "ABOVE", "OTHER_BASIS", "NO_MATTER"
BELOW, OTHER_UNIT, UNCLEAR = "BELOW", "OTHER_UNIT", "UNCLEAR"
KINDS = {
    OFF_CATALOGUE: N_("Charged, but not in the fee catalogue"),
    ABOVE: N_("Charged above the catalogue"),
    OTHER_UNIT: N_("Charged by another unit than the catalogue's"),
    UNCLEAR: N_("What the table charges cannot be compared row by row"),
    BELOW: N_("Charged below the catalogue"),
    OTHER_BASIS: N_("Another ground than the catalogue's"),
    NOT_CHARGED: N_("In the fee catalogue, but not charged"),
    NO_MATTER: N_("In the fee catalogue, but no such matter"),
}
"""What a difference is called, the gravest first."""
REFUSED = (OFF_CATALOGUE, ABOVE, OTHER_UNIT, UNCLEAR, BELOW)
"""Differences with which no matter is published: it would charge what the catalogue does not allow."""


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One line of a fee catalogue (收费目录条目).

    min_fen, max_fen: the least and most it allows in 分, of one unit if there is one; None when in words only.
    """

    code: str
    title: str
    basis: str
    standard: str = ""
    max_fen: int | None = None
    min_fen: int | None = None
    unit: str = ""

    @property
    def is_figured(self) -> bool:
        """Tell whether the standard has figures at all."""
        return self.max_fen is not None or self.min_fen is not None


@dataclass(frozen=True, slots=True)
class ChargedFee:
    """What a matter charges (事项收费). amount_fen: None when a table decides; basis: as the matter says.

    rows: what each row of the table charges, None where it cannot be told; unit: of what it is the price, or "".
    """

    code: str
    title: Mapping[str, str]
    function: str
    amount_fen: int | None
    basis: str
    rows: tuple[RowAmount, ...] | None = None
    unit: str = ""

    @property
    def amounts(self) -> tuple[RowAmount, ...] | None:
        """Return every amount that may be charged (可能收取的金额)."""
        fixed = self.amount_fen is not None
        return (RowAmount(0, Decimal(self.amount_fen)),) if fixed else self.rows

    @property
    def is_charged(self) -> bool:
        """Tell whether anything is charged at all."""
        return self.amount_fen is None or self.amount_fen > 0


@dataclass(frozen=True, slots=True)
class FeeDifference:
    """One difference between the catalogue and what is charged (收费差异). rows: the rows that make it."""

    kind: str
    code: str
    charged: ChargedFee | None
    entry: FeeRow | None
    rows: tuple[RowAmount, ...] = ()

    @property
    def kind_label(self) -> str:
        """Return the kind in words, as a message id (差异名称)."""
        return KINDS[self.kind]


def differences_find(
    charged: Mapping[str, ChargedFee],
    entries: Mapping[str, FeeRow],
    *,
    silent: Collection[str] = (),
) -> list[FeeDifference]:
    """Compare what matters charge with the catalogue (收费比对), the gravest first.

    charged: every matter that says whether it charges, by code; silent: codes of matters that do not say, as
    those of an imported catalogue without a column for it.
    """
    found = []
    for code, one in charged.items():
        entry = entries.get(code)
        if one.is_charged and entry is None:
            found.append(FeeDifference(OFF_CATALOGUE, code, one, None))
        elif entry is not None:
            kinds = _kinds(one, entry)
            found += [FeeDifference(kind, code, one, entry, rows) for kind, rows in kinds]
    found += [
        FeeDifference(NO_MATTER, code, None, entry)
        for code, entry in entries.items()
        if code not in charged and code not in silent
    ]
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), one.code))


def _kinds(one: ChargedFee, entry: FeeRow) -> Iterator[tuple[str, tuple[RowAmount, ...]]]:
    if not one.is_charged:
        yield NOT_CHARGED, ()
        return
    if entry.is_figured:
        yield from _figures(one, entry)
    if clean(one.basis) != clean(entry.basis):
        yield OTHER_BASIS, ()


def _figures(one: ChargedFee, entry: FeeRow) -> Iterator[tuple[str, tuple[RowAmount, ...]]]:
    """Hold every amount against the published range; a row that charges nothing waives, and may always."""
    if clean(one.unit) != clean(entry.unit):
        yield OTHER_UNIT, ()
    elif one.amounts is None:
        yield UNCLEAR, ()
    else:
        most, least = entry.max_fen, entry.min_fen
        if above := tuple(row for row in one.amounts if most is not None and row.fen > most):
            yield ABOVE, above
        if below := tuple(row for row in one.amounts if least is not None and 0 < row.fen < least):
            yield BELOW, below


def fee_check(definition: MatterDefinition) -> Iterator[tuple[tuple, str]]:
    """Refuse a matter that charges what the catalogue in force does not allow (发布前收费比对).

    Yields (where in its file, sentence). Before any catalogue was loaded there is nothing to compare with.
    """
    charged = charged_of(definition)
    if not charged.is_charged or not FeeEntry.objects.exists():
        return
    row = FeeEntry.objects.filter(code=definition.code).first()
    entries = {} if row is None else {row.code: _entry(row)}
    for one in differences_find({definition.code: charged}, entries):
        if one.kind in REFUSED:
            yield ("fee",), f"{KINDS[one.kind]}.{_rows_text(one)}"


def _rows_text(one: FeeDifference) -> str:
    """Name the rows that differ, for the loader's report."""
    rows = [
        (f"rule {row.rule}: " if row.rule else "") + f"{row.fen / 100:.2f} yuan" for row in one.rows
    ]
    if not rows or one.entry is None:
        return ""
    least, most = (
        "" if fen is None else f"{Decimal(fen) / 100:.2f}"
        for fen in (one.entry.min_fen, one.entry.max_fen)
    )
    unit = f" per {one.entry.unit}" if one.entry.unit else ""
    return f" Charged: {', '.join(rows)}; allowed: {least}–{most} yuan{unit}."


# --- reads ---------------------------------------------------------------------------------------


def fee_entry_list() -> list[FeeRow]:
    """List the fee catalogue (收费目录清单) by code."""
    return [_entry(row) for row in FeeEntry.objects.order_by("code")]


def _entry(row: FeeEntry) -> FeeRow:
    return FeeRow(row.code, row.title, row.basis, row.standard, row.max_fen, row.min_fen, row.unit)


def charged_fees() -> dict[str, ChargedFee]:
    """Return what every matter charges (事项收费), by code: those that run, and guides that name a fee."""
    rows = Matter.objects.filter(current_version__isnull=False)
    rows = rows.filter(Q(kind=Matter.Kind.APPLY) | ~Q(current_version__spec__fee=None))
    specs = rows.values_list("code", "current_version__spec")
    return {code: charged_of(definition_load(spec)) for code, spec in specs}


def charged_of(definition: MatterDefinition) -> ChargedFee:
    """Return what a matter charges (事项收费), row by row where a table decides."""
    fee = definition.fee or Fee()
    return ChargedFee(
        definition.code,
        definition.title,
        definition.department,
        None if fee.decision else fee.amount_fen,
        fee.basis,
        rows=row_amounts(fee) if fee.decision else None,
        unit=fee.unit["zh"] if fee.unit else "",
    )


def fee_differences() -> list[FeeDifference]:
    """Return every difference between the fee catalogue and what is charged now (收费差异)."""
    charged, entries = charged_fees(), {row.code: row for row in fee_entry_list()}
    known = Matter.objects.filter(code__in=entries.keys() - charged.keys())
    return differences_find(charged, entries, silent=known.values_list("code", flat=True))


# --- loading -------------------------------------------------------------------------------------


def fee_rows_read(content: bytes) -> list[FeeRow]:
    """Read a fee catalogue (读取收费目录): CSV with the columns code, title, basis, standard, max_yuan.

    Raises `FeeFileUnreadable` with the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeeFileUnreadable(line=1, reason=N_("the file is not UTF-8")) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise FeeFileUnreadable(line=1, reason=", ".join(missing))
    rows = [_row(number, raw) for number, raw in enumerate(reader, start=2)]
    codes = [row.code for row in rows]
    for number, code in enumerate(codes, start=2):
        if code in codes[: number - 2]:
            raise FeeFileUnreadable(line=number, reason=code)
    return rows


def _row(number: int, raw: Mapping[str, str | None]) -> FeeRow:
    code, title, basis, standard, most, least, unit = (
        clean(sheet_text(raw.get(name) or "")) for name in (*COLUMNS, *RANGE_COLUMNS)
    )
    if not (code and title and basis):
        raise FeeFileUnreadable(line=number, reason=N_("code, title and basis are needed"))
    highest, lowest = _fen(number, most), _fen(number, least)
    if len(code) > 12:
        raise FeeFileUnreadable(line=number, reason=code)
    if highest is not None and lowest is not None and lowest > highest:
        raise FeeFileUnreadable(line=number, reason=f"{least} > {most}")
    return FeeRow(code, title[:200], basis[:300], standard[:300], highest, lowest, unit[:40])


def _fen(number: int, text: str) -> int | None:
    """Return an amount in yuan as whole 分, more than nothing; None for no text."""
    try:
        fen = Decimal(text) * 100 if text else None
        if fen is None or (fen == int(fen) and fen > 0):
            return None if fen is None else int(fen)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise FeeFileUnreadable(line=number, reason=text) from error
    raise FeeFileUnreadable(line=number, reason=text)


@action("hall.lists.fees_load", permission="hall.lists.prepare")
def fees_load(rows: Iterable[FeeRow], *, source: str, now: datetime) -> int:
    """Put a fee catalogue in force (载入收费目录清单) in place of the one before; returns how many entries."""
    listed = list(rows)
    before = set(FeeEntry.objects.values_list("code", flat=True))
    FeeEntry.objects.all().delete()
    FeeEntry.objects.bulk_create(
        FeeEntry(
            code=row.code,
            title=row.title,
            basis=row.basis,
            standard=row.standard,
            min_fen=row.min_fen,
            max_fen=row.max_fen,
            unit=row.unit,
            source=source[:120],
            loaded_at=now,
        )
        for row in listed
    )
    after = {row.code for row in listed}
    detail = {"source": source[:120], "entries": len(listed)}
    detail |= {"added": sorted(after - before), "gone": sorted(before - after)}
    audit_record("fee_catalogue", detail=detail)
    return len(listed)
