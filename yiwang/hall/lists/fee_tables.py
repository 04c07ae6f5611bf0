"""What a fee table may charge, row by row (收费表逐行金额), to hold against the fee catalogue."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from yiwang.engines.api import DecisionSheet, decision_sheet_get
from yiwang.sdk.errors import NotFound
from yiwang.sdk.packs import Fee

SINGLE = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
"""Hit policies under which one row alone says the amount."""


@dataclass(frozen=True, slots=True)
class RowAmount:
    """What one row charges (规则金额). rule: its number, 0 where no table decides; fen: in 分, of one unit or in all."""

    rule: int
    fen: Decimal


def row_amounts(fee: Fee) -> tuple[RowAmount, ...] | None:
    """Return what each row of a matter's fee charges (逐行金额); None where that cannot be told from the table.

    A fee by unit names its table of prices (`rate`), and what is asked is that price times one quantity.
    """
    if not fee.decision:
        return (RowAmount(0, Decimal(fee.amount_fen)),)
    try:
        asked = decision_sheet_get(fee.decision, fee.question)
        priced = decision_sheet_get(fee.decision, fee.rate) if fee.rate else asked
    except NotFound:
        return None
    if asked is None or priced is None or (fee.rate and not _is_product(asked.text, fee.rate)):
        return None
    return _rows(priced)


def _is_product(text: str, rate: str) -> bool:
    """Tell whether an expression is a price times one quantity, and nothing else."""
    price, quantity = re.escape(rate), r"[^\W\d]\w*"
    return bool(re.fullmatch(rf"{price}\s*\*\s*{quantity}|{quantity}\s*\*\s*{price}", text.strip()))


def _rows(sheet: DecisionSheet) -> tuple[RowAmount, ...] | None:
    if sheet.policy not in SINGLE or len(sheet.names) != 1 or not sheet.rules:
        return None
    try:
        found = tuple(RowAmount(rule.number, Decimal(rule.outputs[0])) for rule in sheet.rules)
    except InvalidOperation:
        return None
    return found if all(one.fen.is_finite() and one.fen >= 0 for one in found) else None
