"""The resources that the registries are fused from (基础库来源资源), and deliveries written as offices write them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
from openpyxl import Workbook

from yiwang.config.demo.records import Delivery
from yiwang.resources.api import REGISTRY_FUNCTIONS, REGISTRY_PLANS, FieldSpec, ResourceSpec

RECORD_NO = FieldSpec("record_no", "记录编号", "Record number", "C", 32, 1, is_key=True)
UPDATED_AT = FieldSpec("updated_at", "更新时间", "Updated at", "T", 0, 1)
NUMBERS = {
    "population": FieldSpec("id_number", "公民身份号码", "Identity number", "C", 18, 4, "2"),
    "legal-persons": FieldSpec(
        "organisation_code", "统一社会信用代码或机构代码", "Code of the organisation", "C", 18, 1
    ),
}
# Field of the plans → how the catalogue describes it: title, English, type, length, level, code table.
FIELDS = {
    "name": ("", "Name", "C", 160, 2, ""),
    "sex": ("性别", "Sex", "C", 1, 2, "sexes"),
    "birth_date": ("出生日期", "Date of birth", "D", 0, 3, ""),
    "ethnicity": ("民族", "Ethnicity", "C", 2, 3, "ethnicities"),
    "marital": ("婚姻状况", "Marital status", "C", 2, 3, "marital_status"),
    "address": ("", "Address", "C", 200, 3, ""),
    "phone": ("联系电话", "Telephone", "C", 20, 3, ""),
    "employer": ("工作单位", "Employer", "C", 160, 3, ""),
    "household": ("户号", "Household number", "C", 20, 2, ""),
    "household_address": ("户籍地址", "Registered household address", "C", 200, 3, ""),
    "community": ("所在社区", "Community", "C", 12, 2, ""),
    "employer_code": ("工作单位代码", "Employer's code", "C", 18, 3, ""),
    "photo": ("照片", "Key of the portrait", "C", 40, 3, ""),
    "deceased_date": ("死亡日期", "Date of death", "D", 0, 4, ""),
    "uscc": ("统一社会信用代码", "Unified social credit code", "C", 18, 1, ""),
    "registration_number": ("注册号", "Registration number", "C", 15, 1, ""),
    "representative": ("法定代表人", "Legal representative", "C", 80, 2, ""),
    "representative_id": ("法定代表人身份号码", "Representative's number", "C", 18, 4, ""),
    "industry": ("行业门类", "Industry", "C", 3, 1, ""),
    "status": ("存续状态", "State", "C", 1, 1, ""),
    "established_date": ("成立日期", "Date of establishment", "D", 0, 1, ""),
    "business_scope": ("经营范围", "Business scope", "M", 0, 1, ""),
    "registered_capital": ("注册资本", "Registered capital", "N", 18, 1, ""),
}
TITLES = {
    ("population", "name"): "姓名",
    ("legal-persons", "name"): "机构名称",
    ("population", "address"): "住址",
    ("legal-persons", "address"): "住所",
}
TIE_FIELDS = (
    FieldSpec("other_number", "对方号码", "Number of the other", "C", 18, 4),
    FieldSpec("kind", "关系", "Kind of tie", "C", 20, 2),
    FieldSpec("valid_from", "起始日期", "Since", "D", 0, 2),
    FieldSpec("valid_to", "终止日期", "Until", "D", 0, 2),
)
CYCLES = ("DAILY", "WEEKLY", "MONTHLY")
BASES = {"population": "POPULATION", "legal-persons": "LEGAL_PERSON"}
SHEET_ROWS = 3_000  # more than this no office keeps in a workbook


def source_specs() -> Iterator[tuple[str, int, bool, str, ResourceSpec]]:
    """Yield (registry, number, is a tie, function of the department, resource) of every class and tie."""
    for registry, plan_get in REGISTRY_PLANS.items():
        plan = plan_get()
        for source in plan.sources:
            fields = [field_spec(registry, name) for name in source.formats]
            yield (
                registry, source.number, False, REGISTRY_FUNCTIONS[source.department],
                _spec(registry, f"{source.title}信息", source.number, fields),
            )  # fmt: skip
        for tie in plan.ties:
            yield (
                registry, tie.number, True, REGISTRY_FUNCTIONS[tie.department],
                _spec(registry, f"{tie.title}信息", tie.number, list(TIE_FIELDS)),
            )  # fmt: skip


def class_code(number: int, *, is_tie: bool) -> str:
    """Return the code of a class or tie of a plan: C07, T01."""
    return f"{'T' if is_tie else 'C'}{number:02d}"


def columns_of(registry: str) -> dict[str, str]:
    """Return where names alone do not say which field of a resource is a column of the class."""
    return {"id_number": NUMBERS[registry].name}


def field_spec(registry: str, name: str) -> FieldSpec:
    """Describe a field of a plan as the catalogue does."""
    title, title_en, letter, length, level, table = FIELDS[name]
    spec = FieldSpec(
        name, title or TITLES[registry, name], title_en, letter, length, level, code_table=table
    )
    return replace(spec, sharing="2") if level >= 3 else spec


def _spec(registry: str, title: str, number: int, fields: list[FieldSpec]) -> ResourceSpec:
    return ResourceSpec(
        title=title,
        summary=f"{title}，供{'人口库' if registry == 'population' else '法人库'}融合使用（演示数据）。",
        category="BASE",
        base=BASES[registry],
        theme="公共服务",
        office="数据管理处",
        system=f"{title.removesuffix('信息')}管理系统",
        sharing="2",
        sharing_mode="TABLE",
        sharing_condition="用于办理政务服务事项时核验",
        opening="CLOSED",
        opening_reason="涉及个人信息或者内部管理信息",
        cycle=CYCLES[number % len(CYCLES)],
        fields=(RECORD_NO, UPDATED_AT, NUMBERS[registry], *fields),
    )


def delivery_write(delivery: Delivery, spec: ResourceSpec, folder: Path) -> Path:
    """Write a delivery as its office would: workbooks, GB18030 or UTF-8 tables; headings are titles."""
    titles = {field.name: field.title for field in spec.fields}
    titles["id_number"] = NUMBERS[delivery.registry].title
    table = delivery.table.rename_columns([titles[name] for name in delivery.table.column_names])
    name = f"{spec.title}{'T' if delivery.is_tie else ''}{delivery.number:02d}"
    if not delivery.is_tie and delivery.number % 4 == 0 and len(table) <= SHEET_ROWS:
        return _workbook(table, spec.title, folder / f"{name}.xlsx")
    path = folder / f"{name}.csv"
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(quoting_style="needed"))
    if delivery.number % 2 == 1:
        path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    return path


def _workbook(table: pa.Table, title: str, path: Path) -> Path:
    """Write a workbook with a merged title above the headings and a total below."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    sheet.append([f"{title}（演示）"])
    sheet.append([])
    sheet.append(table.column_names)
    columns = [column.to_pylist() for column in table.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    sheet.append(["合计", len(table)])
    book.save(path)
    return path
