"""What can be wrong: with a definition (for its author) and with a value (for the person)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yiwang.sdk.errors import N_, YiwangError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a form definition (定义错误), at a path such as "ui.fields.phone.widget".

    message: an English msgid; params go into it.
    """

    path: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the English sentence."""
        return self.message % self.params

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class FormInvalid(YiwangError):
    """The definition of a form does not hold (表单定义无效); `problems` names every place."""

    code = "form_invalid"
    status = 422
    message = N_("The form %(key)s has %(count)s faults: %(faults)s")

    def __init__(self, key: str, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        faults = "; ".join(str(each) for each in problems[:20])
        super().__init__(key=key, count=len(problems), faults=faults)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One sentence for the person (填写提示): an English msgid and what goes into it.

    `params["title"]` and `params["hint"]` are {zh, en}; the interface picks the language.
    """

    code: str
    params: dict = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Return the English source sentence of the code."""
        return MESSAGES[self.code]


MESSAGES = {
    "required_text": N_("Enter: %(title)s."),
    "required_choice": N_("Choose: %(title)s."),
    "required_answer": N_("Answer: %(title)s"),
    "required_tick": N_("To go on, tick: %(title)s."),
    "required_file": N_("Add: %(title)s."),
    "required_rows": N_("Add at least one row to %(title)s."),
    "rows_wrong": N_("%(title)s: %(count)s other rows need attention (rows %(numbers)s)."),
    "too_long": N_(
        "%(title)s may have at most %(limit)s characters; it now has %(count)s. "
        "Nothing you typed was removed: please shorten it."
    ),
    "too_short": N_("%(title)s needs at least %(limit)s characters; it now has %(count)s."),
    "pattern": N_("%(title)s is not in the expected form. Please check it."),
    "hint": "%(hint)s",
    "not_number": N_("%(title)s must be a number, for example 120."),
    "not_integer": N_("%(title)s must be a whole number, for example 12."),
    "not_text": N_("%(title)s could not be read. Please enter it again."),
    "not_choice": N_("Choose %(title)s from the list."),
    "too_many": N_("%(title)s may have at most %(limit)s entries; it now has %(count)s."),
    "too_few": N_("%(title)s needs at least %(limit)s entries; it now has %(count)s."),
    "not_unique": N_("%(title)s has the same entry twice."),
    "minimum": N_("%(title)s must be %(limit)s or more."),
    "maximum": N_("%(title)s must be %(limit)s or less."),
    "above": N_("%(title)s must be more than %(limit)s."),
    "below": N_("%(title)s must be less than %(limit)s."),
    "multiple": N_("%(title)s must be a multiple of %(limit)s."),
    "date": N_("Enter %(title)s as a date: year, month, day, for example 2026-11-21."),
    "email": N_("%(title)s is not an e-mail address, for example name@example.cn."),
    "id-number": N_(
        "%(title)s does not hold: it has 18 characters, and the last one checks the others. "
        "Please compare it with the card."
    ),
    "uscc": N_(
        "%(title)s does not hold: it has 18 characters, and the last one checks the others. "
        "Please compare it with the business licence."
    ),
    "mobile-phone": N_("%(title)s must be a mobile number of 11 digits that starts with 1."),
    "phone": N_("%(title)s must be a mobile number, or a telephone number with its area code."),
    "postal-code": N_("%(title)s must have 6 digits."),
    "plate": N_("%(title)s is not a number plate. Please compare it with the vehicle licence."),
    "check": "%(hint)s",
    "other": N_("%(title)s does not satisfy the rules of this form. Please check it."),
}
