"""JSON rows (JSON 行): one object a line, or one array of objects."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.reading.heading import heading_match, heading_require
from yiwang.resources.landing.reading.lines import Encodings, Scan, lines_read
from yiwang.resources.landing.reading.rows import Reading, Row

ARRAY_MAX = 64 * 1024 * 1024


def objects_read(path: Path, found: Scan, fields: Sequence[object]) -> Reading:
    """Read rows of named values (读取 JSON 行); the columns are those of the first hundred rows."""
    pairs = list(islice(_objects(path, found), 100))
    if not pairs:
        raise LandingUnreadable("EMPTY")
    names = list(dict.fromkeys(name for _n, row in pairs if isinstance(row, dict) for name in row))
    heading = heading_require(heading_match(names, fields, row=-1) if names else None, fields)
    columns = [names[place] for place in heading.places]
    reading = Reading("JSON", heading=heading, total=found.lines)
    reading.rows = (_row(line, row, columns) for line, row in _objects(path, found))
    return reading


def _row(line: int, row: object, columns: list[str]) -> Row:
    if not isinstance(row, dict):
        return line, [None] * len(columns), ["JSON"]
    return line, [_text(row.get(name)) for name in columns], []


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "1" if value else "0"
    return json.dumps(value, ensure_ascii=False)


def _objects(path: Path, found: Scan) -> Iterator[tuple[int, object]]:
    lines = lines_read(path, Encodings(), wide=found.wide)
    first = next((pair for pair in lines if pair[1].strip()), None)
    if first is None:
        return
    if first[1].lstrip().startswith("["):
        yield from enumerate(_array(path), start=1)
        return
    yield first[0], _parse(first[1])
    for line, text, _sound in lines:
        if text.strip():
            yield line, _parse(text)


def _array(path: Path) -> list:
    if path.stat().st_size > ARRAY_MAX:
        raise LandingUnreadable("TOO_LARGE", limit=ARRAY_MAX // 1024**2)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise LandingUnreadable("BROKEN", detail=str(error)[:120]) from error


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
