"""Taking up a company that only the registry has, and settling what differs (承接登记信息、核对差异)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.companies.errors import (
    AlreadyRegistered,
    CompanyNotFound,
    DifferenceSettled,
    DifferenceUnexplained,
    NotTakeable,
    TakingIncomplete,
)
from yiwang.hall.companies.history import amount_text, differences, entry_write, facts_of
from yiwang.hall.companies.models import (
    Company,
    RegisterDifference,
    RegistryTaking,
    Shareholding,
)
from yiwang.hall.companies.parties import subject_named
from yiwang.hall.companies.queries import (
    DEPARTMENT_RULE,
    MAINTAIN,
    PURPOSE,
    registrar_of,
    scope_items,
)
from yiwang.hall.companies.taken import (
    COMPARED,
    RecordFact,
    RegistryRecord,
    present_of,
    registry_record,
    same,
    takeable_get,
)
from yiwang.identity.api import account_list_by_department
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

CLAIMED = {"name": 200, "address": 400, "registered_capital": 16, "business_scope": 4000}
"""What the company may say differently when it is taken up, with the longest text."""
AMOUNT = N_("Give an amount in 10,000 yuan, for example 12.5.")
HOLDERS_MISSING = N_("The registry does not say who holds how much. Name every shareholder.")
HOLDER_INCOMPLETE = N_("Give name and amount of every shareholder.")
HOLDERS_SUM = N_("What the shareholders subscribed to does not add up to the registered capital.")
NO_REGISTRAR = N_("No registrar is known for the district that the registry has.")


@action("hall.companies.take")
def company_take(
    uscc: str, *, claims: Mapping[str, str], holders: Sequence[Mapping[str, str]], now: datetime
) -> int:
    """Take up a company that only the registry has (承接登记信息), with its branches; returns how many points are open.

    claims: what the company says differently, by fact, "" for what is right; holders: name, number, capital_wan of
    every shareholder as typed. The register begins with what the registry has; what differs the registrar
    settles. Raises NotTakeable, AlreadyRegistered, TakingIncomplete.
    """
    record = takeable_get(uscc)
    said = _claims_read(record, claims)
    amount = said.get("registered_capital") or record.value("registered_capital")
    rows = _holders_read(record, holders, capital=amount)
    try:
        with transaction.atomic():
            company = _company_write(record, now=now)
    except IntegrityError:
        raise AlreadyRegistered() from None
    if not rows and len(record.holders) == 1 and company.registered_capital > 0:
        [(ref, name)] = record.holders
        Shareholding.objects.create(
            company=company, holder_ref=ref, holder_name=name, capital_wan=amount
        )
    for name, text in said.items():
        _difference(company, name, "COMPANY", {"value": text, "text": text}, now=now)
    if rows:
        shown = [{"name": one["name"], "capital_wan": one["capital_wan"]} for one in rows]
        _difference(company, "shareholders", "COMPANY", {"value": rows, "text": shown}, now=now)
    _compare(company, record, now=now)
    _branches_take(company, record, now=now)
    number = company.differences.filter(state="OPEN").count()
    _announce(company, number, now=now)
    return number


def _claims_read(record: RegistryRecord, claims: Mapping[str, str]) -> dict[str, str]:
    said = {name: clean(claims.get(name, ""))[:size] for name, size in CLAIMED.items()}
    said = {
        name: text for name, text in said.items() if text and not same(text, record.value(name))
    }
    problems = {}
    if "registered_capital" in said and _amount(said["registered_capital"]) is None:
        problems["registered_capital"] = [gettext(AMOUNT)]
    for name in ("address", "registered_capital", "business_scope"):
        if not said.get(name) and not record.value(name):
            problems[name] = [gettext("Please fill this in.")]
    if registrar_of(record.value("area_code")) is None:
        problems[""] = [gettext(NO_REGISTRAR)]
    if problems:
        raise TakingIncomplete(fields=problems)
    return said


def _amount(text: object) -> Decimal | None:
    try:
        amount = Decimal(clean(str(text))).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return amount if 0 < amount < 10**12 else None


def _holders_read(
    record: RegistryRecord, holders: Sequence[Mapping[str, str]], *, capital: str
) -> list[dict[str, str]]:
    """Read the shareholders as typed (股东申报): each known by number, together the whole capital."""
    typed = [one for one in holders if any(clean(text) for text in one.values())]
    if not typed:
        if len(record.holders) == 1:
            return []
        raise TakingIncomplete(fields={"holders": [gettext(HOLDERS_MISSING)]})
    known, rows, problems = {name: ref for ref, name in record.holders if ref}, [], []
    with context_use(context_system(PURPOSE)):
        for one in typed:
            name, amount = clean(one.get("name", "")), _amount(one.get("capital_wan", ""))
            if not name or amount is None:
                problems.append(gettext(HOLDER_INCOMPLETE))
                continue
            ref, sentence = subject_named(name, clean(one.get("number", "")), known=known)
            if sentence:
                problems.append(gettext(sentence) % {"name": name})
            rows.append({"name": name, "ref": ref, "capital_wan": amount_text(amount)})
    total = sum((Decimal(row["capital_wan"]) for row in rows), Decimal(0))
    if not problems and total != _amount(capital):
        problems.append(gettext(HOLDERS_SUM))
    if problems:
        raise TakingIncomplete(fields={"holders": list(dict.fromkeys(problems))})
    return rows


def _company_write(
    record: RegistryRecord, *, now: datetime, parent: Company | None = None
) -> Company:
    """Write a body into the register as the registry has it, with its sources (承接入册)."""
    representative, scope = record.representative_ref, record.value("business_scope")
    founded = record.value("established_date")
    company = Company.objects.create(
        parent=parent,
        uscc=record.uscc,
        name=record.value("name"),
        kind="BRANCH" if parent else record.kind,
        legal_representative=record.value("legal_representative"),
        legal_representative_ref=f"person:{representative}" if representative else "",
        registered_capital=_amount(record.value("registered_capital")) or Decimal(0),
        address=record.value("address"),
        area_code=record.value("area_code"),
        business_scope=scope,
        scope_codes=[code for code, row in scope_items().items() if row.name in scope],
        industry=record.value("industry"),
        phone=record.value("phone"),
        department_id=registrar_of(record.value("area_code")).id,
        established_date=date.fromisoformat(founded) if founded else timezone.localdate(now),
        delivered_at=now,
    )
    RegistryTaking.objects.create(
        company=company,
        facts={name: _kept(one) for name, one in record.facts.items()},
        account_id=context_get().account_id,
        taken_at=now,
    )
    entry_write(company, "TAKE", number=f"TAKE-{company.uscc}", changes={}, now=now)
    return company


def _kept(one: RecordFact) -> dict[str, object]:
    as_of = one.as_of.isoformat() if one.as_of else ""
    return {"value": one.value, "text": one.text, "source": dict(one.source), "as_of": as_of}


def _difference(
    company: Company,
    name: str,
    by: str,
    value: Mapping[str, object],
    *,
    now: datetime,
    of: RecordFact | None = None,
) -> None:
    RegisterDifference.objects.create(
        company=company,
        field=name,
        by=by,
        value=dict(value),
        source=dict(of.source) if of else {},
        as_of=of.as_of if of else None,
        found_at=now,
    )


def _compare(company: Company, record: RegistryRecord, *, now: datetime) -> int:
    """Note what the registry's departments say that the register does not (比对差异); what was noted stays noted."""
    noted = {
        (row.field, f"{row.value['value']}")
        for row in company.differences.filter(by="REGISTRY").order_by("pk")
    }
    count = 0
    for name in COMPARED:
        fact = record.facts.get(name)
        for one in (fact, *fact.others) if fact else ():
            is_known = same(one.value, present_of(company, name)) or (name, one.value) in noted
            if not one.value or is_known:
                continue
            noted.add((name, one.value))
            value = {"value": one.value, "text": one.value}
            _difference(company, name, "REGISTRY", value, now=now, of=one)
            count += 1
    return count


