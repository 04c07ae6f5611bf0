"""Lists (列表): paging, sorting, filters and export, with all state kept in the address.

    page = page_of(request, rows, columns=COLUMNS, filters=FILTERS, default_order="-opened")
    if page.wants_export:
        return page.export("applications")
    return render(request, "…", {"page": page})

`rows` is a queryset, a sequence, or a `Source` of two callables for reads of another area.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yiwang.kernel.ui import filters as text_filters

SIZES = (20, 50, 100)
COUNT_CAP = 100_000
EXPORT_CAP = 50_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column (列).

    key: name in the address and, without `text`, the attribute or key read from the row;
    title: message id marked with N_; order: how to sort by it: "field", or a tuple of fields,
    "" = not sortable; text: row -> what is shown and exported; align: "" or "end".
    """

    key: str
    title: str
    order: str | tuple[str, ...] = ""
    text: Callable[[Any], object] | None = None
    align: str = ""

    def value(self, row: Any) -> object:
        """Return what the column shows for a row."""
        if self.text is not None:
            return self.text(row)
        value = row.get(self.key) if isinstance(row, Mapping) else getattr(row, self.key, None)
        if isinstance(value, Mapping):
            return text_filters.localized(value)
        return "" if value is None else value


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter (筛选).

    kind: "text", "select", "date" or "flag"; choices: [(value, text), …] of a select, `unset` what
    it says when none is chosen ("" says *all*); apply: (rows, value) -> rows for querysets and
    sequences. A `Source` gets the values in `ListQuery.filters`.
    """

    key: str
    title: str
    kind: str = "text"
    choices: Sequence[tuple[object, str]] = ()
    apply: Callable[[Any, str], Any] | None = None
    unset: str = ""


def choices_of(words: Mapping[Any, str] | Iterable[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """Translate what may be chosen (选项): code → message id, or pairs of them; for a select or `Filter.choices`."""
    pairs = words.items() if isinstance(words, Mapping) else words
    return [(code, _(text)) for code, text in pairs]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a `Source` is asked for: `after` is the mark of a keyset page, "" for the first."""

    filters: Mapping[str, str]
    order: tuple[str, ...]
    offset: int
    limit: int
    after: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows behind two callables.

    fetch(query) -> rows. With keyset=True it returns (rows, next_mark or ""), never uses `offset`.
    count(query, cap) -> int at most cap, or None for no count at all.
    """

    fetch: Callable[[ListQuery], Any]
    count: Callable[[ListQuery, int], int] | None = None
    keyset: bool = False


def source_of(
    fetch: Callable[..., Any],
    count: Callable[..., int],
    names: Sequence[str],
    *,
    unset: Mapping[str, str] | None = None,
) -> Source:
    """Make a source of two queries that take the filters by their keys (按筛选项取数).

    fetch(**filters, limit=, offset=), count(**filters, cap=). names: the filters' keys; unset: what stands for one that
    is not set, "" unless named.
    """
    without = unset or {}

    def asked(query: ListQuery) -> dict[str, str]:
        return {name: query.filters.get(name) or without.get(name, "") for name in names}

    return Source(
        lambda query: fetch(**asked(query), limit=query.limit, offset=query.offset),
        lambda query, cap: count(**asked(query), cap=cap),
    )


@dataclass(slots=True)
class Page:
    """One page of a list (分页) as the macros `table`, `pager` and `filter_bar` show it."""

    rows: list
    columns: Sequence[Column]
    filters: Sequence[Filter]
    filter_values: dict[str, str]
    number: int
    size: int
    sizes: Sequence[int]
    total: int | None
    is_capped: bool
    has_next: bool
    order: str
    can_sort: bool = True
    after: str = ""
    next_mark: str = ""
    keyset: bool = False
    _state: dict[str, str] = field(default_factory=dict)
    _all_rows: Callable[[], Iterator] | None = None
    wants_export: bool = False

    @property
    def order_key(self) -> str:
        """The key of the column that the list is sorted by."""
        return self.order.lstrip("-")

    @property
    def descending(self) -> bool:
        """Whether the list runs from high to low."""
        return self.order.startswith("-")

    @property
    def is_filtered(self) -> bool:
        """Whether a filter narrows the list."""
        return any(self.filter_values.values())

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before this one."""
        return bool(self.after) if self.keyset else self.number > 1

    @property
    def numbers(self) -> list[int | None]:
        """The page numbers to show; None stands for an ellipsis. Empty when not countable."""
        if self.keyset or self.total is None or self.total <= self.size:
            return []
        pages = Paginator(range(self.total), self.size)
        shown = pages.get_elided_page_range(self.number, on_each_side=2, on_ends=1)
        return [n if isinstance(n, int) else None for n in shown]

    @property
    def summary(self) -> str:
        """How many there are and which of them are shown, as a sentence."""
        if self.total is None:
            return _("%(count)s shown") % {"count": f"{len(self.rows):,}"}
        total = f"{self.total:,}"
        if self.is_capped:
            return _("More than %(total)s in all") % {"total": total}
        if self.keyset or self.total <= self.size:
            return ngettext("%(total)s in all", "%(total)s in all", self.total) % {"total": total}
        first = (self.number - 1) * self.size + 1
        return _("%(first)s to %(last)s of %(total)s") % {
            "first": f"{first:,}",
            "last": f"{first + len(self.rows) - 1:,}",
            "total": total,
        }

    @property
    def previous_label(self) -> str:
        """What the way back is called: a keyset list can only go back to its beginning."""
        return _("Back to the beginning") if self.keyset else _("Previous page")

    @property
    def previous_href(self) -> str:
        """The address of the page before."""
        return self._address(after=None) if self.keyset else self.href(self.number - 1)

    @property
    def next_href(self) -> str:
        """The address of the page after."""
        return self._address(after=self.next_mark) if self.keyset else self.href(self.number + 1)

    @property
    def export_href(self) -> str:
        """The address that exports the whole filtered list."""
        return self._address(page=None, after=None, export="csv")

    @property
    def clear_href(self) -> str:
        """The address of the list without filters."""
        names = {f.key: None for f in self.filters}
        return self._address(page=None, after=None, **names)

    @property
    def kept_state(self) -> list[tuple[str, str]]:
        """What the filter form keeps besides its own fields: order, size and foreign names."""
        own = {f.key for f in self.filters} | {"page", "after", "export"}
        return [(name, value) for name, value in self._state.items() if name not in own]

    def href(self, number: int) -> str:
        """Return the address of page `number`."""
        return self._address(page=str(number) if number > 1 else None)

    def order_href(self, column: Column) -> str:
        """Return the address sorted by a column; a second time turns the direction."""
        turned = column.key == self.order_key and not self.descending
        return self._address(order=("-" if turned else "") + column.key, page=None, after=None)

    def size_href(self, size: int) -> str:
        """Return the address with `size` rows a page."""
        return self._address(size=str(size), page=None, after=None)

    def _address(self, **changes: str | None) -> str:
        state = {**self._state, **changes}
        return "?" + urlencode({k: v for k, v in state.items() if v})

    def export(self, name: str) -> HttpResponse:
        """Return the whole filtered list as CSV: UTF-8 with BOM, formulas made harmless."""
        rows = self._all_rows() if self._all_rows else iter(self.rows)
        response = StreamingHttpResponse(
            _as_asked(_csv(self.columns, rows)), content_type="text/csv; charset=utf-8"
        )
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response


