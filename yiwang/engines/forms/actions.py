"""Acts of the forms room (表单操作): versions, drafts, attachments."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from django.core.files.storage import default_storage
from django.db.models import Max
from django.utils import timezone

from yiwang.engines.forms.data import AttachmentView, DraftView, FormView, ValueSource
from yiwang.engines.forms.groups import groups_after, rows_import
from yiwang.engines.forms.models import Attachment, Draft, Form, FormVersion
from yiwang.engines.forms.queries import (
    STAMP,
    attachment_view,
    definition_get,
    draft_view,
    form_view,
    owns,
    source_load,
)
from yiwang.engines.forms.rules.definition import FieldDefinition, FormDefinition
from yiwang.engines.forms.rules.files import AttachmentRefused, file_check, size_check
from yiwang.engines.forms.rules.inputs import SEEN, TAKE, post_lists, post_parse, values_clean
from yiwang.engines.forms.rules.merge import (
    Merged,
    history_extend,
    merge,
    offers_join,
    offers_of,
    same,
)
from yiwang.engines.forms.rules.state import PHOTO_TYPES
from yiwang.kernel.api import (
    action,
    audit_record,
    content_keep,
    error_text,
    rows_delete,
    stamp_renew,
)
from yiwang.sdk.errors import N_, Conflict, NotFound, SignInNeeded, YiwangError

VALUES_LIMIT = 12_000_000
HISTORY_LIMIT = 2_000_000
HISTORY_ROWS = 200
"""Of groups with more rows only the last change is remembered."""
NOBODY = 0
"""The account of a file that belongs to nobody's account: no account has this id."""


class DraftTooLarge(YiwangError):
    """A draft has grown beyond what a form can be."""

    code = "draft_too_large"
    status = 413
    message = N_("This is more than a form can hold. Please attach long texts as a file.")


class UploadedFile(Protocol):
    """What a web framework gives for an uploaded file."""

    name: str
    size: int
    content_type: str

    def read(self, size: int = -1) -> bytes: ...


@action("engines.forms.form_put", permission="engines.forms.form_put")
def form_put(key: str, definition: dict, *, source: str, now: datetime | None = None) -> FormView:
    """Load a form (载入表单): the same content is the same version, a changed one the next.

    key: full name "<pack>.<name>"; source: where it came from. Raises `FormInvalid` with all paths.
    """
    parsed = FormDefinition.parse(definition)
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    form, _ = Form.objects.get_or_create(key=key)
    block = str(definition.get("block") or "")
    if form.block != block:
        form.block = block
        form.save(update_fields=["block"])
    Form.objects.select_for_update().get(pk=form.pk)
    version = FormVersion.objects.filter(form=form, digest=digest).first()
    if version is None:
        last = form.versions.aggregate(last=Max("number"))["last"] or 0
        version = FormVersion.objects.create(
            form=form,
            number=last + 1,
            digest=digest,
            definition=definition,
            source=source,
            created_at=now or timezone.now(),
        )
        stamp_renew(STAMP)
    version.form = form
    audit_record(f"form:{key}", detail={"number": version.number, "digest": digest[:16]})
    return form_view(version, parsed)


# --- drafts --------------------------------------------------------------------------------------


