"""Fusing: survivorship and lineage, agreement with plain SQL, a delta against a full rebuild."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.population import generate_population
from yiwang.engines.tabular.door import parquet_list, tabular_open
from yiwang.resources.fusion.checks import organisation_keys
from yiwang.resources.fusion.data import FusionNothing, FusionSourceBroken, files_of
from yiwang.resources.fusion.master import DAY_ZERO
from yiwang.resources.fusion.plans import PLANS
from yiwang.resources.fusion.publish import manifest_read, master_open
from yiwang.resources.fusion.sql import select_compile
from yiwang.resources.fusion.stage import slices, stage_plan, stage_write
from yiwang.resources.fusion.survivorship import rows_gather
from yiwang.resources.fusion.tests.made import (
    PLAN,
    QUICK,
    TODAY,
    copied,
    fused,
    groups_of,
    persons_of,
    rows_of,
    rows_write,
    values_of,
)
from yiwang.sdk.identifiers import id_number_make

ZHANG, LI, WANG = (id_number_make("320508", date(1985, 1, day), 123) for day in (1, 2, 3))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Three thousand records about four hundred people, fused once."""
    folder = tmp_path_factory.mktemp("made")
    generate_population(persons=400, records=3_000, out=folder / "in", seed=3, workers=1)
    fused(folder / "in", folder / "out")
    return folder


def test_the_authority_of_a_field_wins_and_says_from_which_row(tmp_path):
    rows_write(
        tmp_path / "in",
        1,
        "a",
        [
            {
                "row_no": 5,
                "seconds": 100,
                "id_number": ZHANG,
                "name": "张三",
                "address": "江苏省苏州市姑苏区1幢",
            }
        ],
    )
    rows_write(
        tmp_path / "in",
        7,
        "a",
        [
            {
                "row_no": 9,
                "seconds": 900,
                "id_number": ZHANG,
                "name": "张山",
                "address": "苏州市姑苏区2号楼",
                "phone": "164 1234 5678",
            }
        ],
    )
    result = fused(tmp_path / "in", tmp_path / "out")

    [person] = persons_of(tmp_path / "out")
    assert (person["identifier"], person["records"]) == (ZHANG, 2)
    assert (person["name"], person["name_class"], person["name_row"]) == ("张三", 1, 5)
    assert (person["phone"], person["phone_class"], person["phone_row"]) == ("16412345678", 7, 9)
    assert (person["address"], person["address_class"]) == ("姑苏区1幢", 1)  # rank 2 against 1
    assert person["birth_date"] is None
    assert person["birth_date_class"] is None
    assert [value[:4] for value in values_of(tmp_path / "out")] == [
        ("address", "姑苏区2幢", 7, 9),
        ("name", "张山", 7, 9),
    ]
    assert (result.persons, result.persons_in_conflict) == (1, 1)
    assert result.disagreements == {"name": {"C07": 1}, "address": {"C07": 1}}


def test_a_telephone_is_kept_in_one_form_however_it_was_written(tmp_path):
    written = ("+8616412345678", "164 1234 5678", "16412345678", "0512-65211234", "12345")
    rows = [
        {"row_no": n, "id_number": id_number_make("320508", date(1990, 1, 1), n), "phone": phone}
        for n, phone in enumerate(written)
    ]
    rows_write(tmp_path / "in", 7, "a", rows)
    fused(tmp_path / "in", tmp_path / "out")
    found = {
        person["identifier"][14:17]: person["phone"] for person in persons_of(tmp_path / "out")
    }
    assert found == {
        "000": "16412345678", "001": "16412345678", "002": "16412345678", "003": "051265211234", "004": None,
    }  # fmt: skip


def test_with_equal_trust_the_latest_value_wins_and_a_missing_one_never(tmp_path):
    rows = [
        {"row_no": 1, "seconds": 10, "id_number": ZHANG, "phone": "16400000001"},
        {"row_no": 2, "seconds": 30, "id_number": ZHANG, "phone": "16400000002"},
        {"row_no": 3, "seconds": 50, "id_number": ZHANG, "phone": None},
    ]
    rows_write(tmp_path / "in", 7, "a", rows)
    fused(tmp_path / "in", tmp_path / "out")
    [person] = persons_of(tmp_path / "out")
    assert (person["phone"], person["phone_row"]) == ("16400000002", 2)


def test_the_old_and_the_new_form_of_a_number_are_one_person_and_two_numbers_are_two(tmp_path):
    rows = [
        {"row_no": 1, "id_number": ZHANG, "name": "张三"},
        {"row_no": 2, "id_number": f"{ZHANG[:6]}{ZHANG[8:17]}", "name": "张三"},
        {"row_no": 3, "id_number": LI, "name": "张三"},
    ]
    rows_write(tmp_path / "in", 1, "a", rows)
    fused(tmp_path / "in", tmp_path / "out")
    groups = {tuple(row for _class, row, _rule in group) for group in groups_of(tmp_path / "out")}
    assert groups == {(1, 2), (3,)}


