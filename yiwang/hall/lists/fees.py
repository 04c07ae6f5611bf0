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
from yiwang.hall.lists.models import FeeEntry
from yiwang.hall.matters.models import Matter
from yiwang.kernel.api import action, audit_record, sheet_text
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

SHIPPED = Path(__file__).parent / "data_files" / "fees.csv"
COLUMNS = ("code", "title", "basis", "standard", "max_yuan")
FILE_LIMIT = 2_000_000
OFF_CATALOGUE, NOT_CHARGED = "OFF_CATALOGUE", "NOT_CHARGED"
ABOVE, OTHER_BASIS, NO_MATTER = "ABOVE", "OTHER_BASIS", "NO_MATTER"
KINDS = {
    OFF_CATALOGUE: N_("Charged, but not in the fee catalogue"),
    ABOVE: N_("Charged above the catalogue"),
    OTHER_BASIS: N_("Another ground than the catalogue's"),
    NOT_CHARGED: N_("In the fee catalogue, but not charged"),
    NO_MATTER: N_("In the fee catalogue, but no such matter"),
}
"""What a difference is called, the gravest first."""


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One line of a fee catalogue (收费目录条目). max_fen: the most it allows in 分, None when in words only."""

    code: str
    title: str
    basis: str
    standard: str = ""
    max_fen: int | None = None


@dataclass(frozen=True, slots=True)
class ChargedFee:
    """What a matter charges (事项收费). amount_fen: None when a table decides; basis: as the matter says."""

    code: str
    title: Mapping[str, str]
    function: str
    amount_fen: int | None
    basis: str

    @property
    def is_charged(self) -> bool:
        """Tell whether anything is charged at all."""
        return self.amount_fen is None or self.amount_fen > 0


@dataclass(frozen=True, slots=True)
class FeeDifference:
    """One difference between the catalogue and what is charged (收费差异)."""

    kind: str
    code: str
    charged: ChargedFee | None
    entry: FeeRow | None

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
            found += [FeeDifference(kind, code, one, entry) for kind in kinds]
    found += [
        FeeDifference(NO_MATTER, code, None, entry)
        for code, entry in entries.items()
        if code not in charged and code not in silent
    ]
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), one.code))


def _kinds(one: ChargedFee, entry: FeeRow) -> Iterator[str]:
    if not one.is_charged:
        yield NOT_CHARGED
        return
    if entry.max_fen is not None and one.amount_fen is not None and one.amount_fen > entry.max_fen:
        yield ABOVE
    if clean(one.basis) != clean(entry.basis):
        yield OTHER_BASIS


# --- reads ---------------------------------------------------------------------------------------


def fee_entry_list() -> list[FeeRow]:
    """List the fee catalogue (收费目录清单) by code."""
    return [
        FeeRow(row.code, row.title, row.basis, row.standard, row.max_fen)
        for row in FeeEntry.objects.order_by("code")
    ]


def charged_fees() -> dict[str, ChargedFee]:
    """Return what every matter charges (事项收费), by code: those that run, and guides that name a fee."""
    rows = Matter.objects.filter(current_version__isnull=False)
    rows = rows.filter(Q(kind=Matter.Kind.APPLY) | ~Q(current_version__spec__fee=None))
    found = {}
    for code, function, spec in rows.values_list(
        "code", "current_version__department_function", "current_version__spec"
    ):
        fee = spec.get("fee") or {}
        amount = None if fee.get("decision") else int(fee.get("amount_fen") or 0)
        found[code] = ChargedFee(code, spec["title"], function, amount, fee.get("basis") or "")
    return found


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
    code, title, basis, standard, most = (
        clean(sheet_text(raw.get(name) or "")) for name in COLUMNS
    )
    if not (code and title and basis):
        raise FeeFileUnreadable(line=number, reason=N_("code, title and basis are needed"))
    try:
        fen = int(Decimal(most) * 100) if most else None
    except InvalidOperation as error:
        raise FeeFileUnreadable(line=number, reason=most) from error
    if len(code) > 12 or (fen is not None and fen <= 0):
        raise FeeFileUnreadable(line=number, reason=most or code)
    return FeeRow(code, title[:200], basis[:300], standard[:300], fen)


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
            max_fen=row.max_fen,
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
