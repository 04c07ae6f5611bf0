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


def serial_next(scope: str) -> int:
    """Give out the next number of a scope (取流水号), from 1; a failed transaction gives it back.

    scope: at most 120 characters, begun with the room's name: "hall.payments:V:20260301".
    """
    return _taken(_NEXT, scope, 1)


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
