"""A small city for the fusion desk: bureaus, stewards, landed files, one uncertain pair."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from django.test import override_settings

from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.resources.catalogue import actions as catalogue
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec
from yiwang.resources.fusion.actions import run_record, source_bind
from yiwang.resources.fusion.data import FusionOptions
from yiwang.resources.fusion.permissions import BIND, DESK, LINEAGE, REVIEW, RUN, SETTLE
from yiwang.sdk.identifiers import id_number_check

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OPTIONS = FusionOptions(workers=1, seed=1, durable=False)
STEWARD = frozenset(
    {BIND, RUN, REVIEW, DESK, LINEAGE, "resources.catalogue.register", "resources.catalogue.review", "STAFF"}
)  # fmt: skip
PHONE = "16412345678"


def id_number(place: int) -> str:
    """Return the made but valid identity number of a person born on 1 January 1980."""
    first = f"32050819800101{place:03d}"
    return first + id_number_check(first)


class DeskCity:
    """The data bureau, two bureaus that supply rows, and who works there."""

    def __init__(self, folder) -> None:
        from yiwang.identity.api import department_by_uscc, departments_load

        names = ("data", "public_security", "civil_affairs", "administrative_approval")
        rows = [
            {
                "uscc": str(place) * 18,
                "name": name,
                "short_name": name,
                "name_en": name,
                "function": name,
                "level": "CITY",
                "area_code": "320500",
            }
            for place, name in enumerate(names, start=1)
        ]
        with context_use(context_system("test")):
            departments_load(rows, now=NOW)
        self.ids = {
            name: department_by_uscc(row["uscc"]).id for name, row in zip(names, rows, strict=True)
        }
        self.folder, self.landed = folder, {}

    def person(self, account_id: int, department: str = "data", **more) -> RequestContext:
        """Return a civil servant; a steward unless told otherwise."""
        own = RequestContext(
            population="STAFF",
            account_id=account_id,
            name=f"{department}{account_id}",
            department_id=self.ids[department],
            department_ids=frozenset({self.ids[department]}),
            permissions=STEWARD,
        )
        return replace(own, **more)

    def supervisor(self, account_id: int) -> RequestContext:
        """Return who settles disputes."""
        return self.person(
            account_id, "administrative_approval", permissions=frozenset({DESK, SETTLE, "STAFF"})
        )

    def as_person(self, account_id: int, department: str = "data", **more):
        """Act as a civil servant."""
        return context_use(self.person(account_id, department, **more))

    def publish(self, title: str, department: str, fields: dict[str, str]) -> str:
        """Publish a resource with fields (name → title); returns its code."""
        spec = ResourceSpec(
            title=title,
            summary=title,
            sharing="2",
            sharing_condition="办事核验",
            sharing_mode="CHECK",
            opening="CLOSED",
            opening_reason="涉及个人信息",
            cycle="DAILY",
            fields=tuple(
                FieldSpec(name, text, name, level=3, sharing="2", is_key=name == "id_number")
                for name, text in fields.items()
            ),
        )
        with self.as_person(1, department):
            made = catalogue.resource_register(spec, department_id=self.ids[department], now=NOW)
            catalogue.resource_submit(made.id, now=NOW)
        with self.as_person(9):
            return catalogue.resource_publish(made.id, now=NOW).code

    def land(self, code: str, rows: list[dict], name: str = "batch") -> None:
        """Put rows of a resource in force, as landing would; row_no counts from 1 unless told."""
        columns = dict.fromkeys(key for row in rows for key in row if key != "row_no")
        table = {
            "row_no": pa.array(
                [row.get("row_no", at) for at, row in enumerate(rows, 1)], pa.int64()
            ),
            "updated_at": pa.array([NOW.replace(tzinfo=None)] * len(rows), pa.timestamp("us")),
            **{key: pa.array([row.get(key) for row in rows], pa.string()) for key in columns},
        }
        path = self.folder / f"{code.replace('/', '-')}-{name}.parquet"
        pq.write_table(pa.table(table), path)
        self.landed[code] = [path]

    def moved(self, folder) -> "DeskCity":
        """Return the city with its files in another folder, to which they were copied."""
        self.folder = folder
        self.landed = {
            code: [folder / path.name for path in paths] for code, paths in self.landed.items()
        }
        return self

    def files(self, code: str):
        """Stand in for landing's `feed_files`."""
        return self.landed[code]

    def run(self, *, now: datetime = NOW, **more):
        """Run the population as the machine."""
        with context_use(context_system("test")):
            return run_record("population", now=now, options=OPTIONS, files=self.files, **more)


PEOPLE = (
    {"id_number": id_number(1), "name": "王小明", "sex": "1", "birth_date": "1980-01-01",
     "address": "江苏省苏州市平江街道1号", "phone": PHONE},
    {"id_number": id_number(3), "name": "李静", "sex": "2", "birth_date": "1980-01-01",
     "address": "江苏省苏州市平江街道2号", "phone": "16412340000"},
)  # fmt: skip
# The same sound and telephone, no number: only a person can tell.
DOUBTFUL = {"id_number": "", "name": "王晓明", "sex": "男", "phone": PHONE}


def desk_city(folder) -> DeskCity:
    """Build the city with one run: residence permits (class 2) and minimum living (class 7)."""
    city = DeskCity(folder)
    city.permits = city.publish(
        "居住证", "public_security",
        {"id_number": "公民身份号码", "name": "姓名", "sex": "性别", "birth_date": "出生日期",
         "address": "住址", "phone": "联系电话"},
    )  # fmt: skip
    city.living = city.publish(
        "最低生活保障", "civil_affairs",
        {"sfzh": "证件号", "xm": "姓名", "sex": "性别", "phone": "联系电话"},
    )  # fmt: skip
    with city.as_person(9):
        source_bind("population", 2, city.permits, now=NOW)
        source_bind("population", "C07", city.living, now=NOW)
    city.land(city.permits, [dict(row) for row in PEOPLE])
    city.land(city.living, [{"sfzh": "", "xm": "王晓明", "sex": "男", "phone": PHONE}])
    return city


def city_with_a_pair(folder) -> DeskCity:
    """Build the city with its accounts and one run, which leaves a pair to be reviewed."""
    from yiwang.resources.fusion.models import ReviewPair

    with override_settings(DATA_DIR=folder / "data"):
        city = desk_city(folder)
        accounts_put()
        city.first = city.run()
    city.pair = ReviewPair.objects.get().pk
    return city


ACCOUNTS = (
    ("one", "1" * 18, "数据管理岗", ["DATA_STEWARD"]),
    ("two", "1" * 18, "数据管理岗", ["DATA_STEWARD"]),
    ("police", "2" * 18, "数据管理岗", ["DATA_STEWARD"]),
    ("civil", "3" * 18, "数据管理岗", ["DATA_STEWARD"]),
    ("judge", "4" * 18, "效能监察岗", ["SUPERVISOR"]),
)


def accounts_put() -> None:
    """Give the city its accounts: two stewards of the bureau, two of departments, a supervisor."""
    from yiwang.identity.api import accounts_load, posts_load

    with context_use(context_system("test")):
        for _name, uscc, title, roles in ACCOUNTS:
            posts_load([{"department_uscc": uscc, "title": title, "roles": roles}], now=NOW)
        rows = [
            {
                "username": name,
                "population": "STAFF",
                "name": name,
                "posts": [{"department_uscc": uscc, "title": title}],
            }
            for name, uscc, title, _roles in ACCOUNTS
        ]
        accounts_load(rows, now=NOW)