def test_a_birthday_on_the_first_day_of_1970_is_a_value(tmp_path):
    rows_write(
        tmp_path / "in", 1, "a", [{"row_no": 1, "id_number": ZHANG, "birth_date": date(1970, 1, 1)}]
    )
    fused(tmp_path / "in", tmp_path / "out")
    assert persons_of(tmp_path / "out")[0]["birth_date"] == date(1970, 1, 1)


SQL = """
with ranked as (
  select *, row_number() over (order by class, place) as pos from staged where key > 0
), best as (
  select key, {picked} from ranked group by key
) select * from best order by key"""


def sql_fuse(folder: Path) -> list[tuple]:
    """Fuse by one GROUP BY with `arg_max`, from the same standardised rows but by another mind."""
    wanted = stage_plan(PLAN, folder / "in", folder / "out" / "stage")
    files = [item for item, _path in wanted]
    tables = []
    for bucket in range(PLAN.buckets):
        rows = rows_gather(PLAN, slices(files, bucket))
        columns = {"key": rows.key, "class": rows.number, "row_no": rows.row_no}
        tables.append(pa.table(columns | {"seconds": rows.seconds} | rows.codes | rows.texts))
    table = pa.concat_tables(tables)
    picked = []
    for field in PLAN.fields:
        cases = " ".join(f"when {n} then {t.rank}" for n, t in PLAN.trust[field.name].items())
        rank = f"case class {cases} else 1 end" if cases else "1"
        some = f"{field.name} <> ''" if field.is_text else f"{field.name} <> 0"
        order = f"({rank}, seconds, pos)"
        picked += [
            f"arg_max({field.name}, {order}) filter ({some}) as {field.name}",
            f"arg_max(class, {order}) filter ({some}) as {field.name}_class",
            f"arg_max(row_no, {order}) filter ({some}) as {field.name}_row",
            f"count(distinct {field.name}) filter ({some}) > 1 as {field.name}_conflict",
        ]
    with tabular_open() as connection:
        connection.register("staged_", table)
        connection.execute(
            "create table staged as select *, row_number() over () as place from staged_"
        )
        return connection.execute(SQL.format(picked=", ".join(picked))).fetchall()


@pytest.mark.parametrize("what", ["population", "legal-persons"])
def test_the_stage_has_what_the_whole_statement_says(what, tmp_path):
    make = {"population": generate_population, "legal-persons": generate_legal_persons}[what]
    make(persons=60, records=1_200, out=tmp_path / "in", seed=5, workers=1)
    plan = PLANS[what]()
    (tmp_path / "stage").mkdir()
    for item, path in stage_plan(plan, tmp_path / "in", tmp_path / "stage"):
        stage_write(plan, item, path, today=TODAY, memory_mb=256)
        source = plan.source_get(item.number)
        query = select_compile(plan, source, parquet_list([path]), today=TODAY)
        with tabular_open() as connection:
            whole = connection.sql(query).to_arrow_table().to_pylist()
        parts = [part for bucket in range(plan.buckets + 1) for part in slices([item], bucket)]
        rows = rows_gather(plan, parts)
        claimed = [
            text
            for _number, batch in parts
            for text in (
                batch.column("claimed").to_pylist()
                if "claimed" in batch.schema.names
                else [""] * len(batch)
            )
        ]
        staged = pa.table(
            {"key": rows.key, "row_no": rows.row_no, "seconds": rows.seconds, "claimed": claimed}
            | rows.texts
            | {f.name + "_hash" * f.is_text: rows.codes[f.name] for f in plan.fields}
        ).to_pylist()
        for one in whole:
            if what == "legal-persons":
                one["key"] = int(organisation_keys(pa.array([one["claimed"]]))[0])
                one["claimed"] = one["claimed"] if one["key"] == 0 else ""
        by_row = {one["row_no"]: one for one in whole}
        assert {one["row_no"]: one for one in staged} == by_row


def test_two_independent_fuses_agree_person_by_person(made):
    ours = {}
    for person in persons_of(made / "out"):
        if person["identifier"] is None:
            continue
        line = []
        for place, field in enumerate(PLAN.fields):
            value = person[field.name]
            if value is not None and field.kind == "DATE":
                value = (value - date(1970, 1, 1)).days + DAY_ZERO
            if value is not None and field.kind == "PHONE":
                value = int(value)
            line += [
                value,
                person[f"{field.name}_class"],
                person[f"{field.name}_row"],
                bool(person["conflict"] >> place & 1),
            ]
        ours[int(person["identifier"][:17])] = tuple(line)
    theirs = {row[0]: row[1:] for row in sql_fuse(made)}
    assert len(ours) > 300
    assert ours == theirs


def test_every_source_row_knows_its_person_once(made):
    there = {
        (source.number, row)
        for source in PLAN.sources
        for path in files_of(source, made / "in")
        for row in pq.read_table(path, columns=["row_no"]).column("row_no").to_pylist()
    }
    rows = rows_of(made / "out")
    assert len(rows) == len(there) == 3_000
    assert {(row["class"], row["row_no"]) for row in rows} == there
    people = pq.read_table([str(path) for path in master_open(made / "out").files("persons")])
    assert {row["uid"] for row in rows} == set(people.column("uid").to_pylist())
    assert len(set(people.column("uid").to_pylist())) == len(people)


