"""Reads of the catalogue (目录): lists, one resource, versions, freshness, elements, crosswalks."""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType

import msgspec
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.engines.api import search
from yiwang.identity.api import (
    DepartmentUnknown,
    DepartmentView,
    Rule,
    department_get,
    department_list,
    everyone,
    field_in,
)
from yiwang.kernel.api import RequestContext, context_get
from yiwang.resources.catalogue.data import (
    CYCLES,
    Change,
    ColumnFinding,
    CrosswalkView,
    ElementView,
    ProposalView,
    ResourceFilter,
    ResourcePage,
    ResourceRow,
    ResourceView,
    VersionView,
)
from yiwang.resources.catalogue.models import (
    Crosswalk,
    DataElement,
    Resource,
    ResourceProposal,
    ResourceVersion,
)
from yiwang.resources.catalogue.rules import (
    CYCLE_TIMES,
    LATE,
    freshness,
    spec_compare,
    spec_load,
)
from yiwang.resources.catalogue.sheets import Entry
from yiwang.sdk.errors import N_, NotFound
from yiwang.sdk.text import clean

REVIEWING_FUNCTION = "data"
SEARCH_CAP = 1000
MAX_NUMBER = 1_000_000
own_department: Rule = field_in("department_id", "department_ids")
_ORDERS = MappingProxyType(
    {
        "title": ("current_version__title", "code"),
        "published": ("current_version__valid_from", "code"),
        "delivered": ("last_delivered_at", "code"),
        "code": ("code",),
    }
)


class ResourceNotFound(NotFound):
    """The catalogue has no resource of this code, or not for the asker."""

    code = "resource_not_found"
    message = N_("The catalogue has no resource %(code)s. Search for it by name.")


class CrosswalkNotFound(NotFound):
    """No crosswalk of this key was in force."""

    code = "crosswalk_not_found"
    message = N_("There is no crosswalk %(key)s.")


def reviews_all(context: RequestContext | None = None) -> bool:
    """Tell whether the acting person reviews for the whole city (目录主管部门审核人).

    These are data stewards of the city's data department; the machine itself may too.
    """
    context = context or context_get()
    if context.population == "SYSTEM":
        return True
    department = department_of(context.department_id)
    return (
        context.may("resources.catalogue.review")
        and department is not None
        and (department.function, department.level) == (REVIEWING_FUNCTION, "CITY")
    )


def staff_rule(context: RequestContext | None = None) -> Rule:
    """Return which working copies the acting person may see: reviewers all, others their own."""
    return everyone if reviews_all(context) else own_department


def department_of(department_id: int | None) -> DepartmentView | None:
    """Return a department, None when it is unknown (provider not there yet)."""
    try:
        return department_get(department_id) if department_id is not None else None
    except DepartmentUnknown:
        return None


def resource_get(code: str) -> ResourceView:
    """Return a resource in the catalogue by code (信息资源). Raises `ResourceNotFound`.

    What is only being drafted or was withdrawn is not there.
    """
    code = clean(code)[:60]
    row = _resources().filter(code=code, current_version__isnull=False).first()
    if row is None:
        raise ResourceNotFound(code=code)
    return view_of(row)


def resource_map(codes: Iterable[str]) -> dict[str, ResourceView]:
    """Return the resources in the catalogue of these codes, by code; what is not there is left out (批量读取)."""
    rows = _resources().filter(code__in=set(codes), current_version__isnull=False)
    return {row.code: view_of(row) for row in rows}


def resource_by_id(resource_id: int) -> ResourceView:
    """Return a resource by id whatever its state, for landing and quality (内部读取)."""
    row = _resources().filter(pk=resource_id).first()
    if row is None:
        raise ResourceNotFound(code=resource_id)
    return view_of(row)


def resource_for_staff(resource_id: int) -> ResourceView:
    """Return the working copy of a resource (编制件) for its department or for reviewers.

    Raises `ResourceNotFound` for another department's.
    """
    context = context_get()
    row = _resources().filter(staff_rule(context).filter(context), pk=resource_id).first()
    if row is None:
        raise ResourceNotFound(code=resource_id)
    return view_of(row)


