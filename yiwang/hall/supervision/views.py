"""Pages of the supervisor (电子监察): the board, and down from it to the case."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from yiwang.engines.api import (
    clock_list,
    work_item_case_list,
    work_item_oversee,
    work_item_oversee_count,
)
from yiwang.hall.supervision.data import GRADES, LEVELS, STATES, TRIGGERS, Score
from yiwang.hall.supervision.models import BoardCell, SupervisionCard
from yiwang.hall.supervision.queries import (
    SCORED,
    VIEW,
    board_counted_at,
    board_read,
    card_counts,
    card_totals,
    score_list,
)
from yiwang.hall.supervision.rules import grade_of, quarter_of, quarter_span
from yiwang.hall.supervision.sweep import board_is_stale
from yiwang.identity.api import DepartmentView, account_list, allow, department_get, department_list
from yiwang.kernel.api import Column, Filter, Source, choices_of, localized, page_of, render
from yiwang.sdk.errors import N_, NotFound

LIGHTS = {
    "RED": N_("Overdue"),
    "YELLOW": N_("Due soon"),
    "GREEN": N_("On time"),
    "NONE": N_("No due date"),
}
GRADE_TITLES = {code: title for _, code, title in GRADES}
GRADE_KINDS = {"EXCELLENT": "success", "GOOD": "info", "PASS": "warning", "FAIL": "danger"}
LEVEL_KINDS = {"WARNING": "info", "YELLOW": "warning", "RED": "danger", "LETTER": "danger"}
PURPOSE = "电子监察"
STEP_COLUMNS = (
    Column("number", N_("Application number")),
    Column("title", N_("Matter")),
    Column("name", N_("Step")),
    Column("department", N_("Department")),
    Column("due_at", N_("Due")),
    Column("light", N_("State")),
)
SCORE_COLUMNS = (
    Column("name", N_("Who or what")),
    Column("score", N_("Score"), align="end"),
    Column("grade", N_("Grade")),
    Column("warnings", N_("Warnings"), align="end"),
    Column("yellow", N_("Yellow cards"), align="end"),
    Column("red", N_("Red cards"), align="end"),
    Column("points", N_("Points taken off"), align="end"),
)


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One department on the board (看板一行): its matters, its cards, its score."""

    department_id: int
    name: dict[str, str]
    cells: list[BoardCell]
    red: int
    yellow: int
    green: int
    yellow_cards: int
    red_cards: int
    score: int
    grade: str

    @property
    def open(self) -> int:
        """All its open steps."""
        return sum(cell.green + cell.yellow + cell.red + cell.undated for cell in self.cells)


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def board(request: HttpRequest) -> HttpResponse:
    """Show every department and its matters (监察看板); the page refreshes itself."""
    now = timezone.now()
    quarter = quarter_of(timezone.localdate())
    lines = board_lines(quarter)
    counted_at = board_counted_at()
    names = {
        "lines": lines,
        "quarter": quarter,
        "counted_at": counted_at,
        "is_stale": board_is_stale(counted_at, now=now),
        "totals": card_totals(),
        "matters": len({cell.title_zh for line in lines for cell in line.cells}),
        "sums": {name: sum(getattr(line, name) for line in lines) for name in ("red", "yellow")}
        | {"open": sum(line.open for line in lines)},
        "grades": GRADE_TITLES,
        "grade_kinds": GRADE_KINDS,
    }
    return render(request, "hall/supervision/board.html", names)


def board_lines(quarter: str) -> list[BoardLine]:
    """Put the board together (看板): departments with open steps or cards, the most urgent first."""
    cells: dict[int, list[BoardCell]] = {}
    for cell in board_read():
        cells.setdefault(cell.department_id, []).append(cell)
    counts = card_counts(quarter=quarter)
    scores = {one.key: one for one in score_list("department", quarter=quarter)}
    ids = {*cells, *(key for key in counts if key is not None)}
    names = {row.id: department_name(row) for row in department_list(ids=ids)}
    lines = [
        _line(key, names.get(key), cells.get(key, []), counts.get(key, {}), scores.get(key))
        for key in ids
    ]
    return sorted(lines, key=lambda line: (-line.red, -line.yellow, line.department_id))


def _line(
    department_id: int,
    name: dict[str, str] | None,
    cells: list[BoardCell],
    counts: dict[str, int],
    score: Score | None,
) -> BoardLine:
    return BoardLine(
        department_id=department_id,
        name=name or {"zh": str(department_id), "en": str(department_id)},
        cells=cells,
        red=sum(cell.red for cell in cells),
        yellow=sum(cell.yellow for cell in cells),
        green=sum(cell.green for cell in cells),
        yellow_cards=counts.get("YELLOW", 0),
        red_cards=counts.get("RED", 0),
        score=score.score if score else 100,
        grade=score.grade if score else grade_of(100),
    )


