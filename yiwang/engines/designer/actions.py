"""The acts of the designer (流程设计操作): draft, save, publish."""

import datetime
from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction

from yiwang.engines.designer.data import (
    KEY,
    DraftChanged,
    DraftView,
    NoteMissing,
    ProcessKeyInvalid,
    ProcessKeyTaken,
    PublisherIsWriter,
)
from yiwang.engines.designer.models import ProcessDraft, ProcessPublication
from yiwang.engines.designer.queries import draft_get, draft_view, version_xml
from yiwang.engines.workflow.actions import process_put
from yiwang.engines.workflow.data import ProcessView
from yiwang.engines.workflow.interchange.canonical import model_export
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.queries import process_get
from yiwang.kernel.api import action, audit_record, context_get

BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yw="urn:yiwang:bpmn"
 id="definitions" targetNamespace="urn:yiwang:processes">
  <bpmn:process id="%(id)s" name="" isExecutable="true">
    <bpmn:startEvent id="start"/>
    <bpmn:userTask id="decide" name="" yw:role="APPROVER" yw:outcomes="APPROVE,REFUSE"/>
    <bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="to_decide" sourceRef="start" targetRef="decide"/>
    <bpmn:sequenceFlow id="to_end" sourceRef="decide" targetRef="end"/>
  </bpmn:process>
</bpmn:definitions>
"""


@action("engines.designer.draft_new", permission="engines.designer.design")
def process_draft_new(
    key: str, *, title: Mapping[str, str], xml: str = "", now: datetime.datetime
) -> DraftView:
    """Begin a process that does not exist yet (新建流程), from a file or with three elements.

    Raises ProcessKeyInvalid, ProcessKeyTaken, and `ProcessInvalid` for a file that is no BPMN.
    """
    if not KEY.fullmatch(key):
        raise ProcessKeyInvalid()
    if process_get(key) is not None:
        raise ProcessKeyTaken(key=key)
    text = drawn(xml) if xml else process_layout(BLANK % {"id": key.replace(".", "_")})
    try:
        with transaction.atomic():
            return _begin(key, title, text, base=0, now=now)
    except IntegrityError:
        raise ProcessKeyTaken(key=key) from None


@action("engines.designer.draft_open", permission="engines.designer.design")
def process_draft_open(key: str, *, now: datetime.datetime) -> DraftView:
    """Return the draft of a process, begun from its newest version when there is none (打开草稿)."""
    newest = process_get(key)
    if newest is not None and not ProcessDraft.objects.filter(key=key).exists():
        xml = version_xml(key, newest.number)
        try:
            with transaction.atomic():
                return _begin(key, newest.title, xml, base=newest.number, now=now)
        except IntegrityError:
            pass  # a colleague was quicker: his is the draft
    draft = draft_get(key)
    audit_record(f"process:{key}", detail={"revision": draft.revision})
    return draft


def _begin(
    key: str, title: Mapping[str, str], xml: str, *, base: int, now: datetime.datetime
) -> DraftView:
    context = context_get()
    draft = ProcessDraft.objects.create(
        key=key,
        title=dict(title),
        xml=xml,
        base_number=base,
        edited_by_id=context.account_id,
        edited_by_name=context.name[:80],
        edited_at=now,
        writer_ids=_writers((), context.account_id),
    )
    audit_record(f"process:{key}", detail={"base": base})
    return draft_view(draft)


@action("engines.designer.draft_save", permission="engines.designer.design")
def process_draft_save(
    key: str,
    *,
    xml: str | bytes,
    revision: int,
    now: datetime.datetime,
    title: Mapping[str, str] | None = None,
) -> DraftView:
    """Save a draft (保存草稿) over the revision that it was read at.

    Raises DraftChanged when somebody else saved meanwhile, `ProcessInvalid` when it is no XML.
    """
    text = drawn(xml)
    context = context_get()
    changes = {
        "xml": text,
        "revision": revision + 1,
        "edited_by_id": context.account_id,
        "edited_by_name": context.name[:80],
        "edited_at": now,
    }
    if title is not None:
        changes["title"] = dict(title)
    changes["writer_ids"] = _writers(draft_get(key).writer_ids, context.account_id)
    done = ProcessDraft.objects.filter(key=key, revision=revision).update(**changes)
    if not done:
        raise DraftChanged(name=draft_get(key).edited_by_name)
    audit_record(f"process:{key}", detail={"revision": revision + 1})
    return draft_get(key)


@action("engines.designer.draft_discard", permission="engines.designer.design")
def process_draft_discard(key: str, *, revision: int) -> None:
    """Throw a draft away (丢弃草稿). Raises DraftChanged when it was saved meanwhile."""
    draft = draft_get(key)
    done, _ = ProcessDraft.objects.filter(key=key, revision=revision).delete()
    if not done:
        raise DraftChanged(name=draft.edited_by_name)
    audit_record(f"process:{key}", detail={"revision": revision})


@action("engines.designer.draft_publish", permission="engines.workflow.publish")
def process_draft_publish(
    key: str, *, revision: int, note: str, now: datetime.datetime
) -> ProcessView:
    """Publish a draft as the next version (发布流程); running instances stay on theirs.

    note: what changed and why. Nobody who drew it publishes it (双人发布). Raises NoteMissing,
    DraftChanged, PublisherIsWriter, and `ProcessInvalid` with every reason why it is not sound or
    lacks something.
    """
    if not note.strip():
        raise NoteMissing()
    draft = draft_get(key)
    if draft.revision != revision:
        raise DraftChanged(name=draft.edited_by_name)
    if context_get().account_id in draft.writer_ids:
        raise PublisherIsWriter()
    view = process_put(key, draft.xml, title=draft.title, source="engines.designer")
    context = context_get()
    ProcessPublication.objects.update_or_create(
        key=key,
        number=view.number,
        defaults={
            "note": note.strip()[:2000],
            "published_by_id": context.account_id,
            "published_by_name": context.name[:80],
            "written_by_name": draft.edited_by_name,
            "published_at": now,
        },
    )
    done, _ = ProcessDraft.objects.filter(key=key, revision=revision).delete()
    if not done:
        raise DraftChanged(name=draft.edited_by_name)
    audit_record(f"process:{key}", detail={"version": view.number})
    return view


def _writers(known: Iterable[int], account_id: int | None) -> list[int]:
    return sorted({*known, account_id} - {None})


def drawn(xml: str | bytes) -> str:
    """Return a file as it is kept: the same model, written the same way, with a drawing."""
    return process_layout(model_export(xml))
