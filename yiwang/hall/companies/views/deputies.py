"""Whom one may file for (代办): the power of attorney of founders and of who represents a company."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from yiwang.hall.applications.filing import acting_for
from yiwang.hall.companies.data import CompanyView, ReservationView
from yiwang.hall.companies.kinds import kind_of
from yiwang.hall.companies.models import FilingKind
from yiwang.hall.companies.queries import reservation_list
from yiwang.hall.companies.standing import company_own_list
from yiwang.identity.api import DelegationView, delegation_held_list, delegation_ids_held
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import NotFound

THEME = "设立变更"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody for whom one may file (委托人), with the names and companies one may take up.

    kinds: of filings that the power of attorney covers.
    """

    delegation: DelegationView
    kinds: list[str]
    reservations: tuple[ReservationView, ...]
    companies: tuple[CompanyView, ...]


def principals() -> list[Principal]:
    """List for whom the acting citizen may file with this room (可代办的委托人)."""
    context, today = context_get(), timezone.localdate()
    if context.population != "CITIZEN" or context.account_id is None:
        return []
    held = delegation_ids_held(context.account_id, today)
    found = []
    for one in delegation_held_list(today):
        kinds = _covered(one.scope_value)
        if one.id not in held or not kinds:
            continue
        with acting_for(one.principal_ref):
            names = tuple(row for row in reservation_list(today=today) if row.state == "HELD")
            found.append(Principal(one, kinds, names, tuple(company_own_list())))
    return found


def _covered(scope_value: str) -> list[str]:
    """Return which kinds of filings a power of attorney covers (受托范围): those of a theme, or of one matter."""
    if scope_value == THEME:
        return [kind.value for kind in FilingKind]
    kind = kind_of(scope_value)
    return [kind.kind] if kind else []


def delegation_chosen(given: Mapping[str, str]) -> int | None:
    """Read which power of attorney a form names (所用委托), None for oneself."""
    text = given.get("delegation", "")
    if not text:
        return None
    if not text.isdecimal():
        raise NotFound()
    return int(text)