def department_name(row: DepartmentView) -> dict[str, str]:
    """Return a department's name in both languages."""
    return {"zh": row.name, "en": row.name_en or row.name}


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def department(request: HttpRequest, department_id: int) -> HttpResponse:
    """Show one department (部门监察): matters, cards of the quarter, scores of steps and officers."""
    row = department_get(department_id)
    quarter = _quarter(request)
    cells = [cell for cell in board_read() if cell.department_id == department_id]
    own = [one for one in score_list("department", quarter=quarter) if one.key == department_id]
    cards = SupervisionCard.objects.filter(department_id=department_id)
    names = {
        "department": row,
        "name": department_name(row),
        "quarter": quarter,
        "cells": cells,
        "score": own[0] if own else None,
        "steps": score_list("step", quarter=quarter, department_id=department_id),
        "officers": _named(
            "officer", score_list("officer", quarter=quarter, department_id=department_id)
        ),
        "cards": cards.order_by("-issued_at", "-id")[:10],
        **words(),
    }
    return render(request, "hall/supervision/department.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def steps(request: HttpRequest) -> HttpResponse:
    """List open steps by department, matter and light (监察清单), the most urgent first."""
    now = timezone.now()

    def asked(filters: dict) -> dict:
        department_id = filters.get("department", "")
        return {
            "department_id": int(department_id) if department_id.isdecimal() else None,
            "title_zh": filters.get("matter", ""),
            "light": filters.get("light", ""),
            "now": now,
        }

    source = Source(
        lambda query: work_item_oversee(
            **asked(query.filters), limit=query.limit, offset=query.offset
        ),
        lambda query, cap: work_item_oversee_count(**asked(query.filters), cap=cap),
    )
    departments = {row.id: department_name(row) for row in department_list()}
    page = page_of(
        request,
        source,
        columns=STEP_COLUMNS,
        filters=[
            Filter("department", N_("Department"), "select", _department_choices(departments)),
            Filter("matter", N_("Matter")),
            Filter("light", N_("State"), "select", choices_of(LIGHTS)),
        ],
        count_cap=10_000,
    )
    names = {"page": page, "departments": departments, "now": now, "lights": LIGHTS}
    return render(request, "hall/supervision/steps.html", names)


def _department_choices(departments: dict[int, dict]) -> list[tuple[int, str]]:
    known = {cell.department_id for cell in board_read()}
    return [(key, localized(name)) for key, name in departments.items() if key in known]


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Show one case as supervision may see it (办件监察): clocks, steps, cards; no applicant."""
    now, key = timezone.now(), f"application:{number}"
    items = work_item_case_list(key)
    cards = list(SupervisionCard.objects.filter(case_key=key).order_by("issued_at", "id"))
    if not items and not cards:
        raise NotFound()
    departments = {row.id: department_name(row) for row in department_list()}
    officers = _officers(item.assignee_id for item in items)
    names = {
        "number": number,
        "title": items[0].title if items else {"zh": cards[0].title_zh, "en": cards[0].title_en},
        "items": items,
        "clocks": clock_list(key, now=now, below=True),
        "cards": cards,
        "departments": departments,
        "officers": officers,
        "now": now,
        "lights": LIGHTS,
        **words(),
    }
    return render(request, "hall/supervision/case.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def scores(request: HttpRequest) -> HttpResponse:
    """Show the scores of a quarter (季度得分) by department, officer or step."""
    by = request.GET.get("by", "department")
    by = by if by in SCORED else "department"
    quarter = _quarter(request)
    page = page_of(
        request, _named(by, score_list(by, quarter=quarter)), columns=SCORE_COLUMNS, size=50
    )
    if page.wants_export:
        return page.export(f"scores-{by}-{quarter}")
    names = {"page": page, "by": by, "quarter": quarter, "quarters": _quarters(), **words()}
    return render(request, "hall/supervision/scores.html", names)


def words() -> dict[str, dict]:
    """Return the words for the codes that every page of cards shows."""
    return {
        "levels": LEVELS,
        "level_kinds": LEVEL_KINDS,
        "states": STATES,
        "triggers": TRIGGERS,
        "grades": GRADE_TITLES,
        "grade_kinds": GRADE_KINDS,
    }


def _named(by: str, scores: list[Score]) -> list[dict]:
    names: dict = {}
    if by == "department":
        wanted = {one.key for one in scores}
        names = {row.id: localized(department_name(row)) for row in department_list(ids=wanted)}
    elif by == "officer":
        names = _officers(one.key for one in scores)
    return [
        {
            "key": one.key,
            "name": names.get(one.key) or str(one.key),
            "score": one.score,
            "grade": one.grade,
            "warnings": one.warnings,
            "yellow": one.yellow,
            "red": one.red,
            "points": one.points,
        }
        for one in scores
    ]


def _officers(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    return {account.id: account.name for account in account_list(ids=wanted)} if wanted else {}


def _quarter(request: HttpRequest) -> str:
    asked = request.GET.get("quarter", "")
    return asked if quarter_span(asked) else quarter_of(timezone.localdate())


def _quarters() -> list[str]:
    year, number = timezone.localdate().year, (timezone.localdate().month + 2) // 3
    found = []
    for _step in range(6):
        found.append(f"{year}Q{number}")
        year, number = (year, number - 1) if number > 1 else (year - 1, 4)
    return found
