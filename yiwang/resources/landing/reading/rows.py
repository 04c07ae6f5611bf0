"""What every reader gives (读取结果): rows with line and faults, and what it noticed on the way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from yiwang.resources.landing.reading.heading import Heading

Progress = Callable[[int, int], None]
# (line of the original, values in the order of the fields, faults "KIND" or "KIND:field")
Row = tuple[int, list[str | None], list[str]]


@dataclass(slots=True)
class Reading:
    """A file being read (读取中). notes: [{"kind", …}] for the clerk."""

    form: str
    heading: Heading | None = None
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    notes: list[dict] = field(default_factory=list)
    skipped: int = 0
    total: int = 0
