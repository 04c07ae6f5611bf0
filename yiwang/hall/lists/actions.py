"""Preparing and publishing adjustments of the lists (清单调整): one prepares, another publishes."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from yiwang.hall.lists.data import CANCELLED, AdjustmentView, DetailView
from yiwang.hall.lists.errors import (
    AdjustmentIncomplete,
    AdjustmentMoved,
    AdjustmentOpen,
    NothingToAdjust,
    NotYourPower,
    SamePerson,
)
from yiwang.hall.lists.models import (
    ListAdjustment,
    ListChange,
    ListDesk,
    ListDetail,
    ListEntry,
)
from yiwang.hall.lists.queries import (
    MAINTAIN,
    PREPARE,
    PUBLISH,
    adjustment_view,
    catalogue_contents,
    change_counts,
    contents_on,
    functions_of_actor,
)
from yiwang.hall.lists.rules import changes_between, digest_make
from yiwang.hall.matters.queries import matter_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_

TEXT_MAX = 2000
BATCH = 200


@action("hall.lists.detail_put", permission=MAINTAIN)
def detail_put(code: str, detail: DetailView, *, now: datetime) -> None:
    """Add to a power what the catalogue does not say (补充清单信息); the next adjustment takes it up.

    Raises `MatterNotFound`, `NotYourPower`.
    """
    matter = matter_get(code)
    if matter.department_function not in functions_of_actor():
        raise NotYourPower()
    ListDetail.objects.update_or_create(
        code=matter.code,
        defaults={
            "office": detail.office.strip()[:120],
            "responsibilities": detail.responsibilities.strip()[:TEXT_MAX],
            "accountability": detail.accountability.strip()[:TEXT_MAX],
            "accountability_basis": detail.accountability_basis.strip()[:TEXT_MAX],
            "updated_by": context_get().name,
            "updated_at": now,
        },
    )
    audit_record(f"matter:{matter.code}", detail={"office": detail.office.strip()})


@action("hall.lists.prepare", permission=PREPARE)
def adjustment_prepare(*, now: datetime) -> AdjustmentView:
    """Prepare an adjustment (拟定调整): everything in which catalogue and published lists differ.

    Raises `AdjustmentOpen`, `NothingToAdjust`.
    """
    desk = _desk()
    if desk.open_adjustment_id is not None:
        raise AdjustmentOpen()
    changes = changes_between(contents_on(None), catalogue_contents())
    if not changes:
        raise NothingToAdjust()
    row = ListAdjustment.objects.create(
        effective_date=timezone.localdate(now),
        prepared_by_id=context_get().account_id,
        prepared_by=context_get().name,
        prepared_at=now,
    )
    ListChange.objects.bulk_create(
        (
            ListChange(
                adjustment=row,
                code=code,
                kind=kind,
                title=(after or before)["title"]["zh"],
                function=(after or before)["function"],
                before=before,
                after=after,
            )
            for code, kind, before, after in changes
        ),
        batch_size=BATCH,
    )
    desk.open_adjustment = row
    desk.save(update_fields=["open_adjustment"])
    return _kept(row)


@action("hall.lists.edit", permission=PREPARE)
def adjustment_edit(
    adjustment_id: int, *, reason: str, legal_ground: str, effective_date: date
) -> AdjustmentView:
    """Write reason, ground and day of an adjustment (填写调整理由与依据)."""
    row = _open(adjustment_id, "DRAFT")
    row.reason, row.legal_ground = reason.strip()[:TEXT_MAX], legal_ground.strip()[:TEXT_MAX]
    row.effective_date = effective_date
    row.save(update_fields=["reason", "legal_ground", "effective_date"])
    return _kept(row)


@action("hall.lists.change_mark", permission=PREPARE)
def change_mark(change_id: int, *, is_left_out: bool, note: str = "") -> None:
    """Leave a power out of the adjustment for now, or take it in again (暂不调整), with a word why."""
    change = ListChange.objects.filter(pk=change_id).first()
    if change is None:
        raise AdjustmentMoved()
    row = _open(change.adjustment_id, "DRAFT")
    change.is_left_out, change.note = is_left_out, note.strip()[:TEXT_MAX]
    change.save(update_fields=["is_left_out", "note"])
    _kept(row)


@action("hall.lists.submit", permission=PREPARE)
def adjustment_submit(adjustment_id: int) -> AdjustmentView:
    """Hand an adjustment over to be published (提请公布); reason, ground and a change are needed."""
    row = _open(adjustment_id, "DRAFT")
    fields = {}
    if not row.reason:
        fields["reason"] = [N_("Say why the lists are adjusted.")]
    if not row.legal_ground:
        fields["legal_ground"] = [N_("Name the law or document on which the adjustment rests.")]
    if last := _last_day():
        if row.effective_date < last:
            fields["effective_date"] = [N_("The day must not lie before the last adjustment's.")]
    if not row.changes.filter(is_left_out=False).exists():
        fields["changes"] = [N_("Everything is left out: there is nothing to publish.")]
    if fields:
        raise AdjustmentIncomplete(fields=fields)
    row.state = "SUBMITTED"
    row.prepared_by_id, row.prepared_by = context_get().account_id, context_get().name
    row.save(update_fields=["state", "prepared_by_id", "prepared_by"])
    return _kept(row)


@action("hall.lists.return", permission=PUBLISH)
def adjustment_return(adjustment_id: int, *, note: str) -> AdjustmentView:
    """Send an adjustment back with a word why (退回)."""
    if not note.strip():
        raise AdjustmentIncomplete(fields={"note": [N_("Say what is to be changed.")]})
    row = _open(adjustment_id, "SUBMITTED")
    row.state, row.return_note = "DRAFT", note.strip()[:TEXT_MAX]
    row.save(update_fields=["state", "return_note"])
    return _kept(row)


@action("hall.lists.publish", permission=PUBLISH)
def adjustment_publish(adjustment_id: int, *, now: datetime) -> AdjustmentView:
    """Publish an adjustment (公布清单): the lists change from its day on. Raises `SamePerson`."""
    row = _open(adjustment_id, "SUBMITTED")
    actor = context_get()
    if actor.account_id == row.prepared_by_id:
        raise SamePerson()
    if (last := _last_day()) and row.effective_date < last:
        raise AdjustmentMoved()
    changes = list(row.changes.filter(is_left_out=False))
    _entries_change(row, changes)
    row.state, row.counts = "PUBLISHED", change_counts(row.pk)
    row.number = (ListAdjustment.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    row.published_by_id, row.published_by, row.published_at = actor.account_id, actor.name, now
    row.save()
    _close(row)
    event_publish("lists.published", {"number": row.number, "counts": row.counts})
    return _kept(row)


@action("hall.lists.discard", permission=PREPARE)
def adjustment_discard(adjustment_id: int) -> None:
    """Drop an adjustment before it is published (作废); the row stays, its changes go."""
    row = _open(adjustment_id, "DRAFT")
    row.changes.all().delete()
    row.state = "DISCARDED"
    row.save(update_fields=["state"])
    _close(row)
    _kept(row)


def _entries_change(row: ListAdjustment, changes: list[ListChange]) -> None:
    codes = [change.code for change in changes]
    for start in range(0, len(codes), BATCH):
        part = codes[start : start + BATCH]
        ListEntry.objects.filter(code__in=part, valid_to__isnull=True).update(
            valid_to=row.effective_date, ended_by=row
        )
    ListEntry.objects.bulk_create(
        (
            _entry_of(row, change.code, change.after)
            for change in changes
            if change.kind != CANCELLED
        ),
        batch_size=BATCH,
    )


def _entry_of(row: ListAdjustment, code: str, content: Mapping) -> ListEntry:
    return ListEntry(
        code=code,
        content=content,
        digest=digest_make(content),
        title=content["title"]["zh"],
        function=content["function"],
        item_type=content["item_type"],
        level=content["level"],
        has_basis=bool(content["legal_basis"]),
        valid_from=row.effective_date,
        adjustment=row,
    )


def _desk() -> ListDesk:
    """Take hold of the one desk; it is made by the first who needs it."""
    if not ListDesk.objects.exists():
        try:
            with transaction.atomic():
                ListDesk.objects.create(pk=1)
        except IntegrityError:
            pass
    return ListDesk.objects.select_for_update().get(pk=1)


def _open(adjustment_id: int, state: str) -> ListAdjustment:
    if _desk().open_adjustment_id != adjustment_id:
        raise AdjustmentMoved()
    row = ListAdjustment.objects.select_for_update().get(pk=adjustment_id)
    if row.state != state:
        raise AdjustmentMoved()
    return row


def _close(row: ListAdjustment) -> None:
    ListDesk.objects.filter(pk=1, open_adjustment=row).update(open_adjustment=None)


def _last_day() -> date | None:
    published = ListAdjustment.objects.filter(state="PUBLISHED")
    return published.aggregate(last=Max("effective_date"))["last"]


def _kept(row: ListAdjustment) -> AdjustmentView:
    audit_record(f"list_adjustment:{row.pk}", detail={"state": row.state, "counts": row.counts})
    return adjustment_view(row)
