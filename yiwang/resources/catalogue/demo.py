"""The made catalogue of the demonstration city (演示目录): about 300 resources, 90 % published.

Made from `data_files/demo_resources.yaml` and a number drawn from each name, so the same everywhere.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from yiwang.engines.api import search_put_many
from yiwang.identity.api import DepartmentView, department_list
from yiwang.kernel.api import action, audit_record
from yiwang.resources.catalogue.actions import crosswalk_put, element_put
from yiwang.resources.catalogue.actions.resources import number_next
from yiwang.resources.catalogue.actions.reviews import search_entry, version_of
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec
from yiwang.resources.catalogue.models import Resource, ResourceVersion
from yiwang.resources.catalogue.rules import CYCLE_TIMES, code_prefix, spec_dump
from yiwang.sdk.packs import yaml_read

SHIPPED = Path(__file__).parent / "data_files" / "demo_resources.yaml"
SOURCE = "demo"
KEY = FieldSpec("record_number", "记录编号", "Record number", "C", 32, 1, is_key=True)
UPDATED = FieldSpec("updated_at", "更新时间", "Updated at", "T", 0, 1)
AREA = FieldSpec(
    "area_code", "行政区划代码", "Division", "C", 12, 1, code_table="divisions",
    code_edition="2023-06-30",
)  # fmt: skip
USCC = FieldSpec("uscc", "统一社会信用代码", "Unified social credit code", "C", 18, 1)
COMPANY = FieldSpec("enterprise_name", "单位名称", "Name of the body", "C", 200, 1)
FIELDS: dict[str, tuple[FieldSpec, ...]] = {
    "p": (
        FieldSpec("name", "姓名", "Name", "C", 50, 3, "2"),
        FieldSpec("id_number", "公民身份号码", "Identity number", "C", 18, 4, "2"),
        FieldSpec("sex", "性别", "Sex", "C", 1, 2, code_table="sexes"),
        FieldSpec("phone", "联系电话", "Telephone", "C", 20, 3, "2"),
        FieldSpec("address", "住址", "Address", "C", 200, 3, "2"),
    ),
    "e": (
        USCC,
        COMPANY,
        FieldSpec("legal_representative", "法定代表人", "Legal representative", "C", 50, 2),
        FieldSpec("state", "状态", "State", "C", 10, 1),
    ),
    "l": (
        USCC,
        COMPANY,
        FieldSpec("licence_number", "许可证编号", "Permit number", "C", 50, 1),
        FieldSpec("issued_date", "发证日期", "Issued on", "D", 0, 1),
        FieldSpec("valid_until", "有效期至", "Valid until", "D", 0, 1),
    ),
    "f": (
        FieldSpec("place_name", "名称", "Name of the place", "C", 100, 1),
        FieldSpec("place_address", "地址", "Address", "C", 200, 1),
        FieldSpec("longitude", "经度", "Longitude", "B", 0, 1),
        FieldSpec("latitude", "纬度", "Latitude", "B", 0, 1),
    ),
    "v": (
        FieldSpec("subject", "事由", "Subject", "C", 200, 2),
        FieldSpec("happened_date", "发生日期", "Date", "D", 0, 1),
        FieldSpec("result", "处理结果", "Result", "M", 0, 2),
    ),
    "s": (
        FieldSpec("indicator", "指标名称", "Figure", "C", 100, 1),
        FieldSpec("period", "统计期", "Period", "C", 20, 1),
        FieldSpec("amount", "数值", "Value", "N", 18, 1),
    ),
}
# Sharing, openness and cycles that are usual for each kind, drawn by the name's number.
_SHARINGS = {"p": "2222223", "e": "1121", "l": "1112", "f": "1", "v": "122", "s": "1"}
_OPENINGS = {
    "p": ("CLOSED",),
    "e": ("UNCONDITIONAL", "CONDITIONAL"),
    "l": ("UNCONDITIONAL", "CONDITIONAL"),
    "f": ("UNCONDITIONAL",),
    "v": ("CLOSED", "CONDITIONAL"),
    "s": ("UNCONDITIONAL",),
}
_CYCLES = ("DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "QUARTERLY", "YEARLY", "REALTIME", "ON_DEMAND")
# How much of the promised time has passed since the last delivery; None never delivered.
_AGES = (0.1, 0.4, 0.7, 0.9, 0.3, 0.6, 1.2, 2.5, None, 0.5)
_UNPUBLISHED = (Resource.State.DRAFT, Resource.State.SUBMITTED, Resource.State.REJECTED)


@action("resources.catalogue.demo_load", permission="resources.catalogue.register")
def catalogue_demo_load(now: datetime) -> int:
    """Load the made catalogue (装载演示目录) once; returns how many resources it has."""
    if Resource.objects.filter(source=SOURCE).exists():
        audit_record("catalogue:demo", detail={"added": 0})
        return Resource.objects.filter(source=SOURCE).count()
    made = list(_resources(now))
    published = _put(made, now)
    _standards(now)
    audit_record("catalogue:demo", detail={"added": len(made), "published": published})
    return len(made)


@action("resources.catalogue.made_put", permission="resources.catalogue.register")
def catalogue_made_put(
    specs: Sequence[tuple[int, ResourceSpec]], *, source: str, now: datetime
) -> list[str]:
    """Publish made resources (演示资源上架) at once, without two people; returns their codes in order.

    specs: (department, what it says). source: marks them; the same again gives the same codes.
    """
    known = dict(
        Resource.objects.filter(source=source).values_list("current_version__title", "code")
    )
    new = [(department, spec) for department, spec in specs if spec.title not in known]
    departments = {row.id: row for row in department_list()}
    made = [
        (
            Resource(
                code=_code_next(spec, departments[department]),
                department_id=department,
                function=departments[department].function,
                level=departments[department].level,
                area_code=departments[department].area_code,
                state=Resource.State.DRAFT,
                draft=spec_dump(spec),
                draft_title=spec.title,
                source=source,
                is_made=True,
            ),
            spec,
            True,
        )
        for department, spec in new
    ]
    _put(made, now)
    audit_record(f"catalogue:{source}", detail={"added": len(made)})
    return [
        known.get(spec.title) or next(row.code for row, one, _ in made if one is spec)
        for _department, spec in specs
    ]


def _code_next(spec: ResourceSpec, department: DepartmentView) -> str:
    prefix = code_prefix(
        spec, department.function, level=department.level, area_code=department.area_code
    )
    return f"{prefix}/{number_next(prefix):06d}"


def _put(made: Sequence[tuple[Resource, ResourceSpec, bool]], now: datetime) -> int:
    """Insert resources, publish those that are to be, and let the search know; returns how many are."""
    Resource.objects.bulk_create([row for row, *_ in made], batch_size=500)
    published = [(row, spec) for row, spec, is_published in made if is_published]
    since = now - timedelta(days=200)
    versions = [version_of(row, spec, number=1, now=since) for row, spec in published]
    # The database wants a version of what is published, so the state comes with it.
    for version in ResourceVersion.objects.bulk_create(versions, batch_size=500):
        version.resource.current_version = version
        version.resource.state = Resource.State.PUBLISHED
    Resource.objects.bulk_update(
        [row for row, _ in published], ["state", "current_version"], batch_size=200
    )
    search_put_many(search_entry(row, spec) for row, spec in published)
    return len(published)


def _resources(now: datetime) -> Iterator[tuple[Resource, ResourceSpec, bool]]:
    for index, (department, spec) in enumerate(_specs()):
        number = _number(f"{department.uscc} {spec.title}")
        is_published = index % 10 != 9
        state = Resource.State.DRAFT if is_published else _UNPUBLISHED[index // 10 % 3]
        row = Resource(
            code=_code_next(spec, department),
            department_id=department.id,
            function=department.function,
            level=department.level,
            area_code=department.area_code,
            state=state,
            draft=spec_dump(spec),
            draft_title=spec.title,
            reason="摘要过于简略，请写明数据范围。" if state == "REJECTED" else "",
            submitted_at=now - timedelta(days=number % 9) if state == "SUBMITTED" else None,
            last_delivered_at=_delivered(spec.cycle, number, now) if is_published else None,
            source=SOURCE,
            is_made=True,
        )
        yield row, spec, is_published


def _specs() -> Iterator[tuple[DepartmentView, ResourceSpec]]:
    content, _lines = yaml_read(SHIPPED.read_text(encoding="utf-8"), path=SHIPPED.name)
    city = {row.function: row for row in department_list(level="CITY")}
    themes = {function: one["theme"] for function, one in content["functions"].items()}
    for function, one in content["functions"].items():
        if function not in city:
            continue
        for index, text in enumerate(one["names"]):
            base = one.get("base", "") if index == 0 else ""
            yield city[function], _spec(text, city[function], themes[function], base)
    for department in department_list(level="DISTRICT"):
        for text in content["districts"].get(department.function, ()):
            yield department, _spec(text, department, themes[department.function], "")


def _spec(text: str, department: DepartmentView, theme: str, base: str) -> ResourceSpec:
    title, title_en, kind = text.split("|")
    number = _number(text)
    sharing = _SHARINGS[kind][number % len(_SHARINGS[kind])]
    openings = _OPENINGS[kind]
    opening = "CLOSED" if sharing == "3" else openings[number % len(openings)]
    is_open = opening != "CLOSED"
    fields = (KEY, *FIELDS[kind], AREA, UPDATED)
    name = department.short_name or department.name
    category = "BASE" if base else "THEME" if number % 4 == 0 else "DEPARTMENT"
    return ResourceSpec(
        title=title,
        title_en=title_en,
        summary=f"{name}在履行职责过程中形成的{title}（演示数据）。",
        summary_en=f"{title_en}, as the department holds them (made for demonstration).",
        category=category,
        base=base,
        theme=theme,
        office="数据管理处",
        system=f"{title.removesuffix('信息')}管理系统",
        sharing=sharing,
        sharing_mode="" if sharing == "3" else ("CHECK" if kind == "p" else "TABLE"),
        sharing_condition="用于办理政务服务事项时核验" if sharing == "2" else "",
        sharing_reason="《中华人民共和国个人信息保护法》第二十八条" if sharing == "3" else "",
        opening=opening,
        opening_condition="实名申请并签订利用协议" if opening == "CONDITIONAL" else "",
        opening_reason="" if is_open else "涉及个人信息或者内部管理信息",
        cycle=_CYCLES[number % len(_CYCLES)],
        fields=tuple(replace(one, is_open=is_open and one.level == 1) for one in fields),
    )


def _delivered(cycle: str, number: int, now: datetime) -> datetime | None:
    age = _AGES[number // 7 % len(_AGES)]
    promised = CYCLE_TIMES.get(cycle, timedelta(days=30))
    return None if age is None else now - promised * age


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def _standards(now: datetime) -> None:
    for key, title, title_en, letter, length, level, table in (
        ("id_number", "公民身份号码", "Identity number", "C", 18, 4, ""),
        ("person_name", "姓名", "Name", "C", 50, 3, ""),
        ("sex", "性别", "Sex", "C", 1, 2, "sexes"),
        ("marital_status", "婚姻状况", "Marital status", "C", 2, 3, "marital_status"),
        ("ethnicity", "民族", "Ethnicity", "C", 2, 3, "ethnicities"),
        ("division", "行政区划代码", "Division", "C", 12, 1, "divisions"),
        ("uscc", "统一社会信用代码", "Unified social credit code", "C", 18, 1, ""),
        ("mobile_phone", "手机号码", "Mobile phone", "C", 11, 3, ""),
    ):
        element_put(
            key, title=title, title_en=title_en, type=letter, length=length, level=level,
            code_table=table, now=now,
        )  # fmt: skip
    crosswalk_put(
        "health.sex",
        title="卫生健康性别代码对照（演示）",
        from_table="health.sex",
        to_table="sexes",
        entries={"M": "1", "F": "2", "U": "9"},
        now=now,
    )
    crosswalk_put(
        "medical_insurance.marital",
        title="医疗保障婚姻状况代码对照（演示）",
        from_table="medical_insurance.marital",
        to_table="marital_status",
        entries={"1": "10", "2": "20", "3": "30", "4": "40"},
        now=now,
    )