@action("engines.forms.draft_open")
def draft_open(
    *,
    account_id: int,
    purpose_key: str,
    form_version_id: int,
    prefill: Mapping[str, object],
    now: datetime | None = None,
) -> DraftView:
    """Begin or go on with a draft (打开草稿): one per account and purpose, whatever the device.

    prefill: field -> value, `ValueSource`, or anything with value, source and as_of. A draft begun
    with an older version of the form goes on with this one; nothing typed is dropped. Fresh
    registry values replace old ones where the person had not changed them.
    """
    _own_require(account_id)
    moment = now or timezone.now()
    definition = definition_get(form_version_id)
    found = {name: _source(v) for name, v in prefill.items() if name in definition.fields}
    sources = {name: each for name, each in found.items() if each.value not in (None, "")}
    draft, is_new = Draft.objects.get_or_create(
        account_id=account_id,
        purpose_key=purpose_key,
        defaults={
            "form_version_id": form_version_id,
            "values": {name: each.value for name, each in sources.items()},
            "sources": {name: _source_dump(each) for name, each in sources.items()},
            "created_at": moment,
            "updated_at": moment,
        },
    )
    if not is_new:
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        _prefill_refresh(draft, definition, sources)
        draft.form_version_id = form_version_id
        draft.save()
    audit_record(f"draft:{draft.pk}", detail={"purpose": purpose_key, "new": is_new})
    return draft_view(draft)


def _prefill_refresh(
    draft: Draft, definition: FormDefinition, sources: Mapping[str, ValueSource]
) -> None:
    """Take fresh registry values where the person has not typed another."""
    values = dict(draft.values)
    fresh = {name: each for name, each in sources.items() if not _chosen(draft, name, each)}
    for name, each in fresh.items():
        before = draft.sources.get(name)
        untouched = name not in values or (before and values[name] == before.get("value"))
        if untouched or definition.fields[name].locked:
            values[name] = each.value
    draft.history = history_extend(draft.history, draft.values, values, revision=draft.revision + 1)
    if values != draft.values:
        draft.revision += 1
    draft.values = values
    draft.sources = {**draft.sources, **{k: _source_dump(v) for k, v in fresh.items()}}


def _chosen(draft: Draft, name: str, source: ValueSource) -> bool:
    """Tell whether the person chose to reuse something else for a field than what would be prefilled."""
    before = draft.sources.get(name)
    return bool(before) and (before.get("kind") or "REGISTRY") != source.kind


@action("engines.forms.draft_save")
def draft_save(
    draft_id: int, *, values: dict, page: str, revision: int, now: datetime | None = None
) -> DraftView:
    """Save what was typed (保存草稿); `values` are all values of the draft, as typed.

    revision: the one the page was made from. An older one means that another device saved since:
    both are merged field by field, and where both typed something different the saved value stands
    and this one is kept in `conflicts` (and named in `disputed`) until somebody chooses; nothing is lost.
    """
    draft = draft_lock(draft_id)
    disputed = _save(draft, values, page=page, revision=revision, now=now or timezone.now())
    return draft_view(draft, disputed=disputed)


@action("engines.forms.draft_post")
def draft_post(
    draft_id: int,
    *,
    post: Mapping,
    files: Mapping[str, UploadedFile] | None = None,
    page: str,
    revision: int | None = None,
    now: datetime | None = None,
) -> DraftView:
    """Save one posted page of a form (保存页面): read, typed, merged; files checked and kept.

    post: a QueryDict or a dict of texts; `_add`, `_remove` change rows, `_take` takes the other
    device's value, `_seen` names the fields whose two values the page showed. revision: by default the
    posted `_revision`. Refused files stand in `refusals` by field; what was typed is saved all the same.
    """
    draft = draft_lock(draft_id)
    moment = now or timezone.now()
    definition = definition_get(draft.form_version_id)
    lists = post_lists(post)
    base = revision if revision is not None else _revision(lists, draft)
    names = next((each.fields for each in definition.pages if each.key == page), ())
    fields = [definition.fields[name] for name in names or definition.fields]
    values = post_parse(fields, lists, _values_at(draft, base))
    refusals = _files_take(draft, fields, files or {}, values, now=moment)
    notes, refused = rows_import(fields, lists, files or {}, values, now=moment)
    draft.groups = groups_after(draft.groups, lists, values, notes)
    seen = frozenset(lists.get(SEEN, ()))
    disputed = _save(draft, values, page=page, revision=base, now=moment, seen=seen)
    for name in lists.get(TAKE, ()):
        _take(draft, name, now=moment)
    return draft_view(draft, refusals=refusals | refused, disputed=disputed)


