"""Building the demonstration city (演示城市) in stages, each one transaction with its own mark.

A mark is an audit row written in the transaction of its stage: what is marked is there, whole. A
build that was killed is started again and goes on with the first stage without a mark, from the
parameters of the first start; since everything is made from the seed, it ends in the same city.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from yiwang.config.demo.accounts import FILE_NAME, accounts_make
from yiwang.config.demo.companies import Seat, enterprises_make, seats_make
from yiwang.config.demo.government import Government, government_make
from yiwang.config.demo.places import Place, places_list
from yiwang.config.demo.population import Population, population_make
from yiwang.config.demo.records import Delivery, population_deliveries
from yiwang.config.demo.registers import organisation_deliveries
from yiwang.config.demo.searchable import entries_make
from yiwang.config.demo.sources import class_code, columns_of, delivery_write, source_specs
from yiwang.engines.api import search_put_many
from yiwang.hall.api import catalogue_import, hall_demo_load, window_put
from yiwang.identity.api import (
    accounts_load,
    department_find,
    department_list,
    departments_load,
    posts_load,
)
from yiwang.kernel.api import (
    audit_list,
    audit_record,
    calendar_seed_load,
    code_list,
    codes_seed_load,
    context_system,
    context_use,
    pack_load_all,
)
from yiwang.resources.api import (
    REGISTRY_PLANS,
    batch_receive,
    bindings,
    catalogue_demo_load,
    catalogue_made_put,
    geodata_load,
    housing_demo_load,
    person_ref_by_id_number,
    registry_refresh,
    source_bind,
    virtual_demo_load,
)

Report = Callable[[str, int, int], None]
PERSONS, ENTERPRISES, SEED = 20_000, 2_000, 20_261_121
BATCH = 2_000
MARK, ACT = "demo-city", "config.demo.stage"
Steps = Iterator[tuple[int, int]]  # (done, total), after each step of a stage


def city_build(
    *,
    persons: int = PERSONS,
    enterprises: int = ENTERPRISES,
    seed: int = SEED,
    now: datetime,
    report: Report | None = None,
) -> None:
    """Build the demonstration city, or what is still missing of it (生成演示城市).

    report: called with the stage's title, how much of it is done, and of how much. A city that was
    begun with other numbers is finished with its own.
    """
    with context_use(context_system("build the demonstration city", name="demo builder")):
        city = _begun(City(persons, enterprises, seed, timezone.localdate(now), now))
        for title, stage in STAGES.items():
            if _is_marked(title):
                if report:
                    report(title, 1, 1)
                continue
            _stage_run(city, title, stage, report)


def _stage_run(city: "City", title: str, stage, report: Report | None) -> None:
    if report:
        report(title, 0, 1)
    # The work of the registries is done in many small transactions of its own, and done again it goes on.
    with nullcontext() if stage in LONG else transaction.atomic():
        for done, total in stage(city):
            if report:
                report(title, done, total)
        _mark(title, {})


def city_is_built() -> bool:
    """Tell whether every stage is there (是否已生成)."""
    return all(_is_marked(title) for title in STAGES)


def _is_marked(title: str) -> bool:
    return bool(audit_list(subject=f"{MARK}:{title}", limit=1))


def _mark(title: str, detail: dict) -> None:
    audit_record(f"{MARK}:{title}", act=ACT, detail=detail)


def _begun(city: "City") -> "City":
    """Return the city that was begun before, or mark that this one begins."""
    if rows := audit_list(subject=f"{MARK}:begin", limit=1):
        kept = rows[0]["detail"]
        begun = date.fromisoformat(kept["today"])
        return City(kept["persons"], kept["enterprises"], kept["seed"], begun, city.now)
    _mark(
        "begin",
        {
            "persons": city.persons,
            "enterprises": city.enterprises,
            "seed": city.seed,
            "today": city.today.isoformat(),
        },
    )
    return city


@dataclass(frozen=True)
class City:
    """What is being built: its numbers, and its people once somebody asks for them."""

    persons: int
    enterprises: int
    seed: int
    today: date
    now: datetime

    @cached_property
    def places(self) -> list[Place]:
        """All communities, from the code table."""
        return places_list(settings.CITY["area_code"])

    @cached_property
    def seats(self) -> list[Seat]:
        """The enterprises before they have people."""
        return seats_make(
            enterprises=self.enterprises, seed=self.seed, today=self.today, places=self.places
        )

    @cached_property
    def population(self) -> Population:
        """Everybody."""
        return population_make(
            persons=self.persons,
            seed=self.seed,
            today=self.today,
            places=self.places,
            employers=[seat.uscc for seat in self.seats],
        )

    @cached_property
    def enterprise_rows(self) -> list[dict]:
        """The enterprises with their legal representatives."""
        return enterprises_make(
            self.seats, seed=self.seed, today=self.today, persons=self.population.persons
        )

    def deliveries(self) -> Iterator[Delivery]:
        """Yield what every department hands in."""
        names = {seat.uscc: seat.name for seat in self.seats}
        numbers = {row["ref"]: row["id_number"] for row in self.population.persons}
        yield from population_deliveries(
            self.population, employers=names, seed=self.seed, today=self.today
        )
        yield from organisation_deliveries(
            self.enterprise_rows, id_numbers=numbers, seed=self.seed, today=self.today
        )

    def person_served(self, ref: str) -> dict:
        """Return a made person with the reference that the registry gave them."""
        made = next(row for row in self.population.persons if row["ref"] == ref)
        return {**made, "ref": person_ref_by_id_number(made["id_number"])}

    @cached_property
    def government(self) -> Government:
        """Departments, posts and staff."""
        districts = code_list("divisions", parent=settings.CITY["area_code"])
        streets = {row.code: code_list("divisions", parent=row.code) for row in districts}
        return government_make(seed=self.seed, districts=districts, streets=streets)


def calendars(city: City) -> Steps:
    """Load the working-day calendar (工作日历)."""
    calendar_seed_load(now=city.now)
    yield 1, 1


def code_tables(city: City) -> Steps:
    """Load the code tables (代码表)."""
    codes_seed_load(now=city.now)
    yield 1, 1


def areas(city: City) -> Steps:
    """Load areas, outlines and metro (空间数据)."""
    geodata_load(city.now)
    yield 1, 1


def departments(city: City) -> Steps:
    """Load departments and posts (机构与岗位)."""
    total = len(city.government.departments) + len(city.government.posts)
    departments_load(city.government.departments, now=city.now)
    yield len(city.government.departments), total
    posts_load(city.government.posts, now=city.now)
    yield total, total


def staff(city: City) -> Steps:
    """Load made civil servants, who cannot sign in (公务人员)."""
    accounts_load(city.government.staff, now=city.now)
    yield len(city.government.staff), len(city.government.staff)


def registry_sources(city: City) -> Steps:
    """Publish the resources that the registries are fused from, and bind them (基础库来源)."""
    rows = list(source_specs())
    by_function = {row.function: row.id for row in department_list(level="CITY")}
    codes = catalogue_made_put(
        [(by_function[function], spec) for *_rest, function, spec in rows],
        source="demo-registries",
        now=city.now,
    )
    for (registry, number, is_tie, _function, _spec), code in zip(rows, codes, strict=True):
        source_bind(
            registry,
            class_code(number, is_tie=is_tie),
            code,
            columns=columns_of(registry),
            now=city.now,
        )
    yield len(rows), len(rows)


def department_records(city: City) -> Steps:
    """Hand in what every department knows, as it would, and land it (部门数据归集)."""
    bound = {
        (registry, one.code): one.resource_code
        for registry in REGISTRY_PLANS
        for one in bindings(registry)
    }
    specs = {
        (registry, number, is_tie): spec for registry, number, is_tie, _, spec in source_specs()
    }
    folder = settings.DATA_DIR / "demo-deliveries"
    folder.mkdir(parents=True, exist_ok=True)
    for done, delivery in enumerate(city.deliveries(), start=1):
        code = class_code(delivery.number, is_tie=delivery.is_tie)
        spec = specs[delivery.registry, delivery.number, delivery.is_tie]
        path = delivery_write(delivery, spec, folder)
        batch_receive(
            bound[delivery.registry, code],
            path,
            name=path.name,
            mode="FULL",
            source="FOLDER",
            run="NOW",
            now=city.now,
        )
        path.unlink()
        yield done, len(specs)


def registries(city: City) -> Steps:
    """Fuse the departments' records and publish both registries (融合并发布基础库)."""
    for done, registry in enumerate(REGISTRY_PLANS, start=1):
        registry_refresh(registry, now=city.now, is_made=True)
        yield done, len(REGISTRY_PLANS)


