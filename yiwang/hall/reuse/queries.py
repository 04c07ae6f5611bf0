"""Reads of reuse (复用查询): one's own blocks; what the city still makes people type."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from django.db.models import QuerySet, Sum
from django.urls import reverse

from yiwang.engines.api import (
    DraftView,
    FormView,
    PageState,
    block_forms,
    form_get,
    form_prefill_titles,
)
from yiwang.hall.matters.queries import MatterNotFound, matter_get
from yiwang.hall.reuse.data import (
    BlockNotFound,
    BlockView,
    FieldReuse,
    MatterReuse,
    MonthReuse,
    Offer,
    Offered,
    OriginCounts,
)
from yiwang.hall.reuse.models import OriginCount, ReusableBlock
from yiwang.hall.reuse.rules import ALL, block_kinds
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import SignInNeeded

READ = "hall.reuse.read"
PURPOSE = "本人常用信息"
TYPED = ("TYPED", "CHANGED")


# --- blocks --------------------------------------------------------------------------------------


def owner_ref() -> str:
    """Return whose blocks the acting person has: the own, or those of the enterprise acted for."""
    context = context_get()
    if not context.subject_ref or context.population not in ("CITIZEN", "AGENT"):
        raise SignInNeeded()
    return context.subject_ref


def has_space() -> bool:
    """Tell whether the acting person has a space of the own, or chose an enterprise to act for."""
    return bool(context_get().subject_ref)


def block_form(key: str) -> FormView:
    """Return the form of a kind of block (常用信息种类). Raises BlockNotFound."""
    form = block_forms().get(key)
    if form is None:
        raise BlockNotFound()
    return form


def block_rows() -> QuerySet[ReusableBlock]:
    """Return the blocks of the acting person; inside a data scope."""
    return ReusableBlock.objects.filter(subject_ref=owner_ref()).order_by(
        "key", "-stated_at", "-id"
    )


def block_row(block_id: int) -> ReusableBlock:
    """Return one's own block, inside a data scope. Raises BlockNotFound."""
    row = block_rows().filter(pk=block_id).first()
    if row is None:
        raise BlockNotFound()
    return row


def block_list() -> list[BlockView]:
    """List one's own blocks by kind, the last stated first (我的常用信息)."""
    with data_scope(purpose=PURPOSE, reason="查看"):
        return [block_view(row) for row in block_rows()]


def block_get(block_id: int) -> BlockView:
    """Return one's own block (常用信息). Raises BlockNotFound."""
    with data_scope(purpose=PURPOSE, reason=f"block:{block_id}"):
        return block_view(block_row(block_id))


def block_view(row: ReusableBlock) -> BlockView:
    """Turn a row into a value."""
    return BlockView(
        row.pk,
        row.key,
        row.label,
        row.values,
        row.form_version_id,
        row.revision,
        row.stated_at,
        row.used_count,
        row.last_used_at,
    )


def block_summary(values: Mapping[str, object]) -> str:
    """Say enough of a block to tell it from others (摘要); long numbers only by their last digits.

    >>> block_summary({"bank_name": "某行", "account": "6222020000000001234"})
    '某行 · …1234'
    """
    parts = []
    for value in values.values():
        if isinstance(value, list):
            names = [str(next(iter(row.values()), "")) for row in value if isinstance(row, dict)]
            parts.append("、".join(names[:3]))
        elif isinstance(value, str):
            digits = value.isdigit() and len(value) > 10
            parts.append(f"…{value[-4:]}" if digits else value[:24])
    return " · ".join([part for part in parts if part][:3])


def offer_list(draft: DraftView, page: PageState) -> list[Offer]:
    """List what the person may reuse on a page (可带入的常用信息); [] for clerks and where nothing fits.

    Whole fields first, then what fills a row of a group of the page.
    """
    wanted = {
        each.block.partition(".")[0] for each in page.fields if each.block and not each.locked
    }
    cells = form_get(draft.form_version_id).cell_blocks
    groups = [each.key for each in page.fields if each.key in cells and not each.locked]
    context = context_get()
    may = context.subject_ref and context.population in ("CITIZEN", "AGENT")
    if not (wanted or groups) or not may:
        return []
    forms, held = block_forms(), defaultdict(list)
    for block in block_list():
        held[block.key].append(block)
    href = reverse("hall_reuse:fill", args=[draft.id, page.key])
    whole = [
        Offer(key, forms[key].title, href, tuple(_offered(one) for one in held[key][:5]))
        for key in sorted(wanted)
        if key in forms
    ]
    rows = [
        Offer(kind, forms[kind].title, href, tuple(_rows_offered(group, used, held[kind])), group)
        for group in groups
        for kind, used in block_kinds(cells[group]).items()
        if kind in forms
    ]
    return whole + [each for each in rows if each.entries]


def _offered(block: BlockView) -> Offered:
    return Offered(block.id, block.label, block_summary(block.values), block.stated_at)


