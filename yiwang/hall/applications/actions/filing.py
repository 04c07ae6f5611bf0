"""Beginning an application for somebody else (代为申报): a deputy's mandate or a visit at a window entitles."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import attachment_hand_over, draft_get
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.drafts import draft_begin, draft_forget
from yiwang.hall.applications.filing import (
    KIOSK,
    Filing,
    account_of_applicant,
    acting_for,
    filing_check,
    filing_of,
    filing_page,
    filing_taken,
)
from yiwang.hall.applications.models import Application, DraftCase, DraftMaterial
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import DraftContext
from yiwang.hall.matters.queries import matter_get
from yiwang.identity.api import delegation_use_record
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use


@action("hall.applications.draft_begin_for")
def draft_begin_for(matter_code: str, *, applicant_ref: str, filing: Filing, now: datetime) -> int:
    """Open a draft of an applicant for whom one may file (代为填报); return its id.

    Raises what `draft_begin` does, and what refuses the filing: DelegationMissing, VisitOver.
    """
    matter = matter_get(matter_code)
    filing_check(
        filing, applicant_ref=applicant_ref, matter_code=matter.code, themes=matter.spec.themes
    )
    with acting_for(applicant_ref):
        draft_id = draft_begin(matter_code, now=now, filing=filing)
    if filing.delegation_id is not None:
        delegation_use_record(
            filing.delegation_id,
            act="DRAFT",
            subject=f"draft:{draft_id}",
            title=matter.title,
            now=now,
        )
    audit_record(
        f"draft:{draft_id}",
        person_ref=rules.person_ref_of(applicant_ref),
        detail={"for": applicant_ref, **filing.columns},
    )
    return draft_id


@action("hall.applications.filed_drafts_drop")
def filed_drafts_drop(*, visit_id: int | None = None, delegation_id: int | None = None) -> int:
    """Throw away what was begun for another and not submitted (清除代办草稿); returns how many drafts.

    Called when the visit or the delegation ends: nothing of the applicant stays with who typed it. Give one.
    """
    wanted = {"visit_id": visit_id} if visit_id else {"delegation_id": delegation_id or 0}
    ids = list(DraftCase.objects.filter(**wanted).values_list("draft_id", flat=True))
    with context_use(context_system("清除代办草稿")):
        for draft_id in ids:
            given = DraftMaterial.objects.filter(draft_id=draft_id)
            held = list(given.values_list("attachment_id", flat=True))
            held += _attachments_in(draft_get(draft_id).values)
            if held:
                attachment_hand_over(held, account_id=None)
            draft_forget(draft_id)
    audit_record("drafts", detail={**wanted, "drafts": len(ids)})
    return len(ids)


def draft_filing_of(draft_id: int) -> tuple[Filing, str] | None:
    """Return how a draft is filed and for whom (草稿的申报方式), None for what is no draft any more.

    For pages that then act for the applicant; the draft itself stays guarded.
    """
    row = DraftCase.objects.filter(draft_id=draft_id).first()
    if row is None:
        return None
    return filing_of(row), row.applicant_ref


def filed_columns(context: DraftContext, *, now: datetime) -> dict[str, object]:
    """Return what an application keeps of how it was filed (申报方式): channel, who typed, who is told."""
    filing, account_id = context.filing, context.draft.account_id
    if filing.is_own:
        channel = KIOSK if context_get().channel == KIOSK else filing.channel
        return {**filing.columns, "channel": channel, "account_id": account_id}
    told = account_of_applicant(context.applicant.ref, on=timezone.localdate(now))
    return {**filing.columns, "account_id": told, "filed_by_id": account_id}


def filing_finish(application: Application, context: DraftContext, *, now: datetime) -> None:
    """Do what a submission for another brings along (代办收尾), in its transaction.

    The documents go to the applicant, so that the clerk or deputy keeps nothing; the use of the delegation
    is recorded; the room of the windows notes what was taken in.
    """
    filing = context.filing
    if filing.is_own:
        return
    given = application.materials.filter(source="UPLOAD", attachment_id__isnull=False)
    held = list(given.values_list("attachment_id", flat=True))
    if held := held + _attachments_in(application.form_data):
        attachment_hand_over(held, account_id=application.account_id)
    if filing.delegation_id is not None:
        delegation_use_record(
            filing.delegation_id,
            act="SUBMIT",
            subject=f"application:{application.number}",
            title=application.title,
            now=now,
            channel=filing.channel,
        )
    filing_taken(
        filing,
        {
            "number": application.number,
            "query_code": application.query_code,
            "matter_code": application.matter_code,
            "title": application.title,
            "department_id": application.department_id,
            "area_code": application.area_code,
            "receipt_hash": application.receipt_hash,
            "delegation_id": filing.delegation_id,
            "at": now,
        },
    )


def _attachments_in(values: Mapping[str, object]) -> list[int]:
    """Find the files among a form's values, which hold them as "attachment:<id>"."""
    texts = [value for value in values.values() if isinstance(value, str)]
    found = [text.partition(":")[2] for text in texts if text.startswith("attachment:")]
    return [int(one) for one in found if one.isdecimal()]


def filing_page_of(number: str) -> str:
    """Return where who filed an application goes on (代办后续页面), "" when the applicant did."""
    row = application_rows("提交后续").filter(number=number, filed_by_id=context_get().account_id)
    found = row.first()
    return filing_page(filing_of(found), number) if found else ""
