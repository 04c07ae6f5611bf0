"""How a corrected value gets into a registry (更正): by the pipeline, as every other value.

Where fusion fills the registry, a correction is a batch of the department's own rows: it lands, is checked
and fused, and shows with the next version; until then it is pending. Only a registry that no resource is
bound to is corrected here directly, as a version of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get, context_system, context_use
from yiwang.resources.registries.data import ObjectionView
from yiwang.resources.registries.loading import rows_amend
from yiwang.resources.registries.models import Enterprise, Person
from yiwang.resources.registries.rules import (
    fields_of,
    lineage_read,
    origin_of,
    registry_of,
    source_of,
)
from yiwang.resources.registries.store import rows_where
from yiwang.sdk.errors import N_, Invalid

AT_SOURCE = N_(
    "The department's record cannot be corrected from here. Correct it at its source, then answer."
)
CORRECTION = N_("Correcting a value")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a department's resource (更正位置): resource, column, row."""

    resource_id: int
    resource_code: str
    column: str
    row_no: int


def value_correct(
    view: ObjectionView, row: Person | Enterprise, corrected: str, *, now: datetime
) -> int | None:
    """Bring a corrected value on its way (更正值); returns the batch that carries it, None when it stands already.

    Raises Invalid when it is too long, or stands in a record that cannot be corrected from here.
    """
    limit = type(row)._meta.get_field(view.field).max_length
    if limit and len(corrected) > limit:
        raise _refused(N_("This is too long for the field. Please shorten it."))
    with data_scope(purpose=CORRECTION, reason=view.number):
        rows = [row]
        if view.field == "household_address" and row.household_ref:
            rows = rows_where(Person, "household_ref = %s", [row.household_ref])
        if not _is_bound(registry_of(view.subject_ref)):
            _amend(view, rows, corrected, now)
            return None
        return _send(view, rows, corrected, now)


def _is_bound(registry: str) -> bool:
    from yiwang.resources.fusion.queries.sources import feeds  # noqa: PLC0415 - only when corrected

    return bool(feeds(registry))


def _amend(
    view: ObjectionView, rows: Sequence[Person | Enterprise], corrected: str, now: datetime
) -> None:
    """Write the value as a version of its own: nothing feeds this registry."""
    lineage = lineage_read(rows[0].lineage, registry_of(view.subject_ref))
    function, _ = source_of(lineage, fields_of(view.subject_ref)[view.field])
    sources = {f"field:{view.field}": [function, f"{timezone.localdate(now)}"]}
    rows_amend(rows, {view.field: corrected, "sources": sources}, now=now)


def _send(
    view: ObjectionView, rows: Sequence[Person | Enterprise], corrected: str, now: datetime
) -> int:
    """Send the departments' rows with the corrected value as a batch; returns its number."""
    from yiwang.resources.landing.queries import BatchNotFound, row_origin  # noqa: PLC0415
    from yiwang.resources.quality.hooks import fix_send  # noqa: PLC0415

    places = [place for row in rows if (place := _place(view, row)) is not None]
    if not places:
        raise _refused(AT_SOURCE)
    first = places[0]
    whole = []
    for place in places:
        if place.resource_code != first.resource_code:
            continue
        try:
            values = row_origin(place.resource_code, place.row_no).values
        except (BatchNotFound, OSError):
            raise _refused(AT_SOURCE) from None
        sent = {name: "" if value is None else f"{value}" for name, value in values.items()}
        whole.append(sent | {place.column: corrected})
    # The steward answers for the value; the platform sends the batch of the department's own resource.
    context = context_get()
    machine = replace(context_system(CORRECTION), account_id=context.account_id, name=context.name)
    with context_use(machine):
        return fix_send(first.resource_id, whole, reason=view.number, now=now)


def _place(view: ObjectionView, row: Person | Enterprise) -> Place | None:
    """Find the department's row that the value was taken from, None when it cannot be told."""
    from yiwang.resources.fusion.queries.sources import binding_of, resource_of  # noqa: PLC0415

    registry = registry_of(view.subject_ref)
    field = fields_of(view.subject_ref)[view.field]
    lineage = lineage_read(row.lineage, registry)
    origin = origin_of(lineage, field)
    name = next((name for name in field.plan_fields if name in lineage.origins), "")
    if origin is None:
        return None
    code = f"C{origin.class_number:02d}"
    bound = binding_of(registry, code)
    if bound is None or not bound.resource_code or name not in bound.matched:
        return None
    resource = resource_of(bound.resource_code)
    if resource is None:
        return None
    return Place(resource.id, bound.resource_code, bound.matched[name], origin.row_no)


def _refused(sentence: str) -> Invalid:
    return Invalid(fields={"corrected": [sentence]})