def page_of(
    request: HttpRequest,
    rows: QuerySet | Sequence | Source,
    *,
    columns: Sequence[Column],
    filters: Sequence[Filter] = (),
    default_order: str = "",
    size: int = 20,
    sizes: Sequence[int] = SIZES,
    count_cap: int = COUNT_CAP,
) -> Page:
    """Return the page (分页) of a list that the address asks for; wrong values fall back quietly.

    default_order: a column's key, "-key" for descending; count_cap: above it the total reads
    *more than*, because counting a million rows costs more than showing twenty.
    """
    state = {k: v for k, v in request.GET.items() if v and k != "export"}
    values = {f.key: _clean(state.get(f.key, ""), f) for f in filters}
    order = _order(state.get("order", ""), columns) or default_order
    asked = _number(state.get("size"), size)
    chosen = asked if asked in sizes else size
    number = _number(state.get("page"), 1)
    query = ListQuery(
        filters={k: v for k, v in values.items() if v},
        order=_order_fields(order, columns),
        offset=(number - 1) * chosen,
        limit=chosen,
        after=state.get("after", ""),
    )
    source = rows if isinstance(rows, Source) else _source(rows, filters)
    found, total, capped, has_next, mark, query = _fetch(source, query, cap=count_cap)
    return Page(
        rows=found,
        columns=columns,
        filters=filters,
        filter_values=values,
        number=query.offset // chosen + 1,
        size=chosen,
        sizes=sizes,
        total=total,
        is_capped=capped,
        has_next=has_next,
        order=order,
        after=query.after,
        next_mark=mark,
        keyset=source.keyset,
        wants_export=request.GET.get("export") == "csv",
        _state=state,
        _all_rows=lambda: _walk(source, query),
    )