def resource_list(
    filters: ResourceFilter = ResourceFilter(),  # noqa: B008 - frozen
    *,
    order: str = "title",
    offset: int = 0,
    limit: int = 20,
    now: datetime | None = None,
) -> ResourcePage:
    """List published resources (目录浏览). order: title, published, delivered, code; - turns it.

    With words to search for and no order, the best come first.
    """
    now = now or timezone.now()
    rows = _filtered(filters, now)
    found = _search_codes(filters.q) if filters.q else None
    if found is not None:
        rows = rows.filter(code__in=found)
    if found is not None and order == "best":
        place = {code: index for index, code in enumerate(found)}
        codes = sorted(rows.values_list("code", flat=True), key=place.__getitem__)
        chosen = codes[offset : offset + limit]
        by_code = {row.code: row for row in _rows(rows.filter(code__in=chosen), now)}
        return ResourcePage(tuple(by_code[code] for code in chosen), len(codes))
    ordered = rows.order_by(*_ORDERS.get(order.lstrip("-"), _ORDERS["title"]))
    page = (ordered.reverse() if order.startswith("-") else ordered)[offset : offset + limit]
    return ResourcePage(tuple(_rows(page, now)), rows.count())


def resource_count_by(
    facet: str,
    filters: ResourceFilter = ResourceFilter(),  # noqa: B008 - frozen
) -> dict:
    """Count published resources by theme, department, level, area, category, sharing, opening."""
    column = {
        "theme": "current_version__theme",
        "department": "function",
        "level": "level",
        "area": "area_code",
        "category": "current_version__category",
        "sharing": "current_version__sharing",
        "opening": "current_version__opening",
    }[facet]
    rows = _filtered(filters, timezone.now())
    return dict(rows.values_list(column).annotate(Count("pk")).order_by())


def resource_light_count(
    filters: ResourceFilter = ResourceFilter(),  # noqa: B008 - frozen
    *,
    now: datetime | None = None,
) -> dict[str, int]:
    """Count published resources by light (更新情况)."""
    now = now or timezone.now()
    rows = _filtered(filters, now)
    return {light: rows.filter(light_filter(light, now)).count() for light in _LIGHTS}


def resource_views(filters: ResourceFilter, *, now: datetime | None = None) -> list[ResourceView]:
    """Return the published resources of a list in full (目录导出), by code."""
    rows = _filtered(filters, now or timezone.now())
    if filters.q:
        rows = rows.filter(code__in=_search_codes(filters.q))
    return [view_of(row) for row in rows.select_related("current_version").order_by("code")]


def staff_rows(context: RequestContext | None = None) -> QuerySet[Resource]:
    """Return the working copies (编制件) that the acting person may see."""
    context = context or context_get()
    return _resources().filter(staff_rule(context).filter(context))


def mine_rows(context: RequestContext | None = None) -> QuerySet[Resource]:
    """Return the resources of the acting person's department and those below it (本部门目录)."""
    context = context or context_get()
    return _resources().filter(own_department.filter(context))


def review_rows(context: RequestContext | None = None) -> QuerySet[Resource]:
    """Return what waits for review (待审核) and the acting person may see."""
    waiting = (Resource.State.SUBMITTED, Resource.State.WITHDRAWN_SUBMITTED)
    return staff_rows(context).filter(state__in=waiting)


def review_count(context: RequestContext) -> int | None:
    """Count what waits for the acting person's review (待审核数), for the menu."""
    return review_rows(context).count() if reviews_all(context) else None


def returned_count(context: RequestContext) -> int | None:
    """Count what was sent back to the department (退回数), for the menu."""
    return mine_rows(context).filter(state=Resource.State.REJECTED).count() or None


def version_list(resource_id: int) -> list[VersionView]:
    """List a resource's versions (历史版本), newest first."""
    rows = ResourceVersion.objects.filter(resource_id=resource_id).order_by("-number")
    return [_version(row) for row in rows]


