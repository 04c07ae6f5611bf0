"""What the departments know about the made city (部门数据): deliveries in the departments' own forms.

The demonstration city is filled as a real one is: every department hands in the records it keeps, with its
own way of writing and its own mistakes, and the registries are fused from them. Only the registers of the
authorities (户籍人口, 市场监管登记) are complete and clean; the other classes have the shares of errors
of the population benchmark (docs/benchmark-population.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from yiwang.config.demo.population import Population
from yiwang.config.generate.lettering import day_texts, forms, joined, numbered, pick
from yiwang.config.generate.people import DAY, EPOCH, FIRST_RECORD, People, id_forms, name_forms
from yiwang.config.generate.population import chunk_records, class_records
from yiwang.resources.api import population_plan

DAY_ONE = date(1900, 1, 1)
RECORDS_EACH = 7  # the plans' own ratio: 100 million records about 13 million people
REGISTER = 1  # 户籍人口, the register of the authority
COMMUNITY_CLASSES, EMPLOYER_CLASSES = (1, 2, 3), (9, 13)
PREFIXES = ("江苏省", "苏州市")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a department hands in of one class (部门报送数据).

    registry: population or legal-persons. number: of the class, or of the tie when `is_tie`. table: columns
    record_no (key), updated_at, id_number and those of the class.
    """

    registry: str
    number: int
    is_tie: bool
    table: pa.Table


def population_deliveries(
    population: Population, *, employers: dict[str, str], seed: int, today: date
) -> Iterator[Delivery]:
    """Yield the 32 classes and three kinds of ties that 13 departments know about made people.

    employers: code → name.
    """
    rows, random = population.persons, np.random.default_rng([seed, 10])
    people = _people(rows, random, today)
    plan, columns = population_plan(), _city_columns(population, employers)
    numbers = tuple(source.number for source in plan.sources)
    made = chunk_records(plan, people, RECORDS_EACH * len(rows), numbers, seed, chunk=0)
    made[REGISTER] = _register(people, rows, random, today), people.person
    for number in sorted(made):
        table, who = made[number]
        yield Delivery("population", number, False, _complete(number, table, who, columns))
    yield from _ties(population, today)


def _people(rows: list[dict], random: np.random.Generator, today: date) -> People:
    """Turn the made people into the columns that the benchmark writes records from."""
    count = len(rows)
    day = np.array([(row["birth_date"] - DAY_ONE).days for row in rows])
    text = pa.array([row["id_number"] for row in rows])
    id_bytes = np.frombuffer("".join(text.to_pylist()).encode(), dtype=np.uint8).reshape(-1, 18)
    surname, one, two = _names_split([row["name"] for row in rows])
    address = [_without_prefix(row["address"]) for row in rows]
    other = pa.array([text.replace("幢", "号楼") for text in address])
    phone = pa.array([row["phone"] or None for row in rows])
    before = joined("164", numbered(random.permutation(10**6)[:count] + 99_000_000, 8))
    changed = random.random(count) < 0.2
    return People(
        person=np.arange(count),
        day=day,
        sex=np.array([int(row["sex"]) for row in rows]),
        age=((today - DAY_ONE).days - day) // 365,
        id_bytes=id_bytes,
        id_text=id_forms(text, id_bytes, np.array([row["birth_date"].year for row in rows])),
        names=name_forms(surname, one, two),
        ethnicity=np.array([int(row["ethnicity"]) for row in rows]),
        marital=np.array([int(row["marital_status"]) for row in rows]),
        employer=np.zeros(count, dtype=np.int64),
        addresses=forms(*[pa.array(address), other] * 4),
        moved_at=np.zeros(count, dtype=np.int64),
        renamed_at=np.zeros((2, count), dtype=np.int64),
        phones=forms(*_phone_forms(before), *_phone_forms(phone)),
        phone_at=np.where(changed, FIRST_RECORD + 5 * 365 * DAY, 0),
    )


