"""Changes of the working-day calendar (工作日历): a year's notice, local closures."""

import hashlib
import json
from datetime import date, datetime

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.calendar.data import SEED, CalendarDayView, LoadReport, calendar_file_parse
from yiwang.kernel.calendar.models import CalendarDay, CalendarYear, LocalClosure
from yiwang.kernel.calendar.queries import STAMP
from yiwang.kernel.events.actions import event_publish
from yiwang.kernel.stamps.actions import stamp_renew
from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound

SEED_SOURCE = {
    "zh": "国务院办公厅节假日安排通知（据 chinese-days，MIT）",
    "en": "Notices of the General Office of the State Council (as in chinese-days, MIT)",
}


class ClosureExists(Conflict):
    """The area is already closed on that day, for another reason."""

    code = "closure_exists"
    message = N_("The offices of %(area_code)s are already closed on %(date)s: %(reason)s")


def calendar_seed_load(*, now: datetime) -> LoadReport:
    """Load the years that the product ships (2004–2026); nothing happens the second time."""
    return calendar_year_load(
        json.loads(SEED.read_text(encoding="utf-8")), source=SEED_SOURCE, now=now
    )


@action("kernel.calendar.load", permission="kernel.calendar.load")
def calendar_year_load(content: dict, *, source: dict[str, str] | str, now: datetime) -> LoadReport:
    """Load one or more years (载入放假安排); the same content a second time changes nothing.

    content: {"holidays": {ISO date: "English,中文"}, "workdays": {…}}. A year in it replaces that
    year; other years stay. source: where it was taken from, {zh, en} or one text for both.
    Announces "calendar.changed". Raises `CalendarFileInvalid`.
    """
    source = {"zh": source, "en": source} if isinstance(source, str) else source
    known = dict(CalendarYear.objects.values_list("year", "digest"))
    added, changed, unchanged = [], [], []
    for year, days in calendar_file_parse(content).items():
        digest = _digest(days)
        if known.get(year) == digest:
            unchanged.append(year)
            continue
        (changed if year in known else added).append(year)
        _year_write(year, days, source=source, digest=digest, now=now)
    report = LoadReport(tuple(added), tuple(changed), tuple(unchanged))
    if added or changed:
        _announce(years=sorted(added + changed), area_code="")
    audit_record(
        "calendar:years",
        detail={"source": source, "added": added, "changed": changed, "unchanged": len(unchanged)},
        outcome="DONE" if added or changed else "UNCHANGED",
    )
    return report


@action("kernel.calendar.close", permission="kernel.calendar.close")
def closure_add(  # noqa: PLR0913 - what an order says
    area_code: str,
    *,
    day: date,
    reason: str,
    document: str = "",
    part: str = "",
    counts: bool | None = None,
) -> int:
    """Close the offices of an area on one day (停止办公), or half of it, and return the closure's id.

    part: AM, PM or "" for the whole day; counts: whether half a day still counts as a working day, by default
    yes; a whole one never does. The same closure again returns the same id. Raises `ClosureExists`, `Invalid`.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("Say why the offices are closed.")]})
    if part not in LocalClosure.Part.values:
        raise Invalid(fields={"part": [N_("It is the whole day, the morning or the afternoon.")]})
    said = {"reason": reason, "document": document, "part": part}
    said["counts"] = bool(part) and counts is not False
    row, is_new = LocalClosure.objects.get_or_create(area_code=area_code, date=day, defaults=said)
    if not is_new and said != {name: getattr(row, name) for name in said}:
        raise ClosureExists(area_code=area_code, date=day.isoformat(), reason=row.reason)
    if is_new:
        _announce(years=[day.year], area_code=area_code)
    audit_record(
        f"closure:{row.pk}",
        detail={"area_code": area_code, "date": day.isoformat(), **said},
        outcome="DONE" if is_new else "UNCHANGED",
    )
    return row.pk


@action("kernel.calendar.close", permission="kernel.calendar.close")
def closure_remove(closure_id: int, *, reason: str) -> None:
    """Take a closure back (撤销停止办公). Raises `NotFound`."""
    row = LocalClosure.objects.filter(pk=closure_id).first()
    if row is None:
        raise NotFound()
    row.delete()
    _announce(years=[row.date.year], area_code=row.area_code)
    audit_record(
        f"closure:{closure_id}",
        detail={
            "area_code": row.area_code,
            "date": row.date.isoformat(),
            "removed_because": reason,
        },
    )


def _year_write(
    year: int, days: list[CalendarDayView], *, source: dict, digest: str, now: datetime
) -> None:
    row, _is_new = CalendarYear.objects.update_or_create(
        year=year, defaults={"source": source, "digest": digest, "loaded_at": now}
    )
    row.days.all().delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(year=row, date=d.date, kind=d.kind, name_zh=d.name["zh"], name_en=d.name["en"])
        for d in days
    )


def _announce(*, years: list[int], area_code: str) -> None:
    stamp_renew(STAMP)
    event_publish("calendar.changed", {"years": years, "area_code": area_code})


def _digest(days: list[CalendarDayView]) -> str:
    facts = [(d.date.isoformat(), d.kind, d.name["zh"], d.name["en"]) for d in days]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()