def _fetch(source: Source, query: ListQuery, *, cap: int) -> tuple:
    total = source.count(query, cap + 1) if source.count else None
    capped = total is not None and total > cap
    if capped:
        total = cap
    if source.keyset:
        found, mark = source.fetch(query)
        return list(found), total, capped, bool(mark), mark, query
    if total is not None and not capped and query.offset >= total:
        last = max(total - 1, 0) // query.limit
        query = _replace(query, offset=last * query.limit, limit=query.limit)
    found = list(source.fetch(_replace(query, offset=query.offset, limit=query.limit + 1)))
    return found[: query.limit], total, capped, len(found) > query.limit, "", query


def _replace(query: ListQuery, *, offset: int, limit: int, after: str = "") -> ListQuery:
    return ListQuery(query.filters, query.order, offset, limit, after)


def _walk(source: Source, query: ListQuery) -> Iterator:
    """Yield all rows of the filtered list, up to EXPORT_CAP, a thousand at a time."""
    after, step = "", 1000
    for offset in range(0, EXPORT_CAP, step):
        found = source.fetch(_replace(query, offset=offset, limit=step, after=after))
        if source.keyset:
            found, after = found
        found = list(found)
        yield from found
        if (source.keyset and not after) or (not source.keyset and len(found) < step):
            return


def _source(rows: QuerySet | Sequence, filters: Sequence[Filter]) -> Source:
    def narrowed(query: ListQuery) -> Any:
        result = rows
        for one in filters:
            if one.apply and (value := query.filters.get(one.key)):
                result = one.apply(result, value)
        return result

    if isinstance(rows, QuerySet):

        def fetch(query: ListQuery) -> Any:
            found = narrowed(query)
            if query.order:
                found = found.order_by(*query.order, "pk")
            return found[query.offset : query.offset + query.limit]

        return Source(fetch, lambda query, cap: narrowed(query).order_by()[:cap].count())

    def fetch_sequence(query: ListQuery) -> Any:
        found = list(narrowed(query))
        for name in reversed(query.order):
            key = name.lstrip("-")
            found.sort(key=lambda row, k=key: _sortable(row, k), reverse=name.startswith("-"))
        return found[query.offset : query.offset + query.limit]

    return Source(fetch_sequence, lambda query, cap: min(len(list(narrowed(query))), cap))


def _sortable(row: Any, key: str) -> tuple:
    value = row.get(key) if isinstance(row, Mapping) else getattr(row, key, None)
    if isinstance(value, Mapping):
        value = text_filters.localized(value)
    return (value is None, value if value is not None else 0)


def _order(asked: str, columns: Sequence[Column]) -> str:
    known = {c.key for c in columns if c.order}
    return asked if asked.lstrip("-") in known and asked.count("-") <= 1 else ""


def _order_fields(order: str, columns: Sequence[Column]) -> tuple[str, ...]:
    key, turned = order.lstrip("-"), order.startswith("-")
    for column in columns:
        if column.key == key and column.order:
            fields = (column.order,) if isinstance(column.order, str) else column.order
            return tuple(_turn(name) if turned else name for name in fields)
    return (order,) if order else ()


def _turn(name: str) -> str:
    return name[1:] if name.startswith("-") else "-" + name


def _number(text: str | None, default: int) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and 0 < int(text) < 10**6
        else default
    )


def _clean(value: str, one: Filter) -> str:
    value = value.replace("\x00", "").strip()[:100]
    if one.kind == "select" and value not in {str(code) for code, _text in one.choices}:
        return ""
    return value


def _csv(columns: Sequence[Column], rows: Iterator) -> Iterator[str]:
    yield "\ufeff" + _csv_line([_(c.title) for c in columns])
    for row in rows:
        yield _csv_line([_harmless(c.value(row)) for c in columns])


def _as_asked(lines: Iterator[str]) -> Iterator[str]:
    """Walk an export as who asked for it (导出以请求人身份): it streams after the request itself is over."""
    context, end = copy_context(), object()
    return iter(lambda: context.run(next, lines, end), end)


def _csv_line(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _harmless(value: object) -> object:
    """Keep a spreadsheet from running what a person typed into a form as a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def keyset_mark(values: Sequence[object]) -> str:
    """Return the mark of the last row of a keyset page: its order values, as address text."""
    raw = json.dumps([str(v) if v is not None else None for v in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def keyset_values(mark: str) -> list[str | None]:
    """Return the order values in a mark; an unreadable one is the beginning: []."""
    try:
        found = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
    except (ValueError, binascii.Error):
        return []
    return found if isinstance(found, list) else []
