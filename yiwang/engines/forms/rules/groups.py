"""Repeating groups of many rows (大批量重复分组): shown a window at a time, judged all at once.

The rows of a group are judged by one call of the compiled schema, and only those that have a fault, or
stand in the window, get the states of their cells. Both ways find the same rows wrong; a test holds it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from yiwang.engines.forms.data import Option
from yiwang.engines.forms.rules.definition import FieldDefinition
from yiwang.engines.forms.rules.inputs import is_blank, value_text

WINDOW = 50
FAR_SAID = 50
"""So many rows outside the window are described one by one; of the rest their numbers are told."""

NUMBERS_SAID = 200


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a page shows (行窗口): from `start` on, `stop` not included, of `total`."""

    start: int
    stop: int
    total: int

    @property
    def text(self) -> str:
        """Return what the page posts back, so that the other rows are kept: "50-100"."""
        return f"{self.start}-{self.stop}"


def window_of(start: int, total: int) -> Window:
    """Return the window that holds row `start`, counted from 0; windows begin at multiples of 50.

    >>> window_of(120, 10_000).text, window_of(99, 60).text, window_of(0, 0).text
    ('100-150', '50-60', '0-0')
    """
    last = max(0, total - 1)
    first = min(max(0, start), last) // WINDOW * WINDOW
    return Window(first, min(first + WINDOW, total), total)


def row_known(
    definition: FieldDefinition, row: object, shown: Collection[str] | None = None
) -> dict[str, object]:
    """Keep the filled cells of a row that the group has, and that the row shows; the rest is nobody's."""
    cells = row if isinstance(row, dict) else {}
    return {
        each.key: cells[each.key]
        for each in definition.fields
        if each.key in cells
        and not is_blank(cells[each.key])
        and (shown is None or each.key in shown)
    }


@dataclass(frozen=True, slots=True)
class RowAsked:
    """What the conditions ask of one row (行内要求): cells it must have; choices that are left."""

    required: frozenset[str]
    restricted: Mapping[str, tuple]


def rows_wrong(
    definition: FieldDefinition,
    rows: Sequence[Mapping[str, object]],
    options: Mapping[str, Iterable[Option]],
    asked: Sequence[RowAsked] = (),
) -> list[int]:
    """Return the places of the rows, counted from 0, in which a cell is missing or wrong (问题行).

    rows: as `row_known` gives them; options: allowed choices by cell; asked: of every row, where the
    group has conditions of its own. Blank rows are no rows.
    """
    boxes = {each.key for each in definition.fields if each.widget == "checkbox"}
    judged = [
        {key: each for key, each in row.items() if not (each is False and key in boxes)}
        for row in rows
    ]
    places = [place for place, row in enumerate(rows) if not is_blank(row)]
    found = {
        places[int(path[0])]
        for error in definition.validator.iter_errors([judged[place] for place in places])
        if (path := error.instance_path)
    }
    for cell in definition.fields:
        if cell.has_options:
            allowed = {value_text(each.value) for each in options.get(cell.key, ())}
            found |= {p for p in places if not _chosen(rows[p].get(cell.key), allowed)}
    if asked:
        found |= {place for place in places if _lacks(judged[place], asked[place])}
    return sorted(found)


def _lacks(row: Mapping[str, object], asked: RowAsked) -> bool:
    return not asked.required <= row.keys() or not all(
        _chosen(row.get(key), {value_text(each) for each in left})
        for key, left in asked.restricted.items()
    )


def _chosen(value: object, allowed: set[str]) -> bool:
    if is_blank(value):
        return True
    chosen = value if isinstance(value, list) else [value]
    return all(value_text(each) in allowed for each in chosen)
