"""From the department's desk to the catalogue: submitting, publishing, sending back, withdrawing.

Two persons (双人原则): whoever wrote or submitted the words does not publish them. The database
holds it for who submitted, the action for everybody who wrote.
"""

import hashlib
import json
from datetime import datetime

from django.urls import reverse

from yiwang.engines.api import SearchEntry, search_put_many, search_remove
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.catalogue import data
from yiwang.resources.catalogue.actions.resources import (
    REGISTER,
    ResourceIncomplete,
    ResourceStateMoved,
    State,
    own_resource,
    spec_problems,
)
from yiwang.resources.catalogue.data import ResourceSpec, ResourceView
from yiwang.resources.catalogue.models import Resource, ResourceVersion
from yiwang.resources.catalogue.queries import (
    ResourceNotFound,
    department_of,
    resource_by_id,
    reviews_all,
)
from yiwang.resources.catalogue.rules import spec_load
from yiwang.sdk.errors import N_, Forbidden, Invalid

REVIEW = "resources.catalogue.review"
REASON_MAX = 2000


class OwnWordsReviewed(Forbidden):
    """Somebody tried to review what they wrote or submitted themself."""

    code = "own_words_reviewed"
    message = N_("You wrote or submitted this yourself, so another person has to review it.")


@action("resources.catalogue.submit", permission=REGISTER)
def resource_submit(resource_id: int, *, now: datetime) -> ResourceView:
    """Send a draft to the city's data department (提交审核).

    Raises ResourceIncomplete, ResourceNotFound (another department's), ResourceStateMoved.
    """
    row = own_resource(resource_id)
    if row.state not in (State.DRAFT, State.REJECTED):
        raise ResourceStateMoved()
    if problems := spec_problems(spec_load(row.draft)):
        raise ResourceIncomplete(problems)
    _move(row, State.SUBMITTED, reason="", submitted_at=now, draft_accounts=_with_actor(row))
    return _done(row, {"to": State.SUBMITTED})


@action("resources.catalogue.publish", permission=REVIEW)
def resource_publish(resource_id: int, *, now: datetime) -> ResourceView:
    """Publish what was submitted (审核发布) as a new version; search knows it from now on.

    Raises Forbidden (not of the data department), OwnWordsReviewed, ResourceStateMoved. Announces
    `resources.catalogue.published`.
    """
    row = _reviewed(resource_id, State.SUBMITTED)
    spec = spec_load(row.draft)
    version = version_of(row, spec, number=_next_number(row), now=now)
    version.submitted_by = row.draft_accounts[-1] if row.draft_accounts else None
    version.published_by = context_get().account_id
    row.versions.filter(valid_to__isnull=True).update(valid_to=now)
    version.save(force_insert=True)
    _move(row, State.PUBLISHED, reason="", current_version=version, draft_accounts=[])
    search_put_many([search_entry(row, spec)])
    event_publish(
        "resources.catalogue.published",
        {"resource_id": row.pk, "code": row.code, "version": version.number},
        key=row.code,
    )
    return _done(row, {"to": State.PUBLISHED, "version": version.number})


@action("resources.catalogue.reject", permission=REVIEW)
def resource_reject(resource_id: int, *, reason: str, now: datetime) -> ResourceView:
    """Send a submission back with the reason (退回); what was published stays in force."""
    reason = _reason_check(reason)
    row = _reviewed(resource_id, State.SUBMITTED)
    _move(row, State.REJECTED, reason=reason)
    return _done(row, {"to": State.REJECTED, "reason": reason})


@action("resources.catalogue.withdrawal_request", permission=REGISTER)
def withdrawal_request(resource_id: int, *, reason: str, now: datetime) -> ResourceView:
    """Ask that a published resource leaves the catalogue (申请撤销), with the reason."""
    reason = _reason_check(reason)
    row = own_resource(resource_id)
    if row.state != State.PUBLISHED:
        raise ResourceStateMoved()
    actor = context_get().account_id
    _move(
        row,
        State.WITHDRAWN_SUBMITTED,
        reason=reason,
        submitted_at=now,
        draft_accounts=[actor] if actor is not None else [],
    )
    return _done(row, {"to": State.WITHDRAWN_SUBMITTED, "reason": reason})


