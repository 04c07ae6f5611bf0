"""How landing's codes and notes read in the active language."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yiwang.resources.catalogue.queries import department_of
from yiwang.resources.landing import data
from yiwang.resources.landing.wording import problem_text, reason_text
from yiwang.sdk.errors import N_

TABLES = {
    "state": data.STATES,
    "mode": data.MODES,
    "source": data.SOURCES,
    "stage": data.STAGES,
    "repair": data.REPAIRS,
}
STATE_LOOKS = {
    "RECEIVED": ("info", "hourglass"),
    "RUNNING": ("info", "arrow-repeat"),
    "LANDED": ("success", "check-circle"),
    "STOPPED": ("warning", "sign-stop"),
    "FAILED": ("danger", "x-octagon"),
    "CANCELLED": ("neutral", "slash-circle"),
    "WITHDRAWN": ("neutral", "arrow-counterclockwise"),
}
ACTS = {
    "resources.landing.receive": N_("File received"),
    "resources.landing.start": N_("Processing begun"),
    "resources.landing.land": N_("Put in force"),
    "resources.landing.stop": N_("Stopped by its contract"),
    "resources.landing.fail": N_("Could not be read"),
    "resources.landing.cancel": N_("Cancelled by a person"),
    "resources.landing.retry": N_("Tried again"),
    "resources.landing.release": N_("Released"),
    "resources.landing.withdraw": N_("Taken back by a person"),
    "resources.landing.rows_read": N_("Refused rows looked at"),
}
__all__ = ["ACTS", "STATE_LOOKS", "TABLES", "problem_text", "reason_text"]


def word(table: str, value: str) -> str:
    """Return how a code of a table reads."""
    found = TABLES[table].get(value)
    return _(found) if found else value


def options(table: str) -> list[tuple[str, str]]:
    """Return a table as the options of a select."""
    return [(code, word(table, code)) for code in TABLES[table]]


def department_name(department_id: int | None) -> str:
    """Return what a department is called on a page."""
    department = department_of(department_id)
    return department.name if department else ""


def note_text(note: dict) -> str:
    """Return what was noticed about a file as a sentence (文件说明)."""
    kind = note["kind"]
    if kind == "UNKNOWN_COLUMNS":
        words = _("These columns are not in the catalogue and were left out: %(columns)s.")
        return words % {"columns": "、".join(note["columns"])}
    if kind == "SKIPPED":
        words = _("Line %(line)s is a total or a remark and was left out: %(text)s")
        return words % {"line": note["line"], "text": note["text"]}
    if kind == "ENCODING":
        words = ngettext(
            "%(n)s line was in GB18030 and was read as such.",
            "%(n)s lines were in GB18030 and were read as such.",
            note["gb18030"],
        )
        return words % {"n": f"{note['gb18030']:,}"}
    if kind == "SHEETS":
        words = _("The sheet %(read)s was read; these were not: %(others)s.")
        return words % {"read": note["read"], "others": "、".join(note["others"])}
    return ""
