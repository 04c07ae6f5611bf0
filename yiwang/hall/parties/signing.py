"""Who may act for an enterprise that takes part (企业办理人): its representative, its agents, deputies it authorised."""

from dataclasses import dataclass
from datetime import date

from yiwang.hall.matters.data import MatterView
from yiwang.hall.parties.data import AGENT, DEPUTY, REPRESENTATIVE
from yiwang.identity.api import (
    DelegationMissing,
    DelegationView,
    account_list,
    agent_list,
    delegation_of_deputy_list,
    delegation_require,
)
from yiwang.resources.api import NotInRegistry, enterprise_get


@dataclass(frozen=True, slots=True)
class Signatory:
    """A natural person who acts for an enterprise (企业办理人). delegation_id: of a deputy, what lets them."""

    ref: str
    capacity: str
    delegation_id: int | None = None


def office_of(enterprise_ref: str, person_ref: str, *, on: date) -> str:
    """Return in which office a person acts for an enterprise (法定代表人、经办人), "" in none.

    Raises NotInRegistry for an enterprise that is not there.
    """
    enterprise = enterprise_get(enterprise_ref.removeprefix("enterprise:"))
    represents = enterprise.legal_representative_ref
    if represents and person_ref == f"person:{represents}":
        return REPRESENTATIVE
    agents = {one.subject_ref for one in agent_list(enterprise_ref, on)}
    return AGENT if person_ref in agents else ""


def signatory_find(
    enterprise_ref: str, person_ref: str, *, matter: MatterView, on: date
) -> Signatory | None:
    """Return as what a person may do a matter for an enterprise on a day (办理人核验), None when they may not.

    A deputy only within the scope and until the last day of what the enterprise gave them.
    """
    try:
        office = office_of(enterprise_ref, person_ref, on=on)
    except NotInRegistry:
        return None
    if office:
        return Signatory(person_ref, office)
    for account in account_list(subject_ref=person_ref):
        for held in delegation_of_deputy_list(account.id, on=on):
            if held.principal_ref == enterprise_ref and _covers(held, matter, on=on):
                return Signatory(person_ref, DEPUTY, held.id)
    return None


def _covers(held: DelegationView, matter: MatterView, *, on: date) -> bool:
    try:
        delegation_require(
            held.id,
            account_id=held.deputy_account_id,
            principal_ref=held.principal_ref,
            matter_code=matter.code,
            themes=matter.spec.themes,
            on=on,
        )
    except DelegationMissing:
        return False
    return True
