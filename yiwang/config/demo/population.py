"""Making the population (演示人口): households, people, ties, as a Chinese city has them.

Pure: the same seed, size, places and day give the same people. Ages, sizes of households and the
share of the old follow the shape of the census of 2020, not its figures. Nobody in it exists; every
number is made, and phone numbers use the prefix 164, which no operator gives out.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from yiwang.config.demo.names import given_make, surname_make
from yiwang.config.demo.places import WEIGHTS, Place
from yiwang.resources.api import ref_make
from yiwang.sdk.identifiers import id_number_make

# Where people were first registered: the city's own districts, and counties that many come from.
LOCAL_REGIONS = ("320502", "320503", "320504", "320505", "320506", "320507", "320508", "320525")
OTHER_REGIONS = (
    "320923", "320981", "321081", "321282", "320721", "320324", "340621", "341222", "341226",
    "341622", "342222", "342423", "411424", "411522", "412725", "412829", "360721", "421125",
    "430525", "500236", "511522", "522401", "610524", "370829",
)  # fmt: skip
LOCAL_SHARE = 0.62
ETHNICITIES = (
    ("01", 985),
    ("03", 4),
    ("06", 2),
    ("15", 3),
    ("11", 2),
    ("08", 2),
    ("12", 1),
    ("02", 1),
)
PHONE_FACTOR = 7_654_321  # coprime to 10**8: no two people share a number
RETIRED_AGE = {"1": 60, "2": 55}


@dataclass(slots=True)
class Maker:
    """The state of the making: what was drawn so far."""

    random: Random
    today: date
    places: list[Place]
    employers: list[str]
    households: list[dict] = field(default_factory=list)
    persons: list[dict] = field(default_factory=list)
    ties: list[dict] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    # Couples of old people whose grown-up son may still be made elsewhere.
    elders: list[tuple[dict, dict]] = field(default_factory=list)
    surnames: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Population:
    """Rows for `registries_load`; pinned: who the demonstration accounts are (role -> reference)."""

    households: list[dict]
    persons: list[dict]
    ties: list[dict]
    pinned: dict[str, str]


def population_make(
    *, persons: int, seed: int, today: date, places: list[Place], employers: list[str]
) -> Population:
    """Make `persons` people in households (生成演示人口).

    employers: codes of enterprises, the larger ones first. Raises ValueError without places.
    """
    if not places:
        raise ValueError("no communities are loaded: load the code tables first")
    maker = Maker(Random(seed), today, places, employers)  # noqa: S311 - made data
    pinned = _pinned(maker, persons)
    weights = _place_weights(places)
    kinds = list(KINDS)
    kind_weights = list(accumulate(KINDS.values()))
    while len(maker.persons) < persons:
        [place] = maker.random.choices(places, cum_weights=weights)
        [kind] = maker.random.choices(kinds, cum_weights=kind_weights)
        _household(maker, place, kind, persons - len(maker.persons))
    return Population(maker.households, maker.persons, maker.ties, pinned)


def _pinned(maker: Maker, persons: int) -> dict[str, str]:
    """Make the people whom the demonstration accounts belong to: always there, always the same age.

    An old couple, a family and the agent of an enterprise, all of one district.
    """
    here = [p for p in maker.places if p.district_code == PINNED_DISTRICT] or maker.places
    heads = {}
    for number, (role, kind) in enumerate(PINNED.items()):
        heads[role] = ref_make("P", len(maker.persons))
        _household(maker, here[number * 7 % len(here)], kind, persons - len(maker.persons))
    return heads


def _place_weights(places: list[Place]) -> list[float]:
    sizes: dict[str, int] = {}
    for place in places:
        sizes[place.district_code] = sizes.get(place.district_code, 0) + 1
    return list(
        accumulate(WEIGHTS.get(p.district_code, 60) / sizes[p.district_code] for p in places)
    )


def _household(maker: Maker, place: Place, kind, room: int) -> None:
    random = maker.random
    ref = ref_make("H", len(maker.households))
    building, unit, flat = random.randint(1, 60), random.randint(1, 4), random.randint(1, 18)
    address = f"{place.address}{building}幢{unit}单元{flat:d}0{random.randint(1, 4)}室"
    maker.households.append(
        {
            "ref": ref,
            "address": address,
            "area_code": place.district_code,
            "community_code": place.code,
            "is_made": True,
        }
    )
    region = (
        random.choice(LOCAL_REGIONS)
        if random.random() < LOCAL_SHARE
        else random.choice(OTHER_REGIONS)
    )
    home = {"household_id": ref, "address": address, "region": region, "place": place, "room": room}
    kind(maker, home)


def _age(maker: Maker, low: int, high: int, mode: int) -> int:
    return round(maker.random.triangular(low, high, mode))


def _add(
    maker: Maker, home: dict, age: int, sex: str, surname: str, marital: str = ""
) -> dict | None:
    """Add a person of an age to a household; None when the city is full."""
    if home["room"] <= 0:
        return None
    home["room"] -= 1
    random, sequence = maker.random, len(maker.persons)
    birth = _birth_date(maker, age)
    place: Place = home["place"]
    person = {
        "ref": ref_make("P", sequence),
        "name": surname + given_make(random, birth.year, sex),
        "id_number": _id_number(maker, home["region"], birth, sex),
        "birth_date": birth,
        "sex": sex,
        "ethnicity": random.choices(
            [code for code, _ in ETHNICITIES], [weight for _, weight in ETHNICITIES]
        )[0],
        "marital_status": marital or "10",
        "phone": f"164{(sequence * PHONE_FACTOR + 31_415_926) % 10**8:08d}" if age >= 12 else "",
        "area_code": place.district_code,
        "community_code": place.code,
        "address": home["address"],
        "household_id": home["household_id"],
        "employer_uscc": _employer(maker, age, sex),
        "photo_key": _photo_key(random, age, sex),
        "deceased_date": _deceased_date(maker, age),
        "sources": _sources(maker),
        "is_made": True,
    }
    maker.persons.append(person)
    maker.surnames[person["ref"]] = surname
    return person


def _birth_date(maker: Maker, age: int) -> date:
    """Return a day on which somebody who is `age` today was born."""
    year = maker.today.year - age
    latest = date(year, maker.today.month, min(maker.today.day, 28))
    return latest - timedelta(days=maker.random.randint(0, 364))


def _id_number(maker: Maker, region: str, birth: date, sex: str) -> str:
    while True:
        sequence = maker.random.randint(0, 498) * 2 + (sex == "1")
        number = id_number_make(region, birth, sequence)
        if number not in maker.numbers:
            maker.numbers.add(number)
            return number


def _employer(maker: Maker, age: int, sex: str) -> str:
    if not maker.employers or not 20 <= age < RETIRED_AGE[sex] or maker.random.random() > 0.78:
        return ""
    # The square makes the first enterprises of the list large and the last ones small.
    return maker.employers[int(len(maker.employers) * maker.random.random() ** 2)]


def _photo_key(random: Random, age: int, sex: str) -> str:
    group = "child" if age < 16 else "young" if age < 36 else "middle" if age < 60 else "old"
    variant = random.randint(1, 3)
    return f"{'m' if sex == '1' else 'f'}_{group}_{variant}" if age >= 6 else ""


def _deceased_date(maker: Maker, age: int) -> date | None:
    if age < 70 or maker.random.random() > 0.02:
        return None
    return maker.today - timedelta(days=maker.random.randint(30, 700))


def _sources(maker: Maker) -> dict[str, str]:
    days = maker.random.randint(3, 60)
    return {
        "public_security": f"{maker.today - timedelta(days=days)}",
        "civil_affairs": f"{maker.today - timedelta(days=days + 11)}",
        "human_resources": f"{maker.today - timedelta(days=days + 23)}",
    }


def _tie(maker: Maker, person: dict | None, relative: dict | None, kind: str) -> None:
    if person is None or relative is None:
        return
    first, second = person["ref"], relative["ref"]
    if kind == "SPOUSE":
        first, second = sorted((first, second))
    maker.ties.append({"person_id": first, "relative_id": second, "kind": kind, "is_made": True})


def _couple(
    maker: Maker, home: dict, age: int, surname: str = ""
) -> tuple[dict | None, dict | None]:
    """Add a married couple, he `age` old, she up to five years younger and seldom older."""
    hers = max(21, age - round(maker.random.triangular(-2, 6, 2)))
    husband = _add(maker, home, age, "1", surname or surname_make(maker.random), "20")
    wife = _add(maker, home, hers, "2", surname_make(maker.random), "20")
    if husband and wife:
        _tie(maker, husband, wife, "SPOUSE")
        for one, other in ((husband, wife), (wife, husband)):
            if one["deceased_date"]:
                other["marital_status"] = "30"
    elif husband:
        husband["marital_status"] = "40"
    return husband, wife


def _age_of(maker: Maker, person: dict) -> int:
    birth, today = person["birth_date"], maker.today
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _children(
    maker: Maker, home: dict, father: dict | None, mother: dict | None, count: int
) -> None:
    """Add children that their mother had between 21 and 38."""
    parent = mother or father
    if parent is None:
        return
    oldest = _age_of(maker, parent) - 22
    for _ in range(count):
        youngest = max(0, _age_of(maker, parent) - 38)
        if oldest < youngest:
            return
        age = maker.random.randint(youngest, min(oldest, youngest + 16))
        sex = "1" if maker.random.random() < 0.52 else "2"
        surname = maker.surnames[(father or parent)["ref"]]
        child = _add(maker, home, age, sex, surname)
        _tie(maker, father, child, "CHILD")
        _tie(maker, mother, child, "CHILD")


def single(maker: Maker, home: dict) -> None:
    """One young person alone (独居青年)."""
    sex = maker.random.choice("12")
    _add(maker, home, _age(maker, 19, 38, 26), sex, surname_make(maker.random))


def elder(maker: Maker, home: dict) -> None:
    """One old person alone (独居老人)."""
    sex = "1" if maker.random.random() < 0.3 else "2"
    _add(maker, home, _age(maker, 62, 94, 72), sex, surname_make(maker.random), "30")


def elder_couple(maker: Maker, home: dict) -> None:
    """An old couple, perhaps with a son elsewhere in the city (老年夫妇)."""
    husband, wife = _couple(maker, home, _age(maker, 58, 88, 66))
    if husband and wife:
        maker.elders.append((husband, wife))


def couple(maker: Maker, home: dict) -> None:
    """A couple without children at home (夫妇)."""
    _couple(maker, home, _age(maker, 24, 60, 31))


def family(maker: Maker, home: dict) -> None:
    """Parents with one or two children (核心家庭); his parents may live elsewhere."""
    age, surname, parents = _age(maker, 27, 54, 38), "", None
    if maker.elders and maker.random.random() < 0.5:
        parents = maker.elders.pop(0)
        age = min(_age_of(maker, parents[0]), _age_of(maker, parents[1])) - maker.random.randint(
            22, 30
        )
        surname = maker.surnames[parents[0]["ref"]]
    husband, wife = _couple(maker, home, max(age, 24), surname)
    if parents and age >= 24:
        _tie(maker, parents[0], husband, "CHILD")
        _tie(maker, parents[1], husband, "CHILD")
    _children(maker, home, husband, wife, 2 if maker.random.random() < 0.28 else 1)


def three_generations(maker: Maker, home: dict) -> None:
    """Grandparents, parents and a child under one roof (三代同堂)."""
    grandfather, grandmother = _couple(maker, home, _age(maker, 56, 80, 63))
    if grandfather is None or grandmother is None:
        return
    ages = _age_of(maker, grandfather), _age_of(maker, grandmother)
    age = min(ages) - maker.random.randint(22, 28)
    surname = maker.surnames[grandfather["ref"]]
    husband, wife = _couple(maker, home, max(age, 23), surname)
    _tie(maker, grandfather, husband, "CHILD")
    _tie(maker, grandmother, husband, "CHILD")
    _children(maker, home, husband, wife, 1)


def one_parent(maker: Maker, home: dict) -> None:
    """One parent with a child (单亲家庭)."""
    mother = _add(maker, home, _age(maker, 28, 50, 38), "2", surname_make(maker.random), "40")
    _children(maker, home, None, mother, 1)


def pinned_elders(maker: Maker, home: dict) -> None:
    """The citizen of the senior card: a man of 66 and his wife."""
    _couple(maker, home, 66)


def pinned_family(maker: Maker, home: dict) -> None:
    """Another citizen: a man of 38, his wife and a child."""
    husband, wife = _couple(maker, home, 38)
    _children(maker, home, husband, wife, 1)


def pinned_agent(maker: Maker, home: dict) -> None:
    """The agent: a woman of 31 who works for the last enterprise of the list."""
    person = _add(maker, home, 31, "2", surname_make(maker.random))
    if person and maker.employers:
        person["employer_uscc"] = maker.employers[-1]


PINNED_DISTRICT = "320508"
PINNED = {"elder": pinned_elders, "citizen": pinned_family, "agent": pinned_agent}
# Kinds of households with their weights.
KINDS = {
    single: 17,
    elder: 5,
    elder_couple: 11,
    couple: 14,
    family: 36,
    three_generations: 12,
    one_parent: 5,
}
