"""Repeating groups of many rows (大批量重复分组): shown a window at a time, judged all at once.

The rows of a group are judged by one call of the compiled schema, and only those that have a fault, or
stand in the window, get the states of their cells. Both ways find the same rows wrong; a test holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
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


def row_known(definition: FieldDefinition, row: object) -> dict[str, object]:
    """Keep the filled cells of a row that the group has; the rest is nobody's."""
    cells = row if isinstance(row, dict) else {}
    return {
        each.key: cells[each.key]
        for each in definition.fields
        if each.key in cells and not is_blank(cells[each.key])
    }


def rows_wrong(
    definition: FieldDefinition,
    rows: Sequence[Mapping[str, object]],
    options: Mapping[str, Iterable[Option]],
) -> list[int]:
    """Return the places of the rows, counted from 0, in which a cell is missing or wrong (问题行).

    rows: as `row_known` gives them; options: allowed choices by cell. Blank rows are no rows.
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
    return sorted(found)


def _chosen(value: object, allowed: set[str]) -> bool:
    if is_blank(value):
        return True
    chosen = value if isinstance(value, list) else [value]
    return all(value_text(each) in allowed for each in chosen)