def _branches_take(company: Company, record: RegistryRecord, *, now: datetime) -> None:
    """Take up the branches that the registry ties to a company (承接分支机构)."""
    for uscc in record.branches:
        if not uscc or Company.objects.filter(uscc=uscc).exists():
            continue
        found = registry_record(uscc)
        if found.state == "ACTIVE" and registrar_of(found.value("area_code")):
            branch = _company_write(found, now=now, parent=company)
            RegistryTaking.objects.filter(company=branch).update(checked_at=now)


def _announce(company: Company, number: int, *, now: datetime) -> None:
    audit_record(f"company:{company.uscc}", detail={"taken": True, "open": number})
    if not number:
        RegistryTaking.objects.filter(company=company).update(checked_at=now)
        return
    registrar_tell(
        "company.to_check",
        company.department_id,
        {
            "uscc": company.uscc,
            "title": {"zh": company.name, "en": company.name},
            "count": number,
        },
        key=company.uscc,
        now=now,
    )


def registrar_tell(
    topic: str, department_id: int, payload: Mapping[str, object], *, key: str, now: datetime
) -> None:
    """Tell those who review at a registrar (通知登记机关)."""
    day = timezone.localdate(now)
    for account in account_list_by_department(department_id, role="REVIEWER", on=day):
        event_publish(topic, {**payload, "account_id": account.id}, key=f"{key}:{account.id}")


