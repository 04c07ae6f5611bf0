"""Entries written before changes existed get the facts that still stand; their filings get their company."""

from django.db import migrations


def _amount(value):
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _facts(company):
    return {
        "name": company.name,
        "kind": company.kind,
        "legal_representative": company.legal_representative,
        "registered_capital": _amount(company.registered_capital),
        "address": company.address,
        "business_scope": company.business_scope,
        "state": company.state,
        "shareholders": [
            {
                "name": row.holder_name,
                "capital_wan": _amount(row.capital_wan),
                "paid_until": row.paid_until.isoformat() if row.paid_until else "",
            }
            for row in company.shareholdings.order_by("pk")
        ],
        "officers": [
            {"post": row.post, "name": row.name} for row in company.officers.order_by("pk")
        ],
    }


def fill(apps, _schema_editor):
    entries = apps.get_model("hall_companies", "RegisterEntry")
    filings = apps.get_model("hall_companies", "Filing")._base_manager
    for entry in entries.objects.filter(kind="ESTABLISH", facts={}).select_related("company"):
        entry.facts = _facts(entry.company)
        entry.save(update_fields=["facts"])
        rows = filings.filter(application_number=entry.application_number, company__isnull=True)
        rows.update(company=entry.company)


class Migration(migrations.Migration):
    dependencies = [("hall_companies", "0002_changes_cancellation_branches")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
