"""Counting how cases really went (流程分析): against the models, by step, by department; kept by month.

What the engine enforces cannot deviate. What can: steps sent back or withdrawn, cases moved to another version or
brought in from an older system, cases ended by hand. Pages read what was counted; nothing here names an applicant.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, time

from django.utils import timezone

from yiwang.engines.api import (
    Deviation,
    Footprint,
    Transition,
    footprint_get,
    instance_counts,
    item_cases,
    step_strata,
    step_times,
    step_transitions,
    version_titles,
)
from yiwang.hall.supervision.flow_rules import Kind, league
from yiwang.hall.supervision.models import FlowReport
from yiwang.hall.supervision.queries import SUPERVISE
from yiwang.kernel.api import action, audit_record, context_system, context_use

_ZONE = timezone.get_default_timezone()
DEVIATIONS_MAX = 500
HOUR = 3600


def flow_sweep(*, now: datetime) -> int:
    """Count this month and, until it was counted after its end, the last one (流程分析)."""
    today = now.astimezone(_ZONE).date()
    months = [_month(today), _before(today)]
    ended = datetime.combine(today.replace(day=1), time(), _ZONE)
    if FlowReport.objects.filter(month=months[1], counted_at__gte=ended).exists():
        months.pop()
    with context_use(context_system("hall.supervision.flow")):
        return sum(_flow_count(month, now=now) for month in months)


@action("hall.supervision.flow_count", permission=SUPERVISE)
def flow_count(month: str, *, now: datetime) -> int:
    """Count a month again (重新统计), by hand."""
    audit_record(f"flow_report:{month}", detail={"by_hand": True})
    return _flow_count(month, now=now)


@action("hall.supervision.flow_keep")
def _flow_count(month: str, *, now: datetime) -> int:
    since, until = month_span(month)
    content = {
        "versions": _versions(since, until),
        "steps": _steps(since, until),
        "departments": _departments(since, until),
    }
    FlowReport.objects.update_or_create(
        month=month, defaults={"content": content, "counted_at": now}
    )
    audit_record(f"flow_report:{month}", detail={name: len(rows) for name, rows in content.items()})
    return len(content["steps"])


def _versions(since: datetime, until: datetime) -> list[dict]:
    transitions = step_transitions(since=since, until=until)
    footprints = {one: footprint_get(one) for one in {each.version_id for each in transitions}}
    titles = version_titles(footprints)
    found = _deviating(transitions, footprints)
    pairs = [(version, before, step) for version, before, step, _one in found]
    counts = instance_counts(pairs, since=since, until=until)
    rows = []
    for version, footprint in footprints.items():
        own = [one for one in transitions if one.version_id == version]
        key, title, number = titles[version]
        cases, deviating = counts.get(version, (0, 0))
        total = sum(one.count for one in own)
        held = sum(one.count for one in own if footprint.allows(one.before, one.step))
        rows.append(
            {
                "key": key,
                "title": title,
                "number": number,
                "cases": cases,
                "deviating": deviating,
                "transitions": total,
                "fitness": round(100 * held / total, 2),
                "deviations": _shown(version, found, footprint),
            }
        )
    return sorted(rows, key=lambda row: (row["fitness"], row["key"]))


Found = list[tuple[int, str | None, str, tuple[Deviation, list[Transition]]]]


def _deviating(transitions: Iterable[Transition], footprints: dict[int, Footprint]) -> Found:
    grouped: dict[tuple[int, str | None, str], list[Transition]] = {}
    for one in transitions:
        grouped.setdefault((one.version_id, one.before, one.step), []).append(one)
    found = []
    for (version, before, step), own in grouped.items():
        deviation = footprints[version].deviation(before, step)
        if deviation is not None:
            found.append((version, before, step, (deviation, own)))
    found.sort(key=lambda row: -sum(one.count for one in row[3][1]))
    return found[:DEVIATIONS_MAX]


def _shown(version: int, found: Found, footprint: Footprint) -> list[dict]:
    rows = [row for row in found if row[0] == version]
    numbers = item_cases({item for row in rows for one in row[3][1] for item in one.items})
    shown = []
    for _version, before, step, (deviation, own) in rows:
        by_department = Counter({one.department_id: one.count for one in own})
        cases = dict.fromkeys(numbers.get(item, "") for one in own for item in one.items)
        shown.append(
            {
                "kind": deviation.kind if step else "ENDED_EARLY",
                "before": _named(before, footprint),
                "step": _named(step, footprint),
                "skipped": [_named(one, footprint) for one in deviation.skipped],
                "count": by_department.total(),
                "departments": by_department.most_common(5),
                "cases": [number for number in cases if number][:5],
            }
        )
    return shown


def _named(step: str | None, footprint: Footprint) -> dict[str, str] | None:
    """Name a step (环节名称); None for the beginning or the end."""
    return footprint.names.get(step, {"zh": step, "en": step}) if step else None


def _steps(since: datetime, until: datetime) -> list[dict]:
    rows = [
        {
            "title": {"zh": one.title_zh, "en": one.title_en or one.title_zh},
            "step": {"zh": one.name_zh, "en": one.name_en or one.name_zh},
            "count": one.count,
            **{
                name: round(getattr(one, name) / HOUR, 2)
                for name in ("waiting", "working", "p50", "p80", "p95")
            },
            "spent": round(one.count * (one.waiting + one.working) / HOUR, 1),
        }
        for one in step_times(since=since, until=until)
    ]
    return sorted(rows, key=lambda row: -row["spent"])


def _departments(since: datetime, until: datetime) -> list[dict]:
    kinds = [
        Kind((one.title_zh, one.node_id), one.department_id, one.count, one.total, one.squares)
        for one in step_strata(since=since, until=until)
    ]
    return [asdict(one) for one in league(kinds)]


def month_span(month: str) -> tuple[datetime, datetime]:
    """Return the beginning of a month such as "2026-11" and of the next in the city. Raises ValueError."""
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return (
        datetime.combine(first, time(), _ZONE),
        datetime.combine(following, time(), _ZONE),
    )


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _before(day: date) -> str:
    return f"{day.year - (day.month == 1)}-{(day.month - 2) % 12 + 1:02d}"