def housing(city: City) -> Steps:
    """Let the departments report who owns and rents what (住房)."""
    counts = housing_demo_load(city.now, persons=city.population.persons)
    yield counts["dwellings"], counts["dwellings"]


def virtual_library(city: City) -> Steps:
    """Define a thematic dataset over sources that stay where they are (虚拟库)."""
    rows = virtual_demo_load(city.now)
    yield rows, rows


def demo_accounts(city: City) -> Steps:
    """Make the accounts to try the city with (演示账户)."""
    people = {role: city.person_served(ref) for role, ref in city.population.pinned.items()}
    rows, _ = accounts_make(
        city.government,
        persons=people,
        enterprise=city.enterprise_rows[-1],
        file=settings.DATA_DIR / FILE_NAME,
    )
    accounts_load(rows, now=city.now)
    yield len(rows), len(rows)


def packs(city: City) -> Steps:
    """Load the packs (应用包): matters, forms, processes, licences."""
    states = pack_load_all(city.now)
    yield len(states), len(states)


def windows(city: City) -> Steps:
    """Open windows that take any matter (综合窗口): in a district's hall, and in a community."""
    rows = (
        ("GS-01", "HALL", "administrative_approval", "320508", "苏州市姑苏区政务路88号",
         {"zh": "姑苏区政务服务大厅综合窗口", "en": "Gusu District Service Hall, any service"}),
        ("PJ-01", "COMMUNITY", "street_office", "320508018", "苏州市姑苏区平江街道历史街区社区1号",
         {"zh": "历史街区社区服务站", "en": "Historic Quarter Community Station"}),
    )  # fmt: skip
    for code, kind, function, area, address, title in rows:
        office = department_find(function, area_code=area)
        window_put(
            code,
            title=title,
            kind=kind,
            department_id=office.id,
            area_code=area,
            address=address,
        )
    yield len(rows), len(rows)


