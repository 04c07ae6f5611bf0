"""Reads of the matters (事项): one version, lists, popular ones, life events."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.urls import reverse

from yiwang.engines.api import FormUse
from yiwang.hall.matters.data import (
    LifeEvent,
    MatterFilter,
    MatterPage,
    MatterRow,
    MatterView,
)
from yiwang.hall.matters.models import Matter, MatterFacet, MatterFormChoice, MatterVersion
from yiwang.hall.matters.rules import LIFE_EVENTS
from yiwang.identity.api import department_get
from yiwang.kernel.api import stamp_get
from yiwang.sdk.errors import N_, NotFound
from yiwang.sdk.packs import MatterDefinition, definition_load
from yiwang.sdk.text import clean


class MatterNotFound(NotFound):
    """No matter has this code (or not in this version)."""

    code = "matter_not_found"
    message = N_("There is no matter %(code)s. Search for it by name.")


MAX_NUMBER = 1_000_000
STAMP = "hall.matters"
"""Renewed whenever a version comes into force or ends."""
_ORDERS = {
    "popular": ("-applications_count", "kind", "code"),
    "title": ("current_version__title", "code"),
    "department": ("current_version__department_function", "current_version__title", "code"),
    "item_type": ("current_version__item_type", "current_version__title", "code"),
    "code": ("code",),
}
_FACETS = {
    "theme": MatterFacet.Facet.THEME,
    "life_event": MatterFacet.Facet.LIFE_EVENT,
    "service_object": MatterFacet.Facet.SERVICE_OBJECT,
}


def matter_get(code: str, version: int | None = None) -> MatterView:
    """Return a matter (事项) by code: the current version, or the one of that number.

    Raises `MatterNotFound`.
    """
    code = clean(code)[:40]
    rows = MatterVersion.objects.select_related("matter").filter(matter__code=code)
    rows = rows.filter(valid_to__isnull=True) if version is None else rows.filter(number=version)
    row = rows.first() if version is None or 0 < version < MAX_NUMBER else None
    if row is None:
        raise MatterNotFound(code=code)
    return _view(row)


def matter_version_get(version_id: int) -> MatterView:
    """Return the version that an application keeps (事项版本); raises `MatterNotFound`.

    It is kept in memory: `applications_count` is that of when it was read.
    """
    stamp = stamp_get(STAMP)
    return _version_kept(stamp, version_id) if stamp else _version_read(version_id)


@lru_cache(maxsize=2048)
def _version_kept(stamp: str, version_id: int) -> MatterView:
    return _version_read(version_id)


def _version_read(version_id: int) -> MatterView:
    rows = MatterVersion.objects.select_related("matter").defer("spec")
    row = rows.filter(pk=version_id).first()
    if row is None:
        raise MatterNotFound(code=version_id)
    return _view(row)


def matter_version_list(code: str) -> list[MatterView]:
    """List a matter's versions (历史版本), newest first."""
    rows = MatterVersion.objects.select_related("matter").filter(matter__code=code)
    return [_view(row) for row in rows.order_by("-number")]


def matter_current_list(*, item_types: Iterable[str] = ()) -> list[MatterView]:
    """List the versions in force whole (有效事项), by code; item_types: only these of A.1, all if empty."""
    rows = MatterVersion.objects.select_related("matter").filter(valid_to__isnull=True)
    rows = rows.filter(item_type__in=list(item_types)) if item_types else rows
    return [_view(row) for row in rows.order_by("matter__code")]


def matter_codes_of_source(source: str) -> set[str]:
    """Return the codes in force that come from a source, whatever its version."""
    prefix = source.partition("@")[0]
    rows = Matter.objects.filter(current_version__source__startswith=f"{prefix}@")
    return set(rows.values_list("code", flat=True))


def matter_list(
    filters: MatterFilter = MatterFilter(),  # noqa: B008 - frozen
    *,
    order: str = "popular",
    offset: int = 0,
    limit: int = 20,
) -> MatterPage:
    """List matters in force (事项清单).

    order: popular, title, department, item_type or code; with - before it, the other way round.
    """
    rows = _filtered(filters)
    ordered = rows.order_by(*_ORDERS.get(order.lstrip("-"), _ORDERS["popular"]))
    page = (ordered.reverse() if order.startswith("-") else ordered)[offset : offset + limit]
    return MatterPage(tuple(_row(values) for values in page.values(*_ROW_FIELDS)), rows.count())


