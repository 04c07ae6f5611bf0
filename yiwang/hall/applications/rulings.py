"""What the tables of a matter say of an application (判定表在办件中的使用): who may apply, who handles it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from yiwang.hall.applications.data import Applicant
from yiwang.hall.applications.errors import NotEligible
from yiwang.hall.matters.data import ROUTING, MatterView, Ruling
from yiwang.hall.matters.deciding import eligibility_ruling, routing_ruling


def eligibility_require(
    matter: MatterView,
    applicant: Applicant,
    *,
    form: Mapping[str, object] | None = None,
    now: datetime,
) -> Ruling | None:
    """Let the table of eligibility judge an applicant (资格判定); None where it says nothing yet.

    form: what was entered, None before there is anything. Raises NotEligible with the rule's own words,
    MatterUndecided.
    """
    today = timezone.localtime(now).date()
    ruling = eligibility_ruling(matter, applicant=applicant.values(), form=form, today=today)
    if ruling is not None and not ruling.is_allowed:
        raise NotEligible(title=matter.title, condition=ruling.words)
    return ruling


def rulings_of(
    matter: MatterView, applicant: Applicant, *, form: Mapping[str, object], now: datetime
) -> tuple[Ruling, ...]:
    """Ask every table of a matter about what is submitted (提交判定), none for a matter without tables.

    Raises NotEligible, MatterUndecided.
    """
    allowed = eligibility_require(matter, applicant, form=form, now=now)
    today = timezone.localtime(now).date()
    routed = routing_ruling(matter, applicant=applicant.values(), form=form, today=today)
    return tuple(one for one in (allowed, routed) if one is not None)


def routing_in(rulings: Iterable[Ruling]) -> Ruling | None:
    """Return what was said about who handles it (承办分工), None where nothing was."""
    return next((one for one in rulings if one.purpose == ROUTING), None)
