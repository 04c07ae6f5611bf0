"""How quality reads on pages: levels, properties, departments, resources."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yiwang.kernel.api import localized
from yiwang.resources.catalogue.queries import department_of
from yiwang.resources.quality import data
from yiwang.resources.quality.queries import standard_get
from yiwang.resources.quality.rules import level_of
from yiwang.sdk.errors import N_

LIGHTS = {
    "GREEN": N_("In time"),
    "YELLOW": N_("Due within a working day"),
    "RED": N_("Past its deadline"),
    "NONE": N_("Settled"),
}
ACTS = {
    "resources.quality.open": N_("Found by a check"),
    "resources.quality.see": N_("Looked at"),
    "resources.quality.answer": N_("Answered by the department"),
    "resources.quality.decide": N_("Decided by the data bureau"),
    "resources.quality.fix": N_("Corrected rows sent"),
    "resources.quality.disproved": N_("The correction did not hold"),
    "resources.quality.reopen": N_("Came back"),
    "resources.quality.close": N_("Settled"),
}
KINDS = {"A": "success", "B": "success", "C": "warning", "D": "warning", "E": "danger"}


def is_chinese() -> bool:
    """Tell whether the active language is Chinese."""
    return (get_language() or "zh").startswith("zh")


def property_text(key: str) -> str:
    """Return what a property is called, *All* for none."""
    return _(data.PROPERTIES[key]) if key in data.PROPERTIES else _("Overall score")


def level(score: float | None) -> dict[str, str]:
    """Return the level of a score: key, text and kind of badge."""
    key, title = level_of(score, standard_get())
    return {
        "key": key,
        "text": localized(title) if title else "",
        "kind": KINDS.get(key, "neutral"),
    }


def state_text(state: str) -> str:
    """Return what a state of an exception is called."""
    return _(data.STATES.get(state, state))


def light_text(light: str) -> str:
    """Return what a light of an exception says."""
    return _(LIGHTS[light])


def origin_text(origin: str) -> str:
    """Return where an exception comes from."""
    return _(data.ORIGINS.get(origin, origin))


def ending_text(ending: str) -> str:
    """Return how an exception ended."""
    return _(data.ENDINGS.get(ending, ending))


def alert_text(kind: str) -> str:
    """Return what an alert says."""
    return _(data.ALERTS.get(kind, kind))


def alert_state_text(state: str) -> str:
    """Return what a state of an alert is called."""
    return _(data.ALERT_STATES.get(state, state))


def figures_text(figures: dict) -> str:
    """Return the figures behind an alert in words."""
    sentences = (
        ("last", N_("last delivery %(last)s")),
        ("rows", N_("%(rows)s rows, usually %(usual)s")),
        ("psi", N_("stability index %(psi)s")),
        ("empty", N_("share without a value %(empty)s, usually %(usual)s")),
        ("added", N_("new %(added)s, gone %(gone)s, of another type %(changed)s")),
    )
    for key, sentence in sentences:
        if key in figures:
            params = {
                name: (", ".join(value) or _("none"))
                if isinstance(value, list)
                else value or _("none")
                for name, value in figures.items()
            }
            return _(sentence) % params
    return ""


def message_text(row) -> str:  # noqa: ANN001 - an exception's row or view
    """Return the message of an exception in the active language."""
    english = getattr(row, "message_en", "")
    return row.message if is_chinese() else english or row.message


def department_name(department_id: int | None) -> str:
    """Return a department's name in the active language, a dash for none."""
    department = department_of(department_id)
    if department is None:
        return "—"
    return department.name if is_chinese() else department.name_en or department.name


def resource_title(resource) -> str:  # noqa: ANN001 - a catalogue Resource
    """Return a resource's name in the active language."""
    if resource is None:
        return "—"
    version = resource.current_version
    if version is None:
        return resource.draft_title
    return version.title if is_chinese() else version.title_en or version.title
