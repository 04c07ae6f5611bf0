"""A change of registration as a kind of filing (变更登记): what is judged, who signs, the resolution."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.companies import change_rules, rules
from yiwang.hall.companies.checking import keys_of
from yiwang.hall.companies.foundation import NAME_DIFFERS, name_reserved, name_take, scope_of
from yiwang.hall.companies.history import differences, facts_of
from yiwang.hall.companies.kinds import FilingSubject, Kind
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.parties import Signatures, subject_named
from yiwang.hall.companies.queries import CHANGE, PURPOSE, scope_items
from yiwang.hall.companies.standing import STALE, Problems, company_of, company_row
from yiwang.hall.companies.tables import law_rules
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import N_

NAME_FOR_ANOTHER = N_("This name was not reserved for this company, or for another kind.")


@dataclass(slots=True)
class People:
    """Who would hold shares and posts (变更后人员), as a foundation names them but with subjects for numbers.

    problems: who could not be found, by field of the form.
    """

    holders: list[dict] = field(default_factory=list)
    officers: list[dict] = field(default_factory=list)
    representative: tuple[str, str] = ("", "")
    problems: Problems = field(default_factory=dict)

    @property
    def shares(self) -> dict[str, Decimal]:
        """Return what each would have subscribed to (认缴出资)."""
        return {row["holder_number"]: row["capital_wan"] for row in self.holders}


def content_problems(content: Mapping, now: datetime) -> Problems:
    """Judge a change against the register, the reserved name and company law."""
    company, problems = company_of(content)
    if company is None:
        return problems
    facts = facts_of(company)
    if change_rules.is_stale(content, facts):
        return {"changes": [gettext(STALE)]}
    people = people_of(company, content)
    problems = _name_problems(company, content, now) or people.problems
    if problems:
        return problems
    found = change_rules.change_problems(
        content,
        facts=facts,
        after=after_of(company, content),
        subjects=_subjects(company, content, people),
        scopes={code: row.attributes for code, row in scope_items().items()},
        trade_group=_trade_group(company, content),
        today=timezone.localdate(now),
    )
    return {name: [gettext(one) for one in said] for name, said in found.items()}


def _name_problems(company: Company, content: Mapping, now: datetime) -> Problems:
    if "NAME" not in change_rules.chosen(content):
        return {}
    sentence, reserved = name_reserved(content, now=now)
    if reserved is None:
        return {"reservation_number": [sentence]}
    if (reserved.uscc, reserved.kind) != (company.uscc, company.kind):
        return {"reservation_number": [gettext(NAME_FOR_ANOTHER)]}
    if reserved.name != content["new_name"]:
        return {"new_name": [gettext(NAME_DIFFERS)]}
    return {}


def after_of(company: Company, content: Mapping) -> dict:
    """Return the facts of the company as they would be (变更后登记内容)."""
    scope = scope_of(scope_codes(content)) if "SCOPE" in change_rules.chosen(content) else ""
    return change_rules.proposed(facts_of(company), content, scope=scope)


def scope_codes(content: Mapping) -> list[str]:
    """Return the chosen items of the new scope in order (新经营范围条目)."""
    return rules.scope_codes({"scope": content.get("new_scope")})


def people_of(company: Company, content: Mapping) -> People:
    """Look up who would hold shares and posts (变更后人员); whom the register has needs no number."""
    items, found = set(change_rules.chosen(content)), People()
    known = _known(company)
    with context_use(context_system(PURPOSE)):
        if items & {"CAPITAL", "SHAREHOLDERS"}:
            for row in content.get("new_shareholders") or []:
                ref = _found(found, "new_shareholders", row, "holder", known)
                amount = Decimal(str(row["capital_wan"]))
                found.holders.append({**row, "holder_number": ref, "capital_wan": amount})
        else:
            found.holders = _holders_now(company)
        if "OFFICERS" in items:
            for row in content.get("new_officers") or []:
                ref = _found(found, "new_officers", row, "officer", known)
                found.officers.append({**row, "officer_number": ref})
        else:
            found.officers = _officers_now(company)
        found.representative = (company.legal_representative_ref, company.legal_representative)
        if "REPRESENTATIVE" in items:
            name, number = content["new_representative_name"], content["new_representative_id"]
            row = {"new_name": name, "new_number": number}
            found.representative = _found(found, "new_representative_id", row, "new", {}), name
    return found


def _known(company: Company) -> dict[str, str]:
    """Return the subjects of those whom the register has, by name, where only one has the name."""
    pairs = {
        *company.shareholdings.values_list("holder_name", "holder_ref"),
        *company.officers.values_list("name", "person_ref"),
        (company.legal_representative, company.legal_representative_ref),
    }
    names = [name for name, _ref in pairs]
    return {name: ref for name, ref in pairs if names.count(name) == 1 and ref}


def _found(found: People, place: str, row: Mapping, of: str, known: Mapping[str, str]) -> str:
    name = row[f"{of}_name"]
    ref, sentence = subject_named(name, row.get(f"{of}_number", ""), known=known)
    if sentence:
        found.problems.setdefault(place, []).append(gettext(sentence) % {"name": name})
    return ref


def _holders_now(company: Company) -> list[dict]:
    return [
        {
            "holder_name": row.holder_name,
            "holder_number": row.holder_ref,
            "capital_wan": row.capital_wan,
            "paid_until": row.paid_until.isoformat() if row.paid_until else "",
        }
        for row in company.shareholdings.order_by("pk")
    ]


def _officers_now(company: Company) -> list[dict]:
    return [
        {"post": row.post, "officer_name": row.name, "officer_number": row.person_ref}
        for row in company.officers.order_by("pk")
    ]


def _subjects(company: Company, content: Mapping, people: People) -> dict:
    """Return how the company would stand, named as a foundation names it."""
    items = change_rules.chosen(content)
    had_no_supervisor = not company.officers.filter(post="SUPERVISOR").exists()
    stays = "OFFICERS" not in items and had_no_supervisor
    codes = scope_codes(content) if "SCOPE" in items else company.scope_codes
    capital = content["new_capital_wan"] if "CAPITAL" in items else company.registered_capital
    return {
        "company_kind": company.kind,
        "capital_wan": capital,
        "shareholders": people.holders,
        "officers": people.officers,
        "legal_representative_id": people.representative[0],
        "no_supervisor": content.get("no_supervisor") or stays,
        "scope": [{"scope_code": code} for code in codes],
    }


def _trade_group(company: Company, content: Mapping) -> str:
    is_renamed = "NAME" in change_rules.chosen(content)
    return keys_of(content["new_name"] if is_renamed else company.name).trade_group


def signatures(content: Mapping) -> Signatures:
    """Return who confirms a change (变更签署方).

    The representative the company will have must; whoever's shares change must; who takes a post anew must;
    the other shareholders vote by capital. Source: 公司法第六十六条, 条例第二十五条 (memory), see `law.yaml`.
    """
    company = company_row(content)
    people, before = people_of(company, content), _holders_now(company)
    found = Signatures()
    found.add(*people.representative, "LEGAL_REPRESENTATIVE")
    votes = {row["holder_number"]: row["capital_wan"] for row in before}
    moved = change_rules.shares_moved(votes, people.shares)
    for row in [*before, *people.holders]:
        ref = row["holder_number"]
        party = found.add(ref, row["holder_name"], "SHAREHOLDER", must=ref in moved)
        party.votes = votes.get(ref, Decimal(0))
    held = set(company.officers.values_list("person_ref", "post"))
    for row in people.officers:
        if (row["officer_number"], row["post"]) not in held:
            found.add(row["officer_number"], row["officer_name"], row["post"])
    found.votes_needed = votes_needed(sum(votes.values(), Decimal(0)))
    return found


def votes_needed(total: Decimal) -> Decimal:
    """Return how much of the capital a resolution needs (决议所需表决权)."""
    rule = law_rules()["votes"]
    return rules.votes_of(total, numerator=rule["numerator"], denominator=rule["denominator"])


def resolution_of(content: Mapping) -> str:
    """Write the resolution for a change (生成决议)."""
    company = company_row(content)
    changed = differences(facts_of(company), after_of(company, content))
    return change_rules.resolution_make(company.name, changed, single=company.kind == "SINGLE")


def _subject(content: Mapping) -> FilingSubject:
    company, reserved = company_row(content), None
    if "NAME" in change_rules.chosen(content):
        _, reserved = name_reserved(content, now=timezone.now())
    changed = differences(facts_of(company), after_of(company, content))
    return FilingSubject(company.name, reservation=reserved, company=company, changes=changed)


def _take(content: Mapping, now: datetime) -> Problems:
    return name_take(content, now) if "NAME" in change_rules.chosen(content) else {}


CHANGING = Kind(
    kind="CHANGE",
    matter=CHANGE,
    problems=content_problems,
    signatures=signatures,
    document=resolution_of,
    subject=_subject,
    take=_take,
)
