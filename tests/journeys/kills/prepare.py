"""Set the copied city up for its days: `python -m tests.journeys.kills.prepare`, settings by environment.

Loads the matter with a fee and sets the clock to the morning of the first working day after today. Prints the
working days to live through, one a line.
"""

import os
import sys
from datetime import datetime, time, timedelta

import django

AT = time(10, 40)  # halls are open, a slot begins at eleven, statements of the day before are there


def main() -> None:
    """Load the pack, find the days, set the clock."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.journeys.kills.settings")
    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from tests.journeys.kills.clock import CityClock
    from yiwang.kernel.api import calendar_get, pack_load_all

    clock = CityClock(settings.DATA_DIR)
    calendar, day, days = calendar_get(), timezone.localdate(), []
    while len(days) < int(sys.argv[1]):
        day += timedelta(days=1)
        if calendar.is_working(day):
            days.append(timezone.make_aware(datetime.combine(day, AT)))
    clock.put(days[0])
    states = {state.pack: state for state in pack_load_all(timezone.now())}
    assert states["kills_city"].state == "LOADED", states["kills_city"].problems
    for one in days:
        print(one.isoformat())  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
