"""Made records: what the numbers promise, the same for the same seed, whoever makes them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.lettering import matrix_text, mistyped
from yiwang.config.generate.people import people_make
from yiwang.config.generate.population import class_records, generate_population
from yiwang.resources.fusion.data import files_of
from yiwang.resources.fusion.plans import legal_person_plan, population_plan
from yiwang.sdk.identifiers import id_number_sex, id_number_valid, uscc_valid


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    out = tmp_path_factory.mktemp("population")
    facts = generate_population(persons=2_600, records=20_000, out=out, seed=9, workers=1)
    return out, facts


def rows_of(out, plan):
    """Yield (class, rows) of a made data set."""
    for source in plan.sources:
        for path in files_of(source, out):
            yield source, pq.read_table(path)


def test_there_are_exactly_so_many_records_of_13_departments_in_32_classes(population):
    out, facts = population
    tables = list(rows_of(out, population_plan()))
    assert sum(len(table) for _source, table in tables) == facts["records"] == 20_000
    assert len({source.department for source, _ in tables}) == facts["departments"] == 13
    assert len({source.number for source, _ in tables}) == facts["classes"] == 32
    assert json.loads((out / "about.json").read_text())["seed"] == 9


def test_every_class_has_the_columns_that_its_plan_declares(population):
    for source, table in rows_of(population[0], population_plan()):
        assert set(table.column_names) == {"row_no", "updated_at", "id_number", *source.formats}
        assert len(set(table.column("row_no").to_pylist())) == len(table)


def test_the_truth_names_the_person_of_every_row(population):
    out, _facts = population
    truth = pq.read_table(out / "truth").to_pydict()
    named = set(zip(truth["class"], truth["row_no"], strict=True))
    rows = {
        (source.number, row)
        for source, table in rows_of(out, population_plan())
        for row in table.column("row_no").to_pylist()
    }
    assert named == rows
    assert max(truth["person"]) < 2_600


def test_numbers_are_missing_and_mistyped_as_often_as_said(population):
    texts = [
        text
        for _source, table in rows_of(population[0], population_plan())
        for text in table.column("id_number").to_pylist()
    ]
    missing = texts.count(None) / len(texts)
    typed = [text.strip() for text in texts if text and text.isascii()]
    whole = [text for text in typed if len(text) == 18]
    wrong = sum(not id_number_valid(text) for text in whole) / len(texts)
    assert missing == pytest.approx(0.03, abs=0.005)
    assert wrong == pytest.approx(0.015, abs=0.004)
    assert 0 < sum(len(text) == 15 for text in typed) / len(texts) < 0.01


def test_the_same_seed_makes_the_same_rows_and_another_one_others(population, tmp_path):
    again = generate_population(
        persons=2_600, records=20_000, out=tmp_path / "a", seed=9, workers=1
    )
    generate_population(persons=2_600, records=20_000, out=tmp_path / "b", seed=10, workers=1)
    assert again == population[1]
    name = "D01/C01/part-0000.parquet"
    assert pq.read_table(population[0] / name) == pq.read_table(tmp_path / "a" / name)
    assert pq.read_table(population[0] / name) != pq.read_table(tmp_path / "b" / name)


def test_people_of_two_chunks_never_share_a_number_and_numbers_tell_the_sex():
    chunks = [people_make(first=n * 900, count=900, chunk=n, chunks=3, seed=1) for n in range(3)]
    numbers = [text for one in chunks for text in one.id_text[:900].to_pylist()]
    assert len(set(numbers)) == 2_700
    assert all(map(id_number_valid, numbers))
    sexes = [str(sex) for one in chunks for sex in one.sex]
    assert list(map(id_number_sex, numbers)) == sexes


def test_a_mistyped_number_never_holds():
    people = people_make(first=0, count=2_000, chunk=0, chunks=1, seed=2)
    wrong = matrix_text(mistyped(people.id_bytes, np.random.default_rng(1))).to_pylist()
    assert not any(map(id_number_valid, wrong))


def test_legal_persons_carry_codes_that_hold(tmp_path):
    facts = generate_legal_persons(persons=300, records=4_000, out=tmp_path, seed=2, workers=1)
    assert (facts["records"], facts["departments"]) == (4_000, 26)
    register = {s.number: t for s, t in rows_of(tmp_path, legal_person_plan())}[1]
    codes = [code for code in register.column("uscc").to_pylist() if code]
    assert all(map(uscc_valid, codes))
    assert register.column("established_date").type == pa.date32()


def test_numbers_that_make_no_data_set_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="persons"):
        generate_population(persons=0, records=5, out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_nobody_works_or_is_married_before_they_may():
    people = people_make(first=0, count=3_000, chunk=0, chunks=1, seed=4)
    born = np.datetime64("1900-01-01") + people.day.astype("timedelta64[D]")
    plan, random = population_plan(), np.random.default_rng(4)
    who = np.arange(3_000)
    for number, field, ages in ((9, "employer", (18, 18)), (6, "marital", (22, 20))):
        made = class_records(plan.source_get(number), people, who, random)
        at = made["updated_at"].to_numpy().astype("datetime64[D]")
        years = np.where(people.sex == 1, *ages)
        young = at < born + (years * 365).astype("timedelta64[D]")
        said = np.array(made[field].to_pylist(), dtype=object)
        assert young.sum() > 100
        assert set(said[young]) <= ({None} if field == "employer" else {None, "10"})
        assert len(set(said[~young])) > 3
