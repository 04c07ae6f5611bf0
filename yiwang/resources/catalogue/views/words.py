"""How the catalogue's codes, changes and problems read in the active language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yiwang.identity.api import DepartmentView
from yiwang.resources.catalogue import data
from yiwang.resources.catalogue.data import Change, Problem, ResourceRow, ResourceSpec, ResourceView
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import department_of
from yiwang.sdk.errors import N_

TABLES: dict[str, Mapping] = {
    "category": data.CATEGORIES,
    "base": data.BASES,
    "theme": data.THEMES,
    "sharing": data.SHARINGS,
    "sharing_mode": data.MODES,
    "opening": data.OPENINGS,
    "format": data.FORMATS,
    "cycle": data.CYCLES,
    "channel": data.CHANNELS,
    "type": data.TYPES,
    "level": data.LEVELS,
    "state": data.STATES,
    "light": data.LIGHTS,
}
LABELS = {
    "title": N_("Name of the resource"),
    "title_en": N_("English name"),
    "summary": N_("What it holds"),
    "summary_en": N_("What it holds, in English"),
    "category": N_("Class"),
    "base": N_("Base registry"),
    "theme": N_("Field of government"),
    "office": N_("Office in charge"),
    "system": N_("System it comes from"),
    "format": N_("Form of the data"),
    "sharing": N_("Sharing"),
    "sharing_condition": N_("Condition of sharing"),
    "sharing_mode": N_("Way of sharing"),
    "sharing_reason": N_("Legal basis for not sharing"),
    "opening": N_("Openness"),
    "opening_condition": N_("Condition of openness"),
    "opening_reason": N_("Why it is not open"),
    "cycle": N_("Update cycle"),
    "channel": N_("Network"),
    "note": N_("Note"),
    "matters": N_("Matters that make it"),
    "related": N_("Related resources"),
    "fields": N_("Fields"),
    "quality": N_("Quality rules"),
}
FIELD_LABELS = {
    "name": N_("Column name"),
    "title": N_("Chinese name"),
    "title_en": N_("English name"),
    "type": N_("Type"),
    "length": N_("Length"),
    "level": N_("Protection level"),
    "sharing": N_("Sharing"),
    "reason": N_("Why it is not shared"),
    "is_open": N_("Open"),
    "is_key": N_("Key"),
    "code_table": N_("Code table"),
    "code_edition": N_("Edition of the code table"),
    "key": N_("Rule"),
    "that": N_("What must hold"),
    "message": N_("What is said otherwise"),
}
PERSONAL = {
    "ID_NUMBER": N_("Identity number"),
    "BANK_CARD": N_("Bank account"),
    "PHONE": N_("Telephone number"),
    "EMAIL": N_("E-mail address"),
    "USCC": N_("Unified social credit code"),
    "NAME": N_("Name of a person"),
    "ADDRESS": N_("Address"),
}
OUTCOMES = {
    "ACCEPTED": N_("New draft"),
    "CHANGED": N_("Draft changed"),
    "UNCHANGED": N_("Nothing new"),
    "REFUSED": N_("Turned down"),
}


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change as a page shows it: kind is +, - or ~."""

    kind: str
    subject: str
    before: str
    after: str


def word(table: str, value: object) -> str:
    """Return how a code of a table reads; themes are Chinese by themselves."""
    if table == "theme" and is_chinese():
        return str(value)
    found = TABLES[table].get(value)
    return _(found) if found else str(value or "")


def options(table: str) -> list[tuple[object, str]]:
    """Return a table as the options of a select."""
    return [(code, word(table, code)) for code in TABLES[table]]


def is_chinese() -> bool:
    """Tell whether the active language is Chinese."""
    return (get_language() or "zh").startswith("zh")


def problem_text(problem: Problem) -> str:
    """Return a problem's sentence in the active language."""
    message = _(problem.message)
    return message % problem.params if problem.params else message


def title_of(item: ResourceSpec | ResourceRow) -> str:
    """Return a resource's name in the active language."""
    return item.title if is_chinese() else item.title_en or item.title


def provider_name(item: ResourceView | ResourceRow | Resource) -> str:
    """Return what the providing department is called in the active language."""
    return department_text(department_of(item.department_id)) or item.function


def department_text(department: DepartmentView | None) -> str:
    """Return a department's name in the active language."""
    if department is None:
        return ""
    return department.name if is_chinese() else department.name_en or department.name


def change_lines(changes: Sequence[Change], before: ResourceSpec, after: ResourceSpec) -> list:
    """Return changes as lines: a field that came or went is one line, not ten."""
    old = {one.name for one in before.fields} | {one.key for one in before.quality}
    new = {one.name for one in after.fields} | {one.key for one in after.quality}
    titles = {one.name: one.title for one in (*before.fields, *after.fields)}
    lines = []
    for change in changes:
        section, _sep, rest = change.path.partition("/")
        name, _sep, attribute = rest.rpartition("/")
        if not rest:
            lines += _plain(change, old, new)
        elif name in old and name in new:
            subject = f"{titles.get(name, name)} · {_(FIELD_LABELS[attribute])}"
            texts = (value_text(attribute, each) for each in (change.before, change.after))
            lines.append(ChangeLine("~", subject, *texts))
        elif attribute == ("name" if section == "fields" else "key"):
            kind = "-" if name in old else "+"
            text = f"{titles.get(name, '')} {name}".strip()
            lines.append(ChangeLine(kind, _(LABELS[section]), *_sides(kind, text)))
    return lines


def value_text(name: str, value: object) -> str:
    """Return a value of a specification in words."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return " · ".join(map(str, value))
    return word(name, value) if name in TABLES else str(value if value is not None else "")


def _plain(change: Change, old: set[str], new: set[str]) -> list[ChangeLine]:
    if change.path in ("fields", "quality"):
        kept_before = [name for name in change.before if name in new]
        kept_after = [name for name in change.after if name in old]
        if kept_before == kept_after:
            return []
    texts = (value_text(change.path, each) for each in (change.before, change.after))
    return [ChangeLine("~", _(LABELS[change.path]), *texts)]


def _sides(kind: str, text: str) -> tuple[str, str]:
    return ("", text) if kind == "+" else (text, "")