def _files_take(
    draft: Draft,
    fields: list[FieldDefinition],
    files: Mapping[str, UploadedFile],
    values: dict,
    *,
    now: datetime,
) -> dict[str, list[str]]:
    """Keep the files of photo and file fields; return what is said about those refused."""
    refusals: dict[str, list[str]] = {}
    for field in fields:
        upload = files.get(field.key)
        if field.widget not in ("photo", "file") or not upload:
            continue
        try:
            kept = _attachment_store(
                draft.account_id,
                upload,
                accept=field.accept or PHOTO_TYPES,
                max_bytes=field.max_mb * 1024 * 1024,
                now=now,
            )
            values[field.key] = f"attachment:{kept.pk}"
        except AttachmentRefused as error:
            refusals[field.key] = [error_text(error)]
    return refusals


@action("engines.forms.draft_fill")
def draft_fill(draft_id: int, *, values: Mapping[str, ValueSource], now: datetime) -> DraftView:
    """Put values with their sources into a draft (带入): what the person chose to reuse.

    Fields that the form does not have are left out; locked ones stay their registry's.
    """
    draft = draft_lock(draft_id)
    definition = definition_get(draft.form_version_id)
    taken = {
        name: each
        for name, each in values.items()
        if name in definition.fields and not definition.fields[name].locked
    }
    draft.sources = {**draft.sources, **{name: _source_dump(each) for name, each in taken.items()}}
    filled = {**draft.values, **{name: _plain(each.value) for name, each in taken.items()}}
    _save(draft, filled, page=draft.page, revision=draft.revision, now=now)
    return draft_view(draft)


@action("engines.forms.draft_discard")
def draft_discard(draft_id: int) -> None:
    """Throw a draft away (删除草稿): the person asked for it, or it has been submitted."""
    draft = draft_lock(draft_id)
    audit_record(f"draft:{draft.pk}", detail={"purpose": draft.purpose_key})
    draft.delete()


@action("engines.forms.draft_close")
def draft_close(draft: DraftView) -> None:
    """Delete a draft that has been submitted (草稿办结); `Conflict` when more was typed into it since it was read."""
    known = {"id": draft.id, "account_id": draft.account_id, "revision": draft.revision}
    if not owns(draft.account_id):
        raise NotFound()
    rows_delete(Draft, known=known, otherwise=Conflict)
    audit_record(f"draft:{draft.id}", detail={"purpose": draft.purpose_key})


def _revision(lists: Mapping[str, list[str]], draft: Draft) -> int:
    typed = (lists.get("_revision") or [""])[-1]
    return int(typed) if typed.isdecimal() and len(typed) < 10 else draft.revision


def _values_at(draft: Draft, revision: int) -> dict:
    """Return the values as they were at `revision`, as far as the history reaches."""
    if revision >= draft.revision:
        return dict(draft.values)
    values = dict(draft.values)
    for name, changes in draft.history.items():
        later = [before for changed, before in changes if changed > revision]
        if later:
            values[name] = later[0]
    return {name: value for name, value in values.items() if value is not None}


