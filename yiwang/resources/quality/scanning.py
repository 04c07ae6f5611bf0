"""One pass over a delivery as columns (列式扫描): counts, and line and bits of each row with a fault.

Parquet files are read by Arrow itself, a group of rows by each of two threads; anything else comes from
DuckDB. Nothing is kept but what is bad. Imports NumPy and Arrow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.quality.batches import Piece, Typist
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.judging import DAY_MARK, TEXT_MARK, Judge, Test
from yiwang.resources.quality.querying import Asked

THREADS = 2
ARROW = {"VARCHAR": (pa.string(), pa.large_string()), "DATE": (pa.date32(),)}


@dataclass(slots=True)
class Scan:
    """What a pass found (扫描结果). judged: of each test by its number; filled: column -> values.

    lines: int64; masks: words of 62 bits, one array for each, of the rows with a fault.
    """

    rows: int = 0
    judged: dict[int, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    lines: list[np.ndarray] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)

    def add(self, other: "Scan") -> None:
        """Add what another piece had."""
        self.rows += other.rows
        for mine, more in ((self.judged, other.judged), (self.filled, other.filled)):
            for key, count in more.items():
                mine[key] = mine.get(key, 0) + count
        self.lines += other.lines
        self.masks += other.masks

    def table(self) -> pa.Table | None:
        """Return line, m0, m1, … of the rows with a fault; None when there are none."""
        parts = [
            pa.table({"line": line} | {f"m{number}": word for number, word in enumerate(masks)})
            for line, masks in zip(self.lines, self.masks, strict=True)
        ]
        return pa.concat_tables(parts) if parts else None


@dataclass(slots=True)
class Scanner:
    """Runs tests over pieces. tests: number -> test; bits: how many fit a word."""

    tests: Mapping[int, Test]
    fields: Sequence[str]
    words: int
    bits: int
    today: date
    typist: Typist = field(default_factory=Typist)

    def piece(self, table: "pa.RecordBatch | pa.Table") -> Scan:
        """Judge one piece."""
        piece = Piece(table, today=self.today, typist=self.typist)
        found = Scan(rows=piece.count)
        if not piece.count:
            return found
        faults: list[tuple[int, np.ndarray]] = []
        for number, test in self.tests.items():
            bad, found.judged[number] = test(piece)
            if bad is not None and bad.any():
                faults.append((number, bad))
        found.filled = {name: piece.column(name).filled for name in self.fields}
        if faults:
            places = np.flatnonzero(np.logical_or.reduce([bad for _number, bad in faults]))
            masks = np.zeros((self.words, len(places)), np.int64)
            for number, bad in faults:
                word, bit = divmod(number, self.bits)
                masks[word] |= bad[places].astype(np.int64) << bit
            line = piece.column("line").array.cast(pa.int64()).to_numpy()
            found.lines, found.masks = [line[places]], [masks]
        return found


def relation_pieces(asked: Asked, relation: str, judge: Judge) -> Iterator[pa.RecordBatch]:
    """Yield what the tests read, as DuckDB gives it (引擎读取)."""
    names = ", ".join(identifier(name) for name in judge.fields if name != "line")
    texts = "".join(
        f", cast({identifier(name)} as varchar) as {identifier(name + TEXT_MARK)}"
        for name in sorted(judge.texts)
    ) + "".join(
        f", try_cast({identifier(name)} as date) as {identifier(name + DAY_MARK)}"
        for name in sorted(judge.days)
    )
    sql = f"select line{', ' if names else ''}{names}{texts} from {relation}"
    yield from asked.pieces(sql)


def relation_scan(scanner: Scanner, asked: Asked, relation: str, judge: Judge) -> Scan:
    """Scan anything DuckDB can read."""
    found = Scan()
    for batch in relation_pieces(asked, relation, judge):
        found.add(scanner.piece(batch))
    return found


def files_suit(files: Sequence[Path], judge: Judge) -> bool:
    """Tell whether Arrow reads these files just as DuckDB does (可直读): texts, days and counts."""
    if not files or judge.texts or judge.days:
        return False
    for path in files:
        schema = pq.read_schema(path)
        if schema.get_field_index("line") < 0 or not pa.types.is_integer(schema.field("line").type):
            return False
        for name in judge.fields:
            kinds = ARROW.get(judge.columns[name])
            index = schema.get_field_index(name)
            if index < 0 or (kinds is not None and schema.field(index).type not in kinds):
                return False
    return True


def files_scan(scanner: Scanner, files: Sequence[Path], judge: Judge) -> Scan:
    """Scan Parquet files, a group of rows at a time, by two threads (直读扫描)."""
    names = list(dict.fromkeys(["line", *judge.fields]))
    tasks = [_group_task(scanner, *group, names, judge) for group in _groups(files)]
    found = Scan()
    with ThreadPoolExecutor(THREADS) as pool:
        for one in pool.map(lambda task: task(), tasks):
            found.add(one)
    return found


def _groups(files: Sequence[Path]) -> Iterator[tuple[Path, pq.FileMetaData, int]]:
    for path in files:
        metadata = pq.read_metadata(path)
        yield from ((path, metadata, number) for number in range(metadata.num_row_groups))


def _group_task(
    scanner: Scanner,
    path: Path,
    metadata: pq.FileMetaData,
    number: int,
    names: list[str],
    judge: Judge,
) -> Callable[[], Scan]:
    def read() -> Scan:
        coded = _coded(metadata, number, judge.coded)
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=coded) as file:
            return scanner.piece(file.read_row_group(number, columns=names, use_threads=False))

    return read


def _coded(metadata: pq.FileMetaData, number: int, wanted: set[str]) -> list[str]:
    """Return the columns that the file itself keeps as a small dictionary."""
    group = metadata.row_group(number)
    return [
        column.path_in_schema
        for column in (group.column(place) for place in range(group.num_columns))
        if column.path_in_schema in wanted
        and column.has_dictionary_page
        and column.total_uncompressed_size < group.num_rows * 2
    ]
