"""Reads of code tables (代码表): every answer is that of the edition in force on a date."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.kernel.codes.data import CodeView, EditionView, SuccessionView, TableView
from yiwang.kernel.codes.models import Code, CodeEdition, CodeSuccession, CodeTable
from yiwang.kernel.codes.rules import Change, CodeDiff, CodeRow, codes_compare
from yiwang.kernel.stamps.actions import stamp_get
from yiwang.sdk.errors import N_, NotFound

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
STAMP = "kernel.codes"
KEPT_CODES = 8
"""Answers for at most so many named codes are kept in memory; a registry's thousand are not."""


class EditionUnknown(NotFound):
    """The table has no such edition (无此版本)."""

    code = "edition_unknown"
    message = N_("The code table %(table)s has no edition %(edition)s.")


def code_get(table: str, code: str, as_of: date | None = None) -> CodeView | None:
    """Return one code (代码) as of a date, by default today; None when it was not in force."""
    found = code_list(table, as_of=as_of, codes=[code])
    return found[0] if found else None


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
    asked = _Asked(
        table=table,
        on=as_of or timezone.localdate(),
        parent=parent,
        level=level,
        codes=None if codes is None else tuple(codes),
    )
    stamp = stamp_get(STAMP)
    return list(_kept(stamp, asked) if stamp and asked.is_small else _read(asked))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question for codes, as the key under which its answer is kept."""

    table: str
    on: date
    parent: str | None
    level: int | None
    codes: tuple[str, ...] | None

    @property
    def is_small(self) -> bool:
        """Tell whether the answer is worth keeping: what pages and rules ask, not a whole table at once."""
        return self.parent is not None or (self.codes is not None and len(self.codes) <= KEPT_CODES)


@lru_cache(maxsize=8192)
def _kept(stamp: str, asked: _Asked) -> tuple[CodeView, ...]:
    return _read(asked)


def _read(asked: _Asked) -> tuple[CodeView, ...]:
    rows = _codes(asked.table, asked.on).order_by("code")
    if asked.parent is not None:
        rows = rows.filter(parent_code=asked.parent)
    if asked.level is not None:
        rows = rows.filter(level=asked.level)
    if asked.codes is not None:
        rows = rows.filter(code__in=asked.codes)
    return tuple(CodeView(*row) for row in rows.values_list(*_FIELDS))


def code_search(
    table: str,
    text: str = "",
    *,
    edition: str,
    parent: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[int, list[CodeView]]:
    """Search an edition by code prefix, name or English name (查询); return total and a page.

    parent: only codes directly below it.
    """
    rows = Code.objects.filter(edition__table__key=table, edition__edition=edition)
    if text:
        rows = rows.filter(
            Q(code__startswith=text) | Q(name__contains=text) | Q(name_en__icontains=text)
        )
    if parent:
        rows = rows.filter(parent_code=parent)
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


def code_diff(table: str, a: str, b: str) -> CodeDiff:
    """Say what is different between two editions (版本差异), persons' decisions first.

    a, b: names of editions, `a` the older one. Raises `EditionUnknown`.
    """
    ids = dict(
        CodeEdition.objects.filter(table__key=table, edition__in=[a, b]).values_list(
            "edition", "pk"
        )
    )
    for edition in (a, b):
        if edition not in ids:
            raise EditionUnknown(table=table, edition=edition)
    old, new = rows_of(ids[a]), rows_of(ids[b])
    names_old, names_new = ({row.code: row.name for row in rows} for rows in (old, new))
    decided = [
        Change(
            s.kind,
            s.from_code,
            names_old.get(s.from_code, ""),
            s.to_code,
            names_new.get(s.to_code, ""),
            s.evidence,
            s.decided_by,
        )
        for s in succession_list(table, a, b)
        if s.decided_by == "PERSON"
    ]
    return codes_compare(old, new, decided=decided)


def code_trace(table: str, code: str, *, since: date, as_of: date | None = None) -> list[CodeView]:
    """Return what a code of the past is called today (代码追溯): several after a split, none if gone.

    since: a day on which `code` was in force; as_of: the day asked for, by default today.
    """
    start, end = edition_get(table, since), edition_get(table, as_of)
    if start is None or end is None or code_get(table, code, since) is None:
        return []
    chain = CodeEdition.objects.filter(
        table__key=table, valid_from__gte=start.valid_from, valid_from__lte=end.valid_from
    ).order_by("valid_from")
    names = [row.edition for row in chain]
    current = {code}
    for a, b in zip(names, names[1:], strict=False):
        current = _step(table, current, a, b)
    return code_list(table, as_of=as_of, codes=sorted(current))


def _step(table: str, codes: set[str], a: str, b: str) -> set[str]:
    rows = list(
        CodeSuccession.objects.filter(
            from_edition__table__key=table, from_edition__edition=a, to_edition__edition=b
        )
        .filter(Q(from_code__in=codes) | Q(to_code__in=codes))
        .values_list("from_code", "to_code")
    )
    moved = {before for before, _after in rows}
    # A code that the new edition gives to something else does not stay what it was.
    reused = {after for _before, after in rows}
    return {after for before, after in rows if before in codes and after} | (codes - moved - reused)


def rows_of(edition_id: int) -> list[CodeRow]:
    """Return an edition's codes as the rules take them."""
    fields = ("code", "name", "parent_code", "level", "name_en", "is_local", "predecessors")
    rows = Code.objects.filter(edition_id=edition_id).order_by("code")
    return [
        CodeRow(*row, predecessors=tuple(named.split()))
        for *row, named in rows.values_list(*fields)
    ]


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
