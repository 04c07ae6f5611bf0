"""Reads of what is filed for others (代办查询): the drafts of a visit at a window."""

from yiwang.engines.api import draft_get
from yiwang.hall.applications.models import DraftCase
from yiwang.kernel.api import context_get


def visit_draft_list(visit_id: int) -> list[dict]:
    """List the acting clerk's open drafts of a visit (来访草稿): id, title, updated_at."""
    cases = DraftCase.objects.filter(visit_id=visit_id).select_related("matter_version")
    rows = [(case, draft_get(case.draft_id)) for case in cases.order_by("pk")]
    return [
        {
            "id": draft.id,
            "title": {"zh": case.matter_version.title, "en": case.matter_version.title_en},
            "updated_at": draft.updated_at,
        }
        for case, draft in rows
        if draft.account_id == context_get().account_id
    ]
