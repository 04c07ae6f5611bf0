"""Both records of a pair as the page shows them (双方记录): masked unless opened, with what compares how."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.resources.fusion.data import FusionNothing, FusionPlan
from yiwang.resources.fusion.desk import Cell, Likeness, PairView, value_masked, weighs
from yiwang.resources.fusion.permissions import field_levels
from yiwang.resources.fusion.queries import feed_folder, master_folder
from yiwang.resources.fusion.views import words


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both records: how it compares in words, and what it speaks for."""

    field: str
    title: str
    left: Cell | None
    right: Cell | None
    sign: str
    speaks: str


@dataclass(frozen=True, slots=True)
class PairRecords:
    """What the page shows of a pair; problem says why a record is not there any more."""

    left_title: str
    right_title: str
    lines: tuple[Line, ...]
    problem: str = ""
    masked: bool = False


def pair_records(view: PairView, plan: FusionPlan, *, is_open: bool) -> PairRecords:
    """Read both records of a pair (双方记录) and compare them; is_open: unmasked."""
    from yiwang.resources.fusion import evidence, reports  # noqa: PLC0415 - loads DuckDB

    left_title = _("Row of “%(source)s”") % {"source": words.source(plan, view.number)}
    right_title = (
        _("Record of the person in the registry")
        if plan.identifier == "ID_NUMBER"
        else _("Record of the organisation in the registry")
    )
    if view.kind == "ROW":
        right_title = _("Row of “%(source)s”") % {"source": words.source(plan, view.other_number)}
    feed, today = feed_folder(view.registry), timezone.localdate()
    left = evidence.row_record(plan, feed, view.number, view.row_no, today)
    if view.kind == "ROW":
        right = evidence.row_record(plan, feed, view.other_number, view.other_row, today)
    else:
        right = _person(evidence, reports, plan, view)
    if left is None or right is None:
        problem = _("One of the two records is no longer there. The next run closes this pair.")
        return PairRecords(left_title, right_title, (), problem)
    lines = tuple(
        _line(one, plan, view, left, right, is_open=is_open)
        for one in evidence.likenesses(plan, left, right)
        if one.level != "NONE_BOTH"
    )
    masked = any(
        cell is not None and cell.masked for line in lines for cell in (line.left, line.right)
    )
    return PairRecords(left_title, right_title, lines, masked=masked)


def _person(evidence: object, reports: object, plan: FusionPlan, view: PairView) -> object:
    try:
        folder = reports.run_folder(master_folder(view.registry))
    except FusionNothing:
        return None
    return evidence.person_record(plan, folder, view.uid)


def _line(
    one: Likeness, plan: FusionPlan, view: PairView, left: object, right: object, *, is_open: bool
) -> Line:
    return Line(
        field=one.field,
        title=words.field(one.field, one.title),
        left=_cell(one.field, plan, view, left, view.number, is_open=is_open),
        right=_cell(one.field, plan, view, right, view.other_number, is_open=is_open),
        sign=words.sign(one.sign),
        speaks=weighs(one.weight),
    )


def _cell(
    name: str, plan: FusionPlan, view: PairView, record: object, number: int, *, is_open: bool
) -> Cell | None:
    text = record.number if name == "identifier" else record.shown.get(name, "")
    if not text:
        return None
    item = next((field for field in plan.fields if field.name == name), None)
    level = field_levels(view.registry).get(name, 1)
    masked = level >= 3 and not is_open
    if masked:
        text = value_masked(name, item.kind if item else "ID", text)
    elif item is not None:
        text = words.value(item, text)
    given, at = record.sources.get(name, (0, None))
    source = words.source(plan, given) if given else ""
    return Cell(text, source, at.isoformat() if at else "", level, masked)
