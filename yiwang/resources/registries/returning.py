"""Sending a value back (退回核实): from a conflict to the line that says otherwise, as an exception of its department.

It is settled as every exception: answered, disputed, or proved by a later batch that changes or takes back that
very row; a row that is sent again as it was proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import parquet_list, tabular_open
from yiwang.kernel.api import EventView, action, subscriber
from yiwang.resources.catalogue.queries import resource_get
from yiwang.resources.landing.queries import feed_files
from yiwang.resources.quality.actions.batches import exception_close, exception_number
from yiwang.resources.quality.models import QualityException
from yiwang.resources.quality.queries import HANDLE, due_after, is_bureau, standard_get
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid
from yiwang.sdk.text import clean

ORIGIN, REASON_MAX = "STEWARD", 400
State = QualityException.State


class ReturnedAlready(Conflict):
    """The row waits with its department for another answer."""

    code = "value_returned_already"
    message = N_("This row was sent back already as %(number)s and is not settled yet.")


@action("resources.registries.value_return", permission=HANDLE)
def value_return(
    resource_code: str,
    row_no: int,
    *,
    field: str,
    title: Mapping[str, str],
    line: int,
    batch_number: int,
    reason: str,
    now: datetime,
) -> int:
    """Send a row back to the department that supplied it (退回核实); returns the exception's id.

    field, title: what is doubted; line, batch_number: where it stands in the department's file. Only the
    city's data bureau. Raises Invalid, ReturnedAlready, Forbidden.
    """
    if not is_bureau():
        raise Forbidden()
    reason = clean(reason).strip()
    if not 4 <= len(reason) <= REASON_MAX:
        raise Invalid(fields={"why": [N_("Say what is doubtful, 4 to 400 characters.")]})
    resource = resource_get(resource_code)
    rule = f"returned:{row_no}"
    open_rows = QualityException.objects.filter(
        origin=ORIGIN, resource_id=resource.id, rule=rule
    ).exclude(state=State.CLOSED)
    if there := open_rows.first():
        raise ReturnedAlready(number=there.number)
    row = QualityException.objects.create(
        origin=ORIGIN,
        resource_id=resource.id,
        department_id=resource.department_id,
        rule=rule,
        field=field,
        property="CONSISTENCY",
        title=f"{resource.spec.title} · {title['zh']}（第 {batch_number} 批第 {line} 行）",
        message=reason,
        message_en=reason,
        rows=1,
        rows_open=1,
        batch_number=batch_number,
        opened_at=now,
        due_date=due_after(timezone.localdate(now), standard_get().days["answer"]),
    )
    return exception_number(row, now=now).pk


@subscriber("landing.batch_finished", name="resources.registries.returned_prove")
def returned_prove(event: EventView) -> None:
    """Close what a batch proves (更正验证): rows sent back that are no longer in force as they were."""
    if event.payload["state"] != "LANDED":
        return
    resource = resource_get(event.payload["resource_code"])
    rows = QualityException.objects.filter(origin=ORIGIN, resource_id=resource.id)
    waiting = {int(row.rule.partition(":")[2]): row for row in rows.exclude(state=State.CLOSED)}
    for row_no in set(waiting) - _in_force(resource.code, list(waiting)):
        returned_close(
            waiting[row_no].pk, batch_id=event.payload["batch_id"], now=event.published_at
        )


@action("resources.registries.returned_close")
def returned_close(exception_id: int, *, batch_id: int, now: datetime) -> None:
    """Settle a returned row that a batch changed or took back (退回办结)."""
    row = QualityException.objects.select_for_update().get(pk=exception_id)
    exception_close(row, ending="PROVED", detail={"batch": batch_id}, now=now)


def _in_force(code: str, numbers: list[int]) -> set[int]:
    """Return which of these rows of a resource are in force."""
    paths = feed_files(code)
    if not numbers or not paths:
        return set()
    with tabular_open() as connection:
        found = connection.execute(
            f"select row_no from {parquet_list(paths)} where list_contains(?, row_no)", [numbers]
        ).fetchall()
    return {row_no for (row_no,) in found}