def matter_popular(*, limit: int = 8) -> list[MatterRow]:
    """List what is applied for most (高频事项), only those with an on-line form."""
    rows = _filtered(MatterFilter(kind=Matter.Kind.APPLY))
    page = rows.order_by("-applications_count", "code")[:limit]
    return [_row(values) for values in page.values(*_ROW_FIELDS)]


def matter_count_by(facet: str) -> dict[str, int]:
    """Count matters in force by "theme", "life_event", "service_object", "department", "item_type"
    or "kind" (分类计数)."""
    if facet in _FACETS:
        rows = MatterFacet.objects.filter(
            facet=_FACETS[facet], matter__current_version__isnull=False
        )
        pairs = rows.values_list("value").annotate(Count("pk"))
    else:
        column = {
            "department": "current_version__department_function",
            "item_type": "current_version__item_type",
            "kind": "kind",
        }[facet]
        pairs = _filtered(MatterFilter()).values_list(column).annotate(Count("pk"))
    return dict(pairs.order_by())


def department_matter_count(department_id: int) -> int:
    """Count the matters in force of a department's function (部门事项数)."""
    function = department_get(department_id).function
    return _filtered(MatterFilter(department=function)).count()


def department_matters_url(department_id: int) -> str:
    """Return the address of the list of a department's matters."""
    function = department_get(department_id).function
    return f"{reverse('hall_matters:list')}?{urlencode({'department': function})}"


def life_event_list() -> list[LifeEvent]:
    """List the events of life (人生事件) that have matters, in the order of life."""
    counts = matter_count_by("life_event")
    known = [
        LifeEvent(key, {"zh": zh, "en": en}, icon, counts.pop(key))
        for key, zh, en, icon in LIFE_EVENTS
        if key in counts
    ]
    rest = [
        LifeEvent(key, {"zh": key, "en": key}, "collection", count)
        for key, count in sorted(counts.items())
    ]
    return known + rest


def _filtered(filters: MatterFilter) -> QuerySet[Matter]:
    rows = Matter.objects.filter(current_version__isnull=False)
    if filters.department:
        rows = rows.filter(current_version__department_function=filters.department)
    if filters.item_type:
        rows = rows.filter(current_version__item_type=filters.item_type)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    for name, facet in _FACETS.items():
        if value := getattr(filters, name):
            having = MatterFacet.objects.filter(facet=facet, value=value)
            rows = rows.filter(pk__in=having.values("matter_id"))
    return rows


_ROW_FIELDS = (
    "code",
    "kind",
    "applications_count",
    "current_version__title",
    "current_version__title_en",
    "current_version__department_function",
    "current_version__level",
    "current_version__item_type",
    "current_version__is_on_the_spot",
)


def _row(values: dict) -> MatterRow:
    version = {name.removeprefix("current_version__"): value for name, value in values.items()}
    title_en = version.pop("title_en")
    zh = version.pop("title")
    return MatterRow(title={"zh": zh, "en": title_en or zh}, **version)


# Definitions by digest: content never changes under a digest, so nothing goes stale.
_definitions: dict[str, MatterDefinition] = {}
_DEFINITIONS_KEPT = 2048


def _definition(row: MatterVersion) -> MatterDefinition:
    if row.digest not in _definitions:
        if len(_definitions) >= _DEFINITIONS_KEPT:
            _definitions.clear()
        _definitions[row.digest] = definition_load(row.spec)
    return _definitions[row.digest]


def _view(row: MatterVersion) -> MatterView:
    return MatterView(
        version_id=row.pk,
        code=row.matter.code,
        number=row.number,
        kind=row.matter.kind,
        spec=_definition(row),
        form_version_id=row.form_version_id,
        process_version_id=row.process_version_id,
        source=row.source,
        source_note=row.source_note,
        local_task_code=row.matter.local_task_code,
        applications_count=row.matter.applications_count,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        is_made=row.is_made,
    )


def form_chosen(matter_id: int, given: int | None) -> int | None:
    """Return the form version that a matter uses when its source names `given` (实际采用的表单版本)."""
    choice = MatterFormChoice.objects.filter(
        matter_id=matter_id, given_form_version_id=given
    ).values_list("form_version_id", flat=True)
    return choice.first() or given


def form_use_list() -> list[FormUse]:
    """Return which matters in force use which form version (表单使用情况), for the designer of forms."""
    rows = MatterVersion.objects.filter(
        valid_to__isnull=True, form_version_id__isnull=False
    ).values_list("form_version_id", "title", "title_en", "matter__code")
    return [
        FormUse(
            form_version_id,
            {"zh": title, "en": title_en or title},
            reverse("hall_matters:form", args=[code]),
        )
        for form_version_id, title, title_en, code in rows.order_by("matter__code")
    ]
