"""Reads for the officer's page (办理所需)."""

from datetime import date

from yiwang.engines.api import WorkItemView, form_get
from yiwang.hall.applications import rules
from yiwang.hall.applications.models import Application
from yiwang.hall.matters.queries import matter_version_get
from yiwang.identity.api import AccountView, account_list_by_department
from yiwang.kernel.api import context_get


def correctable_list(application: Application) -> list[dict]:
    """List what a correction may name (可补正项): every submitted field and every material."""
    titles = form_get(application.form_version_id).titles
    fields = [
        {"key": f"field:{name}", "title": titles[name]}
        for name in application.form_data
        if name in titles
    ]
    matter = matter_version_get(application.matter_version_id)
    materials = [
        {"key": f"material:{material.key}", "title": material.title}
        for material in matter.materials
    ]
    return fields + materials


def outcome_label_get(outcome: str) -> str:
    """Get the words for a conclusion (办理结论), as a message id to translate."""
    return rules.OUTCOMES[outcome]["label"] if outcome in rules.OUTCOMES else outcome


def colleague_list(item: WorkItemView, *, on: date) -> list[AccountView]:
    """List who could take over an item (可转办人员): same department and role, not oneself."""
    people = account_list_by_department(item.department_id, role=item.role, on=on)
    return [person for person in people if person.id != context_get().account_id]
