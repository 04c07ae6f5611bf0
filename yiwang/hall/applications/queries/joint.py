"""The form of a draft with what other parties entered (多方申请的表单): own pages, and the whole at submission."""

from dataclasses import replace

from yiwang.engines.api import FormState, draft_state, form_state
from yiwang.hall.applications.queries.drafts import DraftContext
from yiwang.hall.parties.data import JointDraft
from yiwang.hall.parties.queries import parties_join


def joint_draft(context: DraftContext) -> JointDraft:
    """Return a draft as the room of the parties needs it (多方草稿)."""
    return JointDraft(
        draft_id=context.draft.id,
        applicant_ref=context.applicant.ref,
        applicant_name=context.applicant.name,
        matter=context.matter,
        form_version_id=context.draft.form_version_id,
        values=context.draft.values,
    )


def own_pages(context: DraftContext, state: FormState) -> FormState:
    """Return the form without the pages that other parties fill in (本人页面)."""
    others = {page for party in context.matter.spec.parties for page in party.pages}
    if not others:
        return state
    return replace(state, pages=tuple(page for page in state.pages if page.key not in others))


def submitted_state(context: DraftContext, *, names: dict) -> FormState:
    """Return the form as it would be submitted (提交内容): with the parties' entries, and what still lacks."""
    if not context.matter.spec.parties:
        return draft_state(context.draft, names=names)
    joined = parties_join(joint_draft(context))
    own = {k: v for k, v in context.draft.values.items() if k not in joined.values}
    values = {k: v for k, v in {**own, **joined.values}.items() if k not in joined.skipped}
    state = form_state(
        context.draft.form_version_id, values, names=names, sources=context.draft.sources
    )
    errors = {k: v for k, v in state.errors.items() if k.split(".")[0] not in joined.skipped}
    return replace(
        state, values={**state.values, **joined.lists}, errors={**errors, **joined.errors}
    )
