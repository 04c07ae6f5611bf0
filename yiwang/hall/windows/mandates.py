"""For whom a visitor acts (受托办理): the authorisations that others gave them, and what each covers."""

from collections.abc import Iterable
from datetime import date, timedelta

from yiwang.hall.bundles.data import BundleView
from yiwang.hall.matters.data import MatterView
from yiwang.hall.windows.data import TakingView, VisitView
from yiwang.hall.windows.errors import MandateElsewhere, MandateEnded, MandateNotFound
from yiwang.hall.windows.queries import citizen_account
from yiwang.identity.api import (
    DelegationMissing,
    DelegationView,
    delegation_of_deputy_list,
    delegation_require,
)
from yiwang.kernel.api import date_text

ENDED_SHOWN = timedelta(days=90)
"""How long an ended authorisation still shows, so that the clerk can say why it no longer serves."""


def mandate_list(visit: VisitView, *, on: date) -> list[DelegationView]:
    """List for whom the visitor may act (受托清单), those in force first; none for an enterprise's agent."""
    if visit.applicant_ref != visit.visitor_ref:
        return []
    held = delegation_of_deputy_list(citizen_account(visit.visitor_ref), on=on)
    running = [one for one in held if one.state == "RUNNING"]
    ended = [one for one in held if one.state != "RUNNING" and _ended_on(one) >= on - ENDED_SHOWN]
    return running + ended


def _ended_on(mandate: DelegationView) -> date:
    return mandate.revoked_at.date() if mandate.revoked_at else mandate.to_date


def mandate_get(visit: VisitView, mandate_id: int, *, on: date) -> DelegationView:
    """Return one that is in force (有效委托). Raises MandateNotFound, MandateEnded."""
    found = next((one for one in mandate_list(visit, on=on) if one.id == mandate_id), None)
    if found is None:
        raise MandateNotFound()
    if found.state != "RUNNING":
        raise MandateEnded(name=found.principal_name, day=date_text(_ended_on(found)))
    return found


def mandate_require(
    visit: VisitView, mandate_id: int, *, matter: MatterView, on: date
) -> DelegationView:
    """Return the authorisation that lets the visitor do this matter (委托核验).

    Raises MandateNotFound, MandateEnded, MandateElsewhere, each in words for the clerk.
    """
    found = mandate_get(visit, mandate_id, on=on)
    try:
        delegation_require(
            mandate_id,
            account_id=found.deputy_account_id,
            principal_ref=found.principal_ref,
            matter_code=matter.code,
            themes=matter.spec.themes,
            on=on,
        )
    except DelegationMissing:
        raise MandateElsewhere(
            name=found.principal_name, scope=found.scope_title, title=matter.title
        ) from None
    return found


def mandate_bundle_require(
    visit: VisitView, mandate_id: int, *, bundle: BundleView, on: date
) -> DelegationView:
    """Return the authorisation that lets the visitor do a bundle, or some of its matters (委托核验).

    Raises MandateNotFound, MandateEnded, MandateElsewhere, each in words for the clerk.
    """
    found = mandate_get(visit, mandate_id, on=on)
    if not covered(found, bundle.matters.values()):
        raise MandateElsewhere(
            name=found.principal_name, scope=found.scope_title, title=bundle.title
        )
    return found


def taking_applicant(visit: VisitView, taking: TakingView, *, on: date) -> str:
    """Return who applied in a taking of the visit (收件申请人): the visitor's side, or who authorised them."""
    if taking.delegation_id is None:
        return visit.applicant_name
    held = delegation_of_deputy_list(citizen_account(visit.visitor_ref), on=on)
    return next(one.principal_name for one in held if one.id == taking.delegation_id)


def covered(mandate: DelegationView, matters: Iterable[MatterView]) -> list[MatterView]:
    """Keep the matters that an authorisation covers (委托范围内事项)."""
    return [one for one in matters if mandate.covers(one.code, one.spec.themes)]
