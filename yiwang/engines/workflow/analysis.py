"""What happened in many instances at once (流程挖掘): transitions and times of steps, each one statement.

A step is a work item. Nothing of an applicant is read. `since` and `until` bound when instances began (transitions)
or when steps were closed (times).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from yiwang.engines.workflow.footprint import Footprint
from yiwang.engines.workflow.models import (
    HistoryEvent,
    ProcessInstance,
    ProcessVersion,
    WorkItem,
)
from yiwang.engines.workflow.step import net_get

SECONDS = {
    "sqlite": "CAST(strftime('%%s', {0}) AS INTEGER)",
    "postgresql": "EXTRACT(EPOCH FROM {0})",
}
TOKEN = {
    "sqlite": "json_extract({0}, '$.token')",
    "postgresql": "CAST({0} ->> 'token' AS integer)",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """How often a step came directly after another in a version (环节转移). before: None at the beginning; step: ""
    at the end. department_id: of the step, at the end of the one before. items: the first and last item it happened to."""

    version_id: int
    before: str | None
    step: str
    department_id: int
    count: int
    items: tuple[int, int]


@dataclass(frozen=True, slots=True)
class StepTimes:
    """How long a step of a matter takes (环节用时), in seconds: waiting for somebody, worked on, and percentiles of both."""

    title_zh: str
    title_en: str
    node_id: str
    name_zh: str
    name_en: str
    count: int
    waiting: float
    working: float
    p50: float
    p80: float
    p95: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """Steps of one kind done by one department (分层): how many, the sum of their seconds and of the squares."""

    title_zh: str
    node_id: str
    department_id: int
    count: int
    total: float
    squares: float


def footprint_get(version_id: int) -> Footprint:
    """Return what may follow what in a version (流程足迹)."""
    return Footprint.of_net(net_get(ProcessVersion.objects.get(pk=version_id)))


def version_titles(version_ids: Iterable[int]) -> dict[int, tuple[str, dict, int]]:
    """Return key, title and number of versions (流程版本名称)."""
    rows = ProcessVersion.objects.filter(pk__in=list(version_ids))
    fields = rows.values_list("pk", "process__key", "process__title", "number")
    return {pk: (key, title, number) for pk, key, title, number in fields}


def step_transitions(*, since: datetime, until: datetime) -> list[Transition]:
    """Count what came after what in the instances that began in [since, until) (环节转移统计)."""
    sql = f"""
        WITH seen AS ({_seen()})
        SELECT version_id, before, node_id, department_id, COUNT(*), MIN(id), MAX(id) FROM seen
        GROUP BY version_id, before, node_id, department_id
        UNION ALL
        SELECT version_id, node_id, '', department_id, COUNT(*), MIN(id), MAX(id) FROM seen
        WHERE following IS NULL AND state = 'COMPLETED'
        GROUP BY version_id, node_id, department_id"""  # noqa: S608 - names of ours
    return [
        Transition(version, before, step, department, count, (first, last))
        for version, before, step, department, count, first, last in _all(sql, since, until)
    ]


def instance_counts(
    deviations: Iterable[tuple[int, str | None, str]], *, since: datetime, until: datetime
) -> dict[int, tuple[int, int]]:
    """Count instances by version: (all, those with one of these transitions) (偏离办件数)."""
    pairs = list(deviations)
    holds = " OR ".join(["(version_id = %s AND COALESCE(before, '') = %s AND node_id = %s)"] * len(pairs))  # fmt: skip
    ends = " OR ".join(["(version_id = %s AND node_id = %s)"] * len(pairs))
    sql = f"""
        WITH seen AS ({_seen()})
        SELECT version_id, COUNT(DISTINCT instance_id),
               COUNT(DISTINCT CASE WHEN ({holds or "1 = 0"})
                     OR (following IS NULL AND state = 'COMPLETED' AND ({ends or "1 = 0"}))
                     THEN instance_id END)
        FROM seen GROUP BY version_id"""  # noqa: S608
    inside = [each for version, before, step in pairs for each in (version, before or "", step)]
    at_end = [
        each
        for version, before, step in pairs
        for each in ((version, before) if step == "" else (-1, ""))
    ]
    return {version: (count, held) for version, count, held in _all(sql, since, until, [*inside, *at_end])}  # fmt: skip


def item_cases(item_ids: Iterable[int]) -> dict[int, str]:
    """Return the case numbers of work items (办件编号)."""
    rows = WorkItem.objects.filter(pk__in=list(item_ids)).values_list("pk", "number")
    return dict(rows)


def step_times(*, since: datetime, until: datetime) -> list[StepTimes]:
    """Measure every step of every matter that was closed in [since, until) (环节用时统计)."""
    sql = f"""
        WITH timed AS (
            SELECT i.title_zh, i.title_en, i.node_id, i.name_zh, i.name_en,
                   {_seconds("i.closed_at")} - {_seconds("i.opened_at")} AS total,
                   COALESCE((SELECT MIN({_seconds("h.at")}) FROM {_table(HistoryEvent)} h
                       WHERE h.instance_id = i.instance_id AND h.kind = 'CLAIMED'
                         AND h.node_id = i.node_id AND {_token("h.detail")} = i.token_number
                   ) - {_seconds("i.opened_at")}, 0) AS waited
            FROM {_table(WorkItem)} i
            WHERE i.closed_at >= %s AND i.closed_at < %s AND i.state = 'COMPLETED'
        ), ranked AS (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY title_zh, node_id ORDER BY total) AS place,
                   COUNT(*) OVER (PARTITION BY title_zh, node_id) AS many
            FROM timed
        )
        SELECT title_zh, MAX(title_en), node_id, MAX(name_zh), MAX(name_en), COUNT(*),
               AVG(waited), AVG(total - waited),
               MIN(CASE WHEN place >= 0.5 * many THEN total END),
               MIN(CASE WHEN place >= 0.8 * many THEN total END),
               MIN(CASE WHEN place >= 0.95 * many THEN total END)
        FROM ranked GROUP BY title_zh, node_id"""  # noqa: S608
    return [
        StepTimes(*row[:6], *(float(value) for value in row[6:])) for row in _all(sql, since, until)
    ]


def step_strata(*, since: datetime, until: datetime) -> list[Stratum]:
    """Sum up how long each department took for each kind of step closed in [since, until) (分层统计)."""
    spent = f"1.0 * ({_seconds('closed_at')} - {_seconds('opened_at')})"
    sql = f"""
        SELECT title_zh, node_id, department_id, COUNT(*), SUM(spent), SUM(spent * spent) FROM (
            SELECT title_zh, node_id, department_id, {spent} AS spent FROM {_table(WorkItem)}
            WHERE closed_at >= %s AND closed_at < %s AND state = 'COMPLETED') AS done
        GROUP BY title_zh, node_id, department_id"""  # noqa: S608
    return [Stratum(*row[:4], float(row[4]), float(row[5])) for row in _all(sql, since, until)]


def _seen() -> str:
    return f"""
            SELECT i.id, i.instance_id, i.node_id, i.department_id, n.version_id, n.state,
                   LAG(i.node_id) OVER w AS before,
                   NULLIF(MAX(i.id) OVER (PARTITION BY i.instance_id), i.id) AS following
            FROM {_table(WorkItem)} i JOIN {_table(ProcessInstance)} n ON n.id = i.instance_id
            WHERE n.started_at >= %s AND n.started_at < %s
            WINDOW w AS (PARTITION BY i.instance_id ORDER BY i.id)"""  # noqa: S608


def _table(model: type) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _seconds(column: str) -> str:
    return SECONDS[connection.vendor].format(column)


def _token(column: str) -> str:
    return TOKEN[connection.vendor].format(column)


def _all(sql: str, since: datetime, until: datetime, more: Iterable[object] = ()) -> list[tuple]:
    moments = [connection.ops.adapt_datetimefield_value(each) for each in (since, until)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*moments, *more])
        return cursor.fetchall()


@dataclass(frozen=True, slots=True)
class HistoryFact:
    """One event of any instance, as a digest needs it (流转事实): nobody's name. detail: as it was written."""

    id: int
    business_key: str
    instance_id: int
    seq: int
    at: datetime
    kind: str
    node_id: str
    detail: dict


def history_scan(*, after: int, until: datetime | None = None, limit: int, business_key: str = "") -> list[HistoryFact]:  # fmt: skip
    """List events by id (流转记录扫描), of all instances or of one case, before a moment."""
    rows = HistoryEvent.objects.filter(pk__gt=after)
    rows = rows.filter(at__lt=until) if until else rows
    rows = rows.filter(instance__business_key=business_key) if business_key else rows
    fields = (
        "pk",
        "instance__business_key",
        "instance_id",
        "seq",
        "at",
        "kind",
        "node_id",
        "detail",
    )
    return [HistoryFact(*row) for row in rows.order_by("pk").values_list(*fields)[:limit]]