def version_get(resource_id: int, number: int) -> VersionView:
    """Return one version of a resource by number; raises `ResourceNotFound`."""
    rows = ResourceVersion.objects.filter(resource_id=resource_id, number=number)
    row = rows.first() if 0 < number < MAX_NUMBER else None
    if row is None:
        raise ResourceNotFound(code=number)
    return _version(row)


def version_compare(resource_id: int, before: int, after: int) -> tuple[Change, ...]:
    """Say what is different between two versions (版本比对), field by field."""
    return spec_compare(version_get(resource_id, before).spec, version_get(resource_id, after).spec)


def proposal_rows(context: RequestContext | None = None) -> QuerySet[ResourceProposal]:
    """Return the proposals (盘点提议) of the acting person's department; reviewers see all."""
    context = context or context_get()
    return ResourceProposal.objects.filter(staff_rule(context).filter(context))


def proposal_get(proposal_id: int) -> ProposalView:
    """Return a proposal that the acting person may decide; raises `ResourceNotFound`."""
    row = proposal_rows().filter(pk=proposal_id).first()
    if row is None:
        raise ResourceNotFound(code=proposal_id)
    return proposal_view(row)


def proposal_count(context: RequestContext) -> int | None:
    """Count the open proposals that the acting person may decide, for the menu."""
    return proposal_rows(context).filter(state=ResourceProposal.State.OPEN).count() or None


def element_list(as_of: datetime | None = None) -> list[ElementView]:
    """List the data elements in force (数据元), by key."""
    rows = _in_force(DataElement.objects.all(), as_of).order_by("key")
    names = ElementView.__dataclass_fields__
    return [ElementView(**{name: getattr(row, name) for name in names}) for row in rows]


def crosswalk_list(as_of: datetime | None = None) -> list[CrosswalkView]:
    """List the crosswalks in force (代码对照), by key."""
    rows = _in_force(Crosswalk.objects.all(), as_of).order_by("key")
    return [crosswalk_view(row) for row in rows]


def crosswalk_get(key: str, as_of: datetime | None = None) -> CrosswalkView:
    """Return a crosswalk (代码对照) as of a moment, by default now; raises `CrosswalkNotFound`."""
    row = _in_force(Crosswalk.objects.filter(key=key), as_of).first()
    if row is None:
        raise CrosswalkNotFound(key=key)
    return crosswalk_view(row)


def crosswalk_apply(
    key: str, values: Iterable[str], *, as_of: datetime | None = None
) -> list[str | None]:
    """Translate codes by a crosswalk (代码转换), one for each value; None where it has no counterpart.

    Raises `CrosswalkNotFound`.
    """
    entries = crosswalk_get(key, as_of).entries
    return [entries.get(value) for value in values]


def light_filter(light: str, now: datetime) -> Q:
    """Return the rows whose `freshness` is `light`, so that a list can be filtered by it."""
    found = Q(pk__in=[])
    others = Q(pk__in=[])
    for cycle in CYCLES:
        of_cycle = Q(current_version__cycle=cycle)
        promised = CYCLE_TIMES.get(cycle)
        if promised is None:
            others |= of_cycle
            continue
        fresh_from, late_from = now - promised, now - promised * LATE
        missing = Q(last_delivered_at__isnull=True)
        conditions = {
            "GREEN": Q(last_delivered_at__gte=fresh_from),
            "YELLOW": Q(last_delivered_at__lt=fresh_from, last_delivered_at__gte=late_from),
            "RED": Q(last_delivered_at__lt=late_from)
            | (missing & Q(current_version__valid_from__lt=late_from)),
            "NONE": missing & Q(current_version__valid_from__gte=late_from),
        }
        found |= of_cycle & conditions[light]
    return found | others if light == "NONE" else found


