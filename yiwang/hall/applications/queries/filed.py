"""Reads of what is filed for others (代办查询): the drafts of a visit at a window, what a deputy filed."""

from collections.abc import Collection

from yiwang.engines.api import draft_get
from yiwang.hall.applications.models import DraftCase
from yiwang.hall.applications.queries.access import application_rows, visible_filter
from yiwang.hall.applications.rules import STATE_LABELS
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


def filed_state_map(numbers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return state and its words of those of some applications that the acting person may open (代办办件状态)."""
    rows = application_rows("查看代办记录").filter(number__in=list(numbers))
    found = rows.filter(visible_filter(context_get())).values_list("number", "state")
    return {number: (state, STATE_LABELS[state]) for number, state in found}
