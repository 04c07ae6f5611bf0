"""Small fused masters for tests: a city's plan with few buckets, three people and their departments."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionOptions
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.plans import REGISTRY_PLANS
from yiwang.resources.fusion.tests.made import rows_write
from yiwang.sdk.identifiers import id_number_make, uscc_make

PLAN = replace(REGISTRY_PLANS["population"](), buckets=4)
ORGANISATIONS = replace(REGISTRY_PLANS["legal-persons"](), buckets=2)
QUICK = FusionOptions(workers=1, seed=1, probabilistic=False, durable=False)
TODAY = date(2026, 11, 1)
ZHANG, LI, WANG, ZHAO = (id_number_make("320508", date(1985, 1, day), 123) for day in (1, 2, 3, 4))
NAMES = {ZHANG: "张三", LI: "李四", WANG: "王五", ZHAO: "赵六"}
COMMUNITY = "320508018001"
SHOP = uscc_make("9", "1", "320508", "MA100001")
SCHOOL = uscc_make("1", "2", "320508", "MA100002")
DATES = {"ISO": "%Y-%m-%d", "COMPACT": "%Y%m%d", "SLASH": "%Y/%m/%d", "CHINESE": "%Y年%m月%d日"}
DAY = 86_400
BEGUN = 20_000 * DAY  # 2024-10-04


def register_row(number: str, row_no: int, **changes) -> dict:
    """Return a row of the household register (class 1)."""
    return {
        "row_no": row_no,
        "seconds": BEGUN + row_no * DAY,
        "id_number": number,
        "name": NAMES[number],
        "sex": "1",
        "birth_date": date(1985, 1, int(number[12:14])),
        "ethnicity": "01",
        "marital": "20",
        "address": f"江苏省苏州市姑苏区平江街道历史街区社区{row_no}幢",
        "household": "H0000000001",
        "household_address": "江苏省苏州市姑苏区平江街道历史街区社区1幢",
        "community": COMMUNITY,
        "photo": "m_middle_1",
        **changes,
    }


def insurance_row(number: str, row_no: int, **changes) -> dict:
    """Return a row of the employees' insurance (class 9)."""
    return {
        "row_no": row_no,
        "seconds": BEGUN + 30 * DAY + row_no * DAY,
        "id_number": number,
        "name": NAMES[number],
        "sex": "1",
        "birth_date": date(1985, 1, int(number[12:14])),
        "phone": f"1641234{row_no:04d}",
        "employer": "苏州禾叶餐饮管理有限公司",
        "employer_code": SHOP,
        **changes,
    }


def _written(plan, number: int, rows: list[dict]) -> list[dict]:
    """Write dates in the form that the class writes them."""
    formats = plan.source_get(number).formats
    return [
        {
            name: value.strftime(DATES[formats[name]])
            if isinstance(value, date) and formats.get(name, "DATE") != "DATE"
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def population(folder: Path, rows: dict[int, list[dict]], out: Path, **more):
    """Fuse rows by class into `out`; returns the result. seed: of the identifiers that are drawn."""
    options = replace(QUICK, seed=more.pop("seed", QUICK.seed))
    for number, given in rows.items():
        rows_write(folder, number, "a", _written(PLAN, number, given), PLAN)
    return fuse(PLAN, folder, out, options=options, today=TODAY, **more)


def organisation_row(code: str, name: str, row_no: int, **changes) -> dict:
    """Return a row of the market supervision's register (class 1)."""
    return {
        "row_no": row_no,
        "seconds": BEGUN + row_no * DAY,
        "id_number": code,
        "uscc": code,
        "name": name,
        "representative": "张三",
        "representative_id": ZHANG,
        "address": "江苏省苏州市姑苏区平江街道1号",
        "phone": "0512-40000001",
        "industry": "H",
        "status": "1",
        "established_date": date(2019, 4, 1),
        "registered_capital": "100.50",
        "business_scope": "餐饮服务。",
        "community": COMMUNITY,
        **changes,
    }


def organisations(folder: Path, rows: dict[int, list[dict]], out: Path, **more):
    """Fuse organisations' rows by class into `out`."""
    for number, given in rows.items():
        rows_write(folder, number, "a", _written(ORGANISATIONS, number, given), ORGANISATIONS)
    return fuse(ORGANISATIONS, folder, out, options=QUICK, today=TODAY, **more)


def ties_write(folder: Path, registry: str, ties: list[tuple[str, str, str]]) -> None:
    """Write ties (number, other number, kind) as the first department of each kind delivers them."""
    plan = REGISTRY_PLANS[registry]()
    for source in plan.ties:
        chosen = [tie for tie in ties if source.kind in ("", tie[2])]
        if not chosen:
            continue
        ties = [tie for tie in ties if tie not in chosen]
        path = folder / source.folder / "a.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {
            "row_no": pa.array(range(1, len(chosen) + 1), pa.int64()),
            "updated_at": pa.array([BEGUN] * len(chosen), pa.timestamp("s")),
            "id_number": pa.array([tie[0] for tie in chosen]),
            "other_number": pa.array([tie[1] for tie in chosen]),
            "kind": pa.array([tie[2] for tie in chosen]),
            "valid_from": pa.array(["2010-05-01"] * len(chosen)),
            "valid_to": pa.nulls(len(chosen), pa.string()),
        }
        pq.write_table(pa.table(table), path)
