"""What registration does when something happened elsewhere (订阅): idempotent, in the worker."""

import csv
import tempfile
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.companies.actions.filings import filings_ask_again
from yiwang.hall.companies.actions.names import names_follow
from yiwang.hall.companies.models import Company, Filing, NameReservation
from yiwang.hall.companies.queries import ESTABLISH, PURPOSE
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
    enterprise_get,
    registries_load,
    resource_get,
)

REGISTRY, CLASS = "legal-persons", "C01"
"""The class of the registering authority's own register among the sources of the legal-person registry."""


def application_follow(event: EventView) -> None:
    """Follow an application of ours (办件动态): submitted, corrected, refused, withdrawn."""
    with context_use(context_system(PURPOSE)):
        row = application_rows(PURPOSE).filter(number=event.payload["number"]).first()
        if row is not None and row.matter_code == ESTABLISH:
            _follow(row, event)


def _follow(row, event: EventView) -> None:  # noqa: ANN001 - an Application
    draft_id = row.submission_key.removeprefix("draft:")
    with data_scope(purpose=PURPOSE, reason=f"application:{row.number}"):
        filing = Filing.objects.filter(draft_id=draft_id).first()
    if filing is None or filing.state in ("REGISTERED", "CLOSED"):
        return
    if event.topic == "application.correction_answered":
        filings_ask_again(filing.pk, dict(row.form_data), now=event.published_at)
    elif row.state in ("REFUSED", "NOT_ACCEPTED", "WITHDRAWN"):
        _filing_close(filing, row.number)
    else:
        _filing_tie(filing, row.number)


@action("hall.companies.filing_tie")
def _filing_tie(filing: Filing, number: str) -> None:
    with data_scope(purpose=PURPOSE, reason=f"filing:{filing.number}"):
        Filing.objects.filter(pk=filing.pk).update(application_number=number)
    audit_record(f"filing:{filing.number}", detail={"application": number})


@action("hall.companies.filing_close")
def _filing_close(filing: Filing, number: str) -> None:
    """End a filing whose application was not granted; its name is the applicant's again until it runs out."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{filing.number}"):
        Filing.objects.filter(pk=filing.pk).update(state="CLOSED", application_number=number)
    NameReservation.objects.filter(pk=filing.reservation_id, state="FILED").update(state="HELD")
    audit_record(f"filing:{filing.number}", detail={"application": number, "state": "CLOSED"})


def names_follow_registry(event: EventView) -> None:
    """Take in the names of a new version of the legal-person registry (同步名称索引)."""
    if event.payload.get("registry") == REGISTRY:
        with context_use(context_system("同步企业名称索引")):
            names_follow(now=event.published_at)


# --- into the legal-person registry -------------------------------------------------------------


def company_deliver(event: EventView) -> None:
    """Bring a new company into the legal-person registry (归集法人库), as the registrar's register does every day.

    Where resources feed the registry, a row lands in the registrar's class and shows with the registry's
    next version; where none does, the company is written as a version of its own.
    """
    with context_use(context_system("商事登记归集")):
        company = Company.objects.get(uscc=event.payload["uscc"])
        if company.delivered_at is not None:
            return
        bound = next((one for one in bindings(REGISTRY) if one.code == CLASS), None)
        if bound is not None and bound.resource_code:
            _land(company, bound, now=event.published_at)
        elif not _is_there(company.uscc):
            _load(company, now=event.published_at)
        _delivered(company.pk, now=event.published_at)


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
            key=f"company:{company.uscc}",
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
    """Read the representative's number from the application: the register itself does not keep it."""
    entry = company.entries.filter(kind="ESTABLISH").first()
    row = application_rows("商事登记归集").filter(number=entry.application_number).first()
    return row.form_data.get("legal_representative_id", "") if row else ""


def _load(company: Company, *, now: datetime) -> None:
    kind, _, ref = company.legal_representative_ref.partition(":")
    registries_load(
        enterprises=[
            {
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
                "state": "ACTIVE",
            }
        ],
        now=now,
    )


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
    subscriber("registries.published", name="hall.companies.names", outside=True)(
        names_follow_registry
    )
