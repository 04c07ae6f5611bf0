"""The demonstration city of 500 people: plausible, consistent, restartable, the same every time."""

import json
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from yiwang.config.demo import build
from yiwang.config.demo.accounts import AGENT, CITIZENS, STAFF, accounts_make
from yiwang.config.demo.build import STAGES, City, city_build
from yiwang.config.demo.companies import seats_make
from yiwang.config.demo.names import brand_get, given_make, surname_make
from yiwang.config.demo.places import community_text, places_list
from yiwang.config.demo.population import population_make
from yiwang.config.testing_databases import LAYERS
from yiwang.engines.api import search
from yiwang.identity.api import (
    account_find,
    account_get,
    agent_may_act_for,
    data_scope,
    department_find,
    department_list,
    holding_list,
    post_list,
)
from yiwang.kernel.api import (
    audit_list,
    calendar_get,
    code_get,
    code_list,
    context_system,
    context_use,
)
from yiwang.resources.api import enterprise_get, person_get, ref_valid
from yiwang.sdk.identifiers import id_number_sex, id_number_valid, mobile_valid, uscc_valid

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
SYSTEM = context_system("test")
QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def age(person) -> int:
    birth = person["birth_date"]
    return TODAY.year - birth.year - ((TODAY.month, TODAY.day) < (birth.month, birth.day))


@pytest.fixture
def places(seeds):
    return places_list("320500")


@pytest.fixture
def made(places):
    seats = seats_make(enterprises=60, seed=1, today=TODAY, places=places)
    employers = [seat.uscc for seat in seats]
    return population_make(persons=500, seed=1, today=TODAY, places=places, employers=employers)


@pytest.fixture
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_every_number_holds_and_says_the_same_as_the_record(made):
    assert len(made.persons) == 500
    numbers = [person["id_number"] for person in made.persons]
    assert len(set(numbers)) == 500
    for person in made.persons:
        assert id_number_valid(person["id_number"], today=TODAY)
        assert id_number_sex(person["id_number"]) == person["sex"]
        assert person["id_number"][6:14] == f"{person['birth_date']:%Y%m%d}"
        assert ref_valid(person["ref"])
        assert person["is_made"]
        if person["phone"]:
            assert mobile_valid(person["phone"])
            assert person["phone"].startswith("164")  # no operator gives these out
    phones = [person["phone"] for person in made.persons if person["phone"]]
    assert len(set(phones)) == len(phones)


def test_every_address_is_in_a_real_community_of_the_code_table(made):
    for home in made.households:
        community = code_get("divisions", home["community_code"])
        street = code_get("divisions", community.parent_code)
        district = code_get("divisions", street.parent_code)
        start = f"苏州市{district.name}{street.name}{community_text(community.name)}"
        assert home["address"].startswith(start)
        assert home["area_code"] == district.code
        assert home["is_made"]


def test_families_are_consistent(made):
    people = {person["ref"]: person for person in made.persons}
    homes = {home["ref"] for home in made.households}
    assert all(person["household_id"] in homes for person in made.persons)
    kinds = Counter(tie["kind"] for tie in made.ties)
    assert kinds["SPOUSE"] > 80
    assert kinds["CHILD"] > 200
    for tie in made.ties:
        one, other = people[tie["person_id"]], people[tie["relative_id"]]
        assert tie["is_made"]
        if tie["kind"] == "CHILD":
            assert 18 <= age(one) - age(other) <= 55
        else:
            assert {one["sex"], other["sex"]} == {"1", "2"}
            assert one["marital_status"] in {"20", "30"}
            assert min(age(one), age(other)) >= 20
    assert all(p["marital_status"] == "10" for p in made.persons if age(p) < 20)
    assert not any(p["employer_uscc"] for p in made.persons if age(p) < 18)


def test_ages_and_sexes_are_those_of_a_city(places):
    made = population_make(persons=5000, seed=3, today=TODAY, places=places, employers=[])
    ages = [age(person) for person in made.persons]
    assert 0.09 < sum(a >= 65 for a in ages) / 5000 < 0.20
    assert 0.10 < sum(a < 15 for a in ages) / 5000 < 0.22
    assert 0.47 < sum(p["sex"] == "1" for p in made.persons) / 5000 < 0.53
    districts = Counter(person["area_code"] for person in made.persons)
    assert len(districts) == 10
    assert districts["320583"] > districts["320585"]  # Kunshan is the largest, Taicang small


