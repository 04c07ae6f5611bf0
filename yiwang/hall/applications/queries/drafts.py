"""Reads around a draft: its matter and its applicant (草稿). Its documents: `materials.py`."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from yiwang.engines.api import DraftView, draft_get, draft_list
from yiwang.hall.applications.data import Applicant
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.filing import Filing, filing_check, filing_of
from yiwang.hall.applications.models import DraftCase
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_get, matter_version_get
from yiwang.identity.api import delegation_ids_held
from yiwang.kernel.api import context_get, rows_find


@dataclass(frozen=True, slots=True)
class DraftContext:
    """A draft with everything a page or the submission needs."""

    draft: DraftView
    matter: MatterView
    applicant: Applicant
    read_at: datetime
    filing: Filing


def draft_context_get(draft_id: int) -> DraftContext:
    """Get a draft that one types, with its matter and applicant; raises ApplicationNotFound.

    Somebody else's, only as long as the filing holds: DelegationMissing, VisitOver.
    """
    draft = draft_get(draft_id)
    row = next(iter(rows_find(DraftCase, known={"draft_id": draft_id})), None)
    if row is None or draft.account_id != context_get().account_id:
        raise ApplicationNotFound()
    matter, filing = matter_version_get(row.matter_version_id), filing_of(row)
    filing_check(
        filing,
        applicant_ref=row.applicant_ref,
        matter_code=matter.code,
        themes=matter.spec.themes,
    )
    return DraftContext(
        draft=draft,
        matter=matter,
        applicant=applicant_of(row),
        read_at=row.read_at,
        filing=filing,
    )


def applicant_of(row: DraftCase) -> Applicant:
    """Build the applicant from what was read when the draft was opened."""
    return Applicant(
        kind=row.applicant_ref.split(":", 1)[0],
        ref=row.applicant_ref,
        name=row.applicant_name,
        number=row.applicant_number,
        area_code=row.area_code,
        facts=row.facts,
    )


def draft_open_list() -> list[dict]:
    """List the signed-in account's drafts (我的草稿): id, title, code, updated_at, for (whom, "" for oneself)."""
    drafts = {d.id: d for d in draft_list(account_id=context_get().account_id)}
    held = delegation_ids_held(context_get().account_id or 0, timezone.localdate())
    cases = DraftCase.objects.filter(
        Q(delegation_id__isnull=True) | Q(delegation_id__in=held), draft_id__in=drafts
    ).values("draft_id", "matter_version__matter__code", "applicant_name", "delegation_id")
    rows = [
        {
            "id": case["draft_id"],
            "title": matter_get(case["matter_version__matter__code"]).title,
            "code": case["matter_version__matter__code"],
            "updated_at": drafts[case["draft_id"]].updated_at,
            "for": case["applicant_name"] if case["delegation_id"] else "",
        }
        for case in cases
    ]
    return sorted(rows, key=lambda row: row["updated_at"], reverse=True)
