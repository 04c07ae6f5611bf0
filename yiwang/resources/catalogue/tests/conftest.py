"""A small city for the catalogue: a bureau, its district bureau, the data bureau, their stewards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
STEWARD = frozenset({"resources.catalogue.register", "resources.catalogue.review", "STAFF"})
SPEC = ResourceSpec(
    title="婚姻登记信息",
    title_en="Marriage registration",
    summary="全市婚姻登记机关办理的结婚、离婚登记。",
    theme="社会救助",
    sharing="2",
    sharing_condition="办理户籍、公积金事项时核验",
    sharing_mode="CHECK",
    opening="CLOSED",
    opening_reason="涉及个人信息",
    cycle="DAILY",
    fields=(
        FieldSpec("number", "登记证号", "Number", "C", 40, 2, is_key=True),
        FieldSpec("name", "男方姓名", "Name", "C", 50, 3, "2"),
        FieldSpec("sex", "性别", "Sex", "C", 1, 2, code_table="sexes"),
        FieldSpec("registered_date", "登记日期", "Date", "D", 0, 1),
    ),
)


class City:
    """Departments and who acts in them."""

    def __init__(self) -> None:
        from yiwang.identity.api import department_by_uscc, departments_load

        rows = [
            _row("1" * 18, "civil_affairs", "CITY", "320500", "苏州市民政局", None),
            _row("2" * 18, "civil_affairs", "DISTRICT", "320508", "姑苏区民政局", "1" * 18),
            _row("3" * 18, "data", "CITY", "320500", "苏州市数据局", None),
            _row("4" * 18, "health", "CITY", "320500", "苏州市卫生健康委员会", None),
        ]
        departments_load(rows, now=NOW)
        names = ("bureau", "district", "data", "health")
        self.ids = {
            name: department_by_uscc(row["uscc"]).id for name, row in zip(names, rows, strict=True)
        }

    def context(self, name: str, account_id: int, **more) -> RequestContext:
        own = {self.ids[name]} | ({self.ids["district"]} if name == "bureau" else set())
        return replace(
            RequestContext(
                population="STAFF",
                account_id=account_id,
                name=f"{name}{account_id}",
                department_id=self.ids[name],
                department_ids=frozenset(own),
                roles=frozenset({"DATA_STEWARD"}),
                permissions=STEWARD,
            ),
            **more,
        )

    def steward(self):
        return context_use(self.context("bureau", 1))

    def reviewer(self):
        return context_use(self.context("data", 9))


def _row(uscc, function, level, area, name, parent):
    return {
        "uscc": uscc,
        "name": name,
        "short_name": name.removeprefix("苏州"),
        "name_en": f"{function} {level}",
        "function": function,
        "level": level,
        "area_code": area,
        "parent_uscc": parent,
    }


@pytest.fixture
def system():
    with context_use(context_system("test")) as context:
        yield context


@pytest.fixture
def city(seeds) -> City:
    with context_use(context_system("test")):
        return City()


@pytest.fixture
def published(city):
    """Register, submit and publish; gives a function of changes to the specification."""
    from yiwang.resources.catalogue import actions

    def publish(spec=SPEC, *, department="bureau", now=NOW, **changes):
        with (
            city.steward()
            if department in ("bureau", "district")
            else context_use(city.context(department, 1))
        ):
            made = actions.resource_register(
                replace(spec, **changes), department_id=city.ids[department], now=now
            )
            actions.resource_submit(made.id, now=now)
        with city.reviewer():
            return actions.resource_publish(made.id, now=now)

    return publish
