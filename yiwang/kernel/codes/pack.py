"""Reads the section codes/*.yaml of a pack: one edition of a code table (代码表) a file, as the product's own are written."""

from datetime import datetime

from yiwang.kernel.codes.actions import code_table_load
from yiwang.kernel.codes.formats import content_parse
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.packs import PackError, PackFile, PackSection


def codes_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Load the code tables of a pack (载入应用包代码表); returns the table's key by the file's name.

    Raises `PackError` with the file for what cannot be read, or would change an edition that stands.
    """
    return {file.name: _load(file, now=now) for file in section.files}


def _load(file: PackFile, *, now: datetime) -> str:
    try:
        given = content_parse(file.data)
        code_table_load(
            given.table,
            edition=given.edition,
            rows=given.rows,
            valid_from=given.valid_from,
            valid_to=given.valid_to,
            title=dict(given.title or {}),
            standard_ref=given.standard_ref,
            source=given.source,
            is_made=given.is_made,
            now=now,
        )
    except YiwangError as error:
        raise PackError(file.problem((), str(error))) from error
    return given.table
