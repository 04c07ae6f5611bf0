"""Keeping and using blocks, and counting where values came from (常用信息与填报来源的操作)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from yiwang.engines.api import (
    DraftView,
    ValueSource,
    draft_fill,
    draft_save,
    form_get,
    form_state,
)
from yiwang.hall.reuse.data import (
    BLOCKS_LIMIT,
    BlockEmpty,
    BlockNotFound,
    BlocksFull,
    BlockView,
    BlockWrong,
    RowsFull,
)
from yiwang.hall.reuse.models import ApplicationOrigins, OriginCount, ReusableBlock
from yiwang.hall.reuse.queries import (
    PURPOSE,
    block_form,
    block_row,
    block_view,
    owner_ref,
)
from yiwang.hall.reuse.rules import counts_of, month_of, row_of, totals_of
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_system, context_use, rows_insert
from yiwang.sdk.identifiers import person_ref_of

FOLD = 2_000
ROWS_DEFAULT = 200


# --- blocks --------------------------------------------------------------------------------------


@action("hall.reuse.block_put")
def block_put(
    key: str,
    *,
    values: Mapping[str, object],
    label: str = "",
    block_id: int | None = None,
    now: datetime,
) -> BlockView:
    """Keep a block in one's own space (保存常用信息), or change one: the person's own statement of today.

    What is filled in must hold; what is not filled in may stay open. Raises BlockEmpty, BlockWrong,
    BlocksFull, BlockNotFound.
    """
    owner, form = owner_ref(), block_form(key)
    state = form_state(form.version_id, values)
    if not state.values:
        raise BlockEmpty()
    for name, sentences in state.errors.items():
        if name.partition(".")[0] in state.values:
            raise BlockWrong(reason=sentences[0])
    written = {
        "label": label.strip()[:60] or form.title["zh"],
        "values": state.values,
        "form_version_id": form.version_id,
        "stated_at": now,
    }
    with data_scope(purpose=PURPOSE, reason=f"block:{key}"):
        if block_id is not None:
            row = block_row(block_id)
            for name, value in written.items():
                setattr(row, name, value)
            row.revision += 1
            row.save()
        else:
            kept = ReusableBlock.objects.filter(subject_ref=owner, key=key)
            if kept.count() >= BLOCKS_LIMIT:
                raise BlocksFull(limit=BLOCKS_LIMIT)
            same = next((one for one in kept if one.values == state.values), None)
            row = same or ReusableBlock.objects.create(subject_ref=owner, key=key, **written)
    audit_record(
        f"block:{row.pk}",
        person_ref=person_ref_of(owner),
        detail={"kind": key, "fields": sorted(state.values), "revision": row.revision},
    )
    return block_view(row)


@action("hall.reuse.block_delete")
def block_delete(block_id: int) -> None:
    """Delete a block of one's own (删除常用信息): nothing of it is kept, drafts keep what was filled in."""
    with data_scope(purpose=PURPOSE, reason=f"block:{block_id}"):
        row = block_row(block_id)
        owner, key = row.subject_ref, row.key
        row.delete()
    audit_record(f"block:{block_id}", person_ref=person_ref_of(owner), detail={"kind": key})


@action("hall.reuse.block_use")
def block_use(block_id: int, *, draft: DraftView, fields: list[str], now: datetime) -> DraftView:
    """Fill fields of one's draft from a block (带入常用信息), because the person asked for it.

    fields: those of the page that ask for parts of blocks. Raises BlockNotFound.
    """
    form = form_get(draft.form_version_id)
    with data_scope(purpose=PURPOSE, reason=f"block:{block_id}"):
        row = block_row(block_id)
        source = {
            "zh": f"本人保存：{row.label}",
            "en": f"Saved by you: {row.label}",
        }
        stated = timezone.localtime(row.stated_at).date()
        values = {}
        for name in fields:
            kind, _, part = form.blocks.get(name, "").partition(".")
            if kind == row.key and row.values.get(part) not in (None, "", []):
                mark = f"block:{row.pk}@{row.revision}"
                values[name] = ValueSource(
                    row.values[part], source, stated, None, mark, kind="BLOCK"
                )
        ReusableBlock.objects.filter(pk=row.pk).update(
            used_count=F("used_count") + 1, last_used_at=now
        )
    filled = draft_fill(draft.id, values=values, now=now)
    audit_record(
        f"block:{block_id}",
        person_ref=person_ref_of(row.subject_ref),
        detail={"kind": row.key, "purpose": draft.purpose_key, "fields": sorted(values)},
    )
    return filled


