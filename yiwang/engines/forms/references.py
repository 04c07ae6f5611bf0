"""Who refers to an attachment (附件引用): read from the tables as they are, so that no room has to say so, nor can forget.

Two kinds of columns are looked at, in every room but those that only note what happened or hold the city's records: numbers whose
name ends in `attachment_id`, and texts and JSON in which an attachment is named ("attachment:12", {"attachment": 12}, {"attachments":
[12, 13]}). What looks like one and is none only keeps a file too long.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

WITHOUT = ("yiwang.kernel.", "yiwang.identity.", "yiwang.resources.")
SHORTEST = len("attachment:1")
_NAMED = re.compile(r"attachments?(?:_ids?)?\\*\"?\s*:\s*\\*\"?(\d+|\[[^\[\]]*\]|\{[^{}]*\})")
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class ReferenceColumns:
    """The columns of one table that may name attachments. numbers: by id; texts: within a text or JSON."""

    model: type[models.Model]
    numbers: tuple[str, ...]
    texts: tuple[str, ...]


def reference_columns() -> list[ReferenceColumns]:
    """Return every column that may name an attachment (引用字段), table by table."""
    found = []
    rooms = [one for one in apps.get_app_configs() if one.name.startswith("yiwang.")]
    rooms = [one for one in rooms if not one.name.startswith(WITHOUT)]
    for model in (model for room in rooms for model in room.get_models()):
        fields = model._meta.concrete_fields
        numbers = tuple(one.attname for one in fields if _is_number(one))
        texts = tuple(one.attname for one in fields if _is_text(one))
        if numbers or texts:
            found.append(ReferenceColumns(model, numbers, texts))
    return found


def referenced_among(ids: Iterable[int]) -> set[int]:
    """Return which of some attachments something refers to (被引用附件).

    A reference that moves from one table to another meanwhile may be passed over: ask twice, since within one asking it can
    hide only while it moves.
    """
    wanted, found = set(ids), set()
    for columns in reference_columns():
        if wanted:
            held = _held(columns, wanted)
            found |= held
            wanted -= held
    return found


def ids_named(text: str) -> set[int]:
    """Return the ids of the attachments that a text names (文本中的附件).

    >>> sorted(ids_named('{"a": "attachment:7", "attachment": 8, "attachment_ids": [9, 10], "n": 11}'))
    [7, 8, 9, 10]
    >>> sorted(ids_named('{"attachments": {"photo": 12, "plan": 13}, "n": 14}'))
    [12, 13]
    """
    return {int(one) for match in _NAMED.finditer(text) for one in re.findall(r"\d+", match[1])}


def _held(columns: ReferenceColumns, wanted: set[int]) -> set[int]:
    rows = columns.model._base_manager.order_by()
    found: set[int] = set()
    for name in columns.numbers:
        for part in _parts(sorted(wanted)):
            found.update(rows.filter(**{f"{name}__in": part}).values_list(name, flat=True))
    if columns.texts:
        as_text = {f"{name}_as_text": Cast(name, models.TextField()) for name in columns.texts}
        named = Q()
        for name in as_text:
            named |= Q(**{f"{name}__contains": "attachment"})
        texts = rows.annotate(**as_text).filter(named).values_list(*as_text)
        for row in texts.iterator(chunk_size=AT_ONCE):
            for text in row:
                found |= ids_named(text or "")
    return found & wanted


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _is_number(field: models.Field) -> bool:
    return field.attname.endswith("attachment_id") and not field.primary_key


def _is_text(field: models.Field) -> bool:
    if isinstance(field, models.JSONField | models.TextField):
        return True
    return isinstance(field, models.CharField) and (field.max_length or SHORTEST) >= SHORTEST
