"""The benchmark of legal persons (法人基准): records of 26 departments about made organisations."""

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
from yiwang.config.generate.organisations import (
    CHUNK,
    INDUSTRIES,
    Organisations,
    organisations_make,
)
from yiwang.config.generate.people import DAY, FIRST_RECORD, LAST_RECORD
from yiwang.resources.fusion.data import Report, Source
from yiwang.resources.fusion.plans import legal_person_plan

MISSING, MISTYPED, OLD_CODE = 0.03, 0.015, 0.02
SHARD_CHUNKS = 5
# Records for each subject by class; departments that are not named have a fifth.
COVERAGE = {1: 6.0, 4: 6.0, 5: 4.0, 6: 3.0, 7: 2.5, 8: 2.0, 9: 2.0, 25: 4.0, 26: 2.0}
OTHER_COVERAGE = 0.5


def generate_legal_persons(
    *,
    persons: int,
    records: int,
    out: Path,
    departments: int = 26,
    seed: int = 1,
    workers: int = 2,
    report: Report = lambda _stage, _done, _total: None,
) -> dict:
    """Write made legal persons (生成法人数据) and return what was made.

    persons: subjects, 1 to 19,999,999. records: in all departments together. out: as for the population.
    Raises ValueError when a number is out of range.
    """
    if not 1 <= persons < 20_000_000 or records < 1 or departments < 1:
        raise ValueError("1 to 19,999,999 subjects, a record and a department are needed")
    folder_prepare(out)
    shards = shards_of(persons, CHUNK, most=SHARD_CHUNKS)
    groups = [
        (out, shard, span, persons, records, departments, seed) for shard, span in enumerate(shards)
    ]
    rows = shards_run(shard_make, groups, workers=workers, report=report)
    facts = {
        "what": "legal-persons",
        "persons": persons,
        "records": rows,
        "departments": min(departments, len(legal_person_plan().sources)),
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
    departments: int,
    seed: int,
) -> int:
    """Make and write one shard; span: its first chunk and how many."""
    chunks = -(-persons // CHUNK)

    def made():
        for chunk in range(span[0], span[0] + span[1]):
            first = chunk * CHUNK
            count = min(CHUNK, persons - first)
            until = [(first + n) * records // persons for n in (0, count)]
            subjects = organisations_make(
                first=first, count=count, chunk=chunk, chunks=chunks, seed=seed
            )
            yield chunk_records(subjects, until[1] - until[0], departments, seed, chunk)

    return shard_write(legal_person_plan(), out, shard, made())


def chunk_records(
    subjects: Organisations, records: int, departments: int, seed: int, chunk: int
) -> dict[int, tuple[pa.Table, np.ndarray]]:
    """Make the records about one chunk of subjects: class number → (table, subject of each row)."""
    sources = legal_person_plan().sources[:departments]
    weights = np.array([COVERAGE.get(source.number, OTHER_COVERAGE) for source in sources])
    made = {}
    for source, count in zip(sources, shares_cut(records, weights).tolist(), strict=True):
        if not count:
            continue
        random = np.random.default_rng([seed, 4, chunk, source.number])
        everyone = random.permutation(len(subjects))
        who = np.resize(everyone, count) if count > len(subjects) else everyone[:count]
        made[source.number] = class_records(source, subjects, who, random), subjects.subject[who]
    return made


def class_records(
    source: Source, subjects: Organisations, who: np.ndarray, random: np.random.Generator
) -> pa.Table:
    """Write the records of one department: columns as the plan declares them."""
    moment = random.integers(FIRST_RECORD, LAST_RECORD, len(who))
    late = random.integers(0, 365 * DAY, len(who))
    form = _code_form(source, who, random)
    wrong = np.flatnonzero(form == -1)
    place = form * len(subjects) + who
    place[wrong] = len(subjects.codes) + np.arange(len(wrong))
    typed = matrix_text(mistyped(subjects.code_bytes[who[wrong]], random))
    columns = {
        "updated_at": pa.array(moment, pa.timestamp("s")),
        "id_number": forms(subjects.codes, typed).take(pa.array(place)),
    }
    for field, written in source.formats.items():
        columns[field] = _field(field, subjects, who, random, written, moment - late)
    return pa.table(columns)


def _code_form(source: Source, who: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Choose the form of each code; -1 is mistyped, 3 missing, 1 the old organisation code."""
    chance = random.random(len(who))
    old = 0.6 if source.department == "L09" else OLD_CODE
    edges = np.cumsum([MISSING, MISTYPED, old, 0.01])
    return np.array([3, -1, 1, 2, 0])[np.searchsorted(edges, chance, side="right")]


def _field(
    field: str, subjects: Organisations, who: np.ndarray, random, written: str, known_at: np.ndarray
) -> pa.Array:
    """Write one column as the department knew it at `known_at` (seconds)."""
    count, rows = len(subjects), len(who)
    if field == "name":
        before = known_at < subjects.renamed_at[who]
        before &= subjects.renamed_at[who] <= LAST_RECORD
        blank = (random.random(rows) < 0.03) & (written == "TYPED")
        return subjects.names.take(
            pa.array(np.where(before, 1, np.where(blank, 3, 0)) * count + who)
        )
    if field == "representative":
        before = (known_at < subjects.replaced_at[who]) & (subjects.replaced_at[who] <= LAST_RECORD)
        return subjects.representatives.take(pa.array(before * count + who))
    if field == "address":
        kind = (known_at > subjects.moved_at[who]) * 4 + 2 + (random.random(rows) < 0.3)
        text = subjects.addresses.take(pa.array(kind * count + who))
        head = {"PROVINCE": "江苏省苏州市", "CITY": "苏州市", "BARE": ""}[written]
        return joined(head, text) if head else text
    if field == "phone":
        kind = random.choice(4, rows, p=[0.6, 0.1, 0.1, 0.2]) if written == "TYPED" else 0
        return pick(subjects.phones, kind * count + who, random.random(rows) < 0.1)
    return _fact(field, subjects, who, random, written)


def _fact(field: str, subjects: Organisations, who: np.ndarray, random, written: str) -> pa.Array:
    """Write a column that does not change over time."""
    missing = random.random(len(who)) < 0.02
    if field == "uscc":
        return pick(subjects.codes, who, missing)
    if field == "registration_number":
        return pick(subjects.registrations, who, missing)
    if field == "industry":
        return pick(list(INDUSTRIES), subjects.industry[who], missing)
    if field == "status":
        return pick([str(n) for n in range(4)], subjects.status[who], missing)
    return pick(day_texts(written), subjects.day[who], missing)
