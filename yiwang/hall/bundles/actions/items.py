"""How the matters of a case go on (一件事推进): filed when nothing holds them up, stopped with reasons."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from yiwang.hall.applications.actions.submission import application_submit_within
from yiwang.hall.applications.data import Receipt
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.filing import OWN, Filing
from yiwang.hall.bundles import data, rules
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.filing import matter_draft
from yiwang.hall.bundles.models import BundleCase, BundleItem
from yiwang.hall.bundles.queries.bundles import bundle_view
from yiwang.hall.bundles.union import collected, projected
from yiwang.identity.api import context_of_account, delegation_deputy_of, delegation_ids_held
from yiwang.kernel.api import (
    RequestContext,
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    error_text,
    event_publish,
)
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.identifiers import person_ref_of
from yiwang.sdk.joins import AGREE, REFUSE

FOLLOWING = "一件事后续事项自动提交"


@action("hall.bundles.advance")
def items_advance(case: BundleCase, *, now: datetime) -> None:
    """File what may go on and stop what cannot (推进事项), until nothing changes; then see whether all is done.

    The caller holds the case's lock or has just written it. While it is being submitted, what a matter
    lacks stops the whole (SubmissionIncomplete); later it is asked of the applicant.
    """
    bundle = bundle_view(case.version)
    items = {item.key: item for item in case.items.order_by("pk")}
    changed = True
    while changed:
        changed = False
        for item in items.values():
            if item.state != data.WAITING:
                continue
            states = {key: one.state for key, one in items.items()}
            verdict = rules.verdict_of(bundle.spec.matter(item.key), states)
            if verdict == AGREE:
                _item_file(case, bundle, item, now=now)
            elif verdict == REFUSE:
                _item_stop(bundle, item, states, now=now)
            changed = changed or verdict is not None
    _case_close(case, bundle, items, now=now)
    audit_record(
        f"bundle:{case.number}",
        person_ref=person_ref_of(case.applicant_ref),
        detail={key: one.state for key, one in items.items()},
    )


def _item_file(case: BundleCase, bundle: BundleView, item: BundleItem, *, now: datetime) -> None:
    is_first = _is_submitting(case)
    try:
        with transaction.atomic():
            receipt = _file(case, bundle, item, now=now)
    except YiwangError as error:
        if is_first:
            raise _told_by_union(bundle, item, error) from error
        _item_ask(case, bundle, item, error, now=now)
        return
    item_filed(case, item, number=receipt.number, now=now)


def _is_submitting(case: BundleCase) -> bool:
    """Tell whether who submits the case is at it now (提交进行中): the applicant, or the clerk at the window."""
    context = context_get()
    if context.channel == "SYSTEM" or context.account_id is None:
        return False
    return context.account_id in (case.account_id, case.filed_by_id)


def _filing_of(case: BundleCase) -> Filing:
    """Return how its matters are filed (申报方式): later ones no longer by the visit, which is over then.

    By a deputy also later, and only as long as the delegation holds and covers the matter.
    """
    if case.filed_by_id is None:
        return OWN
    filing = Filing(case.channel, case.filed_by_name, case.delegation_id)
    if _is_submitting(case):
        return replace(filing, visit_id=case.visit_id)
    return filing


def _told_by_union(bundle: BundleView, item: BundleItem, error: YiwangError) -> YiwangError:
    """Name the fields as the one form does."""
    if not isinstance(error, SubmissionIncomplete):
        return error
    fields = collected(bundle.fields, item.key, error.fields)
    rest = {key: said for key, said in error.fields.items() if key.startswith("material:")}
    return SubmissionIncomplete(fields={**fields, **rest} or error.fields)


def _file(case: BundleCase, bundle: BundleView, item: BundleItem, *, now: datetime) -> Receipt:
    with context_use(_filing_context(case)):
        draft_id = _draft(case, bundle, item, filing=_filing_of(case), now=now)
        return application_submit_within(draft_id, now=now)


def _filing_context(case: BundleCase) -> RequestContext:
    """Act on what was asked for when it was submitted (按提交的一件事办理): in whose name the next matter is filed.

    Of who has no account, typed by the clerk, and of a deputy's principal the city itself files it.
    """
    if _is_submitting(case):
        return context_get()
    if case.account_id is None or case.delegation_id is not None:
        return replace(
            context_system(FOLLOWING, case.filed_by_name),
            account_id=deputy_of(case) or case.filed_by_id,
            subject_ref=case.applicant_ref,
        )
    return _applicant_context(case)


def _applicant_context(case: BundleCase) -> RequestContext:
    """Act as the applicant (申请人上下文), whose account there is."""
    return replace(
        context_of_account(case.account_id),
        subject_ref=case.applicant_ref,
        purpose=FOLLOWING,
        channel="SYSTEM",
    )


def _draft(
    case: BundleCase, bundle: BundleView, item: BundleItem, *, filing: Filing, now: datetime
) -> int:
    matter = bundle.matters[item.key]
    names = {
        material.key: rules.document_key(bundle.spec, item.key, material)
        for material in matter.materials
    }
    return matter_draft(
        item.matter_code,
        values=projected(bundle.fields, item.key, case.form_data),
        attachments={
            key: case.documents[name]["attachment"]
            for key, name in names.items()
            if name in case.documents
        },
        slot=f"bundle:{case.number}:{item.key}",
        filing=filing,
        now=now,
    )


def item_filed(case: BundleCase, item: BundleItem, *, number: str, now: datetime) -> None:
    """Note that a matter was filed (事项已提交), and announce it."""
    item.state, item.application_number = data.FILED, number
    item.draft_id, item.reasons, item.filed_at = None, [], now
    item.save(update_fields=["state", "application_number", "draft_id", "reasons", "filed_at"])
    event_publish(
        "bundle.item_filed",
        {
            "number": case.number,
            "item": item.key,
            "application": number,
            "context_ref": case.context_ref,
        },
        key=case.number,
    )


def _item_ask(
    case: BundleCase, bundle: BundleView, item: BundleItem, error: YiwangError, *, now: datetime
) -> None:
    """Ask the applicant for what a matter lacks now (需申请人补充): its draft is kept, open to them."""
    item.state = data.ATTENTION
    item.reasons = [{"text": said} for said in _sentences(error)]
    try:
        if case.account_id is None:
            raise BundleNotFound()  # nobody could open the draft: they come to a window
        with transaction.atomic(), context_use(_applicant_context(case)):
            own = Filing(case.channel)  # the applicant completes it
            item.draft_id = _draft(case, bundle, item, filing=own, now=now)
    except YiwangError:
        # Not even a draft can be opened (no longer eligible, closed): the reasons say so.
        item.draft_id, item.state, item.ended_at = None, data.STOPPED, now
    item.save(update_fields=["state", "reasons", "draft_id", "ended_at"])
    event_publish(
        "bundle.attention",
        {
            "number": case.number,
            "item": item.key,
            "account_id": case.account_id,
            "title": item.title,
        },
        key=case.number,
    )
    deputy_tell(case, "bundle.needs_applicant", title=item.title)


def _sentences(error: YiwangError) -> list[dict[str, str]]:
    """Return what an error says (原因), {zh, en}; what is said of single fields is in the language it was found in."""
    fields = getattr(error, "fields", {})
    if found := [said for sentences in fields.values() for said in sentences]:
        return [{"zh": said, "en": said} for said in found]
    said = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            said[key] = error_text(error)
    return [said]


def _item_stop(
    bundle: BundleView, item: BundleItem, states: dict[str, str], *, now: datetime
) -> None:
    item.state, item.ended_at = data.STOPPED, now
    item.reasons = [
        {
            "of": key,
            "text": {
                "zh": f"前置事项“{bundle.matters[key].title['zh']}”未获准予",
                "en": f"{bundle.matters[key].title['en']}, which it needs, was not granted",
            },
        }
        for key in rules.refused_among(bundle.spec.matter(item.key), states)
    ]
    item.save(update_fields=["state", "reasons", "ended_at"])


def _case_close(
    case: BundleCase, bundle: BundleView, items: dict[str, BundleItem], *, now: datetime
) -> None:
    if case.state != data.OPEN or any(one.state in data.ITEM_OPEN for one in items.values()):
        return
    case.state, case.ended_at = data.DONE, now
    case.save(update_fields=["state", "ended_at"])
    bundle_ended_publish(case, bundle)


def bundle_ended_publish(case: BundleCase, bundle: BundleView) -> None:
    """Announce that nothing of a case is open any more (一件事办结)."""
    event_publish(
        "bundle.ended",
        {
            "number": case.number,
            "key": bundle.key,
            "context_ref": case.context_ref,
            "account_id": case.account_id,
            "title": bundle.title,
            "state": case.state,
        },
        key=case.number,
    )
    if case.state == data.DONE:
        deputy_tell(case, "bundle.ended_for", title=bundle.title)


def deputy_of(case: BundleCase) -> int | None:
    """Return the deputy's account (受托账户): who typed it, or who stood at the window where a clerk did; None without one."""
    if case.delegation_id is None:
        return None
    return case.filed_by_id if case.visit_id is None else delegation_deputy_of(case.delegation_id)


def deputy_tell(case: BundleCase, topic: str, *, title: Mapping[str, str]) -> None:
    """Tell the deputy beside the applicant (告知受托人), as long as the delegation holds."""
    account_id = deputy_of(case)
    if account_id is None:
        return
    if case.delegation_id not in delegation_ids_held(account_id, timezone.localdate()):
        return
    event_publish(
        topic,
        {
            "account_id": account_id,
            "number": case.number,
            "title": dict(title),
            "name": case.applicant_name,
        },
        key=case.number,
    )
