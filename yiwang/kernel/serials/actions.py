"""Running numbers: one after the other in a scope, never twice, none missing."""

from django.db import connection

from yiwang.kernel.serials.models import Serial

# One statement takes the row and raises it, on SQLite as on PostgreSQL; the row stays ours until the transaction ends,
# so a number given out is given back when the act that took it fails.
_TAKE = """
insert into kernel_serials_serial (scope, last) values (%s, %s)
on conflict (scope) do update set last = {last} returning last
"""
_NEXT = _TAKE.format(last="kernel_serials_serial.last + 1")
_REACH = _TAKE.format(
    last="case when excluded.last > kernel_serials_serial.last then excluded.last else kernel_serials_serial.last end"
)
LANES = 16
_LANE = f"""
update kernel_serials_seriallane set last = last + {LANES} where id = (
  select id from kernel_serials_seriallane where scope = %s order by last limit 1 for update {{wait}}
) returning last
"""  # noqa: S608 - a number of ours
_LANE_FREE, _LANE_ANY = _LANE.format(wait="skip locked"), _LANE.format(wait="")
# Where numbers were given out one by one before, the lanes go on after them.
_LANES_MAKE = """
insert into kernel_serials_seriallane (scope, lane, last)
select %(scope)s::varchar, lane, lane - %(lanes)s::bigint
  + coalesce((select last from kernel_serials_serial where scope = %(scope)s::varchar), 0)
from generate_series(1, %(lanes)s::bigint) lane
on conflict (scope, lane) do nothing
"""


def serial_next(scope: str) -> int:
    """Give out the next number of a scope (取流水号), from 1; a failed transaction gives it back.

    scope: at most 120 characters, begun with the room's name: "hall.payments:V:20260301".
    """
    return _taken(_NEXT, scope, 1)


def serial_next_parallel(scope: str) -> int:
    """Give out a number of a scope in which many acts run side by side (并行取流水号), from 1.

    As `serial_next`, but acts do not wait for each other's end: each takes the lowest number that nobody holds, so
    numbers follow each other, and the order of those taken in the same moment is not that of their acts. A failed
    transaction gives its number back. On SQLite, which has one writer, it is `serial_next`. A scope keeps to one of both.
    """
    if connection.vendor == "sqlite":
        return serial_next(scope)
    with connection.cursor() as cursor:
        cursor.execute(_LANE_FREE, [scope])
        row = cursor.fetchone()
        if row is None:
            lanes = {"scope": scope, "lanes": LANES}
            cursor.execute(_LANES_MAKE, lanes)
            cursor.execute(_LANE_ANY, [scope])
            row = cursor.fetchone()
    return row[0]


def serial_reach(scope: str, number: int) -> int:
    """Let the numbers of a scope go on after one given out elsewhere (续号); returns the last."""
    return _taken(_REACH, scope, number)


def serial_last(scope: str) -> int:
    """Say the last number given out in a scope (末号); 0 where none was."""
    return Serial.objects.filter(scope=scope).values_list("last", flat=True).first() or 0


def _taken(sql: str, scope: str, number: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope, number])
        (last,) = cursor.fetchone()
    return last
