"""Names of legal persons for who compares them (法人名称): what a version of the registry changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from yiwang.resources.registries.models import OPEN, Enterprise
from yiwang.resources.registries.store import LEGAL_PERSONS, master_current

PART = 2_000


@dataclass(frozen=True, slots=True)
class LegalName:
    """A legal person's name (法人名称). is_gone: it is cancelled, or left the registry since."""

    ref: str
    uscc: str
    name: str
    is_gone: bool


def legal_name_changes(since: int) -> tuple[int, Iterator[list[LegalName]]]:
    """Return the current version and, in parts, the names that changed after version `since` (名称变更).

    since 0 gives every name in force. Names are public, so no purpose is asked. What left and what came
    back in between stands in the parts once for each; the last part that names a reference holds.
    """
    current = master_current(LEGAL_PERSONS)
    return current, _changes(since, current)


def _changes(since: int, current: int) -> Iterator[list[LegalName]]:
    rows = Enterprise.objects.exclude(ref="")
    if since:
        ended = rows.filter(to_master__gt=since, to_master__lte=current, to_master__lt=OPEN)
        yield from _parts(ended.filter(from_master__lte=since), is_gone=True)
    begun = rows.filter(from_master__lte=current, to_master__gt=current)
    yield from _parts(begun.filter(from_master__gt=since), is_gone=False)


def _parts(rows: models.QuerySet[Enterprise], *, is_gone: bool) -> Iterator[list[LegalName]]:
    last = 0
    while part := list(
        rows.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "ref", "uscc", "name", "state")[:PART]
    ):
        last = part[-1][0]
        yield [
            LegalName(ref, uscc, name, is_gone or state == Enterprise.State.CANCELLED)
            for _pk, ref, uscc, name, state in part
        ]
