"""The population benchmark (人口基准): records of 13 departments in 32 classes about made people.

Shares of what goes wrong are of all records: 3 % without a number, 1.5 % with a mistyped one, 0.5 % with 15
digits, 1 % with a name by ear, 0.5 % with a wrong birth date; late and repeated records; see
docs/benchmark-population.md.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from yiwang.config.generate.files import (
    about_write,
    folder_prepare,
    shard_write,
    shards_of,
    shards_run,
    shares_cut,
)
from yiwang.config.generate.lettering import day_texts, forms, joined, matrix_text, mistyped, pick
from yiwang.config.generate.people import (
    CHUNK,
    DAY,
    FIRST_RECORD,
    LAST_RECORD,
    People,
    employers,
    people_make,
)
from yiwang.resources.fusion.data import FusionPlan, Report, Source
from yiwang.resources.fusion.plans import population_plan

MISSING, MISTYPED, OLD_FORM = 0.03, 0.015, 0.005
NAME_BY_EAR, BIRTH_WRONG, REPEATED = 0.01, 0.005, 0.03
SHARD_CHUNKS = 10
# From 1900-01-01, from which births are counted, to 1970-01-01, from which moments are.
DAYS_TO_1970, UNMARRIED = 25_567, 10
# Class → (records for each person, youngest, oldest).
COVERAGE = {
    1: (1.0, 0, 120), 2: (0.25, 16, 80), 3: (0.35, 0, 90), 4: (0.3, 1, 90), 5: (0.35, 18, 75),
    6: (0.35, 22, 90), 7: (0.03, 0, 120), 8: (0.06, 60, 120), 9: (0.45, 18, 62), 10: (0.9, 0, 120),
    11: (0.3, 18, 60), 12: (0.2, 50, 120), 13: (0.95, 0, 120), 14: (0.03, 0, 120), 15: (0.1, 0, 20),
    16: (0.7, 0, 120), 17: (0.4, 0, 120), 18: (0.15, 6, 24), 19: (0.03, 22, 62), 20: (0.06, 3, 16),
    21: (0.35, 20, 62), 22: (0.1, 22, 65), 23: (0.2, 22, 80), 24: (0.2, 18, 80), 25: (0.3, 18, 120),
    26: (0.5, 18, 75), 27: (0.03, 0, 120), 28: (0.02, 18, 120), 29: (0.08, 18, 80),
    30: (0.08, 20, 80), 31: (0.02, 18, 62), 32: (0.06, 18, 65),
}  # fmt: skip


def generate_population(
    *,
    persons: int,
    records: int,
    out: Path,
    departments: int = 13,
    classes: int = 32,
    seed: int = 1,
    workers: int = 2,
    report: Report = lambda _stage, _done, _total: None,
) -> dict:
    """Write a made population (生成人口数据) and return what was made.

    persons: 1 to 49,999,999 (telephone numbers end there). records: in all classes together. departments,
    classes: the first so many of the plan's 13 and 32. out: `<department>/<class>/part-….parquet`, `truth/`,
    `about.json`. Raises ValueError when a number is out of range. The same numbers and seed give the same
    rows, whatever `workers` is.
    """
    if not 1 <= persons < 50_000_000 or records < 1:
        raise ValueError("1 to 49,999,999 persons and at least one record are needed")
    plan = population_plan()
    chosen = [s.number for s in plan.sources[:classes] if int(s.department[1:]) <= departments]
    if not chosen:
        raise ValueError("at least one class is needed")
    folder_prepare(out)
    shards = shards_of(persons, CHUNK, most=SHARD_CHUNKS)
    groups = [
        (out, shard, span, persons, records, tuple(chosen), seed)
        for shard, span in enumerate(shards)
    ]
    rows = shards_run(shard_make, groups, workers=workers, report=report)
    facts = {
        "what": "population",
        "persons": persons,
        "records": rows,
        "departments": len({plan.source_get(number).department for number in chosen}),
        "classes": len(chosen),
        "seed": seed,
    }
    about_write(out, **facts)
    return facts


def shard_make(
    out: Path,
    shard: int,
    span: tuple[int, int],
    persons: int,
    records: int,
    classes: tuple[int, ...],
    seed: int,
) -> int:
    """Make and write one shard; span: its first chunk and how many."""
    plan = population_plan()
    chunks = -(-persons // CHUNK)

    def made():
        for chunk in range(span[0], span[0] + span[1]):
            first = chunk * CHUNK
            count = min(CHUNK, persons - first)
            until = [(first + n) * records // persons for n in (0, count)]
            people = people_make(first=first, count=count, chunk=chunk, chunks=chunks, seed=seed)
            yield chunk_records(plan, people, until[1] - until[0], classes, seed, chunk)

    return shard_write(plan, out, shard, made())


def chunk_records(
    plan: FusionPlan, people: People, records: int, classes: tuple[int, ...], seed: int, chunk: int
) -> dict[int, tuple[pa.Table, np.ndarray]]:
    """Make the records about one chunk of people: class number → (table, person of each row)."""
    counts = shares_cut(records, np.array([COVERAGE[number][0] for number in classes]))
    made = {}
    for number, count in zip(classes, counts.tolist(), strict=True):
        if not count:
            continue
        random = np.random.default_rng([seed, 2, chunk, number])
        who = _who(random, people, COVERAGE[number], count)
        made[number] = (
            class_records(plan.source_get(number), people, who, random),
            people.person[who],
        )
    return made


def _who(
    random: np.random.Generator, people: People, coverage: tuple[float, int, int], count: int
) -> np.ndarray:
    """Choose whom a class has records of: those of the age, each once and some again."""
    _share, low, high = coverage
    eligible = np.flatnonzero((people.age >= low) & (people.age <= high))
    if not len(eligible):
        eligible = np.arange(len(people))
    shuffled = random.permutation(eligible)
    if count <= len(shuffled):
        who = shuffled[:count].copy()
        again = random.random(count) < REPEATED
        who[again] = random.choice(who, int(again.sum()))
        return who
    return np.concatenate([shuffled, random.choice(eligible, count - len(shuffled))])


def class_records(
    source: Source, people: People, who: np.ndarray, random: np.random.Generator
) -> pa.Table:
    """Write the records of one class as its department would: columns as the plan declares them."""
    count = len(who)
    typed = source.id_format == "TYPED"
    moment = random.integers(FIRST_RECORD, LAST_RECORD, count)
    columns = {
        "updated_at": pa.array(moment, pa.timestamp("s")),
        "id_number": _id_numbers(people, who, random, typed=typed),
    }
    for field, form in source.formats.items():
        columns[field] = FIELDS[field](people, who, random, form, moment)
    return pa.table(columns)


def _id_numbers(
    people: People, who: np.ndarray, random: np.random.Generator, *, typed: bool
) -> pa.Array:
    count, chance = len(who), random.random(len(who))
    form = np.zeros(count, dtype=np.int64)
    edges = np.cumsum([MISSING, MISTYPED, OLD_FORM, 0.02, 0.01, 0.01 if typed else 0])
    kind = np.searchsorted(edges, chance, side="right")
    for place, written in ((0, 5), (2, 3), (3, 1), (4, 2), (5, 4 if typed else 0)):
        form[kind == place] = written
    place = form * len(people) + who
    wrong = np.flatnonzero(kind == 1)
    text = matrix_text(mistyped(people.id_bytes[who[wrong]], random))
    place[wrong] = len(people.id_text) + np.arange(len(wrong))
    return forms(people.id_text, text).take(pa.array(place))


def _names(people: People, who, random, form: str, _moment) -> pa.Array:
    chance = random.random(len(who))
    kind = np.where(chance < NAME_BY_EAR, 1, 0)
    if form == "TYPED":
        for written, edge in ((2, 0.02), (3, 0.05), (4, 0.07)):
            kind[(kind == 0) & (chance < edge)] = written
    return people.names.take(pa.array(kind * len(people) + who))


def _sexes(people: People, who, random, form: str, _moment) -> pa.Array:
    sex = people.sex[who]
    wrong = random.random(len(who)) < 0.001
    sex = np.where(wrong, 3 - sex, sex)
    return pick(["0", "1", "2"] if form == "CODE" else ["", "男", "女"], sex)


def _births(people: People, who, random, form: str, _moment) -> pa.Array:
    day = people.day[who]
    wrong = random.random(len(who)) < BIRTH_WRONG
    slip = random.choice([-365, -31, -10, -1, 1, 10, 31, 365], len(who))
    missing = random.random(len(who)) < 0.01
    return pick(day_texts(form), day + np.where(wrong, slip, 0), missing)


def _codes(values: str):
    def write(people: People, who, random, _form: str, _moment) -> pa.Array:
        code = getattr(people, values)[who]
        return pick([f"{n:02d}" for n in range(100)], code, random.random(len(who)) < 0.02)

    return write


def _old_enough(people: People, who, moment, years) -> np.ndarray:
    """Tell who had reached an age when the record was written: nobody works at twelve."""
    return moment >= (people.day[who] - DAYS_TO_1970 + np.ceil(years * 365.25)) * DAY


def _maritals(people: People, who, random, _form: str, moment) -> pa.Array:
    of_age = _old_enough(people, who, moment, np.where(people.sex[who] == 1, 22, 20))
    code = np.where(of_age, people.marital[who], UNMARRIED)
    return pick([f"{n:02d}" for n in range(100)], code, random.random(len(who)) < 0.02)


def _addresses(people: People, who, random, form: str, moment) -> pa.Array:
    count = len(people)
    late = random.integers(0, 365 * DAY, len(who))  # not everybody tells a department at once
    moved = moment > people.moved_at[who] + late
    renamed = people.renamed_at[moved.astype(int), who]
    new_name = (renamed == 0) | (moment > renamed + late)
    written = random.random(len(who)) < 0.3
    kind = moved * 4 + new_name * 2 + written
    text = people.addresses.take(pa.array(kind * count + who))
    head = {"PROVINCE": "江苏省苏州市", "CITY": "苏州市", "BARE": ""}[form]
    text = joined(head, text) if head else text
    return pick(text, np.arange(len(who)), random.random(len(who)) < 0.02)


def _phones(people: People, who, random, form: str, moment) -> pa.Array:
    changed = moment > people.phone_at[who]
    kind = changed * 4
    if form == "TYPED":
        kind = kind + random.choice(4, len(who), p=[0.75, 0.1, 0.1, 0.05])
    place = kind * len(people) + who
    return pick(people.phones, place, random.random(len(who)) < 0.05)


def _employers(people: People, who, random, _form: str, moment) -> pa.Array:
    place = people.employer[who]
    changed = random.random(len(who)) < 0.15
    place = np.where(changed, (place * 31 + 7) % len(employers()), place)
    working = _old_enough(people, who, moment, 18) & (people.age[who] <= 65)
    return pick(employers(), place, ~working)


FIELDS = {
    "name": _names,
    "sex": _sexes,
    "birth_date": _births,
    "ethnicity": _codes("ethnicity"),
    "marital": _maritals,
    "address": _addresses,
    "phone": _phones,
    "employer": _employers,
}
