"""What the register said and says of a company (登记簿沿革): entries, and how it stood on a day."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from django.utils import timezone

from yiwang.hall.companies.data import EntryView
from yiwang.hall.companies.models import Company, RegisterEntry
from yiwang.identity.api import department_get

CHANGING = ("CHANGE", "CANCEL", "MOVE", "CORRECT")
"""Entries that say what they changed; the others begin something."""


def facts_of(company: Company) -> dict:
    """Return all that is public of a company as it stands now (公示登记内容), as plain values.

    name, kind, legal_representative, registered_capital (10,000 yuan, text), address, business_scope, registrar, state;
    shareholders [{name, capital_wan, paid_until}], officers [{post, name}].
    """
    return {
        "name": company.name,
        "kind": company.kind,
        "legal_representative": company.legal_representative,
        "registered_capital": amount_text(company.registered_capital),
        "address": company.address,
        "business_scope": company.business_scope,
        "registrar": department_get(company.department_id).name,
        "state": company.state,
        "shareholders": [
            {
                "name": row.holder_name,
                "capital_wan": amount_text(row.capital_wan),
                "paid_until": row.paid_until.isoformat() if row.paid_until else "",
            }
            for row in company.shareholdings.order_by("pk")
        ],
        "officers": [
            {"post": row.post, "name": row.name} for row in company.officers.order_by("pk")
        ],
    }


def amount_text(amount: object) -> str:
    """Write an amount without needless zeros.

    >>> from decimal import Decimal
    >>> amount_text(Decimal("100.00")), amount_text(Decimal("0.50")), amount_text(60)
    ('100', '0.5', '60')
    """
    text = f"{amount:f}" if not isinstance(amount, (int, str)) else f"{amount}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def differences(before: Mapping, after: Mapping) -> dict[str, list]:
    """Return what differs between two states of a company (变更事项): item → [old, new].

    >>> differences({"name": "甲", "address": "一号"}, {"name": "乙", "address": "一号"})
    {'name': ['甲', '乙']}
    """
    return {key: [before[key], after[key]] for key in before if before[key] != after.get(key)}


def entry_write(
    company: Company, kind: str, *, number: str, changes: Mapping, now: datetime
) -> RegisterEntry:
    """Add an entry with how the company stands after it (登记记载)."""
    return RegisterEntry.objects.create(
        company=company,
        kind=kind,
        application_number=number,
        changes=dict(changes),
        facts=facts_of(company),
        at=now,
    )


def entry_list(company_id: int) -> list[EntryView]:
    """List the entries of a company (登记记载), the oldest first."""
    rows = RegisterEntry.objects.filter(company_id=company_id).order_by("pk")
    return [EntryView(row.kind, row.application_number, row.at, _pairs(row)) for row in rows]


def facts_on(company_id: int, day: date) -> dict | None:
    """Return how a company stood at the end of a day (某日登记内容), None before it was entered."""
    end = timezone.make_aware(datetime.combine(day, time.max))
    rows = RegisterEntry.objects.filter(company_id=company_id, at__lte=end)
    row = rows.order_by("-at", "-pk").first()
    return dict(row.facts) if row else None


def _pairs(row: RegisterEntry) -> dict[str, list]:
    """Return what an entry changed; a foundation changes nothing, it begins."""
    return row.changes if row.kind in CHANGING else {}


def people_text(rows: Iterable[Mapping], posts: Mapping[str, str]) -> str:
    """Write shareholders or officers on a line (人员表述).

    >>> people_text([{"name": "甲", "capital_wan": "60", "paid_until": ""}], {})
    '甲 60万元'
    >>> people_text([{"post": "MANAGER", "name": "乙"}], {"MANAGER": "经理"})
    '经理 乙'
    """
    texts = []
    for row in rows:
        if "post" in row:
            texts.append(f"{posts.get(row['post'], row['post'])} {row['name']}")
        else:
            until = f"（{row['paid_until']}前缴足）" if row.get("paid_until") else ""
            texts.append(f"{row['name']} {row['capital_wan']}万元{until}")
    return "；".join(texts)