# --- settling -----------------------------------------------------------------------------------


@action("hall.companies.compare", permission=MAINTAIN)
def company_compare(uscc: str, *, now: datetime) -> int:
    """Compare a company with the registry as it is now (重新比对); returns how many new points there are.

    While one is open nothing is filed for the company. Raises CompanyNotFound, NotTakeable where the registry
    does not have it.
    """
    from yiwang.resources.api import NotInRegistry  # noqa: PLC0415 - only here

    company = _own(uscc)
    try:
        count = _compare(company, registry_record(uscc), now=now)
    except NotInRegistry:
        raise NotTakeable() from None
    if count:
        RegistryTaking.objects.filter(company=company).update(checked_at=None)
    audit_record(f"company:{uscc}", detail={"compared": True, "new": count})
    return count


def _own(uscc: str) -> Company:
    rows = Company.objects.select_for_update().filter(DEPARTMENT_RULE.filter(context_get()))
    company = rows.filter(uscc=uscc).first()
    if company is None:
        raise CompanyNotFound()
    return company


@action("hall.companies.difference_settle", permission=MAINTAIN)
def difference_settle(
    difference_id: int, *, takes: bool, reason: str, now: datetime
) -> RegisterDifference:
    """Settle a point on which the register and others differ (核对差异), with a reason, by its registrar.

    takes: this value is entered in the register, else the register stays. Raises DifferenceSettled,
    DifferenceUnexplained, CompanyNotFound (another registrar's).
    """
    reason = clean(reason)[:300]
    if not reason:
        raise DifferenceUnexplained(fields={"reason": [gettext("Please fill this in.")]})
    rows = RegisterDifference.objects.select_for_update(of=("self",))
    row = rows.select_related("company").filter(pk=difference_id, state="OPEN").first()
    if row is None:
        raise DifferenceSettled()
    company = _own(row.company.uscc)
    if takes:
        _enter(company, row, now=now)
    row.state, row.reason = ("TAKEN" if takes else "KEPT"), reason
    row.settled_by, row.settled_at = context_get().account_id, now
    row.save(update_fields=["state", "reason", "settled_by", "settled_at"])
    audit_record(
        f"company:{company.uscc}",
        detail={"difference": row.pk, "field": row.field, "state": row.state, "reason": reason},
    )
    _checked(company, now=now)
    return row


def _enter(company: Company, row: RegisterDifference, *, now: datetime) -> None:
    """Write a settled value into the register with an entry of its own (更正入册)."""
    before, value = facts_of(company), row.value["value"]
    if row.field == "shareholders":
        company.shareholdings.all().delete()
        Shareholding.objects.bulk_create(
            Shareholding(
                company=company,
                holder_ref=one["ref"],
                holder_name=one["name"],
                capital_wan=Decimal(one["capital_wan"]),
            )
            for one in value
        )
    elif row.field == "registered_capital":
        company.registered_capital = _amount(value)
    else:
        setattr(company, row.field, value)
    company.delivered_at = None
    company.save()
    company.refresh_from_db()
    changed = differences(before, facts_of(company))
    entry_write(company, "CORRECT", number=f"CORRECT-{row.pk}", changes=changed, now=now)
    event_publish("company.corrected", {"uscc": company.uscc}, key=f"{company.uscc}:{row.pk}")


def _checked(company: Company, *, now: datetime) -> None:
    """Note that all is settled, and tell who took the company up (核对完毕)."""
    if company.differences.filter(state="OPEN").exists():
        return
    taking = RegistryTaking.objects.filter(company=company, checked_at=None).first()
    if taking is None:
        return
    taking.checked_at = now
    taking.save(update_fields=["checked_at"])
    event_publish(
        "company.checked",
        {
            "uscc": company.uscc,
            "title": {"zh": company.name, "en": company.name},
            "account_id": taking.account_id,
        },
        key=f"{company.uscc}:{now.isoformat()}",
    )
