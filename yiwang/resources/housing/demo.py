"""Made housing of the demonstration city (演示住房): a dwelling for every household, and some more.

Everything is drawn from a seed, so it is the same everywhere. Shares, leases and vacancy look like a
city's and are nobody's figures.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from django.utils import timezone

from yiwang.identity.api import data_scope, department_list
from yiwang.kernel.api import action, audit_record
from yiwang.resources.housing.actions import events_load
from yiwang.resources.housing.data import KINDS, Event
from yiwang.resources.housing.models import Dwelling
from yiwang.resources.registries.store import person_rows_by_id_number
from yiwang.sdk.identifiers import uscc_make

SEED = "20261121-housing"
FLAT = re.compile(r"(\d+)幢(?:(\d+)单元)?(\d+)室$")
ADULT_YEARS = 22
CHUNK = 500  # numbers a question
# Of a hundred households: how many rent, how many bought from somebody, how many owe a bank.
RENTING, BOUGHT, MORTGAGED, SHARED = 20, 30, 35, 50
# For each hundred households: dwellings nobody is registered in, and public rental among them.
EXTRA, PUBLIC = 9, 3
_STRUCTURES = ("RC", "RC", "RC", "BRICK_RC", "BRICK_RC", "STEEL")


@action("resources.housing.demo_load")
def housing_demo_load(now: datetime, *, persons: Iterable[dict]) -> dict[str, int]:
    """Load the made housing of the city (装载演示住房) once; returns counts.

    persons: rows of the population (ref, id_number, household_id, address, area_code, community_code,
    birth_date); whom the registry serves under another reference is reported under that. About one
    dwelling for each household and a tenth more.
    """
    if Dwelling.objects.exists():
        audit_record("housing:demo", detail={"dwellings": 0})
        return {"dwellings": Dwelling.objects.count(), "events": 0, "refused": 0}
    made = events_make(_served(list(persons)), today=timezone.localdate(now))
    departments = {
        (row.function, row.area_code): row.id
        for row in department_list()
        if row.level in ("DISTRICT", "CITY")
    }
    counts = events_load(made, departments=departments, now=now)
    audit_record("housing:demo", detail=counts)
    return counts


def _served(persons: list[dict]) -> list[dict]:
    """Give people the references that the registry serves them under."""
    numbers = [row["id_number"] for row in persons if row.get("id_number")]
    refs: dict[str, str] = {}
    with data_scope(purpose="HOUSING_DEMO", reason="references of made people"):
        for start in range(0, len(numbers), CHUNK):
            served = person_rows_by_id_number(numbers[start : start + CHUNK])
            refs |= {row.id_number: row.ref for row in served}
    return [row | {"ref": refs.get(row.get("id_number", ""), row["ref"])} for row in persons]


@dataclass(slots=True)
class _Maker:
    random: Random
    today: date
    bank: str
    events: list[Event] = field(default_factory=list)
    serial: int = 0
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def number(self, area_code: str) -> str:
        """Return the next unit code of a district."""
        self.units[area_code] += 1
        count = self.units[area_code]
        return f"{area_code}{count // 1000 % 1000:03d}001GB{count:05d}F00010001"

    def put(self, kind: str, number: str, on: date, payload: dict, **changes: str) -> str:
        """Add an event that is not in the future; returns its document."""
        self.serial += 1
        function = changes.get("function") or KINDS[kind].function
        document = changes.get("document") or f"{kind[:3]}{on:%Y}{self.serial:07d}"
        if on <= self.today:
            self.events.append(
                Event(
                    key=changes.get("key") or f"D{self.serial:08d}",
                    kind=kind,
                    number=number,
                    function=function,
                    document=document,
                    effective_date=on,
                    issued_date=on,
                    payload=payload,
                    corrects=changes.get("corrects", ""),
                )
            )
        return document

    def day(self, first: int, last: int) -> date:
        """Draw a day between so many days ago."""
        return self.today - timedelta(days=self.random.randint(first, last))


def events_make(persons: Iterable[dict], *, today: date) -> list[Event]:
    """Make the reports about the city's housing (生成住房事件), by dwelling."""
    maker = _Maker(Random(SEED), today, f"enterprise:{uscc_make('9', '1', '320508', 'MABANK01')}")  # noqa: S311
    homes: dict[str, list[dict]] = defaultdict(list)
    for person in persons:
        homes[person["household_id"]].append(person)
    owners = [people[0] for people in homes.values()]
    for people in homes.values():
        _home(maker, people, owners)
    for person in maker.random.sample(owners, len(owners) * EXTRA // 100):
        _extra(maker, person, owners)
    _mistakes(maker)
    return maker.events


def _home(maker: _Maker, people: list[dict], owners: list[dict]) -> None:
    random = maker.random
    first = people[0]
    number, built = _built(maker, first, first["address"])
    adults = [
        person
        for person in people
        if (maker.today - person["birth_date"]).days > ADULT_YEARS * 365 and not _gone(person)
    ] or people[:1]
    moved = max(built + timedelta(days=90), maker.day(200, 5000))
    if random.randrange(100) < RENTING:
        landlord = random.choice(owners)
        _registered(maker, number, built + timedelta(days=40), [landlord])
        moved = _leases(maker, number, landlord, adults[0])
    elif random.randrange(100) < BOUGHT:
        seller = random.choice(owners)
        if seller["ref"] == adults[0]["ref"]:
            seller = owners[0] if owners[0] is not seller else owners[-1]
        _registered(maker, number, built + timedelta(days=40), [seller])
        moved = _bought(maker, number, seller, adults, max(built + timedelta(days=400), moved))
    else:
        _registered(maker, number, built + timedelta(days=40), _buyers(maker, adults))
        if random.randrange(100) < MORTGAGED:
            _mortgage(maker, number, built + timedelta(days=45))
    for person in people:
        if not _gone(person):
            came = max(moved, person["birth_date"] + timedelta(days=20))
            ref = f"person:{person['ref']}"
            maker.put("RESIDENT_CAME", number, came, {"person": ref})


def _extra(maker: _Maker, person: dict, owners: list[dict]) -> None:
    """A dwelling in which nobody of the household is registered: second homes, public rental."""
    address = FLAT.sub("", person["address"])
    flat = f"{maker.random.randint(61, 90)}幢{maker.random.randint(1, 4)}单元{maker.random.randint(1, 18)}01室"
    number, built = _built(maker, person, address + flat)
    kind = maker.random.randrange(EXTRA)
    if kind < PUBLIC:
        tenant = maker.random.choice(owners)
        maker.put("PUBLIC_RENTAL", number, built + timedelta(days=60), {"is_on": True})
        if kind:
            _leases(maker, number, {"ref": ""}, tenant)
        return
    _registered(maker, number, built + timedelta(days=40), [person])
    if kind == PUBLIC:
        gone = maker.day(100, 900)
        if gone > built + timedelta(days=400):
            maker.put("DEMOLISHED", number, gone, {})
        return
    used = "6.5" if kind == PUBLIC + 1 else "0.2"
    maker.put("CONSUMED", number, maker.day(5, 60), {"cubic_metres": used})


def _built(maker: _Maker, person: dict, address: str) -> tuple[str, date]:
    random = maker.random
    found = FLAT.search(address)
    building, unit, flat = found.groups("") if found else ("1", "", "101")
    built = date(random.randint(1996, 2022), random.randint(1, 12), random.randint(1, 28))
    number = maker.number(person["area_code"])
    payload = {
        "address": address,
        "area_code": person["area_code"],
        "community_code": person["community_code"],
        "building": building,
        "unit": unit,
        "flat": flat,
        "area_m2": f"{round(random.triangular(38, 190, 92) * 100) / 100:.2f}",
        "structure": random.choice(_STRUCTURES),
        "purpose": "RESIDENTIAL",
        "year": built.year,
    }
    maker.put("BUILT", number, built, payload)
    return number, built


def _registered(maker: _Maker, number: str, on: date, people: list[dict]) -> None:
    share = f"1/{len(people)}" if len(people) > 1 else "1"
    owners = [[f"person:{person['ref']}", share] for person in people]
    maker.put("REGISTERED", number, on, {"owners": owners})


def _bought(maker: _Maker, number: str, seller: dict, adults: list[dict], on: date) -> date:
    random = maker.random
    on = min(on, maker.today - timedelta(days=random.randint(10, 1500)))
    buyers = _buyers(maker, adults)
    price = random.randint(900_000, 6_000_000) * 100
    names = {"seller": f"person:{seller['ref']}", "buyer": f"person:{buyers[0]['ref']}"}
    maker.put("SALE_CONTRACTED", number, on - timedelta(days=30), {**names, "price_fen": price})
    share = f"1/{len(buyers)}" if len(buyers) > 1 else "1"
    maker.put(
        "TRANSFERRED",
        number,
        on,
        {
            "cause": "SALE" if random.randrange(6) else "INHERITANCE",
            "givers": [[f"person:{seller['ref']}", "1"]],
            "takers": [[f"person:{one['ref']}", share] for one in buyers],
            "price_fen": price,
        },
    )
    if random.randrange(100) < MORTGAGED * 2:
        _mortgage(maker, number, on)
    return on + timedelta(days=random.randint(0, 60))


def _buyers(maker: _Maker, adults: list[dict]) -> list[dict]:
    return adults[:2] if maker.random.randrange(100) < SHARED else adults[:1]


def _mortgage(maker: _Maker, number: str, on: date) -> None:
    amount = maker.random.randint(300_000, 2_400_000) * 100
    document = maker.put("MORTGAGED", number, on, {"creditor": maker.bank, "amount_fen": amount})
    if maker.random.randrange(3) == 0:
        paid = on + timedelta(days=maker.random.randint(700, 4000))
        maker.put("MORTGAGE_RELEASED", number, paid, {"of": document})


def _leases(maker: _Maker, number: str, landlord: dict, tenant: dict) -> date:
    """File yearly leases up to one that is in force; returns the first day."""
    random = maker.random
    count = random.randint(1, 4)
    start = first = maker.today - timedelta(days=365 * (count - 1) + random.randint(5, 330))
    owner = f"person:{landlord['ref']}" if landlord["ref"] else maker.bank
    rent = random.randint(900, 6500) * 100
    for _ in range(count):
        end = start + timedelta(days=364)
        maker.put(
            "LEASE_FILED",
            number,
            start,
            {
                "landlord": owner,
                "tenant": f"person:{tenant['ref']}",
                "end_date": end.isoformat(),
                "rent_fen": rent,
            },
        )
        start, rent = end + timedelta(days=1), rent + 10_000
    return first


def _mistakes(maker: _Maker) -> None:
    """Reports such as departments send them too: a wrong seller, a lease twice, a correction."""
    let = [event for event in maker.events if event.kind == "LEASE_FILED"]
    sold = [event for event in maker.events if event.kind == "TRANSFERRED"]
    built = [event for event in maker.events if event.kind == "BUILT"]
    for event in let[:: max(1, len(let) // 8)]:
        begin = event.effective_date + timedelta(days=20)
        maker.put("LEASE_FILED", event.number, begin, dict(event.payload))
    for event in sold[:: max(1, len(sold) // 8)]:
        day = min(event.effective_date + timedelta(days=5), maker.today)
        maker.put("TRANSFERRED", event.number, day, dict(event.payload, cause="GIFT"))
    for event in built[:: max(1, len(built) // 40)]:
        area = f"{float(event.payload['area_m2']) + 1.5:.2f}"
        maker.put(
            "BUILT",
            event.number,
            event.effective_date,
            dict(event.payload, area_m2=area),
            corrects=event.key,
            document=event.document,
        )


def _gone(person: dict) -> bool:
    return bool(person.get("deceased_date"))
