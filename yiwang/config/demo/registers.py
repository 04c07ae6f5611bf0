"""What the departments know about the made organisations (部门法人数据): 26 classes and three kinds of ties."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from yiwang.config.demo.records import PREFIXES, Delivery
from yiwang.config.generate.legal_persons import chunk_records, class_records
from yiwang.config.generate.lettering import forms, joined, numbered, pick
from yiwang.config.generate.organisations import Organisations, code_forms
from yiwang.config.generate.people import DAY, EPOCH, FIRST_RECORD, LAST_RECORD
from yiwang.resources.api import legal_person_plan

DAY_ONE = date(1900, 1, 1)
RECORDS_EACH = 12
REGISTERS = {
    "9": 1,
    "1": 2,
    "5": 3,
}  # first character of the code → class of the registering authority
STATUS = {"ACTIVE": 1, "REVOKED": 2, "CANCELLED": 3}
BRANCH_EVERY, INVESTED_EVERY = 25, 6


def organisation_deliveries(
    rows: list[dict], *, id_numbers: dict[str, str], seed: int, today: date
) -> Iterator[Delivery]:
    """Yield what 26 departments know about made organisations.

    rows: as `companies.enterprises_make` gives them. id_numbers: reference → number of each representative.
    """
    random = np.random.default_rng([seed, 11])
    subjects = _organisations(rows, random)
    made = chunk_records(subjects, RECORDS_EACH * len(rows), 26, seed, chunk=0)
    for number in REGISTERS.values():
        made.pop(number, None)
    for first, number in REGISTERS.items():
        who = np.array([place for place, row in enumerate(rows) if row["uscc"][0] == first])
        if len(who):
            made[number] = _register(number, subjects, rows, id_numbers, who, random, today), who
    for number in sorted(made):
        table, who = made[number]
        yield Delivery("legal-persons", number, False, _industry(number, table, who, rows))
    yield from _ties(rows, id_numbers, random, today)


def _organisations(rows: list[dict], random: np.random.Generator) -> Organisations:
    count = len(rows)
    codes = "".join(row["uscc"] for row in rows)
    matrix = np.frombuffer(codes.encode(), dtype=np.uint8).reshape(-1, 18)
    name = pa.array([row["name"] for row in rows])
    old = pa.array([row["name"].replace("有限公司", "经营部") for row in rows])
    blank = pa.array([f"{row['name'][:2]} {row['name'][2:]}" for row in rows])
    keeper = pa.array([row["legal_representative"] for row in rows])
    former = keeper.take(pa.array(random.permutation(count)))
    address = pa.array([_bare(row["registered_address"]) for row in rows])
    written = pa.array([_bare(row["registered_address"]).replace("幢", "号楼") for row in rows])
    phone = pa.array([row["phone"] for row in rows])
    plain = pa.array([row["phone"].replace("-", "") for row in rows])
    return Organisations(
        subject=np.arange(count),
        code_bytes=matrix,
        codes=code_forms(matrix),
        names=forms(name, old, name, blank),
        registrations=joined("3205", numbered(np.arange(count) * 7919, 11)),
        representatives=forms(keeper, former),
        addresses=forms(*[address, written] * 4),
        phones=forms(plain, phone, phone, plain),
        industry=np.zeros(count, dtype=np.int64),
        status=np.array([STATUS[row["state"]] for row in rows]),
        day=np.array([(row["established_date"] - DAY_ONE).days for row in rows]),
        renamed_at=_some(random, count, 0.06),
        moved_at=np.zeros(count, dtype=np.int64),
        replaced_at=_some(random, count, 0.1),
    )


def _some(random: np.random.Generator, count: int, share: float) -> np.ndarray:
    """Return moments of change: a share early in the records, the others never."""
    early = FIRST_RECORD + random.integers(0, 4 * 365 * DAY, count)
    return np.where(random.random(count) < share, early, LAST_RECORD + 1)


def _bare(address: str) -> str:
    for prefix in PREFIXES:
        address = address.removeprefix(prefix)
    return address


def _register(
    number: int,
    subjects: Organisations,
    rows: list[dict],
    id_numbers: dict[str, str],
    who: np.ndarray,
    random: np.random.Generator,
    today: date,
) -> pa.Table:
    """Write a registering authority's own register: whole, clean, kept lately."""
    table = class_records(legal_person_plan().source_get(number), subjects, who, random)
    chosen = [rows[place] for place in who]
    recent = (np.datetime64(today) - EPOCH).astype(int) * DAY - random.integers(
        2 * DAY, 40 * DAY, len(who)
    )
    clean = {
        "updated_at": pa.array(recent, pa.timestamp("s")),
        "id_number": pa.array([row["uscc"] for row in chosen]),
        "uscc": pa.array([row["uscc"] for row in chosen]),
        "name": pa.array([row["name"] for row in chosen]),
        "representative": pa.array([row["legal_representative"] for row in chosen]),
        "address": pa.array([f"江苏省苏州市{_bare(row['registered_address'])}" for row in chosen]),
        "status": pa.array([str(STATUS[row["state"]]) for row in chosen]),
        "established_date": pa.array([row["established_date"] for row in chosen], pa.date32()),
        "representative_id": pa.array(
            [id_numbers[row["legal_representative_ref"]] for row in chosen]
        ),
        "business_scope": pa.array([row["business_scope"] for row in chosen]),
        "registered_capital": pa.array([f"{row['registered_capital']:f}" for row in chosen]),
        "community": pa.array([row["community_code"] for row in chosen]),
    }
    for name, column in clean.items():
        place = table.schema.get_field_index(name)
        table = (
            table.append_column(name, column)
            if place < 0
            else table.set_column(place, name, column)
        )
    return table