@action("resources.catalogue.withdrawal_grant", permission=REVIEW)
def withdrawal_grant(resource_id: int, *, now: datetime) -> ResourceView:
    """Take a resource out of the catalogue (同意撤销); its versions stay on record.

    Announces `resources.catalogue.withdrawn`.
    """
    row = _reviewed(resource_id, State.WITHDRAWN_SUBMITTED)
    row.versions.filter(valid_to__isnull=True).update(valid_to=now)
    _move(row, State.WITHDRAWN, current_version=None, draft_accounts=[])
    search_remove("resource", row.code)
    event_publish(
        "resources.catalogue.withdrawn", {"resource_id": row.pk, "code": row.code}, key=row.code
    )
    return _done(row, {"to": State.WITHDRAWN})


@action("resources.catalogue.withdrawal_refuse", permission=REVIEW)
def withdrawal_refuse(resource_id: int, *, reason: str, now: datetime) -> ResourceView:
    """Keep a resource in the catalogue although its department wanted it out (不同意撤销)."""
    reason = _reason_check(reason)
    row = _reviewed(resource_id, State.WITHDRAWN_SUBMITTED)
    _move(row, State.PUBLISHED, reason=reason, draft_accounts=[])
    return _done(row, {"to": State.PUBLISHED, "reason": reason})


def version_of(row: Resource, spec: ResourceSpec, *, number: int, now: datetime) -> ResourceVersion:
    """Build the version (目录版本) of a specification with its copies for lists; not saved."""
    text = json.dumps(row.draft, ensure_ascii=False, sort_keys=True)
    return ResourceVersion(
        resource=row,
        number=number,
        spec=row.draft,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        title=spec.title,
        title_en=spec.title_en,
        category=spec.category,
        theme=spec.theme,
        sharing=spec.sharing,
        opening=spec.opening,
        cycle=spec.cycle,
        fields_count=len(spec.fields),
        valid_from=now,
    )


def search_entry(row: Resource, spec: ResourceSpec) -> SearchEntry:
    """Say what search knows of a resource (目录检索条目): name, theme, department, fields.

    Lighter than matters, so that of two things of one name the service comes first.
    """
    department = department_of(row.department_id)
    names = (department.name, department.short_name) if department else (row.function,)
    body = [
        spec.summary,
        spec.theme,
        *names,
        spec.system,
        data.BASES.get(spec.base, ""),
        *(f"{one.title} {one.name}" for one in spec.fields),
    ]
    return SearchEntry(
        kind="resource",
        ref=row.code,
        title=spec.title,
        title_en=spec.title_en,
        body="；".join(filter(None, body)),
        keywords=(row.code,),
        url=reverse("resources_catalogue:detail", args=[row.code.replace("/", "-")]),
        weight=-10,
    )


def _reviewed(resource_id: int, state: str) -> Resource:
    """Return the locked row that the acting person may review now."""
    if not reviews_all():
        raise Forbidden()
    row = Resource.objects.select_for_update().filter(pk=resource_id).first()
    if row is None:
        raise ResourceNotFound(code=resource_id)
    if row.state != state:
        raise ResourceStateMoved()
    if context_get().account_id in row.draft_accounts:
        raise OwnWordsReviewed()
    return row


def _with_actor(row: Resource) -> list[int]:
    """Return who wrote the draft, the one who submits it last."""
    actor = context_get().account_id
    others = [account for account in row.draft_accounts if account != actor]
    return [*others, actor] if actor is not None else others


def _move(row: Resource, state: str, **changes: object) -> None:
    """Move a row on from the state it was read in; somebody faster makes it fail."""
    moved = Resource.objects.filter(pk=row.pk, state=row.state).update(state=state, **changes)
    if not moved:
        raise ResourceStateMoved()


def _done(row: Resource, detail: dict) -> ResourceView:
    audit_record(f"resource:{row.code}", detail={"from": row.state, **detail})
    return resource_by_id(row.pk)


def _next_number(row: Resource) -> int:
    last = row.versions.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def _reason_check(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid(fields={"reason": [N_("Say why.")]})
    return reason[:REASON_MAX]
