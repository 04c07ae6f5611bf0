"""Reads about suspending and terminating applications (中止、终止办理查询): grounds, effects, what stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yiwang.engines.api import HoldView, instance_hold_list
from yiwang.hall.applications.hooks import ending_effects
from yiwang.hall.applications.models import Application, Correction
from yiwang.hall.payments.data import DUE, PAID
from yiwang.hall.payments.queries import bill_of
from yiwang.hall.payments.rules import money_text
from yiwang.hall.promises.queries import promise_list_of
from yiwang.hall.promises.rules import ENDED
from yiwang.kernel.api import code_get, code_list

GROUNDS = "pause_grounds"
ELSEWHERE = frozenset({"CORRECTION", "EXPERT_REVIEW"})
"""Grounds on which single clocks are paused by acts of their own; a suspended case must not go on with their end."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A suspension of an application (中止情况) with the words of its ground."""

    view: HoldView
    ground: Mapping[str, str]


def suspension_grounds() -> list[tuple[str, Mapping[str, str]]]:
    """List the grounds on which a whole application may be suspended (中止事由)."""
    return [
        (code.code, {"zh": code.name, "en": code.name_en})
        for code in code_list(GROUNDS)
        if code.code not in ELSEWHERE
    ]


def ground_title(ground: str) -> Mapping[str, str]:
    """Return the words of a ground (事由名称)."""
    code = code_get(GROUNDS, ground)
    return {"zh": code.name, "en": code.name_en} if code else {"zh": ground, "en": ground}


def holds_of(application: Application) -> tuple[Hold, ...]:
    """Return the suspensions of an application, oldest first (中止记录)."""
    views = instance_hold_list(application.instance_id)
    return tuple(Hold(view, ground_title(view.ground)) for view in views)


def termination_effects(business_key: str) -> list[str]:
    """Say in whole sentences what terminating an application brings about (终止的后果)."""
    said = [
        _(
            "No licence is issued. The applicant gets a decision with reason, legal basis and remedy."
        )
    ]
    bill = bill_of(business_key)
    if bill is not None and bill.state == PAID:
        text = _("The fee of %(amount)s yuan that was paid goes back to where it came from.")
        said.append(text % {"amount": money_text(bill.amount_fen)})
    elif bill is not None and bill.state == DUE:
        text = _("The bill of %(amount)s yuan is cancelled.")
        said.append(text % {"amount": money_text(bill.amount_fen)})
    promised = sum(1 for one in promise_list_of(business_key) if one.state not in ENDED)
    if promised:
        text = ngettext("%(n)s promise falls away.", "%(n)s promises fall away.", promised)
        said.append(text % {"n": promised})
    number = business_key.removeprefix("application:")
    if Correction.objects.filter(application__number=number, answered_at__isnull=True).exists():
        said.append(_("The correction that waits for the applicant need not be answered any more."))
    return said + ending_effects(number)
