"""Fusion on Apache Spark gives what DuckDB and NumPy give, value by value, on 1,000 rows."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.resources.masters import masters_differ, schemas_of
from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.population import generate_population
from yiwang.engines.tabular.door import (
    EngineMissing,
    EngineUnready,
    TabularLimits,
    java_found,
    parquet_list,
    spark_open,
    tabular_open,
    to_spark,
)
from yiwang.resources.fusion.checks import organisation_codes, organisation_keys
from yiwang.resources.fusion.data import (
    SPARK,
    Decision,
    FusionOptions,
    FusionPlan,
    FusionSourceBroken,
)
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.plans import legal_person_plan
from yiwang.resources.fusion.publish import manifest_read, master_open
from yiwang.resources.fusion.spark.statements import (
    bucket_of,
    identifier_text,
    organisation_key,
)
from yiwang.resources.fusion.sql import FORMATS
from yiwang.resources.fusion.stage import bucket_of as bucket_of_rows
from yiwang.resources.fusion.tests.made import PLAN, TODAY, groups_of, persons_of

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.spark,
    pytest.mark.skipif(not java_found(), reason="Spark needs Java 17, and there is none"),
]
HERE = FusionOptions(workers=1, durable=False)
THERE = replace(HERE, engine=SPARK, master="local[2]")
LEGAL = replace(
    legal_person_plan(),
    buckets=4,
    sources=tuple(legal_person_plan().source_get(number) for number in (1, 8, 9, 12)),
)


# A thousand rows are done before Java has compiled what it could do a million with.
HASTY = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture(scope="session")
def session():
    """One session of two cores for the whole module: it takes longer to start than most tests."""
    limits = TabularLimits(threads=2, memory_mb=1024)
    with spark_open("local[2]", limits=limits, partitions=4, more=HASTY) as opened:
        yield opened


def fused_both(plan: FusionPlan, folder: Path, **more) -> tuple[Path, Path]:
    """Fuse a folder here and on Spark; returns both masters' folders."""
    for out, options in (("here", HERE), ("there", THERE)):
        fuse(plan, folder / "in", folder / out, options=options, today=TODAY, **more)
    return folder / "here", folder / "there"


@pytest.fixture(scope="module")
def made(session, tmp_path_factory) -> Path:
    """A thousand records about 130 people, fused by both engines."""
    folder = tmp_path_factory.mktemp("spark")
    generate_population(persons=130, records=1_000, classes=4, out=folder / "in", seed=7, workers=1)
    fused_both(PLAN, folder)
    return folder


def test_both_engines_give_equal_persons_rows_values_and_pairs_for_review(made):
    here, there = made / "here", made / "there"
    assert masters_differ(here, there) == {"persons": 0, "rows": 0, "values": 0, "review": 0}
    assert len(persons_of(here)) > 100
    assert persons_of(here) == persons_of(there)
    assert groups_of(here) == groups_of(there)
    assert schemas_of(here) == schemas_of(there)
    one, other = (manifest_read(out) for out in (here, there))
    for name in ("records", "persons", "provisional", "linked", "conflicts", "disagreements"):
        assert one.result[name] == other.result[name], name
    assert [b and b["records"] for b in one.buckets] == [b and b["records"] for b in other.buckets]
    assert not list(there.rglob("spark"))


def test_a_subject_keeps_its_identifier_from_one_engine_to_the_other(made, tmp_path):
    shutil.copytree(made / "here", tmp_path / "out")
    result = fuse(PLAN, made / "in", tmp_path / "out", options=THERE, today=TODAY)
    assert result.touched == PLAN.buckets
    differ = masters_differ(made / "here", tmp_path / "out", same_uids=True)
    assert differ == {"persons": 0, "rows": 0, "values": 0, "review": 0}
    fuse(PLAN, made / "in", tmp_path / "out", options=HERE, today=TODAY)
    differ = masters_differ(made / "here", tmp_path / "out", same_uids=True)
    assert differ == {"persons": 0, "rows": 0, "values": 0, "review": 0}


def test_a_truncated_file_is_named_and_the_last_master_still_stands(made, tmp_path):
    shutil.copytree(made / "in", tmp_path / "in")
    shutil.copytree(made / "there", tmp_path / "out")
    run = manifest_read(tmp_path / "out").run
    path = next((tmp_path / "in").rglob("C01/*.parquet"))
    path.with_name("b.parquet").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FusionSourceBroken, match=r"D01/C01/b.parquet of class 户籍人口"):
        fuse(PLAN, tmp_path / "in", tmp_path / "out", options=THERE, today=TODAY)
    assert manifest_read(tmp_path / "out").run == run
    assert persons_of(tmp_path / "out") == persons_of(made / "here")


def test_people_s_decisions_hold_on_both_engines(made, tmp_path):
    shutil.copytree(made / "in", tmp_path / "in")
    rows = pq.read_table([str(path) for path in master_open(made / "here").files("rows")])
    placed = [row for row in rows.to_pylist() if row["rule"].startswith("KEY_")][:2]
    certain = [row for row in rows.to_pylist() if row["rule"] == "EXACT_ID"]
    other = next(row for row in certain if row["uid"] != placed[1]["uid"])
    mine = next(row for row in certain if row["uid"] == placed[0]["uid"])
    decisions = [
        Decision(_place(placed[0]), _place(mine), "CANNOT"),
        Decision(_place(placed[1]), _place(other), "MUST"),
    ]
    here, there = fused_both(PLAN, tmp_path, decisions=decisions)
    assert groups_of(here) == groups_of(there)
    assert groups_of(here) != groups_of(made / "here")


