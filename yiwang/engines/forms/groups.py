"""Groups of many rows in a draft (草稿分组): where one stands in them, and rows taken from a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext

from yiwang.engines.forms.queries import options_get
from yiwang.engines.forms.rules.definition import FieldDefinition
from yiwang.engines.forms.rules.files import AttachmentRefused, name_clean
from yiwang.engines.forms.rules.inputs import ADD
from yiwang.engines.forms.rules.tables import (
    FILE_LIMIT,
    MB,
    RowsRead,
    RowsRefused,
    RowsTooLarge,
    RowsTooMany,
    rows_read,
)
from yiwang.kernel.api import error_text

IMPORT, GO, FILE = "_import", "_rows", "_file"
REPLACE = "replace"


class RowsFile(Protocol):
    """What a web framework gives for an uploaded file."""

    name: str
    size: int

    def read(self, size: int = -1) -> bytes: ...


def rows_import(
    fields: Sequence[FieldDefinition],
    lists: Mapping[str, list[str]],
    files: Mapping[str, RowsFile],
    values: dict[str, object],
    *,
    now: datetime,
) -> tuple[dict[str, dict], dict[str, list[str]]]:
    """Take rows from the files that were sent for groups (导入行) into `values`.

    Asked for by `_import=<group>:replace` or `<group>:add` with a file `<group>._file`. Returns notes
    and refusals by group; of a refused file nothing is taken.
    """
    groups = {field.key: field for field in fields if field.kind == "rows"}
    notes: dict[str, dict] = {}
    refusals: dict[str, list[str]] = {}
    for asked in lists.get(IMPORT, ()):
        key, _, mode = asked.partition(":")
        upload = files.get(f"{key}.{FILE}")
        if key not in groups:
            continue
        if not upload:
            refusals[key] = [gettext("Choose the file first.")]
            continue
        before = [] if mode == REPLACE else list(values.get(key) or [])
        try:
            found = _read(groups[key], upload, room=groups[key].row_limit - len(before))
        except (RowsRefused, AttachmentRefused) as error:
            refusals[key] = [error_text(error)]
            continue
        values[key] = [*before, *found.rows]
        notes[key] = {
            "file": name_clean(upload.name or ""),
            "rows": len(found.rows),
            "ignored": list(found.ignored)[:20],
            "at": now.isoformat(),
        }
    return notes, refusals


def _read(group: FieldDefinition, upload: RowsFile, *, room: int) -> RowsRead:
    name = name_clean(upload.name or "")
    if (upload.size or 0) > FILE_LIMIT:
        raise RowsTooLarge(name=name, limit=FILE_LIMIT // MB)
    options = {each.key: options_get(each) for each in group.fields if each.has_options}
    found = rows_read(group, name=name, content=upload.read(FILE_LIMIT + 1), options=options)
    if len(found.rows) > room:
        raise RowsTooMany(name=name, limit=group.row_limit)
    return found


def groups_after(
    groups: Mapping[str, Mapping],
    lists: Mapping[str, list[str]],
    values: Mapping[str, object],
    notes: Mapping[str, dict],
) -> dict[str, dict]:
    """Work out where one stands in each group after a post (所在行): `_rows=<group>.<row>` goes there."""
    after = {key: dict(each) for key, each in groups.items()}
    for place in lists.get(GO, ()):
        key, _, number = place.partition(".")
        if isinstance(values.get(key), list) and number.isdecimal() and len(number) < 7:
            after[key] = {**after.get(key, {}), "start": int(number)}
    for key in lists.get(ADD, ()):
        if isinstance(values.get(key), list):
            after[key] = {**after.get(key, {}), "start": len(values[key]) - 1}
    for key, note in notes.items():
        after[key] = {"start": 0, "note": note}
    return after
