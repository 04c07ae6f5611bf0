"""Reads of code tables (代码表): every answer is that of the edition in force on a date."""

from datetime import date

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.kernel.codes.data import CodeView, EditionView, SuccessionView, TableView
from yiwang.kernel.codes.models import Code, CodeEdition, CodeSuccession, CodeTable

_FIELDS = (
    "code",
    "name",
    "name_en",
    "parent_code",
    "level",
    "is_local",
    "attributes",
    "edition__valid_from",
    "edition__valid_to",
    "edition__edition",
)


def code_get(table: str, code: str, as_of: date | None = None) -> CodeView | None:
    """Return one code (代码) as of a date, by default today; None when it was not in force."""
    row = _codes(table, as_of).filter(code=code).values_list(*_FIELDS).first()
    return CodeView(*row) if row else None


def code_list(
    table: str,
    parent: str | None = None,
    as_of: date | None = None,
    *,
    level: int | None = None,
    codes: list[str] | None = None,
) -> list[CodeView]:
    """List the codes of a table as of a date, by code.

    parent: only those directly below it, "" for the roots; None for all. level, codes: only those.
    """
    rows = _codes(table, as_of).order_by("code")
    if parent is not None:
        rows = rows.filter(parent_code=parent)
    if level is not None:
        rows = rows.filter(level=level)
    if codes is not None:
        rows = rows.filter(code__in=codes)
    return [CodeView(*row) for row in rows.values_list(*_FIELDS)]


def code_search(
    table: str, text: str = "", *, edition: str, limit: int = 50, offset: int = 0
) -> tuple[int, list[CodeView]]:
    """Search an edition by code prefix, name or English name (查询); return total and a page."""
    rows = Code.objects.filter(edition__table__key=table, edition__edition=edition)
    if text:
        rows = rows.filter(
            Q(code__startswith=text) | Q(name__contains=text) | Q(name_en__icontains=text)
        )
    page = rows.order_by("code").values_list(*_FIELDS)[offset : offset + limit]
    return rows.count(), [CodeView(*row) for row in page]


def code_table_list() -> list[TableView]:
    """List the code tables (代码表) with their editions, by key."""
    editions: dict[str, list[EditionView]] = {}
    for view in _edition_views(CodeEdition.objects.all()):
        editions.setdefault(view.table, []).append(view)
    return [
        TableView(t.key, {"zh": t.title_zh, "en": t.title_en}, tuple(editions.get(t.key, ())))
        for t in CodeTable.objects.order_by("key")
    ]


def code_table_get(table: str) -> TableView | None:
    """Return one code table with its editions, None when it is unknown."""
    row = CodeTable.objects.filter(key=table).first()
    if row is None:
        return None
    editions = tuple(_edition_views(row.editions.all()))
    return TableView(row.key, {"zh": row.title_zh, "en": row.title_en}, editions)


def edition_get(table: str, as_of: date | None = None) -> EditionView | None:
    """Return the edition of a table in force on a date (现行版本), None when none was."""
    rows = CodeEdition.objects.filter(
        _in_force("", as_of or timezone.localdate()), table__key=table
    )
    return next(iter(_edition_views(rows)), None)


def succession_list(table: str, a: str, b: str) -> list[SuccessionView]:
    """List what is stored about the way from edition `a` to edition `b` (代码沿革)."""
    rows = CodeSuccession.objects.filter(
        from_edition__table__key=table, from_edition__edition=a, to_edition__edition=b
    )
    fields = ("kind", "from_code", "to_code", "evidence", "decided_by")
    return [SuccessionView(*row) for row in rows.order_by("id").values_list(*fields)]


def _codes(table: str, as_of: date | None) -> QuerySet[Code]:
    on = as_of or timezone.localdate()
    return Code.objects.filter(_in_force("edition__", on), edition__table__key=table)


def _in_force(prefix: str, on: date) -> Q:
    """Return the filter valid_from <= on < valid_to."""
    not_ended = Q(**{f"{prefix}valid_to": None}) | Q(**{f"{prefix}valid_to__gt": on})
    return Q(**{f"{prefix}valid_from__lte": on}) & not_ended


def _edition_views(rows: QuerySet[CodeEdition]) -> list[EditionView]:
    fields = (
        "table__key",
        "edition",
        "valid_from",
        "valid_to",
        "standard_ref",
        "source",
        "is_made",
        "size",
    )
    counted = rows.annotate(size=Count("codes")).order_by("table__key", "valid_from")
    return [EditionView(*row) for row in counted.values_list(*fields)]
