"""Finding ratings that look made up (刷评检测): set-based statements, the same on both databases.

A burst is a stretch of time in which `count_min` ratings of one counter, clerk, device or department were given within
`minutes`. One window over the ratings finds the stretches, which are few; only what lies in them is read and grouped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db import connection

from yiwang.hall.ratings.data import (
    BAD_END,
    DEPARTMENT,
    DEVICE,
    GOOD_END,
    OFFICER,
    ONLINE,
    PLACE,
    SAME_PAIR,
    SAME_TEXT,
    SILENT,
    STAFF_RATER,
    TOO_FAST,
    ActCount,
    GamingRuleView,
    Suspect,
)
from yiwang.hall.ratings.models import Rating
from yiwang.hall.ratings.registry import acts_count
from yiwang.hall.ratings.tracing import masked
from yiwang.identity.api import account_shared_refs, data_scope

ROWS_MAX = 50_000
"""So many ratings a rule looks at in one run; what is beyond is found when these were decided."""
SECONDS = {
    "sqlite": "CAST(strftime('%%s', {0}) AS INTEGER)",
    "postgresql": "EXTRACT(EPOCH FROM {0})",
}
EARLIER = {
    "sqlite": "datetime({0}, '-{1} seconds')",
    "postgresql": "{0} - interval '{1} seconds'",
}
PLAIN = {"sqlite": "+{0}", "postgresql": "{0}"}
"""A column whose index is of no use: SQLite would read the table in its order, or make one for a single statement."""
SPANS_AT_ONCE = 200
BURSTS = {
    PLACE: ("place", "place", "AND place <> ''"),
    OFFICER: ("officer", "officer_id", "AND officer_id IS NOT NULL"),
    DEVICE: ("device", "device", "AND device IS NOT NULL"),
    DEPARTMENT: ("department", "department_id", ""),
}


class Row(NamedTuple):
    """A rating that a rule holds for: what it shares with others, where it belongs, when it was given."""

    key: object
    department_id: int
    rating_id: int
    at: datetime


class Span(NamedTuple):
    """A stretch of time in which ratings of one key came close together; its moments as the database writes them."""

    key: object
    since: object
    until: object


def suspects_find(rule: GamingRuleView, *, now: datetime) -> list[Suspect]:
    """Return the groups of ratings that a rule holds for in the days it looks back (刷评检测)."""
    since = now - timedelta(days=rule.days)
    with data_scope(purpose="刷评检测", reason=rule.key):
        return list(FINDERS[rule.kind](rule, since, now))


def _bursts(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    name, column, _narrowed = BURSTS[rule.kind]
    gap = timedelta(minutes=rule.minutes)
    spans = list(_spans(rule, _period(since, until), gap))
    for key, group in groupby(_rows_within(column, spans), key=lambda row: row.key):
        for burst in _split(group, gap):
            yield from _suspects(f"{name}:{key}", burst)


def _spans(rule: GamingRuleView, period: list[object], gap: timedelta) -> Iterator[Span]:
    """Find the stretches in which `count_min` ratings of a key lie within `gap`; those that touch are one.

    Whatever was given in such a stretch, its ends included, belongs to the burst.
    """
    _name, column, narrowed = BURSTS[rule.kind]
    key = PLAIN[connection.vendor].format(column)
    if rule.kind == DEVICE:  # nearly all are used once: leave those out before anything is sorted
        narrowed += f"""
              AND device IN (SELECT device FROM {_table()} WHERE {_PERIOD}
                             GROUP BY device HAVING COUNT(*) >= {rule.count_min})"""  # noqa: S608
        period = period * 2
    earlier = EARLIER[connection.vendor].format("ended", int(gap.total_seconds()) + 1)
    sql = f"""
        SELECT shared, began, ended FROM (
            SELECT {key} AS shared, at AS ended, LAG(at, {rule.count_min - 1})
                OVER (PARTITION BY {key} ORDER BY at) AS began
            FROM {_table()} WHERE {_PERIOD} {narrowed}
        ) AS counted
        WHERE began >= {earlier} ORDER BY shared, ended LIMIT {ROWS_MAX}"""  # noqa: S608 - names and numbers of ours
    last: Span | None = None
    for span in (Span(*found) for found in _fetched(sql, period)):
        if _moment(span.until) - _moment(span.since) > gap:
            continue  # less than a second too long: SQLite looks at whole seconds
        if last and last.key == span.key and _moment(span.since) <= _moment(last.until):
            last = last._replace(until=span.until)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last


def _rows_within(column: str, spans: Sequence[Span]) -> Iterator[Row]:
    """Read the ratings that lie in the spans, in their order; ROWS_MAX at most."""
    left, key = ROWS_MAX, PLAIN[connection.vendor].format(column)
    for start in range(0, len(spans), SPANS_AT_ONCE):
        chunk = spans[start : start + SPANS_AT_ONCE]
        marks = ", ".join(["(%s, %s, %s)"] * len(chunk))
        sql = f"""
            WITH spans (shared, since, until) AS (VALUES {marks})
            SELECT shared, department_id, id, at FROM spans CROSS JOIN {_table()} AS given
            WHERE {key} = shared AND at BETWEEN since AND until AND acted_at IS NOT NULL
            ORDER BY shared, at, id LIMIT {left}"""  # noqa: S608
        found = _rows(sql, [value for span in chunk for value in span])
        yield from found
        left -= len(found)
        if left <= 0:
            return


def _split(rows: Iterable[Row], gap: timedelta) -> Iterator[list[Row]]:
    """Cut the rows of one key where nothing was given for longer than `gap`: two bursts."""
    burst: list[Row] = []
    for row in rows:
        if burst and row.at - burst[-1].at > gap:
            yield burst
            burst = []
        burst.append(row)
    if burst:
        yield burst


def _too_fast(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    sql = f"""
        WITH quick AS (
            SELECT id, department_id, at, officer_id AS shared FROM {_table()}
            WHERE {_PERIOD} AND officer_id IS NOT NULL
              AND {_seconds("at")} - {_seconds("acted_at")} BETWEEN 0 AND %s
        ), counted AS (
            SELECT shared, department_id, id, at, COUNT(*) OVER (PARTITION BY shared) AS many
            FROM quick
        )
        SELECT shared, department_id, id, at FROM counted WHERE many >= %s ORDER BY shared, at, id
        LIMIT {ROWS_MAX}"""  # noqa: S608
    rows = _rows(sql, [*_period(since, until), rule.seconds, rule.count_min])
    yield from _by_key(rows, "officer")


def _same_text(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    rows = _rows(_repeated("text_digest", "text_digest"), [*_period(since, until), rule.count_min])
    yield from _by_key(rows, "text")


def _same_pair(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    both = "CAST(officer_id AS varchar(20)) || '/' || rater_ref"
    rows = _rows(_repeated(both, "officer_id"), [*_period(since, until), rule.count_min])
    named = [row._replace(key=masked("pair", str(row.key))) for row in rows]
    yield from _by_key(named, "pair")


def _repeated(expression: str, needed: str) -> str:
    return f"""
        WITH given AS (
            SELECT id, department_id, at, {expression} AS shared
            FROM {_table()} WHERE {_PERIOD} AND {needed} IS NOT NULL
        ), often AS (SELECT shared FROM given GROUP BY shared HAVING COUNT(*) >= %s)
        SELECT given.shared, department_id, id, at FROM given JOIN often ON often.shared = given.shared
        ORDER BY given.shared, at, id LIMIT {ROWS_MAX}"""  # noqa: S608


def _staff(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    refs = sorted(account_shared_refs())
    marks = ", ".join(["%s"] * len(refs)) or "''"
    sql = f"""
        SELECT department_id, department_id, id, at FROM {_table()}
        WHERE {_PERIOD} AND (given_by_id IS NOT NULL OR rater_ref IN ({marks}))
        ORDER BY department_id, at, id LIMIT {ROWS_MAX}"""  # noqa: S608
    yield from _by_key(_rows(sql, [*_period(since, until), *refs]), "staff")


def _silent(rule: GamingRuleView, since: datetime, until: datetime) -> Iterator[Suspect]:
    sql = f"""
        SELECT department_id, SUM(CASE WHEN outcome = %s THEN 1 ELSE 0 END),
               SUM(CASE WHEN outcome = %s THEN 1 ELSE 0 END)
        FROM {_table()} WHERE acted_at >= %s AND acted_at < %s AND channel = %s
        GROUP BY department_id"""  # noqa: S608
    moments = _period(since, until)[:2]
    with connection.cursor() as cursor:
        cursor.execute(sql, [GOOD_END, BAD_END, *moments, ONLINE])
        rated = {department: (good, bad) for department, good, bad in cursor.fetchall()}
    for acts in acts_count(since=since, until=until).values():
        good, bad = rated.get(acts.department_id, (0, 0))
        if acts.bad >= rule.count_min and acts.good and _gap(acts, good, bad) >= rule.share:
            figures = {
                "good_acts": acts.good,
                "good_rated": int(good),
                "bad_acts": acts.bad,
                "bad_rated": int(bad),
            }
            yield Suspect(
                f"department:{acts.department_id}", acts.department_id, (), since, until, figures
            )


def _gap(acts: ActCount, good: int, bad: int) -> float:
    """Return by how many percentage points the good ends were rated more often than the bad ones."""
    return 100 * (good / acts.good - bad / acts.bad)


FINDERS: dict[str, Callable[[GamingRuleView, datetime, datetime], Iterator[Suspect]]] = {
    **dict.fromkeys(BURSTS, _bursts),
    TOO_FAST: _too_fast,
    SAME_TEXT: _same_text,
    STAFF_RATER: _staff,
    SAME_PAIR: _same_pair,
    SILENT: _silent,
}


def _by_key(rows: Iterable[Row], name: str) -> Iterator[Suspect]:
    for key, group in groupby(rows, key=lambda row: row.key):
        yield from _suspects(f"{name}:{key}", list(group))


def _suspects(subject: str, rows: list[Row]) -> Iterator[Suspect]:
    """One for each department: what is decided is told to one, and left out of one's ranking."""
    by_department: dict[int, list[Row]] = {}
    for row in rows:
        by_department.setdefault(row.department_id, []).append(row)
    for department_id, own in by_department.items():
        yield Suspect(
            subject=subject[:80],
            department_id=department_id,
            rating_ids=tuple(row.rating_id for row in own),
            since_at=own[0].at,
            until_at=own[-1].at,
            figures={"together": len(rows), "departments": len(by_department)},
        )


_PERIOD = "acted_at IS NOT NULL AND at >= %s AND at < %s"


def _period(since: datetime, until: datetime) -> list[object]:
    return [connection.ops.adapt_datetimefield_value(each) for each in (since, until)]


def _seconds(column: str) -> str:
    return SECONDS[connection.vendor].format(column)


def _table() -> str:
    return connection.ops.quote_name(Rating._meta.db_table)


def _rows(sql: str, params: list[object]) -> list[Row]:
    return [
        Row(key, department, rating, _moment(at))
        for key, department, rating, at in _fetched(sql, params)
    ]


def _fetched(sql: str, params: list[object]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _moment(value: object) -> datetime:
    """SQLite answers a statement of one's own with text or without a zone, PostgreSQL with a moment."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
