"""What is wrong with a record, in words (校验问题的表述)."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from yiwang.hall.disclosure.rules import PROBLEMS, standard_get
from yiwang.kernel.api import localized
from yiwang.sdk.errors import N_

REFUSALS = {
    "disclosure_not_yours": N_("This decision belongs to another department."),
    "disclosure_moved": N_("This decision was published and taken from view; it is not taken in again."),
}  # fmt: skip


def problem_texts(kind: str, errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return {field code: [sentence]} in the reader's language (逐字段说明)."""
    titles = {spec.code: localized(spec.text) for spec in standard_get().fields[kind]}
    return {
        code: [
            _(REFUSALS.get(problem, problem))
            if not code
            else _("%(field)s %(problem)s.")
            % {"field": titles[code], "problem": _(PROBLEMS.get(problem, problem))}
            for problem in problems
        ]
        for code, problems in errors.items()
    }