def view_of(row: Resource) -> ResourceView:
    """Turn a row into its view."""
    return ResourceView(
        id=row.pk,
        code=row.code,
        state=row.state,
        department_id=row.department_id,
        function=row.function,
        level=row.level,
        area_code=row.area_code,
        draft=spec_load(row.draft),
        published=_version(row.current_version) if row.current_version else None,
        reason=row.reason,
        last_delivered_at=row.last_delivered_at,
        submitted_at=row.submitted_at,
        draft_accounts=tuple(row.draft_accounts),
        source=row.source,
        is_made=row.is_made,
    )


def entry_of_view(view: ResourceView, *, working: bool) -> Entry:
    """Return a resource as a file has it: what is published, or the working copy."""
    department = department_of(view.department_id)
    return Entry(
        line=0,
        code=view.code,
        provider=department.uscc if department else "",
        title=view.spec.title,
        spec=view.draft if working else view.spec,
        state=view.state,
        provider_name=department.name if department else "",
    )


def proposal_view(row: ResourceProposal) -> ProposalView:
    """Turn a row into its view."""
    return ProposalView(
        id=row.pk,
        source=row.source,
        name=row.name,
        state=row.state,
        spec=spec_load(row.spec),
        department_id=row.department_id,
        function=row.function,
        rows=row.rows,
        findings=msgspec.convert(row.findings, tuple[ColumnFinding, ...]),
        resource_id=row.resource_id,
        created_at=row.created_at,
    )


def crosswalk_view(row: Crosswalk) -> CrosswalkView:
    """Turn a row into its view."""
    names = CrosswalkView.__dataclass_fields__
    return CrosswalkView(**{name: getattr(row, name) for name in names})


def provider_find(text: str) -> DepartmentView | None:
    """Find a department by the name or code that a spreadsheet gives (提供方识别)."""
    wanted = clean(text)
    for row in department_list() if wanted else ():
        if wanted in (row.uscc, row.name, row.short_name):
            return row
    return None


_LIGHTS = ("GREEN", "YELLOW", "RED", "NONE")


def _resources() -> QuerySet[Resource]:
    return Resource.objects.select_related("current_version")


def _filtered(filters: ResourceFilter, now: datetime) -> QuerySet[Resource]:
    rows = Resource.objects.filter(current_version__isnull=False)
    columns = {
        "current_version__theme": filters.theme,
        "function": filters.department,
        "level": filters.level,
        "area_code": filters.area,
        "current_version__category": filters.category,
        "current_version__sharing": filters.sharing,
        "current_version__opening": filters.opening,
    }
    rows = rows.filter(**{column: value for column, value in columns.items() if value})
    return rows.filter(light_filter(filters.light, now)) if filters.light in _LIGHTS else rows


def _search_codes(text: str) -> list[str]:
    return [hit.ref for hit in search(text, kinds=["resource"], limit=SEARCH_CAP).hits]


_ROW = (
    "id",
    "code",
    "state",
    "department_id",
    "function",
    "level",
    "area_code",
    "last_delivered_at",
    "current_version__title",
    "current_version__title_en",
    "current_version__theme",
    "current_version__sharing",
    "current_version__opening",
    "current_version__cycle",
    "current_version__valid_from",
)


def _rows(rows: QuerySet[Resource], now: datetime) -> list[ResourceRow]:
    found = []
    for values in rows.values(*_ROW):
        row = {name.removeprefix("current_version__"): value for name, value in values.items()}
        row["published_at"] = row.pop("valid_from")
        light = freshness(
            row["cycle"],
            delivered_at=row["last_delivered_at"],
            published_at=row["published_at"],
            now=now,
        )
        found.append(ResourceRow(light=light, **row))
    return found


def _version(row: ResourceVersion) -> VersionView:
    return VersionView(row.pk, row.number, spec_load(row.spec), row.valid_from, row.valid_to)


def _in_force(rows: QuerySet, as_of: datetime | None) -> QuerySet:
    if as_of is None:
        return rows.filter(valid_to__isnull=True)
    return rows.filter(valid_from__lte=as_of).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=as_of)
    )
