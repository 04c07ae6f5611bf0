"""Which row is the heading, and which column is which field (表头识别): by field name or Chinese title."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from yiwang.resources.landing.data import HEADING_ROWS, LandingUnreadable
from yiwang.sdk.text import fold

# The columns in front of refused rows that were downloaded: sent back, they are no data.
HELPING = ("原文件行号", "拒收原因")
# What offices write around a title: stars, remarks in brackets, blanks.
_REMARK = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]|[\s*＊:：]+")
_TOTAL = re.compile(r"(合|总|小|共|累)计(数|金额|人数)?[:：]?|总数[:：]?")
_NOTE = re.compile(
    r"(制表|填表|填报|审核|复核|负责|联系|单位|部门|备注|注|说明|打印|日期|经办)[^:：]{0,8}[:：]"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading (表头): row counts from 0; places: for each field its column, None where missing.

    unknown: names of columns that are no field; suggestions: {unknown: field's title it resembles}.
    """

    row: int
    places: tuple[int | None, ...]
    width: int
    unknown: tuple[str, ...] = ()
    suggestions: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()

    @property
    def matched(self) -> int:
        """Count the fields that have a column."""
        return sum(place is not None for place in self.places)


@lru_cache(maxsize=8192)
def name_fold(text: str) -> str:
    """Return the form in which column names are compared.

    >>> name_fold(" *姓　名（必填）"), name_fold("ID_Number")
    ('姓名', 'id_number')
    """
    folded = _REMARK.sub("", fold(text.replace("\ufeff", "")))
    return folded or fold(text).strip()


def heading_match(
    cells: Sequence[str | None], fields: Sequence[object], *, row: int = 0, suggest: bool = True
) -> Heading:
    """Match one row of names to fields (列匹配). fields: with name, title, title_en.

    suggest: look for names that are like those that are missing, which takes time.
    """
    known: dict[str, int] = {}
    for index, one in enumerate(fields):
        for name in (one.title_en, one.title, one.name):
            if name:
                known[name_fold(name)] = index
    places: list[int | None] = [None] * len(fields)
    unknown, twice, width = [], [], 0
    for column, cell in enumerate(cells):
        if not cell or not cell.strip():
            continue
        width = column + 1
        index = known.get(name_fold(cell))
        if index is None:
            if cell.strip() not in HELPING:
                unknown.append(cell.strip())
        elif places[index] is not None:
            twice.append(cell.strip())
        else:
            places[index] = column
    missing = [one for one, place in zip(fields, places, strict=True) if place is None]
    return Heading(
        row=row,
        places=tuple(places),
        width=width,
        unknown=tuple(unknown),
        suggestions=tuple(_suggestions(unknown, missing)) if suggest else (),
        missing=tuple(one.title or one.name for one in missing),
        twice=tuple(twice),
    )


def _suggestions(unknown: Sequence[str], missing: Sequence[object]) -> list[tuple[str, str]]:
    options = {}
    for one in missing:
        title = one.title or one.name
        options |= {name_fold(name): title for name in (one.name, one.title, one.title_en) if name}
    found = []
    for name in unknown:
        folded = name_fold(name)
        close = get_close_matches(folded, options, n=1, cutoff=0.5) or [
            option
            for option in options
            if len(folded) > 1 and (folded in option or option in folded)
        ]
        if close:
            found.append((name, options[close[0]]))
    return found


def heading_find(rows: Sequence[Sequence[str | None]], fields: Sequence[object]) -> Heading | None:
    """Return the row that names most fields among the first ones, None when none names any (找表头)."""
    best = None
    for index, cells in enumerate(rows[:HEADING_ROWS]):
        found = heading_match(cells, fields, row=index, suggest=False)
        if found.matched and (best is None or found.matched > best.matched):
            best = found
    # One title that happens to be a field's name does not make a heading of a table with many.
    if best is None or (
        best.matched == 1 and len(fields) > 2 and best.missing and best.unknown == ()
    ):
        return best if best is not None and len(fields) <= 2 else None
    return heading_match(rows[best.row], fields, row=best.row)


def heading_require(heading: Heading | None, fields: Sequence[object]) -> Heading:
    """Return the heading; raises `LandingUnreadable` when it is missing or incomplete, naming columns."""
    titles = "、".join(one.title or one.name for one in fields[:6])
    if heading is None:
        raise LandingUnreadable("NO_HEADING", rows=HEADING_ROWS, columns=titles)
    if heading.twice:
        raise LandingUnreadable("COLUMNS_TWICE", columns="、".join(heading.twice))
    if heading.missing:
        similar = {title: name for name, title in heading.suggestions}
        names = [
            f"{title}（{similar[title]}？）" if title in similar else title
            for title in heading.missing
        ]
        raise LandingUnreadable("COLUMNS_MISSING", columns="、".join(names))
    return heading


def is_total(cells: Sequence[str | None]) -> bool:
    """Tell whether a row is a total (合计行): the first filled cell says so.

    >>> is_total(["合　计", None, "3"]), is_total(["沈合计", "1"])
    (True, False)
    """
    first = next((cell for cell in cells if cell and cell.strip()), "")
    return bool(_TOTAL.fullmatch(re.sub(r"\s+", "", first)))


def is_note(cells: Sequence[str | None]) -> bool:
    """Tell whether a row is a remark below the table (表尾说明): few cells, the first one a label.

    >>> is_note(["制表人：沈月琴", None, None, None]), is_note(["1", "2"])
    (True, False)
    """
    filled = [cell for cell in cells if cell and cell.strip()]
    return 0 < len(filled) <= max(1, len(cells) // 2) and bool(
        _NOTE.match(re.sub(r"\s+", "", filled[0]))
    )