def test_the_same_seed_makes_the_same_city_and_another_one_another(places):
    def make(seed):
        seats = seats_make(enterprises=20, seed=seed, today=TODAY, places=places)
        return seats, population_make(
            persons=200,
            seed=seed,
            today=TODAY,
            places=places,
            employers=[seat.uscc for seat in seats],
        )

    assert make(7) == make(7)
    assert make(7) != make(8)


def test_enterprises_have_valid_codes_of_their_own_and_no_two_share_a_name(places):
    seats = seats_make(enterprises=2000, seed=1, today=TODAY, places=places)
    assert all(uscc_valid(seat.uscc) for seat in seats)
    assert len({seat.uscc for seat in seats}) == 2000
    assert len({seat.name for seat in seats}) == 2000
    assert (seats[-1].trade.industry, seats[-1].place.district_code) == ("H", "320508")
    assert brand_get(6000) != brand_get(0)


def test_names_follow_their_generation():
    from random import Random

    random = Random(1)
    assert Counter(surname_make(random) for _ in range(2000)).most_common(1)[0][0] in "王李张"
    old = {given_make(random, 1950, "2") for _ in range(300)}
    young = {given_make(random, 2015, "2") for _ in range(300)}
    assert len(old & young) < 30


def test_the_government_has_its_bureaus_in_every_district_and_an_office_in_every_street(places):
    with context_use(SYSTEM):
        government = City(500, 60, 1, TODAY, NOW).government
    levels = Counter(row["level"] for row in government.departments)
    assert levels["CITY"] >= 40
    assert levels["STREET"] == 118
    assert levels["DISTRICT"] >= 140
    assert all(uscc_valid(row["uscc"]) for row in government.departments)
    assert len({row["uscc"] for row in government.departments}) == len(government.departments)
    assert len({row["name"] for row in government.departments}) == len(government.departments)
    roles = {role for post in government.posts for role in post["roles"]}
    assert roles >= {staff.role for staff in STAFF}
    held = Counter(post["department_uscc"] for post in government.posts)
    assert min(held.values()) >= 4


def _rows() -> dict[str, list]:
    """Everything that two builds must share; ids and times are the database's."""
    from yiwang.resources.registries.models import Enterprise, FamilyTie, Household, Person

    with data_scope(purpose="test"):
        return {
            model.__name__: [
                {k: v for k, v in row.items() if k != "id"}
                for row in model.objects.order_by("pk").values()
            ]
            for model in (Household, Person, FamilyTie, Enterprise)
        }


def _stopped(city):
    """Hand in three deliveries, then be killed."""
    for done, total in build.department_records(city):
        yield done, total
        if done == 3:
            raise KeyboardInterrupt


def _build_killed_and_begun_again() -> dict:
    """Build a city that dies among the departments' records, and finish it: what was seen of it, its folder."""
    folder = Path(tempfile.mkdtemp(prefix="city-", dir=settings.DATA_DIR))
    seen, record = [], "Records of the departments"
    with override_settings(DATA_DIR=folder, PASSWORD_HASHERS=QUICK):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(STAGES, record, _stopped)
            patch.setattr(build, "LONG", (*build.LONG, _stopped))
            with pytest.raises(KeyboardInterrupt):
                city_build(persons=150, enterprises=30, seed=20261121, now=NOW)
        between = _rows()["Person"]
        # Started again with other numbers: the city that was begun is finished.
        city_build(
            persons=9, enterprises=9, seed=9, now=NOW, report=lambda *step: seen.append(step)
        )
    return {"folder": folder, "seen": seen, "between": between}


LAYERS["restarted"] = _build_killed_and_begun_again


@pytest.fixture
def restarted(db, _database, settings):
    made = _database.given["restarted"]
    settings.DATA_DIR = made["folder"]
    return made