def _names_split(names: list[str]) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Split names into surname and two given characters; four characters have a surname of two."""
    cut = [2 if len(name) > 3 else 1 for name in names]
    given = [name[place:] for name, place in zip(names, cut, strict=True)]
    return (
        pa.array([name[:place] for name, place in zip(names, cut, strict=True)]),
        np.array([text[:1] for text in given], dtype="<U1"),
        np.array([text[1:2] for text in given], dtype="<U1"),
    )


def _without_prefix(address: str) -> str:
    for prefix in PREFIXES:
        address = address.removeprefix(prefix)
    return address


def _phone_forms(digits: pa.Array) -> list[pa.Array]:
    """Write telephone numbers as digits, with +86, with hyphens, as digits again."""
    import pyarrow.compute as pc  # noqa: PLC0415 - beside its only use

    digits = digits.combine_chunks() if isinstance(digits, pa.ChunkedArray) else digits
    parts = [pc.utf8_slice_codeunits(digits, *span) for span in ((0, 3), (3, 7), (7, 11))]
    hyphened = joined(parts[0], "-", parts[1], "-", parts[2])
    return [digits, joined("+86", digits), hyphened, digits]


def _city_columns(population: Population, employers: dict[str, str]) -> dict[str, pa.Array]:
    """Return the columns that only the city's plan has, one value a person."""
    rows = population.persons
    homes = {row["ref"]: row["address"] for row in population.households}
    return {
        "employer": pa.array([employers.get(row["employer_uscc"]) for row in rows], pa.string()),
        "employer_code": pa.array([row["employer_uscc"] or None for row in rows], pa.string()),
        "community": pa.array([row["community_code"] for row in rows]),
        "household": pa.array([row["household_id"] for row in rows]),
        "household_address": pa.array(
            [f"江苏省苏州市{_without_prefix(homes[row['household_id']])}" for row in rows]
        ),
        "photo": pa.array([row["photo_key"] or None for row in rows], pa.string()),
        "deceased_date": pa.array(
            [row["deceased_date"].isoformat() if row["deceased_date"] else None for row in rows],
            pa.string(),
        ),
    }


def _register(
    people: People, rows: list[dict], random: np.random.Generator, today: date
) -> pa.Table:
    """Write the register of the authority: everybody once, numbers and names as issued, kept lately."""
    who = np.arange(len(people))
    table = class_records(population_plan().source_get(REGISTER), people, who, random)
    recent = (np.datetime64(today) - EPOCH).astype(int) * DAY - random.integers(
        3 * DAY, 60 * DAY, len(who)
    )
    clean = {
        "updated_at": pa.array(recent, pa.timestamp("s")),
        "id_number": people.id_text.take(pa.array(who)),
        "name": people.names.take(pa.array(who)),
        "sex": pick(["0", "1", "2"], people.sex),
        "birth_date": pick(day_texts("DATE"), people.day),
        "ethnicity": pa.array([row["ethnicity"] for row in rows]),
        "marital": pa.array([row["marital_status"] for row in rows]),
        "address": pa.array([f"江苏省苏州市{_without_prefix(row['address'])}" for row in rows]),
    }
    for name, column in clean.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _complete(
    number: int, table: pa.Table, who: np.ndarray, columns: dict[str, pa.Array]
) -> pa.Table:
    """Add the department's own record number and the columns of the city's plan."""
    chosen = [name for name in ("employer",) if name in table.column_names]
    if number in COMMUNITY_CLASSES:
        chosen.append("community")
    if number in EMPLOYER_CLASSES:
        chosen.append("employer_code")
    if number == REGISTER:
        chosen += ["household", "household_address", "photo", "deceased_date"]
    for name in chosen:
        column = columns[name].take(pa.array(who))
        place = table.schema.get_field_index(name)
        table = (
            table.append_column(name, column)
            if place < 0
            else table.set_column(place, name, column)
        )
    return _keyed(table, f"C{number:02d}")


def _keyed(table: pa.Table, code: str) -> pa.Table:
    """Put the record number first: unique in the class, as the department's system counts."""
    return table.add_column(0, "record_no", joined(f"{code}-", numbered(np.arange(len(table)), 9)))


def _ties(population: Population, today: date) -> Iterator[Delivery]:
    """Yield the ties of families: household register, marriages, births of those under twenty."""
    by_ref = {row["ref"]: row for row in population.persons}
    pairs = [
        (by_ref[tie["person_id"]], by_ref[tie["relative_id"]], tie["kind"])
        for tie in population.ties
    ]
    chosen = {
        1: pairs,
        2: [pair for pair in pairs if pair[2] == "SPOUSE"],
        3: [
            pair
            for pair in pairs
            if pair[2] == "CHILD" and today.year - pair[1]["birth_date"].year < 20
        ],
    }
    for number, rows in chosen.items():
        since = [_since(one, other, kind) for one, other, kind in rows]
        table = pa.table(
            {
                "updated_at": pa.array(
                    [min(day + timedelta(days=9), today) for day in since], pa.date32()
                ).cast(pa.timestamp("s")),
                "id_number": pa.array([one["id_number"] for one, _other, _kind in rows]),
                "other_number": pa.array([other["id_number"] for _one, other, _kind in rows]),
                "kind": pa.array([kind for _one, _other, kind in rows]),
                "valid_from": pa.array([day.isoformat() for day in since]),
                "valid_to": pa.nulls(len(rows), pa.string()),
            }
        )
        yield Delivery("population", number, True, _keyed(table, f"T{number:02d}"))


def _since(one: dict, other: dict, kind: str) -> date:
    """Return the day from which a tie holds: the birth of the child, or a wedding at 24."""
    if kind == "CHILD":
        return other["birth_date"]
    younger = max(one["birth_date"], other["birth_date"])
    return younger.replace(year=younger.year + 21, day=min(younger.day, 28))