@action("hall.reuse.block_row_use")
def block_row_use(
    block_id: int, *, draft: DraftView, group: str, place: int, now: datetime
) -> DraftView:
    """Fill a row of a group of one's draft from a block (带入一行), because the person asked for it.

    The first empty row, else a new one; place: the row of the block's own group. The same row is not put
    in twice. Raises BlockNotFound, RowsFull.
    """
    form = form_get(draft.form_version_id)
    with data_scope(purpose=PURPOSE, reason=f"block:{block_id}"):
        row = block_row(block_id)
        cells = form.cell_blocks.get(group, {})
        new = row_of(cells, kind=row.key, values=row.values, place=place)
        if not new:
            raise BlockNotFound()
        ReusableBlock.objects.filter(pk=row.pk).update(
            used_count=F("used_count") + 1, last_used_at=now
        )
    before = draft.values.get(group)
    rows = [one for one in before if any(one.values())] if isinstance(before, list) else []
    filled = rows if new in rows else [*rows, new]
    limit = form.definition["schema"]["properties"][group].get("maxItems", ROWS_DEFAULT)
    if len(filled) > limit:
        raise RowsFull(limit=limit)
    saved = _rows_put(draft, group, rows=rows, filled=filled, block=row, now=now)
    audit_record(
        f"block:{block_id}",
        person_ref=person_ref_of(row.subject_ref),
        detail={"kind": row.key, "purpose": draft.purpose_key, "fields": [group], "row": place},
    )
    return saved


def _rows_put(  # noqa: PLR0913 - a group before and after
    draft: DraftView,
    group: str,
    *,
    rows: list,
    filled: list,
    block: ReusableBlock,
    now: datetime,
) -> DraftView:
    """Save the rows; their source is the block only while every one of them came from one."""
    known = draft.sources.get(group)
    if rows and (known is None or known.kind != "BLOCK" or known.value != rows):
        values = {**draft.values, group: filled}
        return draft_save(
            draft.id, values=values, page=draft.page, revision=draft.revision, now=now
        )
    source = {"zh": f"本人保存：{block.label}", "en": f"Saved by you: {block.label}"}
    stated = timezone.localtime(block.stated_at).date()
    mark = f"block:{block.pk}@{block.revision}"
    value = ValueSource(filled, source, stated, None, mark, kind="BLOCK")
    return draft_fill(draft.id, values={group: value}, now=now)


# --- fields not typed ----------------------------------------------------------------------------


def origins_keep(  # noqa: PLR0913 - what one submission is
    number: str,
    *,
    matter_code: str,
    matter_version_id: int,
    form_version_id: int,
    origins: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep where the values of an application came from (登记填报来源), inside the submitting act.

    One row of its own, so that submissions of one matter do not wait for each other; the monthly counts
    are made of them later.
    """
    reused, total = totals_of(origins)
    kept = ApplicationOrigins(
        number=number,
        matter_code=matter_code,
        matter_version_id=matter_version_id,
        form_version_id=form_version_id,
        origins=dict(origins),
        reused=reused,
        total=total,
        submitted_at=now,
    )
    rows_insert([kept])


def origins_fold(*, now: datetime) -> int:
    """Add what was submitted since the last time to the monthly counts (汇总填报来源); idempotent.

    Returns how many applications were counted. It may be killed at any point: a chunk is one transaction.
    """
    counted = 0
    with context_use(context_system("hall.reuse.fold")):
        while ApplicationOrigins.objects.filter(counted_at__isnull=True).exists():
            done = _fold_chunk(now=now)
            counted += done
            if not done:
                break  # another process is counting them
    return counted


@action("hall.reuse.fold")
def _fold_chunk(*, now: datetime) -> int:
    waiting = ApplicationOrigins.objects.filter(counted_at__isnull=True).order_by("pk")
    locked = waiting.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    rows = list(locked[:FOLD])
    keyed = (
        (
            (month_of(timezone.localtime(row.submitted_at)), row.matter_code, row.matter_version_id, row.form_version_id),
            row.origins,
        )
        for row in rows
    )  # fmt: skip
    for key, count in sorted(counts_of(keyed).items()):
        _count_add(key, count)
    ApplicationOrigins.objects.filter(pk__in=[row.pk for row in rows]).update(counted_at=now)
    audit_record("origins", detail={"applications": len(rows)})
    return len(rows)


def _count_add(key: tuple, count: int) -> None:
    names = ("month", "matter_code", "matter_version_id", "form_version_id", "field", "origin")
    values = dict(zip(names, key, strict=True))
    with transaction.atomic():
        row, is_new = OriginCount.objects.get_or_create(**values, defaults={"count": count})
        if not is_new:
            OriginCount.objects.filter(pk=row.pk).update(count=F("count") + count)