@pytest.mark.heavy
def test_a_build_that_was_killed_ends_in_the_same_city(restarted):
    assert restarted["between"] == []
    whole, rows, seen = City(150, 30, 20261121, TODAY, NOW), _rows(), restarted["seen"]
    with context_use(SYSTEM):
        assert {row["id_number"] for row in rows["Person"]} - {None} == {
            person["id_number"] for person in whole.population.persons
        }
        assert {row["uscc"] for row in rows["Enterprise"]} - {""} == {
            row["uscc"] for row in whole.enterprise_rows
        }
    assert {stage for stage, _, _ in seen} == set(STAGES)
    assert seen[0] == ("Working-day calendar", 1, 1)
    city_build(now=NOW)
    assert _rows() == rows
    assert [len(audit_list(subject=f"demo-city:{stage}")) for stage in STAGES] == [1] * len(STAGES)


@pytest.fixture
def city(restarted):
    file = restarted["folder"] / "demo-accounts.json"
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.heavy
def test_the_city_works(city):
    rows = _rows()
    codes = {row["uscc"] for row in rows["Enterprise"]}
    identified = [row for row in rows["Person"] if row["id_number"]]
    assert (len(identified), len(codes - {""})) == (150, 30)
    assert all(row["is_made"] for name in rows for row in rows[name])
    assert {row["employer_uscc"] for row in rows["Person"]} - {""} <= codes
    refs = {row["ref"] for row in rows["Person"]}
    assert {row["legal_representative_ref"] for row in rows["Enterprise"]} <= refs
    assert calendar_get().is_working(date(2026, 11, 20))
    assert len(code_list("divisions", parent="320500")) == 10
    assert department_find("civil_affairs", "320508").name == "苏州市姑苏区民政局"
    assert department_find("street_office", "320508018").name == "姑苏区平江街道办事处"
    assert department_find("sports", "320508018").level == "CITY"
    assert len(department_list(level="CITY")) == 48
    assert len(post_list()) > 1500
    hits = search("平江街道").hits
    assert {"department", "place"} <= {hit.kind for hit in hits}
    _accounts_hold(city)


def _accounts_hold(cards):
    """Each account of the file signs in as what the file says."""
    by_name = {card["username"]: card for card in cards}
    expected = {row[0] for row in (*CITIZENS, AGENT)} | {staff.username for staff in STAFF}
    assert set(by_name) == expected
    assert len(cards) == len(expected)
    with context_use(SYSTEM):
        elder = person_get(by_name["elder"]["subject_ref"].removeprefix("person:"))
        assert (elder.area_code, TODAY.year - elder.birth_date.year) == ("320508", 66)
        uscc = by_name["agent"]["subject_ref"].removeprefix("enterprise:")
        assert enterprise_get(uscc).industry == "H"
        agent = account_find("agent")
        assert agent_may_act_for(agent.id, f"enterprise:{uscc}", on=TODAY)
        for staff in STAFF:
            account = account_find(staff.username)
            [holding] = holding_list(account_ids=[account.id], on=TODAY)
            assert by_name[staff.username]["totp_secret"]
            assert staff.role in holding.roles
            assert account_get(account.id).population == "STAFF"
    for card in cards:
        assert set(card["role"]) == {"zh", "en"}
        assert len(card["password"]) >= 10
        user = _authenticated(card)
        assert user.username == card["username"]


def _authenticated(card):
    from django.contrib.auth import authenticate

    return authenticate(username=card["username"], password=card["password"])


def test_the_file_of_accounts_is_for_its_owner_and_keeps_its_secrets(tmp_path, places):
    made = City(40, 5, 1, TODAY, NOW)
    file = tmp_path / "demo-accounts.json"
    people = {person["ref"]: person for person in made.population.persons}
    persons = {role: people[ref] for role, ref in made.population.pinned.items()}
    government, enterprise = made.government, made.enterprise_rows[-1]
    first = accounts_make(government, persons=persons, enterprise=enterprise, file=file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text(encoding="utf-8")) == first[1]
    again = accounts_make(government, persons=persons, enterprise=enterprise, file=file)
    assert again == first
    assert len({card["password"] for card in first[1]}) == 22