def _place(row: dict) -> tuple[int, int]:
    return row["class"], row["row_no"]


def test_legal_persons_are_known_by_their_codes_and_linked_by_name_alike(session, tmp_path):
    generate_legal_persons(persons=60, records=1_000, out=tmp_path / "in", seed=3, workers=1)
    here, there = fused_both(LEGAL, tmp_path)
    differ = masters_differ(here, there)
    assert differ == {"persons": 0, "rows": 0, "values": 0, "review": 0}
    assert len(persons_of(here)) >= 40


def strange_texts() -> list[str]:
    """Texts such as people type, whole and with a letter left out, doubled or changed."""
    seeds = (
        "20230105", "2023-1-5", "2023/01/05", "2023年1月05日", "0001-01-02", "2023-02-30",
        "16412345678", "+8616412345678", "0512-65211234", "１６４１２３４５６７８", "164 1234 5678", "1_000", "1.5", "2.5",  # noqa: RUF001
        "01", "200", "256", "男", "女", " 张\u3000峯 ", "阿依古丽•买买提", "苏州市姑苏区1号楼", "江苏省苏州市吴江区9号楼", "",
        "　", "a\t", "ＭＡＲＩＡ",  # noqa: RUF001
    )  # fmt: skip
    random = np.random.default_rng(5)
    texts = [*seeds, "2023-01-05 08:00:00", "1e3"]
    for seed in seeds:
        for _ in range(30):
            letters = list(seed)
            place = int(random.integers(0, len(letters) + 1))
            match int(random.integers(0, 3)):
                case 0:
                    del letters[place : place + 1]
                case 1:
                    letters.insert(place, str(random.choice(list("0129 -/年月. "))))
                case _:
                    letters[place : place + 1] = [str(random.choice(list("0129 -/年月. ")))]
            texts.append("".join(letters))
    return texts


def test_every_format_reads_strange_texts_as_duckdb_does(session, tmp_path):
    texts = strange_texts()
    pq.write_table(pa.table({"n": range(len(texts)), "c": texts}), tmp_path / "texts.parquet")
    # A date column is a date; everything else is read from text.
    formats = [key for key in FORMATS if key != ("DATE", "DATE")]
    columns = ", ".join(
        f"{FORMATS[key].replace('{c}', 'c')} as f{place}" for place, key in enumerate(formats)
    )
    sql = f"select n, {columns} from texts order by n"
    session.read.parquet(str(tmp_path / "texts.parquet")).createOrReplaceTempView("texts")
    there = session.sql(to_spark(sql)).toArrow().to_pylist()
    with tabular_open() as connection:
        relation = parquet_list([tmp_path / "texts.parquet"])
        connection.execute(f"create view texts as from {relation}")
        columns = [key for key, *_rest in connection.execute(sql).description]
        here = [dict(zip(columns, row, strict=True)) for row in connection.execute(sql).fetchall()]
    wrong = [
        (formats[int(name[1:])], texts[one["n"]], one[name], other[name])
        for one, other in zip(here, there, strict=True)
        for name in one
        if one[name] != other[name]
    ]
    assert wrong == []


def test_buckets_identifiers_and_codes_of_organisations_are_computed_alike(session):
    random = np.random.default_rng(1)
    keys = np.concatenate(
        [[10**16, 10**17 - 1], random.integers(10**16, 10**17, 2_000, dtype=np.int64)]
    )
    frame = session.createDataFrame(pa.table({"key": keys}))
    wanted = replace(PLAN, buckets=64)
    found = frame.selectExpr(bucket_of(wanted), identifier_text(PLAN, "key")).toArrow()
    assert found.column(0).to_pylist() == bucket_of_rows(keys, 64).tolist()
    bodies = random.integers(1, 36**8, 2_000, dtype=np.int64)
    codes = organisation_codes(bodies).to_pylist()
    broken = [code[:4] + "1" + code[5:] for code in codes[:500]]
    texts = [
        *codes,
        *broken,
        "91320508MA1XYW01XY",
        "91320508MA1XYW01XX",
        "MA1XYW01-X",
        "",
        "中" * 6,
    ]
    frame = session.createDataFrame(pa.table({"c": texts}))
    statement = to_spark(f"select {organisation_key('c')} as k from t")
    frame.createOrReplaceTempView("t")
    assert session.sql(statement).toArrow().column(0).to_pylist() == (
        organisation_keys(pa.array(texts)).tolist()
    )
    frame = session.createDataFrame(pa.table({"key": bodies}))
    there = frame.selectExpr(identifier_text(LEGAL, "key")).toArrow().column(0).to_pylist()
    assert there == codes


def test_a_session_that_cannot_start_says_what_to_do(monkeypatch):
    monkeypatch.setattr("yiwang.engines.tabular.spark.java_found", lambda: "")
    with pytest.raises(EngineUnready, match="install Java 17"), spark_open("local[1]"):
        pass
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(EngineMissing, match="pip install"), spark_open("local[1]"):
        pass
