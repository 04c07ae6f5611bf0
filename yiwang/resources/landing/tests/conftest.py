"""A resource that a bureau sends, and batches of it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec
from yiwang.resources.catalogue.tests.conftest import City, city, published, system
from yiwang.resources.landing.actions import batch_receive
from yiwang.resources.landing.queries import feed_files

__all__ = ["City", "city", "published", "system"]
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
PERMISSIONS = frozenset({"resources.landing.send", "resources.landing.oversee"})
FIELDS = (
    FieldSpec("number", "登记证号", "Number", "C", 40, 2, is_key=True),
    FieldSpec("name", "姓名", "Name", "C", 50, 3, "2"),
    FieldSpec("id_number", "公民身份号码", "Id number", "C", 18, 3, "2"),
    FieldSpec("sex", "性别", "Sex", "C", 1, 2, code_table="sexes"),
    FieldSpec("registered_date", "登记日期", "Date", "D", 0, 1),
    FieldSpec("amount", "金额", "Amount", "N", 0, 1),
)
HEAD = "登记证号,姓名,公民身份号码,性别,登记日期,金额\n"
ROWS = (
    "A1,沈月琴,320506195803120026,2,2024-01-05,12.50\n"
    "A2,顾明远,320506196105230017,1,2024-02-06,8\n"
    "A3,陆文斌,32050619490101001X,1,2024-03-07,0\n"
)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    """Keep every test's files apart."""
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def resource(published):
    """Return a published resource of the bureau with a key, codes, a date and a number."""
    return published(fields=FIELDS)


@pytest.fixture
def land(resource, tmp_path):
    """Give a function that lands text or bytes at once and returns the batch."""
    return lander(resource, tmp_path)


def lander(resource, folder: Path):
    def run(content, *, name="数据.csv", now=NOW, mode="DELTA", run="NOW", **more):
        path = folder / "sent"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with context_use(context_system("test")):
            return batch_receive(
                resource.code, path, name=name, now=now, mode=mode, run=run, **more
            )

    return run


def feed_rows(code, *columns):
    """Return what is in force, ordered by row number; by default all columns as dictionaries."""
    import pyarrow.parquet as pq

    rows = [row for path in feed_files(code) for row in pq.read_table(path).to_pylist()]
    rows.sort(key=lambda row: row["row_no"])
    if not columns:
        return rows
    if len(columns) == 1:
        return [row[columns[0]] for row in rows]
    return [tuple(row[name] for name in columns) for row in rows]


def staff(city, name="bureau", **more):
    """Return the context of a department's clerk; `data` names the data bureau's steward."""
    context = city.context(name, 7)
    return context_use(replace(context, permissions=context.permissions | PERMISSIONS, **more))


def spec_with(fields) -> ResourceSpec:
    from yiwang.resources.catalogue.tests.conftest import SPEC

    return replace(SPEC, fields=tuple(fields))
