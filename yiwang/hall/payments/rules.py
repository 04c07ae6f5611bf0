"""The payment's machine, numbers and comparison of books (缴费规则). Pure.

Events come late, twice, in any order or never; no event is an error. What a state does not provide for is kept
as a fact and changes nothing. A capture is the exception: money that moved is always taken into the books, even
after we gave the payment up.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from yiwang.hall.payments import data
from yiwang.hall.payments.data import BookLine, Mismatch, StatementLine
from yiwang.sdk.identifiers import luhn_check

TRANSITIONS = {
    (data.CREATED, data.AUTHORISE): data.AUTHORISED,
    (data.CREATED, data.CAPTURE): data.CAPTURED,
    (data.CREATED, data.FAIL): data.FAILED,
    (data.CREATED, data.EXPIRE): data.EXPIRED,
    (data.AUTHORISED, data.CAPTURE): data.CAPTURED,
    (data.AUTHORISED, data.FAIL): data.FAILED,
    (data.AUTHORISED, data.EXPIRE): data.EXPIRED,
    (data.FAILED, data.CAPTURE): data.CAPTURED,
    (data.EXPIRED, data.CAPTURE): data.CAPTURED,
}
OPEN_STATES = (data.CREATED, data.AUTHORISED)
ASK_AFTER = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800, 3600))
"""How long to wait for a notification before asking the provider, and between askings."""

ASK_AT_MOST = 20
"""After so many askings without an answer the desk has to look; a statement still finds the truth."""


def state_after(state: str, event: str) -> str:
    """Return the state that an event leads to (状态迁移); the same state where it changes nothing.

    >>> state_after("EXPIRED", "CAPTURE"), state_after("CAPTURED", "FAIL")
    ('CAPTURED', 'CAPTURED')
    """
    return TRANSITIONS.get((state, event), state)


def ask_again_at(now: datetime, times: int) -> datetime:
    """Return when to ask the provider next, after `times` askings (下次查询时间)."""
    return now + ASK_AFTER[min(times, len(ASK_AFTER) - 1)]


def money_text(fen: int) -> str:
    """Write fen as yuan (元) without rounding.

    >>> money_text(105), money_text(-5), money_text(0)
    ('1.05', '-0.05', '0.00')
    """
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def voucher_make(area_code: str, year: int, serial: int) -> str:
    """Number a non-tax voucher (非税收入票据号): division 6 + year 4 + serial 9 + Luhn check 1.

    Our own numbering: a finance bureau hands out its own, and a city replaces this by its interface.

    >>> voucher_make("320500", 2026, 7)
    '32050020260000000078'
    """
    if not 0 < serial < 10**9:
        raise ValueError("a serial has one to nine digits")
    body = f"{area_code[:6]}{year:04}{serial:09}"
    return body + luhn_check(body)


def books_compare(statement: Iterable[StatementLine], books: Iterable[BookLine]) -> list[Mismatch]:
    """Compare a statement with our books entry by entry (逐笔对账), by number and kind."""
    theirs: dict[tuple[str, str], list[int]] = {}
    for line in statement:
        theirs.setdefault((line.number, line.kind), []).append(line.amount_fen)
    ours = {(line.number, line.kind): line.amount_fen for line in books}
    found = []
    for key in sorted(theirs.keys() | ours.keys()):
        number, entry = key
        amounts, own = theirs.get(key, []), ours.get(key)
        first = amounts[0] if amounts else None
        if own is None:
            found.append(Mismatch("MISSING_HERE", number, entry, None, first))
        elif first is None:
            found.append(Mismatch("MISSING_THERE", number, entry, own, None))
        elif first != own:
            found.append(Mismatch("AMOUNT", number, entry, own, first))
        if len(amounts) > 1:
            found.append(Mismatch("REPEATED", number, entry, own, sum(amounts)))
    return found


def totals(statement: Iterable[StatementLine]) -> Counter[str]:
    """Add up a statement by kind (对账单合计)."""
    sums: Counter[str] = Counter()
    for line in statement:
        sums[line.kind] += line.amount_fen
    return sums
