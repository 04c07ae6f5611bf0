"""Made data of the page `/ui/`, which shows every component in every state."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from yiwang.kernel.ui.tables import Column, Filter, choices_of, page_of
from yiwang.sdk.errors import N_

_DAY = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
_STATES = {
    "SUBMITTED": N_("Handed in"),
    "CORRECTION": N_("To be corrected"),
    "APPROVED": N_("Approved"),
    "REFUSED": N_("Refused"),
    "WITHDRAWN": N_("Withdrawn"),
}
_MATTERS = (
    {"zh": "老年人优待证", "en": "Senior citizen card"},
    {"zh": "开餐馆“一件事”", "en": "Opening a restaurant"},
    {"zh": "居住证签发", "en": "Residence permit"},
)


def _state_text(code: str) -> str:
    title = _STATES[code]
    return _(title)


COLUMNS = (
    Column("number", N_("No."), order="number"),
    Column("title", N_("Matter"), order="title"),
    Column("state", N_("State"), text=lambda row: _state_text(row["state"])),
    Column("days", N_("Days left"), order="days", align="end"),
)


def gallery_rows() -> list[dict]:
    """Return made rows of a list."""
    codes = list(_STATES)
    return [
        {
            "number": f"DEMO{index:06d}",
            "title": _MATTERS[index % 3],
            "state": codes[index % 5],
            "days": 12 - index % 17,
            "light": "RED" if index % 17 > 12 else "YELLOW" if index % 17 > 10 else "GREEN",
        }
        for index in range(1, 68)
    ]


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "q",
            N_("Number contains"),
            apply=lambda rows, value: [row for row in rows if value.upper() in row["number"]],
        ),
        Filter(
            "state",
            N_("State"),
            kind="select",
            choices=choices_of(_STATES),
            apply=lambda rows, value: [row for row in rows if row["state"] == value],
        ),
    )


def _clock(**changes: Any) -> SimpleNamespace:
    values = {
        "label": {"zh": "法定办结时限", "en": "Legal limit"},
        "amount": 20,
        "unit": "WORKING_DAY",
        "elapsed": 8,
        "remaining": 12,
        "state": "RUNNING",
        "light": "GREEN",
        "is_overdue": False,
        "due_at": datetime(2026, 11, 30, 9, 0, tzinfo=UTC),
        "due_state": "DATED",
        "missing_year": None,
        "pauses": (),
    }
    return SimpleNamespace(**{**values, **changes})


def _clocks() -> list[SimpleNamespace]:
    unpublished = {"due_at": None, "due_state": "CALENDAR_NOT_PUBLISHED", "missing_year": 2027}
    paused = {"state": "PAUSED", "due_at": None, "due_state": "PAUSED", "pauses": (1,)}
    return [
        _clock(),
        _clock(elapsed=19, remaining=1, light="YELLOW", label={"zh": "承诺时限", "en": "Promise"}),
        _clock(elapsed=23, remaining=-3, light="RED", is_overdue=True),
        _clock(light="NONE", **paused),
        _clock(elapsed=3, remaining=17, **unpublished),
        _clock(state="STOPPED", elapsed=9, remaining=11, due_at=None),
    ]


def _timeline() -> list[dict]:
    return [
        {"title": _("Handed in"), "at": _DAY, "by": "张演示", "state": "done"},
        {
            "title": _("To be corrected"),
            "at": _DAY,
            "text": _("Please add a photo of the front door."),
            "state": "warning",
        },
        {"title": _("In review"), "by": "演示区民政局", "state": "current"},
        {"title": _("Decision"), "state": "upcoming"},
    ]


def gallery_context(request: HttpRequest) -> dict[str, Any]:
    """Return everything that the gallery's template shows."""
    errors = {
        "name": [_("Enter the name as it stands on the identity card.")],
        "photo": [_("This file is not an image. Choose a JPEG or PNG file.")],
    }
    page = page_of(
        request, gallery_rows(), columns=COLUMNS, filters=_filters(), default_order="number"
    )
    return {
        "page": page,
        "short_page": page_of(request, gallery_rows()[8:16], columns=COLUMNS),
        "empty_page": page_of(request, [], columns=COLUMNS),
        "clocks": _clocks(),
        "timeline": _timeline(),
        "errors": errors if request.GET.get("errors") == "1" else {},
        "with_errors": request.GET.get("errors") == "1",
        "states": _STATES,
        "day": date(2026, 11, 2),
        "moment": _DAY,
        "source": {"zh": "人口库", "en": "Population registry"},
        "months": [f"2026-{n:02d}" for n in range(1, 7)],
    }


def gallery_search(query: str) -> list[SimpleNamespace]:
    """Return made hits of the live search."""
    words = [(m["zh"], m["en"]) for m in _MATTERS]
    return [
        SimpleNamespace(url="/ui/", title=zh, snippet=en)
        for zh, en in words
        if query and (query in zh or query.lower() in en.lower())
    ]