def _industry(number: int, table: pa.Table, who: np.ndarray, rows: list[dict]) -> pa.Table:
    """Write the section of industry that the city's forms ask for, and the record number."""
    place = table.schema.get_field_index("industry")
    if place >= 0:
        sections = pick([row["industry"] for row in rows], who)
        table = table.set_column(place, "industry", sections)
    return table.add_column(0, "record_no", joined(f"L{number:02d}-", _counted(table)))


def _counted(table: pa.Table) -> pa.Array:
    return numbered(np.arange(len(table)), 9)


def _ties(
    rows: list[dict], id_numbers: dict[str, str], random: np.random.Generator, today: date
) -> Iterator[Delivery]:
    """Yield branches (by the larger ones), investors and representatives."""
    large = rows[: max(1, len(rows) // 10)]
    branches = [
        (large[place % len(large)]["uscc"], row["uscc"], row["established_date"])
        for place, row in enumerate(rows)
        if place % BRANCH_EVERY == BRANCH_EVERY - 1 and row is not large[place % len(large)]
    ]
    people = list(id_numbers.values())
    invested = [
        (row["uscc"], people[int(random.integers(len(people)))], row["established_date"])
        for row in rows[::INVESTED_EVERY]
    ]
    represented = [
        (row["uscc"], id_numbers[row["legal_representative_ref"]], row["established_date"])
        for row in rows
    ]
    for number, (kind, pairs) in enumerate(
        (("BRANCH", branches), ("INVESTOR", invested), ("REPRESENTATIVE", represented)), start=1
    ):
        table = pa.table(
            {
                "updated_at": pa.array([min(row[2], today) for row in pairs], pa.date32()).cast(
                    pa.timestamp("s")
                ),
                "id_number": pa.array([one for one, _other, _day in pairs], pa.string()),
                "other_number": pa.array([other for _one, other, _day in pairs], pa.string()),
                "kind": pa.array([kind] * len(pairs), pa.string()),
                "valid_from": pa.array([day.isoformat() for *_pair, day in pairs], pa.string()),
                "valid_to": pa.nulls(len(pairs), pa.string()),
            }
        )
        keyed = table.add_column(0, "record_no", joined(f"T{number:02d}-", _counted(table)))
        yield Delivery("legal-persons", number, True, keyed)
