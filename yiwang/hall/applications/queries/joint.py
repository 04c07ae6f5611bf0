"""The form of a draft with what other parties entered (多方申请的表单): own pages, and the whole at submission."""

from dataclasses import replace

from django.utils.translation import gettext

from yiwang.engines.api import DraftView, FormState, draft_state, form_state
from yiwang.hall.applications.queries.drafts import DraftContext
from yiwang.hall.parties.data import JointDraft
from yiwang.hall.parties.queries import fields_of, parties_around, parties_join
from yiwang.sdk.errors import N_

OF_PARTY = N_("%(name)s: %(said)s")


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


def typed_state(context: DraftContext, draft: DraftView, *, names: dict) -> FormState:
    """Return the form as one fills it in (填报表单): own pages; what the parties said decides where it does.

    draft: as who types it may see it.
    """
    if not context.matter.spec.parties:
        return draft_state(draft, names=names)
    around = parties_around(joint_draft(context))
    state = draft_state(replace(draft, values={**draft.values, **around}), names=names)
    return own_pages(context, state)


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
    errors = {
        key: _said_of(joined.owners.get(key.split(".")[0], ""), said)
        for key, said in state.errors.items()
        if key.split(".")[0] not in joined.skipped
    }
    return replace(
        state, values={**state.values, **joined.lists}, errors={**errors, **joined.errors}
    )


def _said_of(name: str, said: list[str]) -> list[str]:
    """Name the party whose page is meant (问题所在当事人)."""
    return [gettext(OF_PARTY) % {"name": name, "said": one} for one in said] if name else said


def error_party_of(context: DraftContext, key: str) -> str:
    """Return the party on whose page an error of a submission stands (问题所在当事人页面), "" for one's own."""
    if key.startswith("party:"):
        return key.removeprefix("party:")
    field = key.split(".", maxsplit=1)[0]
    for party in context.matter.spec.parties:
        if field in fields_of(context.draft.form_version_id, (party,)):
            return party.key
    return ""
