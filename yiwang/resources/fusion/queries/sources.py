"""Which resource feeds which class of a registry's plan (融合数据源)."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from yiwang.resources.catalogue.data import FieldSpec, ResourceView
from yiwang.resources.catalogue.queries import ResourceNotFound, resource_get, resource_map
from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.desk import BindingView, ClassUnknown, RegistryUnknown
from yiwang.resources.fusion.feed import FeedClass, feed_classes
from yiwang.resources.fusion.models import FusionSource
from yiwang.resources.fusion.plans import REGISTRY_PLANS

# What departments call the column that the plans call id_number (证件号码列的别名).
ID_NAMES = ("id_number", "uscc", "idcard", "id_card", "sfzh", "zjhm", "tyshxydm")
ID_TITLES = ("公民身份号码", "身份证号", "身份证号码", "证件号码", "统一社会信用代码")


def plan_get(registry: str) -> FusionPlan:
    """Return the plan that fills a registry (融合计划); raises `RegistryUnknown`."""
    if registry not in REGISTRY_PLANS:
        raise RegistryUnknown(registry=registry)
    return REGISTRY_PLANS[registry]()


def registry_folder(registry: str) -> Path:
    """Return the folder of a registry's files below the installation's data (基础库文件夹)."""
    plan_get(registry)
    return settings.DATA_DIR / "registries" / registry


def feed_folder(registry: str) -> Path:
    """Return where the feed of a registry's runs is built (融合输入文件夹)."""
    return registry_folder(registry) / "feed"


def master_folder(registry: str) -> Path:
    """Return where a registry's master is published (主数据文件夹); see `publish`."""
    return registry_folder(registry) / "master"


def lineage_folder() -> Path:
    """Return where lineage events are kept (血缘文件夹)."""
    return settings.DATA_DIR / "lineage"


def class_code(registry: str, number: int | str) -> str:
    """Return the code of a class or tie: 7 and "C07" give C07, "T01" T01. Raises `ClassUnknown`."""
    code = f"C{number:02d}" if isinstance(number, int) else number.strip().upper()
    if code not in feed_classes(plan_get(registry)):
        raise ClassUnknown(registry=registry, number=number)
    return code


def bindings(registry: str) -> list[BindingView]:
    """List every class and tie of a registry's plan with what feeds it (数据源绑定)."""
    plan = plan_get(registry)
    return _bindings(registry, plan, feed_classes(plan))


def binding_of(registry: str, code: str) -> BindingView | None:
    """Return what feeds one class or tie of a registry's plan (数据源绑定); None for an unknown code."""
    plan = plan_get(registry)
    wanted = feed_classes(plan).get(code)
    return _bindings(registry, plan, {code: wanted})[0] if wanted else None


def _bindings(
    registry: str, plan: FusionPlan, classes: Mapping[str, FeedClass]
) -> list[BindingView]:
    found = FusionSource.objects.filter(registry=registry, code__in=list(classes))
    rows = {row.code: row for row in found}
    resources = resource_map(row.resource_code for row in rows.values())
    titles = {one.code: (one.department, one.title) for one in plan.sources}
    for tie in getattr(plan, "ties", ()):
        titles[f"T{tie.number:02d}"] = (tie.department, tie.title)
    return [
        _binding(registry, wanted, *titles[code], rows.get(code), resources, plan)
        for code, wanted in classes.items()
    ]


def feeds(registry: str) -> dict[str, str]:
    """Return class code → resource code of what is bound (已绑定数据源)."""
    rows = FusionSource.objects.filter(registry=registry).order_by("code")
    return dict(rows.values_list("code", "resource_code"))


def columns_match(
    plan: FusionPlan, wanted: FeedClass, fields: tuple[FieldSpec, ...], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Find for each column of a class the field of a resource (列对应): as chosen, by name, by title."""
    titles = {one.name: one.title for one in plan.fields}
    names = {one.name for one in fields}
    by_title = {one.title: one.name for one in reversed(fields)}
    found: dict[str, str] = {}
    for column in wanted.columns:
        options = [chosen.get(column, ""), column]
        if column == "id_number":
            options += [*ID_NAMES, *(by_title.get(title, "") for title in ID_TITLES)]
        options.append(by_title.get(titles.get(column, ""), ""))
        match = next((name for name in options if name in names), "")
        if match:
            found[column] = match
    return found


def resource_of(code: str) -> ResourceView | None:
    """Return a resource of the catalogue, None when it is not there (any more)."""
    try:
        return resource_get(code)
    except ResourceNotFound:
        return None


def _binding(
    registry: str,
    wanted: FeedClass,
    department: str,
    title: str,
    row: FusionSource | None,
    resources: Mapping[str, ResourceView],
    plan: FusionPlan,
) -> BindingView:
    resource = resources.get(row.resource_code) if row else None
    matched = (
        columns_match(plan, wanted, resource.spec.fields, row.columns) if row and resource else {}
    )
    return BindingView(
        registry=registry,
        code=wanted.code,
        department=department,
        title=title,
        resource_code=row.resource_code if row else "",
        resource_title=resource.spec.title if resource else "",
        department_id=resource.department_id if resource else None,
        matched=matched,
        missing=tuple(name for name in wanted.columns if name not in matched),
        formats={name: form for name, (_kind, form) in wanted.columns.items()},
        bound_at=row.bound_at if row else None,
        last_delivered_at=resource.last_delivered_at if resource else None,
    )