def _rows_offered(group: str, used: str, blocks: list[BlockView]) -> Iterator[Offered]:
    """Offer each saved row of the block's own group, or the block itself, for a row of the form."""
    for block in blocks[:5]:
        rows = block.values.get(used) if used else [block.values]
        for place, row in enumerate(rows if isinstance(rows, list) else []):
            words = block_summary(row)
            label = words.partition(" · ")[0] if used else block.label
            mark = f"{group}:{block.id}.{place}"
            yield Offered(block.id, label or block.label, words, block.stated_at, mark)


# --- fields not typed ----------------------------------------------------------------------------


def _counts(since: date, until: date, **only: object) -> QuerySet[OriginCount]:
    return OriginCount.objects.filter(month__gte=since, month__lte=until, **only)


def _grouped(rows: QuerySet[OriginCount], *names: str) -> dict[tuple, dict[str, int]]:
    """Sum counts by columns: {(values…): {origin: count}}."""
    found: dict[tuple, dict[str, int]] = defaultdict(dict)
    for *key, origin, count in rows.values_list(*names, "origin").annotate(Sum("count")).order_by():
        found[tuple(key)][origin] = count
    return found


def matter_reuse_list(*, since: date, until: date) -> list[MatterReuse]:
    """Rank the matters (事项免填排名), those that make people type most that a registry has first.

    since, until: first days of months, both included.
    """
    by_matter = _grouped(_counts(since, until), "matter_code")
    by_field = _grouped(
        _counts(since, until).exclude(field=""), "matter_code", "form_version_id", "field"
    )
    held = Held()
    avoidable: dict[str, int] = defaultdict(int)
    for (code, version, field), counts in by_field.items():
        if held.by(version, field):
            avoidable[code] += sum(counts.get(each, 0) for each in TYPED)
    rows = [
        MatterReuse(
            code, _title_of(code), counts.get(ALL, 0), OriginCounts(counts), avoidable[code]
        )
        for (code,), counts in by_matter.items()
    ]
    return sorted(rows, key=lambda row: (-row.avoidable, row.origins.share or 0, row.code))


def _title_of(code: str) -> Mapping[str, str]:
    try:
        return matter_get(code).title
    except MatterNotFound:
        return {"zh": code, "en": code}


def field_reuse_list(code: str, *, since: date, until: date) -> list[FieldReuse]:
    """List a matter's fields (字段免填情况), what is typed most first."""
    found = _grouped(
        _counts(since, until, matter_code=code).exclude(field=""), "form_version_id", "field"
    )
    held = Held()
    merged: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    newest: dict[str, int] = {}
    for (version, field), counts in found.items():
        newest[field] = max(version, newest.get(field, 0))
        for origin, count in counts.items():
            merged[field][origin] += count
    rows = [
        FieldReuse(
            field,
            held.title(newest[field], field),
            OriginCounts(dict(counts)),
            held.by(newest[field], field),
            held.is_declared(newest[field], field),
        )
        for field, counts in merged.items()
    ]
    typed = lambda row: sum(row.origins.counts.get(each, 0) for each in TYPED)  # noqa: E731
    return sorted(rows, key=lambda row: (-typed(row), row.field))


def month_reuse_list(*, since: date, until: date, code: str = "") -> list[MonthReuse]:
    """Return the series by month (月度免填率), of one matter or of all."""
    only = {"matter_code": code} if code else {}
    found = _grouped(_counts(since, until, **only), "month")
    return [
        MonthReuse(month, counts.get(ALL, 0), OriginCounts(counts))
        for (month,), counts in sorted(found.items())
    ]


def total_reuse(rows: Iterable[MatterReuse]) -> OriginCounts:
    """Add up a ranking (全市合计)."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        for origin, count in row.origins.counts.items():
            counts[origin] += count
    return OriginCounts(dict(counts))


class Held:
    """Who has what a field asks for (已有数据的部门), read once for a page.

    By the field's own source; else because another form of the city fills a field of the same title, or
    a registry has one of that title. Names of fields are not compared: they are each form's own.
    """

    def __init__(self) -> None:
        self.forms: dict[int, FormView] = {}
        self.titles = form_prefill_titles()

    def _form(self, version_id: int) -> FormView:
        if version_id not in self.forms:
            self.forms[version_id] = form_get(version_id)
        return self.forms[version_id]

    def title(self, version_id: int, field: str) -> Mapping[str, str]:
        """Return a field's title."""
        return self._form(version_id).titles.get(field) or {"zh": field, "en": field}

    def is_declared(self, version_id: int, field: str) -> bool:
        """Tell whether the form itself names a registry as the field's source."""
        return field in self._form(version_id).prefills

    def by(self, version_id: int, field: str) -> Mapping[str, str]:
        """Return what holds the value, {} when nobody is known to."""
        own = self._form(version_id).prefills.get(field, "")
        own = (
            "" if own.startswith("earlier.") else own
        )  # an earlier case holds nothing for everybody
        return self.titles.get(own or self.title(version_id, field).get("zh", ""), {})
