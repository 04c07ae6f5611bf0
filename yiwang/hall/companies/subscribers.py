"""What registration does when something happened elsewhere (订阅): idempotent, in the worker."""

import csv
import tempfile
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.companies.actions.filings import filings_ask_again
from yiwang.hall.companies.actions.moves import file_ask, file_call_off
from yiwang.hall.companies.actions.names import names_follow
from yiwang.hall.companies.kinds import kind_of
from yiwang.hall.companies.models import Company, Filing, FilingKind, NameReservation
from yiwang.hall.companies.queries import PURPOSE
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    EventView,
    action,
    audit_record,
    context_system,
    context_use,
    subscriber,
)
from yiwang.resources.api import (
    NotInRegistry,
    batch_receive,
    bindings,
    enterprise_amend,
    enterprise_get,
    person_values,
    registries_load,
    resource_get,
)

DELIVERED = (
    "company.branch_registered",
    "company.branch_cancelled",
    "company.changed",
    "company.corrected",
    "company.cancelled",
)
REGISTRY, CLASS = "legal-persons", "C01"
"""The class of the registering authority's own register among the sources of the legal-person registry."""


def application_follow(event: EventView) -> None:
    """Follow an application of ours (办件动态): submitted, corrected, refused, withdrawn."""
    with context_use(context_system(PURPOSE)):
        row = application_rows(PURPOSE).filter(number=event.payload["number"]).first()
        if row is not None and kind_of(row.matter_code) is not None:
            _follow(row, event)


def _follow(row, event: EventView) -> None:  # noqa: ANN001 - an Application
    draft_id = row.submission_key.removeprefix("draft:")
    with data_scope(purpose=PURPOSE, reason=f"application:{row.number}"):
        filing = Filing.objects.filter(draft_id=draft_id).first()
    if filing is None or filing.state in ("REGISTERED", "CLOSED"):
        return
    if event.topic == "application.correction_answered":
        filings_ask_again(filing.pk, dict(row.form_data), now=event.published_at)
    elif row.state in ("REFUSED", "NOT_ACCEPTED", "WITHDRAWN", "TERMINATED"):
        _filing_close(filing, row.number, now=event.published_at)
    else:
        _filing_tie(filing, row.number)
        if filing.kind == FilingKind.MOVE:
            file_ask(filing, row.number, department_id=row.department_id, now=event.published_at)


@action("hall.companies.filing_tie")
def _filing_tie(filing: Filing, number: str) -> None:
    with data_scope(purpose=PURPOSE, reason=f"filing:{filing.number}"):
        Filing.objects.filter(pk=filing.pk).update(application_number=number)
    audit_record(f"filing:{filing.number}", detail={"application": number})


