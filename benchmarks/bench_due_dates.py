"""Due dates of a million clocks at once, against walking day by day over a sample of them."""

import json
import random
import time
from datetime import date, timedelta
from pathlib import Path

from harness import ROOT, options_parse, report

options = options_parse(__doc__, count=1_000_000)

from yiwang.kernel.calendar.rules import WorkingCalendar  # noqa: E402

FILE = ROOT / "yiwang" / "kernel" / "calendar" / "data" / "chinese-days.json"


def calendar_read(path: Path) -> WorkingCalendar:
    """Build the calendar 2004-2026 from the shipped file, without a database."""
    content = json.loads(path.read_text(encoding="utf-8"))
    days = {name: frozenset(map(date.fromisoformat, content[name])) for name in content}
    years = frozenset(day.year for day in days["holidays"])
    return WorkingCalendar(years, days["holidays"], days["workdays"])


def walk(calendar: WorkingCalendar, start: date, amount: int) -> date:
    """Find a due date the plain way: one day after the other."""
    day = start
    while amount:
        day += timedelta(days=1)
        amount -= calendar.is_working(day)
    return day


calendar = calendar_read(FILE)
chance = random.Random(1)
starts = [date(2004, 1, 1) + timedelta(days=chance.randrange(8200)) for _ in range(options.count)]
amounts = [chance.randrange(46) for _ in starts]

begun = time.process_time()
due = calendar.due_dates(starts, amounts)
seconds = time.process_time() - begun

sample = max(1, options.count // 100)
begun = time.process_time()
walked = [walk(calendar, *pair) for pair in zip(starts[:sample], amounts[:sample], strict=True)]
walking = (time.process_time() - begun) * options.count / sample
if walked != due[:sample]:
    raise SystemExit("The due dates differ from the walk.")

report(
    f"{options.count:,} due dates",
    seconds,
    "s CPU",
    baseline=walking,
    baseline_name="day walk, scaled from 1 %",
    bar="< 2 s",
    as_json=options.json,
)