def test_a_second_run_changes_nothing_and_fuses_nothing(made, tmp_path):
    out = copied(made / "out", tmp_path / "out")
    before, rows = persons_of(out), sorted(map(str, rows_of(out)))
    result = fused(made / "in", out)
    assert (result.touched, result.standardised) == (0, 0)
    assert (persons_of(out), sorted(map(str, rows_of(out)))) == (before, rows)


def test_two_processes_give_what_one_gives(made, tmp_path):
    fused(made / "in", tmp_path / "out", options=replace(QUICK, workers=2))
    assert persons_of(tmp_path / "out") == persons_of(made / "out")
    assert groups_of(tmp_path / "out") == groups_of(made / "out")


def test_a_corrected_batch_of_the_same_name_and_size_is_read_again(tmp_path):
    row = {"row_no": 1, "id_number": ZHANG, "name": "张三", "address": "江苏省苏州市姑苏区1幢"}
    path = rows_write(tmp_path / "in", 1, "a", [row])
    fused(tmp_path / "in", tmp_path / "out")
    size = path.stat().st_size
    rows_write(tmp_path / "in", 1, "a", [{**row, "address": "江苏省苏州市姑苏区2幢"}])
    assert path.stat().st_size == size
    fused(tmp_path / "in", tmp_path / "out")
    assert persons_of(tmp_path / "out")[0]["address"] == "姑苏区2幢"


def test_the_same_batch_under_another_name_counts_once(made, tmp_path):
    source = copied(made / "in", tmp_path / "in")
    [path] = files_of(PLAN.source_get(1), source)
    path.with_name("again.parquet").write_bytes(path.read_bytes())
    fused(source, tmp_path / "out")
    assert persons_of(tmp_path / "out") == persons_of(made / "out")


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.sampled_from([1, 7, 7]),
            "batch": st.sampled_from("abc"),
            "id_number": st.sampled_from([ZHANG, LI, WANG, LI[:17] + "?", None]),
            "name": st.sampled_from(["张三", "李四", None]),
            "phone": st.sampled_from(["16400000001", "16400000002", None]),
            "address": st.sampled_from(["苏州市姑苏区1幢", None]),
            "seconds": st.integers(0, 3),
        }
    ),
    min_size=1,
    max_size=14,
)


@pytest.mark.heavy
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_batches_one_after_the_other_give_what_a_full_rebuild_gives(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("delta")
    batches: dict[str, dict[int, list[dict]]] = {}
    for place, row in enumerate(rows):
        kept = batches.setdefault(row["batch"], {}).setdefault(row["number"], [])
        kept.append(row | {"row_no": place})
    kept_uids: dict = {}
    for name in sorted(batches, reverse=True):
        for number, lines in batches[name].items():
            rows_write(folder / "in", number, name, lines)
        fused(folder / "in", folder / "step")
        for person in _uids(folder / "step").items():
            assert kept_uids.setdefault(*person) == person[1]
    fused(folder / "in", folder / "full")
    assert persons_of(folder / "step") == persons_of(folder / "full")
    assert groups_of(folder / "step") == groups_of(folder / "full")
    assert values_of(folder / "step") == values_of(folder / "full")


def _uids(out: Path) -> dict[str, int]:
    found = pq.read_table([str(path) for path in master_open(out).files("persons")]).to_pylist()
    return {one["identifier"]: one["uid"] for one in found if one["identifier"]}


def test_a_batch_that_is_withdrawn_leaves_no_trace_but_the_identifier(tmp_path):
    rows_write(tmp_path / "in", 1, "a", [{"row_no": 1, "id_number": ZHANG, "name": "张三"}])
    path = rows_write(tmp_path / "in", 1, "b", [{"row_no": 2, "id_number": LI, "name": "李四"}])
    fused(tmp_path / "in", tmp_path / "out")
    uid = _uids(tmp_path / "out")[LI]
    content = path.read_bytes()
    path.unlink()
    fused(tmp_path / "in", tmp_path / "out")
    assert [one["identifier"] for one in persons_of(tmp_path / "out")] == [ZHANG]
    path.write_bytes(content)
    fused(tmp_path / "in", tmp_path / "out")
    assert _uids(tmp_path / "out")[LI] == uid


def test_a_truncated_file_is_named_and_the_last_master_still_stands(tmp_path):
    path = rows_write(tmp_path / "in", 1, "a", [{"row_no": 1, "id_number": ZHANG, "name": "张三"}])
    fused(tmp_path / "in", tmp_path / "out")
    before, run = persons_of(tmp_path / "out"), manifest_read(tmp_path / "out").run
    path.with_name("b.parquet").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FusionSourceBroken, match="D01/C01/b.parquet of class 户籍人口"):
        fused(tmp_path / "in", tmp_path / "out")
    assert persons_of(tmp_path / "out") == before
    assert manifest_read(tmp_path / "out").run == run


def test_an_empty_folder_is_no_master(tmp_path):
    with pytest.raises(FusionNothing):
        fused(tmp_path, tmp_path / "out")
    assert manifest_read(tmp_path / "out") is None