@action("hall.companies.filing_close")
def _filing_close(filing: Filing, number: str, *, now: datetime) -> None:
    """End a filing whose application was not granted; its name is the applicant's again until it runs out."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{filing.number}"):
        Filing.objects.filter(pk=filing.pk).update(state="CLOSED", application_number=number)
    if filing.reservation_id:
        NameReservation.objects.filter(pk=filing.reservation_id, state="FILED").update(state="HELD")
    file_call_off(number, now=now)
    audit_record(f"filing:{filing.number}", detail={"application": number, "state": "CLOSED"})


def names_follow_registry(event: EventView) -> None:
    """Take in the names of a new version of the legal-person registry (同步名称索引)."""
    if event.payload.get("registry") == REGISTRY:
        with context_use(context_system("同步企业名称索引")):
            names_follow(now=event.published_at)


# --- into the legal-person registry -------------------------------------------------------------


def company_deliver(event: EventView) -> None:
    """Bring a company as it stands into the legal-person registry (归集法人库), with the branches that moved with it.

    Where resources feed the registry, a row lands in the registrar's class and shows with the registry's
    next version; where none does, the company is written as a version of its own.
    """
    with context_use(context_system("商事登记归集")):
        codes = [event.payload["uscc"], *event.payload.get("branches", [])]
        for company in Company.objects.filter(uscc__in=codes, delivered_at=None).order_by("pk"):
            _deliver(company, now=event.published_at)


def _deliver(company: Company, *, now: datetime) -> None:
    bound = next((one for one in bindings(REGISTRY) if one.code == CLASS), None)
    if bound is not None and bound.resource_code:
        _land(company, bound, now=now)
    elif _is_there(company.uscc):
        enterprise_amend(company.uscc, changes=_columns(company), now=now)
    else:
        registries_load(enterprises=[_columns(company)], now=now)
    _delivered(company.pk, now=now)


def _is_there(uscc: str) -> bool:
    try:
        return bool(enterprise_get(uscc))
    except NotInRegistry:
        return False


def _land(company: Company, bound, *, now: datetime) -> None:  # noqa: ANN001 - a BindingView
    fields = resource_get(bound.resource_code).spec.fields
    plan_names = {column: name for name, column in bound.matched.items()}
    values = _values(company, now=now)
    row = {field.title: values.get(plan_names.get(field.name, field.name), "") for field in fields}
    with tempfile.TemporaryDirectory(prefix="yiwang-company-") as folder:
        path = Path(folder) / f"{company.uscc}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            writer.writeheader()
            writer.writerow(row)
        batch_receive(
            bound.resource_code,
            path,
            name=f"商事登记{company.uscc}.csv",
            now=now,
            run="NOW",
            key=f"company:{company.uscc}:{company.entries.count()}",
        )


def _values(company: Company, *, now: datetime) -> dict[str, str]:
    """Return what the registrar's class says of a company, by the plan's names (登记簿字段)."""
    number = _representative_number(company)
    return {
        "record_no": f"SSDJ{company.uscc}",
        "updated_at": f"{timezone.localtime(now):%Y-%m-%d %H:%M:%S}",
        "id_number": company.uscc,
        "uscc": company.uscc,
        "name": company.name,
        "representative": company.legal_representative,
        "representative_id": number,
        "address": company.address,
        "phone": company.phone,
        "industry": company.industry,
        "status": "3" if company.state == "CANCELLED" else "1",
        "established_date": company.established_date.isoformat(),
        "business_scope": company.business_scope,
        "registered_capital": f"{company.registered_capital.normalize():f}",
    }


def _representative_number(company: Company) -> str:
    """Read the representative's number from the registry: the register itself does not keep it."""
    kind, _, ref = company.legal_representative_ref.partition(":")
    if kind != "person":
        return ""
    found = person_values(ref, ["id_number"], purpose="商事登记归集")
    return found["id_number"].value or ""


def _columns(company: Company) -> dict[str, object]:
    """Return a company as the legal-person registry keeps it (法人库字段)."""
    kind, _, ref = company.legal_representative_ref.partition(":")
    return {
        "uscc": company.uscc,
        "name": company.name,
        "legal_representative": company.legal_representative,
        "legal_representative_ref": ref if kind == "person" else "",
        "registered_address": company.address,
        "area_code": company.area_code[:6],
        "business_scope": company.business_scope,
        "registered_capital": company.registered_capital,
        "established_date": company.established_date,
        "industry": company.industry,
        "phone": company.phone,
        "state": company.state,
    }


@action("hall.companies.delivered")
def _delivered(key: int, *, now: datetime) -> None:
    Company.objects.filter(pk=key).update(delivered_at=now)
    audit_record(f"company:{key}", detail={"delivered": True})


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    for topic in (
        "application.submitted",
        "application.correction_answered",
        "application.decided",
        "application.withdrawn",
    ):
        subscriber(topic, name=f"hall.companies.{topic}")(application_follow)
    subscriber("company.registered", name="hall.companies.deliver", outside=True)(company_deliver)
    for topic in DELIVERED:
        subscriber(topic, name=f"hall.companies.deliver.{topic}", outside=True)(company_deliver)
    subscriber("registries.published", name="hall.companies.names", outside=True)(
        names_follow_registry
    )
