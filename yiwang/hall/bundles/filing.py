"""Filing one matter from answers that are known already (代填提交): no pages, the same doors."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile

from yiwang.engines.api import attachment_get, attachment_open, draft_save
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.submission import application_submit_within
from yiwang.hall.applications.data import Receipt
from yiwang.hall.applications.filing import OWN, Filing
from yiwang.hall.applications.queries.drafts import draft_context_get


def matter_draft(
    code: str,
    *,
    values: Mapping[str, object],
    attachments: Mapping[str, int],
    slot: str,
    now: datetime,
    filing: Filing = OWN,
) -> int:
    """Open a draft of a matter with answers and documents in it (生成草稿); return its id.

    The applicant is the context's subject. values: by the names of the matter's form; what the registry
    answers for stays the registry's. attachments: material's key → attachment's id. slot: what the draft
    is part of; filing: how it is filed, for what was asked for at a window. Raises MatterNotOnline,
    WrongApplicant, NotEligible, AttachmentRefused.
    """
    draft_id = draft_begin(code, now=now, filing=replace(filing, slot=slot))
    draft = draft_context_get(draft_id).draft
    given = {**draft.values, **values}
    draft_save(draft_id, values=given, page="", revision=draft.revision, now=now)
    for key, attachment_id in attachments.items():
        kept = attachment_get(attachment_id)
        with attachment_open(attachment_id) as stream:
            file = UploadedFile(stream, kept.name, kept.content_type, kept.size)
            material_attach(draft_id, key, file=file, now=now)
    return draft_id


def matter_file(
    code: str,
    *,
    values: Mapping[str, object],
    attachments: Mapping[str, int],
    slot: str,
    now: datetime,
) -> Receipt:
    """File a matter without its pages (代填提交) and return its receipt; see `matter_draft`.

    A part of the caller's act. Raises what `matter_draft` raises, SubmissionIncomplete, NoDepartment.
    """
    draft_id = matter_draft(code, values=values, attachments=attachments, slot=slot, now=now)
    return application_submit_within(draft_id, now=now)