def catalogue(city: City) -> Steps:
    """Load the catalogue of 1,135 matters (事项目录)."""
    catalogue_import(now=city.now)
    yield 1, 1


def hall_life(city: City) -> Steps:
    """Let the demonstration's people ask, and departments decide and publish (大厅办件与公示)."""
    done = 0
    for done, _step in enumerate(hall_demo_load(city.now), start=1):
        yield done, HALL_STEPS
    yield done, done


def resource_catalogue(city: City) -> Steps:
    """Load made resources of all departments into the catalogue (信息资源目录)."""
    count = catalogue_demo_load(city.now)
    yield count, count


def search_index(city: City) -> Steps:
    """Put departments and places into the search (检索)."""
    entries = entries_make()
    search_put_many(entries)
    yield len(entries), len(entries)


LONG = (department_records, registries)
HALL_STEPS = 12
STAGES: dict[str, Callable[[City], Steps]] = {
    "Working-day calendar": calendars,
    "Code tables": code_tables,
    "Areas and metro": areas,
    "Departments and posts": departments,
    "Civil servants": staff,
    "Sources of the registries": registry_sources,
    "Records of the departments": department_records,
    "Registries": registries,
    "Housing": housing,
    "Demonstration accounts": demo_accounts,
    "Packs": packs,
    "Windows": windows,
    "Catalogue of matters": catalogue,
    "Life in the hall": hall_life,
    "Catalogue of resources": resource_catalogue,
    "Virtual library": virtual_library,
    "Search": search_index,
}
