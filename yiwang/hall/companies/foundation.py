"""Founding a company as a kind of filing (设立登记): what is judged, who signs, the articles."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.companies import rules
from yiwang.hall.companies.errors import ReservationEnded, ReservationNotFound
from yiwang.hall.companies.kinds import FilingSubject, Kind, Problems
from yiwang.hall.companies.models import NameReservation
from yiwang.hall.companies.parties import parties_of
from yiwang.hall.companies.queries import ESTABLISH, reservation_row, scope_items
from yiwang.sdk.errors import N_

NAME_DIFFERS = N_("This is not the name that you reserved under this number.")
NOT_RESERVED = N_("You hold no reserved name under this number.")


def content_problems(content: Mapping, now: datetime) -> Problems:
    """Judge what was typed against the reserved name and company law; sentences in the reader's language."""
    field, found = name_reserved(content, now=now)
    if found is None or field:
        return {"reservation_number": [field]}
    if (found.name, found.kind) != (content["company_name"], content["company_kind"]):
        return {"company_name": [gettext(NAME_DIFFERS)]}
    scopes = {code: row.attributes for code, row in scope_items().items()}
    said = rules.establishment_problems(
        content, today=timezone.localdate(now), scopes=scopes, trade_group=found.trade_group
    )
    return {field: [gettext(one) for one in words] for field, words in said.items()}


def name_reserved(content: Mapping, *, now: datetime) -> tuple[str, NameReservation | None]:
    """Return what is wrong with the reservation named, and the reservation that still holds (核对名称保留)."""
    try:
        reserved = reservation_row(str(content.get("reservation_number", "")))
    except ReservationNotFound:
        return gettext(NOT_RESERVED), None
    if reserved.state != "HELD" or reserved.expires_date < timezone.localdate(now):
        return gettext(ReservationEnded.message), None
    return "", reserved


def name_take(content: Mapping, now: datetime) -> Problems:
    """Lay hold of the reserved name (占用名称), inside the submission."""
    del now
    held = NameReservation.objects.filter(number=content["reservation_number"], state="HELD")
    if not held.update(state="FILED"):
        return {"reservation_number": [gettext(ReservationEnded.message)]}
    return {}


def articles_of(content: Mapping) -> str:
    """Write the articles for what was typed (生成章程)."""
    return rules.articles_make(content, scope=scope_of(rules.scope_codes(content)))


def scope_of(codes: list[str]) -> str:
    """Write the scope of business from its chosen items (经营范围表述)."""
    items = scope_items()
    licensed = {code for code, row in items.items() if row.attributes.get("kind") == "LICENSED"}
    titles = {code: row.name for code, row in items.items()}
    return rules.scope_text([code for code in codes if code in titles], titles, licensed)


def _subject(content: Mapping) -> FilingSubject:
    reserved = reservation_row(content["reservation_number"])
    return FilingSubject(content["company_name"], reservation=reserved)


FOUNDATION = Kind(
    kind="ESTABLISH",
    matter=ESTABLISH,
    problems=content_problems,
    signatures=parties_of,
    document=articles_of,
    subject=_subject,
    take=name_take,
)
