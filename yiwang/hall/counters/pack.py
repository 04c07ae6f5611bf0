"""Reads the sections of a pack that halls come from (大厅): halls/*.yaml and priorities.yaml."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from yiwang.hall.counters import rules
from yiwang.hall.counters.actions.setup import hall_put, halls_close, priorities_put
from yiwang.hall.counters.data import LEVELS
from yiwang.sdk.packs import PackError, PackFile, PackProblem, PackSection

_HALL_NEEDED = frozenset(
    {"title", "level", "area_code", "address", "department", "hours", "queues", "windows"}
)
_HALL_KNOWN = _HALL_NEEDED | {"phone", "rules", "pools", "is_made"}
_PARTS: dict[str, tuple[frozenset, frozenset]] = {
    "pools": (frozenset({"key", "title", "minutes", "capacity"}), frozenset()),
    "queues": (
        frozenset({"key", "letter", "title", "matters", "service_minutes"}),
        frozenset({"pool", "slot_limit"}),
    ),
    "windows": (frozenset({"number", "title", "department", "queues"}), frozenset({"helps"})),
}
_CLASS = frozenset({"key", "title", "proof", "head_start_minutes"})


def halls_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Store the halls of a pack; returns their codes by the files' names. Raises `PackError` with file and line."""
    if problems := [problem for file in section.files for problem in hall_check(file)]:
        raise PackError(problems)
    for file in section.files:
        hall_put(file.name, file.data, source=section.source)
    halls_close([file.name for file in section.files], source=section.source)
    return {file.name: file.name for file in section.files}


def priorities_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Store the classes of people who are called earlier (优先类别). Raises `PackError` with file and line."""
    if problems := [problem for file in section.files for problem in priorities_check(file)]:
        raise PackError(problems)
    for file in section.files:
        priorities_put(file.data, source=section.source)
    return {}


def priorities_check(file: PackFile) -> list[PackProblem]:
    """List what is wrong with the classes (优先类别校验), each with its line."""
    if not isinstance(file.data, list):
        return [file.problem((), "The file is a list of classes.")]
    return [
        file.problem((number,), text)
        for number, one in enumerate(file.data)
        for text, is_right in (
            (
                "A class has key, title, proof, head_start_minutes.",
                isinstance(one, Mapping)
                and _CLASS <= one.keys() <= _CLASS | {"is_offered"}
                and _is_text(one["title"])
                and _is_text(one["proof"])
                and _is_count(one["head_start_minutes"], 0, 1440),
            ),
        )
        if not is_right
    ]


def hall_check(file: PackFile) -> list[PackProblem]:
    """List what is wrong with a hall (大厅校验), each with its line."""
    hall = file.data
    if not isinstance(hall, Mapping):
        return [file.problem((), "A hall is a mapping of keys.")]
    problems = [
        file.problem((), f"The key {name} is missing.")
        for name in sorted(_HALL_NEEDED - hall.keys())
    ]
    problems += [
        file.problem((name,), f"The key {name} is not known here.")
        for name in sorted(hall.keys() - _HALL_KNOWN)
    ]
    problems = problems or [file.problem(path, text) for path, text in _shape(hall)]
    return problems or [file.problem(path, text) for path, text in _content(hall)]


def _shape(hall: Mapping) -> Iterator[tuple[tuple, str]]:
    """Find parts that are not lists of mappings with the right keys."""
    for part, (needed, optional) in _PARTS.items():
        rows = hall.get(part, [])
        if not isinstance(rows, list):
            yield (part,), f"{part} is a list."
            continue
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping) or not needed <= row.keys() <= needed | optional:
                yield (part, number), f"It has the keys {', '.join(sorted(needed))}."
            elif not _is_text(row["title"]):
                yield (part, number, "title"), "A title needs zh and en."


def _content(hall: Mapping) -> Iterator[tuple[tuple, str]]:
    if not _is_text(hall["title"]):
        yield ("title",), "A title needs zh and en."
    if hall["level"] not in LEVELS:
        yield ("level",), f"The level is one of {', '.join(LEVELS)}."
    for name, read in (("hours", rules.hours_parse), ("rules", rules.rules_read)):
        try:
            read(hall.get(name, {}))
        except (ValueError, TypeError, AttributeError) as error:
            yield (name,), str(error)
    yield from _references(hall)
    yield from _figures(hall)


def _references(hall: Mapping) -> Iterator[tuple[tuple, str]]:
    pools = {pool["key"] for pool in hall.get("pools", [])}
    queues = {queue["key"] for queue in hall["queues"]}
    for number, queue in enumerate(hall["queues"]):
        if queue.get("pool", "") not in pools | {""}:
            yield ("queues", number, "pool"), f"There is no pool {queue['pool']}."
    for number, window in enumerate(hall["windows"]):
        for key in [*window["queues"], *window.get("helps", {})]:
            if key not in queues:
                yield ("windows", number, "queues"), f"There is no queue {key}."
    for part, name in (("queues", "key"), ("queues", "letter"), ("windows", "number")):
        seen = [str(row[name]) for row in hall[part]]
        if len(seen) != len(set(seen)):
            yield (part,), f"The {name} of each is its own."


def _figures(hall: Mapping) -> Iterator[tuple[tuple, str]]:
    for number, pool in enumerate(hall.get("pools", [])):
        if not (_is_count(pool["minutes"], 5, 240) and _is_count(pool["capacity"], 1, 1000)):
            yield ("pools", number), "minutes is 5 to 240, capacity 1 to 1000."
    for number, queue in enumerate(hall["queues"]):
        if not _is_count(queue["service_minutes"], 1, 240):
            yield ("queues", number, "service_minutes"), "service_minutes is 1 to 240."
        if not _is_count(queue.get("slot_limit", 1), 1, 1000):
            yield ("queues", number, "slot_limit"), "slot_limit is 1 to 1000."
    for number, window in enumerate(hall["windows"]):
        if not all(_is_count(minutes, 1, 480) for minutes in window.get("helps", {}).values()):
            yield ("windows", number, "helps"), "A window helps after 1 to 480 minutes."


def _is_text(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value.get("zh")) and bool(value.get("en"))


def _is_count(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
