"""A made thematic dataset (演示主题库): permits in Parquet, inspections of the districts in SQLite.

Everything is drawn from a seed; no enterprise in it exists.
"""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from django.conf import settings
from django.utils import timezone

from yiwang.identity.api import department_find
from yiwang.kernel.api import action, audit_record, context_get, context_use
from yiwang.resources.virtual.actions import dataset_publish, dataset_put, dataset_submit
from yiwang.resources.virtual.data import (
    ColumnSpec,
    JoinSpec,
    PartSpec,
    SourceSpec,
    VirtualField,
    VirtualSpec,
)
from yiwang.resources.virtual.models import VirtualDataset
from yiwang.resources.virtual.rules import spec_dump

KEY, SEED = "food_safety", "20261121-virtual"
PERMITS, VISITS = 4000, 9000
AREAS = ("320505", "320506", "320507", "320508", "320509", "320571", "320581", "320582")
# Each inspection database serves these districts.
NORTH = ("320581", "320582", "320507", "320505")
KINDS = ("餐饮服务", "食品销售", "单位食堂")
RESULTS = ("合格", "合格", "合格", "限期整改", "不合格")
_PERMIT = (
    ("permit_no", "TEXT", "许可证编号", "Permit number", 1),
    ("shop", "TEXT", "经营者名称", "Business", 1),
    ("area_code", "TEXT", "行政区划", "Division", 1),
    ("kind", "TEXT", "主体业态", "Type of business", 1),
    ("owner_name", "TEXT", "负责人", "Person in charge", 3),
    ("valid_until", "DATE", "有效期至", "Valid until", 1),
)
_VISIT = (
    ("visit_no", "INTEGER", "检查编号", "Inspection", 1),
    ("permit_no", "TEXT", "", "", 1),
    ("visited_on", "DATE", "检查日期", "Inspected on", 1),
    ("result", "TEXT", "检查结果", "Result", 1),
    ("score", "INTEGER", "得分", "Score", 1),
)


@action("resources.virtual.demo_load")
def virtual_demo_load(now: datetime) -> int:
    """Make the sources and publish the made dataset (装载演示主题库) once; returns how many rows."""
    department = department_find("market_supervision", settings.CITY["area_code"])
    if department is None or VirtualDataset.objects.filter(key=KEY).exists():
        audit_record("virtual:demo", detail={"added": 0})
        return 0
    folder = settings.DATA_DIR / "virtual" / "sources" / "food_safety"
    folder.mkdir(parents=True, exist_ok=True)
    today = timezone.localdate(now)
    permits = _permits(today)
    _parquet_write(folder / "permits.parquet", permits)
    visits = _visits(permits, today)
    for name, here in (("north", True), ("south", False)):
        rows = [row for row, area in visits if (area in NORTH) is here]
        _sqlite_write(folder / f"{name}.sqlite3", rows)
    with context_use(replace(context_get(), department_id=department.id)):
        dataset_put(KEY, spec_dump(_spec()), now=now)
        dataset_submit(KEY, now=now)
        dataset_publish(KEY, now=now)
    VirtualDataset.objects.filter(key=KEY).update(is_made=True)
    audit_record("virtual:demo", detail={"permits": len(permits), "visits": len(visits)})
    return len(permits) + len(visits)


def _spec() -> VirtualSpec:
    inspections = tuple(
        PartSpec(key, title, "SQLITE", f"food_safety/{key}.sqlite3", "visits")
        for key, title in (("north", "北片检查系统"), ("south", "南片检查系统"))
    )
    permits = (PartSpec("city", "市级许可库", "PARQUET", "food_safety/permits.parquet"),)
    return VirtualSpec(
        title="食品安全主题库（演示）",
        title_en="Food safety (made)",
        summary="食品经营许可与各片区监督检查记录，数据留在原系统，按需联合查询。",
        sources=(
            SourceSpec("permits", "食品经营许可", _columns(_PERMIT), permits),
            SourceSpec("visits", "监督检查", _columns(_VISIT), inspections),
        ),
        joins=(JoinSpec("visits", "permit_no", "permits", "permit_no", "LEFT"),),
        fields=tuple(
            VirtualField(name, source, name, title, title_en, level, "NAME" if level > 2 else "ALL")
            for source, columns in (("permits", _PERMIT), ("visits", _VISIT))
            for name, _type, title, title_en, level in columns
            if title
        ),
        area_field="area_code",
        purposes=("食品安全监督检查", "许可到期核查", "统计分析"),
        small_cell=3,
    )


def _columns(columns: tuple) -> tuple[ColumnSpec, ...]:
    return tuple(ColumnSpec(name, kind) for name, kind, *_rest in columns)


def _permits(today: date) -> list[tuple]:
    random = Random(SEED)  # noqa: S311 - made data
    surnames, names = "王李张刘陈杨黄赵吴周", "明华芳军敏静强磊洋艳"
    return [
        (
            f"JY{area}{number:08d}",
            f"{random.choice('禾味食鲜香园福和')}{random.choice('叶源来满兴')}{kind}{number:04d}号店",
            area,
            kind,
            random.choice(surnames) + random.choice(names) + random.choice(names),
            today + timedelta(days=random.randint(-60, 1700)),
        )
        for number in range(PERMITS)
        for area, kind in [(random.choice(AREAS), random.choice(KINDS))]
    ]


def _visits(permits: list[tuple], today: date) -> list[tuple[tuple, str]]:
    random = Random(SEED + "-visits")  # noqa: S311 - made data
    rows = []
    for number in range(VISITS):
        permit = random.choice(permits)
        day = today - timedelta(days=random.randint(1, 700))
        result = random.choice(RESULTS)
        score = random.randint(85, 100) if result == "合格" else random.randint(40, 84)
        rows.append(((number, permit[0], day.isoformat(), result, score), permit[2]))
    return rows


def _parquet_write(path: Path, rows: list[tuple]) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = list(zip(*rows, strict=True))
    table = pa.table({name: list(columns[number]) for number, (name, *_) in enumerate(_PERMIT)})
    pq.write_table(table, path)


def _sqlite_write(path: Path, rows: list[tuple]) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        made = ", ".join(f"{name} {kind}" for name, kind, *_rest in _VISIT)
        connection.execute(f"CREATE TABLE visits ({made})")
        connection.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE INDEX visits_permit ON visits (permit_no)")
        connection.commit()
