"""Trying the sources of a definition (数据源检查) before it is submitted or published."""

import time
from dataclasses import dataclass

from yiwang.resources.virtual.data import PartSpec, SourceSpec, VirtualSpec
from yiwang.resources.virtual.sources import PartFailed, Places, batches
from yiwang.resources.virtual.sql import source_statement, table_of

SECONDS = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """What a part said (检查结果): fault is "" when it answered with all columns."""

    source: str
    title: str
    kind: str
    fault: str


def spec_probe(spec: VirtualSpec, *, places: Places) -> list[Probe]:
    """Ask every part for one row of all declared columns (检查数据源)."""
    return [
        Probe(source.title, part.title, part.kind, _fault(source, part, places))
        for source in spec.sources
        for part in source.parts
    ]


def _fault(source: SourceSpec, part: PartSpec, places: Places) -> str:
    try:
        if part.kind == "PARQUET":
            _parquet(source, part, places)
            return ""
        [(statement, parameters)] = source_statement(
            part.kind, table_of(part.table), source.columns, [], []
        )
        rows = batches(
            part,
            source.columns,
            [(f"{statement} LIMIT 1", parameters)],
            places=places,
            deadline=time.monotonic() + SECONDS,
            watch=lambda _interrupt: None,
        )
        for _batch in rows:
            break
    except PartFailed as failed:
        return failed.fault
    return ""


def _parquet(source: SourceSpec, part: PartSpec, places: Places) -> None:
    import duckdb  # noqa: PLC0415
    from sqlglot import exp  # noqa: PLC0415

    from yiwang.engines.tabular.door import tabular_open  # noqa: PLC0415

    relation = exp.func("read_parquet", exp.Literal.string(places.file(part.location)))
    [(statement, _none)] = source_statement("PARQUET", relation, source.columns, [], [])
    connection = tabular_open()
    try:
        connection.execute(f"{statement} LIMIT 1").fetchall()
    except duckdb.Error as error:
        raise PartFailed("REFUSED") from error
    finally:
        connection.close()
