"""The acts of the form designer (表单设计操作): draft, change, try, publish by a second person."""

import datetime
from collections.abc import Callable, Mapping

from django.db import IntegrityError, transaction

from yiwang.engines.formdesigner.data import (
    KEY,
    FormDraftChanged,
    FormDraftView,
    FormKeyInvalid,
    FormKeyTaken,
    NothingChanged,
    PublisherIsWriter,
    ReasonMissing,
)
from yiwang.engines.formdesigner.models import FormDraft, FormPublication
from yiwang.engines.formdesigner.queries import (
    DESIGN,
    PUBLISH,
    draft_check,
    draft_get,
    draft_view,
    newest_get,
)
from yiwang.engines.formdesigner.rules.check import Finding
from yiwang.engines.formdesigner.rules.edits import blank, mend
from yiwang.engines.forms.actions import form_put
from yiwang.engines.forms.data import FormView
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.inputs import post_lists, post_parse, values_clean
from yiwang.engines.forms.rules.problems import FormInvalid, Problem
from yiwang.kernel.api import action, audit_record, context_get


@action("engines.formdesigner.draft_new", permission=DESIGN)
def form_draft_new(
    key: str, *, title: Mapping[str, str], definition: dict | None = None, now: datetime.datetime
) -> FormDraftView:
    """Begin a form that does not exist yet (新建表单), from a file or from an empty page.

    Raises FormKeyInvalid, FormKeyTaken.
    """
    if not KEY.fullmatch(key):
        raise FormKeyInvalid()
    if newest_get(key) is not None:
        raise FormKeyTaken(key=key)
    content = mend(definition) if definition else blank(key, title)
    content["key"] = key.rpartition(".")[2]
    if definition:
        content["title"] = dict(title)
    try:
        with transaction.atomic():
            return _begin(key, content, base=0, now=now, wrote=True)
    except IntegrityError:
        raise FormKeyTaken(key=key) from None


@action("engines.formdesigner.draft_open", permission=DESIGN)
def form_draft_open(key: str, *, now: datetime.datetime) -> FormDraftView:
    """Return the draft of a form, begun from its newest version when there is none (打开草稿)."""
    newest = newest_get(key)
    if newest is not None and not FormDraft.objects.filter(key=key).exists():
        try:
            with transaction.atomic():
                return _begin(key, newest.definition, base=newest.number, now=now, wrote=False)
        except IntegrityError:
            pass  # a colleague was quicker: his is the draft
    draft = draft_get(key)
    audit_record(f"form:{key}", detail={"revision": draft.revision})
    return draft


def _begin(
    key: str, definition: dict, *, base: int, now: datetime.datetime, wrote: bool
) -> FormDraftView:
    context = context_get()
    draft = FormDraft.objects.create(
        key=key,
        definition=definition,
        base_number=base,
        writer_ids=[context.account_id] if wrote else [],
        writer_names=[context.name[:80]] if wrote else [],
        edited_by_name=context.name[:80],
        edited_at=now,
    )
    audit_record(f"form:{key}", detail={"base": base})
    return draft_view(draft)


@action("engines.formdesigner.draft_change", permission=DESIGN)
def form_draft_change(
    key: str,
    *,
    change: Callable[[dict], dict],
    what: str,
    revision: int,
    now: datetime.datetime,
) -> FormDraftView:
    """Change a draft (修改草稿) by one edit, over the revision that the page was made from.

    what: the name of the edit, for the audit. Raises FormDraftChanged when somebody else changed it
    meanwhile, and whatever the edit refuses.
    """
    context = context_get()
    draft = FormDraft.objects.select_for_update().filter(key=key).first()
    if draft is None or draft.revision != revision:
        raise FormDraftChanged(name=draft_get(key).edited_by_name)
    draft.definition = values_clean(change(draft.definition))
    draft.revision += 1
    if context.account_id not in draft.writer_ids:
        draft.writer_ids = [*draft.writer_ids, context.account_id]
        draft.writer_names = [*draft.writer_names, context.name[:80]]
    draft.edited_by_name = context.name[:80]
    draft.edited_at = now
    draft.save()
    audit_record(f"form:{key}", detail={"edit": what, "revision": draft.revision})
    return draft_view(draft)


@action("engines.formdesigner.draft_try", permission=DESIGN)
def form_draft_try(key: str, *, post: Mapping, page: str) -> FormDraftView:
    """Keep what was typed into the preview of a draft (试填); it is nobody's application."""
    draft = FormDraft.objects.select_for_update().filter(key=key).first()
    if draft is None:
        draft_get(key)
    form = FormDefinition.parse(draft.definition)
    names = next((each.fields for each in form.pages if each.key == page), ())
    fields = [form.fields[name] for name in names]
    draft.trial = values_clean(post_parse(fields, post_lists(post), draft.trial))
    draft.save(update_fields=["trial"])
    audit_record(f"form:{key}", detail={"page": page})
    return draft_view(draft)


@action("engines.formdesigner.trial_clear", permission=DESIGN)
def form_trial_clear(key: str) -> None:
    """Empty the preview of a draft (清空试填)."""
    FormDraft.objects.filter(key=key).update(trial={})
    audit_record(f"form:{key}")


@action("engines.formdesigner.draft_discard", permission=DESIGN)
def form_draft_discard(key: str, *, revision: int) -> None:
    """Throw a draft away (丢弃草稿). Raises FormDraftChanged when it was saved meanwhile."""
    draft = draft_get(key)
    done, _ = FormDraft.objects.filter(key=key, revision=revision).delete()
    if not done:
        raise FormDraftChanged(name=draft.edited_by_name)
    audit_record(f"form:{key}", detail={"revision": revision})


@action("engines.formdesigner.draft_publish", permission=PUBLISH)
def form_draft_publish(key: str, *, revision: int, reason: str, now: datetime.datetime) -> FormView:
    """Publish a draft as the next version (发布表单); drafts and matters stay on theirs.

    By somebody who wrote nothing of it. Raises PublisherIsWriter, ReasonMissing, FormDraftChanged,
    NothingChanged, and `FormInvalid` with everything that the check finds.
    """
    context = context_get()
    row = FormDraft.objects.select_for_update().filter(key=key).first()
    if row is None or row.revision != revision:
        raise FormDraftChanged(name=draft_get(key).edited_by_name)
    if context.account_id in row.writer_ids:
        raise PublisherIsWriter()
    if not reason.strip():
        raise ReasonMissing()
    faults = [each for each in draft_check(row.definition) if each.blocks]
    if faults:
        raise FormInvalid(key, [_problem(each) for each in faults])
    newest = newest_get(key)
    view = form_put(key, row.definition, source="engines.formdesigner", now=now)
    if newest is not None and view.number <= newest.number:
        raise NothingChanged(number=view.number)
    FormPublication.objects.update_or_create(
        key=key,
        number=view.number,
        defaults={
            "reason": reason.strip()[:2000],
            "writer_names": row.writer_names,
            "published_by_id": context.account_id,
            "published_by_name": context.name[:80],
            "published_at": now,
        },
    )
    row.delete()
    audit_record(f"form:{key}", detail={"version": view.number, "reason": reason.strip()[:500]})
    return view


def _problem(finding: Finding) -> Problem:
    return Problem(finding.place, finding.message, finding.params)
