"""Rooms that finish acts say how many ended well and badly (办结数来源), so that silence about refusals shows.

acts_register("applications", function)

`function(since=, until=)` counts by department in one statement: `list[ActCount]`.
"""

from collections.abc import Callable
from datetime import datetime

from yiwang.hall.ratings.data import ActCount

Acts = Callable[..., list[ActCount]]
_sources: dict[str, Acts] = {}


def acts_register(name: str, acts: Acts) -> None:
    """Have `acts` asked for what a room finished (登记办结数来源)."""
    _sources[name] = acts


def acts_count(*, since: datetime, until: datetime) -> dict[int, ActCount]:
    """Add up what all rooms finished in [since, until), by department (各部门办结数)."""
    found: dict[int, ActCount] = {}
    for acts in _sources.values():
        for one in acts(since=since, until=until):
            before = found.get(one.department_id, ActCount(one.department_id, 0, 0))
            found[one.department_id] = ActCount(
                one.department_id, before.good + one.good, before.bad + one.bad
            )
    return found