def _save(
    draft: Draft,
    values: dict,
    *,
    page: str,
    revision: int,
    now: datetime,
    seen: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Save the values of a draft; return the fields whose value is put aside, since another device typed otherwise.

    seen: fields whose two values the page showed: what is typed over them there is the person's choice.
    """
    definition = definition_get(draft.form_version_id)
    typed = values_clean(values)
    repeated = _repeated(draft, typed, seen)
    typed |= {name: draft.values.get(name) for name in repeated}
    for name, raw in draft.sources.items():
        field = definition.fields.get(name)
        if field and field.locked:
            typed[name] = raw.get("value")
    if len(json.dumps(typed, ensure_ascii=False).encode()) > VALUES_LIMIT:
        raise DraftTooLarge()
    typed = {name: value for name, value in typed.items() if value is not None}
    merged = merge(draft.values, draft.history, typed, base=min(revision, draft.revision))
    changed = sorted(
        name
        for name in draft.values.keys() | merged.values.keys()
        if draft.values.get(name) != merged.values.get(name)
    )
    if changed:
        draft.revision += 1
        draft.history = history_extend(
            draft.history, draft.values, merged.values, revision=draft.revision
        )
        draft.history = {name: _bounded(changes) for name, changes in draft.history.items()}
        if len(json.dumps(draft.history)) > HISTORY_LIMIT:
            # Very long texts: remember one step back. At worst both devices' values are shown.
            draft.history = {name: changes[-1:] for name, changes in draft.history.items()}
    draft.others = _others_after(draft, merged, settled=seen & set(changed), now=now)
    draft.values = merged.values
    draft.page = page[:60]
    draft.updated_at = now
    draft.save()
    audit_record(
        f"draft:{draft.pk}",
        detail={"fields": changed, "revision": draft.revision, "others": sorted(merged.others)},
    )
    return tuple(sorted(draft.others.keys() & (merged.others.keys() | repeated)))


def _repeated(draft: Draft, typed: Mapping[str, object], seen: frozenset[str]) -> set[str]:
    """Return the fields for which only a value comes again that was put aside: the page did not know yet."""
    return {
        name
        for name, raw in draft.others.items()
        if name not in seen and any(same(typed.get(name), one["value"]) for one in offers_of(raw))
    }


def _others_after(draft: Draft, merged: Merged, *, settled: set[str], now: datetime) -> dict:
    """Return what is put aside after a save: nobody's value goes while a difference is open."""
    stamp, found = now.isoformat(), {}
    for name in sorted((draft.others.keys() - settled) | merged.others.keys()):
        offers = offers_of(draft.others.get(name))
        if name in merged.others:
            offers.insert(0, {"value": merged.others[name], "at": stamp})
        elif not same(draft.values.get(name), merged.values.get(name)):
            offers.insert(0, {"value": draft.values.get(name), "at": draft.updated_at.isoformat()})
        joined = offers_join(offers, kept=merged.values.get(name))
        if joined is not None:
            found[name] = joined
    return found


def _bounded(changes: list[list]) -> list[list]:
    """Of a group of many rows, remember what it was before its last change only."""
    before = changes[-1][1]
    return changes[-1:] if isinstance(before, list) and len(before) > HISTORY_ROWS else changes


def _take(draft: Draft, name: str, *, now: datetime) -> None:
    """Let the other device's value stand; the one it replaces is offered in its place."""
    offers = offers_of(draft.others.get(name))
    if not offers:
        return
    before = {"value": draft.values.get(name), "at": draft.updated_at.isoformat()}
    others = offers_join([before, *offers], kept=offers[0]["value"])
    draft_values_put(draft, {name: offers[0]["value"]}, now=now)
    draft.others = {key: raw for key, raw in (draft.others | {name: others}).items() if raw}
    draft.save()


def draft_values_put(draft: Draft, changes: Mapping[str, object], *, now: datetime) -> None:
    """Change values of a locked draft as a revision of its own (更改草稿); the caller saves the row."""
    values = {**draft.values, **changes}
    if all(same(values[name], draft.values.get(name)) for name in changes):
        return
    draft.revision += 1
    draft.history = history_extend(draft.history, draft.values, values, revision=draft.revision)
    draft.values = {key: value for key, value in values.items() if value is not None}
    draft.updated_at = now


def _own_require(account_id: int | None) -> None:
    if account_id is None:
        raise SignInNeeded()
    if not owns(account_id):
        raise NotFound()


def draft_lock(draft_id: int) -> Draft:
    """Lock one's own draft for a change (锁定草稿). Raises `NotFound`."""
    draft = Draft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None or not owns(draft.account_id):
        raise NotFound()
    return draft


def _source(value: object) -> ValueSource:
    if isinstance(value, ValueSource):
        return value
    if isinstance(value, Mapping) and "value" in value:
        return source_load({**value, "as_of": _iso(value.get("as_of"))})
    if hasattr(value, "value") and hasattr(value, "source"):
        return ValueSource(
            value=_plain(value.value),
            source=dict(value.source or {}),
            as_of=getattr(value, "as_of", None),
            department_id=getattr(value, "department_id", None),
            registry_field=getattr(value, "registry_field", ""),
            kind=getattr(value, "kind", "REGISTRY"),
        )
    return ValueSource(value=_plain(value), source={})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _iso(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _source_dump(source: ValueSource) -> dict:
    return {
        "value": _plain(source.value),
        "source": dict(source.source),
        "as_of": _iso(source.as_of),
        "department_id": source.department_id,
        "registry_field": source.registry_field,
        "kind": source.kind,
    }


# --- attachments ---------------------------------------------------------------------------------


@action("engines.forms.attachment_put")
def attachment_put(
    *,
    account_id: int,
    file: UploadedFile,
    accept: list[str],
    max_bytes: int,
    now: datetime | None = None,
) -> AttachmentView:
    """Take an uploaded file (上传附件) after looking at its content, not at its name.

    accept: media types such as "application/pdf"; max_bytes: the limit in bytes. Raises a subclass
    of `AttachmentRefused` whose sentence says what is wrong and what is accepted.
    """
    _own_require(account_id)
    moment = now or timezone.now()
    row = _attachment_store(account_id, file, accept=accept, max_bytes=max_bytes, now=moment)
    return attachment_view(row)


def _attachment_store(
    account_id: int, file: UploadedFile, *, accept, max_bytes: int, now: datetime
) -> Attachment:
    size_check(
        file.name or "",
        file.size or 0,
        accept=accept,
        max_bytes=max_bytes,
        is_kept=getattr(file, "is_kept", True),
    )
    content = file.read(max_bytes + 1)
    facts = file_check(file.name or "", content, accept=accept, max_bytes=max_bytes)
    digest = hashlib.sha256(content).hexdigest()
    path = f"attachments/{digest[:2]}/{digest[2:4]}/{digest}"
    _content_keep(path, content)
    row = Attachment.objects.create(
        account_id=account_id,
        path=path,
        sha256=digest,
        name=facts.name,
        declared_type=(getattr(file, "content_type", "") or "")[:120],
        content_type=facts.content_type,
        size=facts.size,
        created_at=now,
    )
    audit_record(f"attachment:{row.pk}", detail={"type": facts.content_type, "size": facts.size})
    return row


def _content_keep(path: str, content: bytes) -> None:
    """Keep a content once; a content without a row may be swept at any moment, so it is written anew."""
    # A sweep that is throwing the last row of this content away holds its lock: see `sweeping`.
    is_known = bool(Attachment.objects.select_for_update().filter(path=path).values_list("pk")[:1])
    if not is_known or not default_storage.exists(path):
        content_keep(path, content)


@action("engines.forms.attachment_hand_over")
def attachment_hand_over(attachment_ids: list[int], *, account_id: int | None) -> None:
    """Let files that one uploaded for somebody else belong to that person (移交附件), no longer to oneself.

    account_id: None for who has no account; then only what is registered opens them. Raises `NotFound`.
    """
    rows = Attachment.objects.select_for_update().filter(pk__in=attachment_ids)
    if any(not owns(row.account_id) for row in rows):
        raise NotFound()
    Attachment.objects.filter(pk__in=attachment_ids).update(account_id=account_id or NOBODY)
    audit_record(
        f"attachment:{attachment_ids[0]}" if attachment_ids else "attachment",
        detail={"attachments": list(attachment_ids), "account_id": account_id},
    )
