"""The public directory of departments (机构名录)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from yiwang.identity.access.policies import public
from yiwang.identity.organisations.data import DepartmentView
from yiwang.identity.organisations.queries import (
    department_chain,
    department_children,
    department_get,
    department_list,
)
from yiwang.identity.organisations.sections import department_section_list
from yiwang.kernel.api import Column, Filter, localized, page_of, render
from yiwang.sdk.errors import N_

LEVELS = {
    "CITY": {"zh": "市级", "en": "City"},
    "DISTRICT": {"zh": "区县级", "en": "District"},
    "STREET": {"zh": "镇街级", "en": "Street and town"},
}


def name_of(department: DepartmentView) -> dict[str, str]:
    """Return a department's name in both languages."""
    return {"zh": department.name, "en": department.name_en or department.name}


_COLUMNS = (
    Column("name", N_("Department name"), order="name", text=lambda row: localized(name_of(row))),
    Column("level", N_("Level"), text=lambda row: localized(LEVELS[row.level])),
    Column("phone", N_("Phone")),
    Column("address", N_("Address")),
)


@public
@require_safe
def department_directory(request: HttpRequest) -> HttpResponse:
    """Show the city's departments as a tree by level, or those that a search finds."""
    level = request.GET.get("level", "")
    text = request.GET.get("q", "").strip()[:60]
    is_search = bool(text or level in LEVELS)
    rows = department_list(level=level if level in LEVELS else "", text=text) if is_search else []
    filters = (
        Filter("q", N_("Department name")),
        Filter(
            "level",
            N_("Level"),
            kind="select",
            choices=[(code, localized(title)) for code, title in LEVELS.items()],
        ),
    )
    roots = department_children(None)
    return render(
        request,
        "identity/organisations/list.html",
        {
            "page": page_of(request, rows, columns=_COLUMNS, filters=filters, default_order=""),
            "is_search": is_search,
            "levels": LEVELS,
            "level_tabs": _level_tabs(level),
            "roots": [(root, len(department_children(root.id))) for root in roots],
            "name_of": name_of,
        },
    )


def _level_tabs(level: str) -> list[tuple]:
    """Return the tabs of the levels below the city: label, address, whether one stands there."""
    return [
        (localized(LEVELS[code]), f"?level={code}", code == level, len(department_list(level=code)))
        for code in ("DISTRICT", "STREET")
    ]


@public
@require_safe
def department_page(request: HttpRequest, department_id: int) -> HttpResponse:
    """Show one department: address, phone, office hours, its superiors and those below it."""
    department = department_get(department_id)
    sections = [
        (section, count, section.url(department_id))
        for section in department_section_list()
        if (count := section.count(department_id))
    ]
    return render(
        request,
        "identity/organisations/detail.html",
        {
            "department": department,
            "chain": department_chain(department_id)[:-1],
            "below": department_children(department_id),
            "sections": sections,
            "level": LEVELS[department.level],
            "name_of": name_of,
        },
    )
