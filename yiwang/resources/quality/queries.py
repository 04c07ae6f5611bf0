"""Reads of quality (数据质量): contracts, scores, exceptions, alerts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.identity.api import Rule as RowRule
from yiwang.identity.api import everyone, field_in
from yiwang.kernel.api import (
    CalendarNotPublished,
    RequestContext,
    calendar_get,
    code_list,
    code_table_get,
    context_get,
)
from yiwang.resources.catalogue.data import ResourceSpec
from yiwang.resources.catalogue.queries import (
    CrosswalkNotFound,
    crosswalk_get,
    department_of,
    resource_get,
)
from yiwang.resources.quality.contracts import CROSSWALK, code_tables_of, contract_of
from yiwang.resources.quality.data import Contract, ExceptionView, Standard
from yiwang.resources.quality.models import (
    QualityAlert,
    QualityException,
    QualityRun,
    QualityScore,
)
from yiwang.resources.quality.rules import light_of, standard_check
from yiwang.sdk.errors import N_, NotFound

HANDLE = "resources.quality.handle"
DATA_FUNCTION = "data"
OPEN_STATES = ("OPEN", "SEEN", "ANSWERED", "DISPUTED", "FIX_SENT")
own_department: RowRule = field_in("department_id", "department_ids")
_SHIPPED = Path(__file__).parent / "data_files" / "standard.yaml"


class ExceptionNotFound(NotFound):
    """There is no such exception, or not for the asker."""

    code = "quality_exception_not_found"
    message = N_("There is no exception %(number)s among those you may see.")


# --- contracts and the standard ---------------------------------------------------------------------


def contract_get(code: str) -> Contract:
    """Return the contract in force of a published resource (现行数据契约).

    Raises `ResourceNotFound`, `ContractInvalid`.
    """
    return contract_build(resource_get(code).spec, code)


def contract_build(spec: ResourceSpec, code: str = "") -> Contract:
    """Build a contract with the codes that the city keeps (代码表取值)."""
    codes = {}
    for table, edition in code_tables_of(spec):
        known = _codes_of(table, edition)
        if known is not None:
            codes[table] = known
    return contract_of(spec, code=code, codes=codes)


def _codes_of(table: str, edition: str) -> list[str] | None:
    if table.startswith(CROSSWALK):
        try:
            return sorted(crosswalk_get(table.removeprefix(CROSSWALK)).entries)
        except CrosswalkNotFound:
            return None
    view = code_table_get(table)
    if view is None:
        return None
    as_of = next((one.valid_from for one in view.editions if one.edition == edition), None)
    return [one.code for one in code_list(table, as_of=as_of)] or None


def standard_get() -> Standard:
    """Return how scores are made (评价标准): the city's own file, else the shipped one."""
    own = Path(settings.DATA_DIR) / "quality" / "standard.yaml"
    path = own if own.exists() else _SHIPPED
    return _standard(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _standard(path: Path, _changed: int) -> Standard:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    standard = Standard(
        weights={name: float(weight) for name, weight in content["weights"].items()},
        levels=tuple(
            (float(one["least"]), str(one["key"]), {"zh": one["zh"], "en": one["en"]})
            for one in content["levels"]
        ),
        days={name: int(days) for name, days in content["days"].items()},
        kinds=dict(content.get("kinds") or {}),
    )
    standard_check(standard)
    return standard


# --- who sees what ----------------------------------------------------------------------------------


def is_bureau(context: RequestContext | None = None) -> bool:
    """Tell whether the acting person is of the city's data bureau (数据主管部门), or the machine."""
    context = context or context_get()
    if context.population == "SYSTEM":
        return True
    department = department_of(context.department_id)
    return (
        context.may(HANDLE)
        and department is not None
        and (department.function, department.level) == (DATA_FUNCTION, "CITY")
    )


def rows_rule(context: RequestContext | None = None) -> RowRule:
    """Return which rows the acting person may see: the data bureau all, others their own."""
    return everyone if is_bureau(context) else own_department


# --- scores -----------------------------------------------------------------------------------------


def score_rows(context: RequestContext | None = None) -> QuerySet[QualityScore]:
    """Return the latest overall score of each resource (资源最新得分) that may be seen."""
    context = context or context_get()
    return QualityScore.objects.filter(
        rows_rule(context).filter(context),
        scope=QualityScore.Scope.RESOURCE,
        is_latest=True,
        field="",
        property="",
    ).select_related("resource__current_version")


def score_latest(scope: str, **keys: object) -> dict[tuple[str, str], QualityScore]:
    """Return the latest scores of a scope by field and property (最新得分)."""
    rows = QualityScore.objects.filter(scope=scope, is_latest=True, **keys)
    return {(row.field, row.property): row for row in rows}


def score_trend(
    scope: str, *, field: str = "", days: int = 90, today: date, **keys: object
) -> list[tuple[date, str, float]]:
    """Return day, property and score of the last days (得分走势), oldest first."""
    rows = QualityScore.objects.filter(
        scope=scope, field=field, day__gt=today - timedelta(days=days), **keys
    )
    return list(rows.order_by("day", "id").values_list("day", "property", "score"))


def department_scores() -> list[QualityScore]:
    """Return the latest overall score of each department (部门得分), best first."""
    rows = QualityScore.objects.filter(
        scope=QualityScore.Scope.DEPARTMENT, is_latest=True, field="", property=""
    )
    return list(rows.order_by("-score", "department_id"))


def run_latest(resource_id: int) -> QualityRun | None:
    """Return the last batch judged of a resource (最近一次检测)."""
    return QualityRun.objects.filter(resource_id=resource_id).order_by("-at", "-id").first()


def runs_before(resource_id: int, *, limit: int) -> list[QualityRun]:
    """Return the last batches judged of a resource, newest first."""
    return list(QualityRun.objects.filter(resource_id=resource_id).order_by("-at", "-id")[:limit])


# --- exceptions -------------------------------------------------------------------------------------


def exception_rows(context: RequestContext | None = None) -> QuerySet[QualityException]:
    """Return the exceptions that the acting person may see (异常反馈)."""
    context = context or context_get()
    return QualityException.objects.filter(rows_rule(context).filter(context))


def exception_row(exception_id: int) -> QualityException:
    """Return one that the acting person may see; raises `ExceptionNotFound`."""
    row = exception_rows().filter(pk=exception_id).first()
    if row is None:
        raise ExceptionNotFound(number=exception_id)
    return row


def exception_get(exception_id: int, *, now: datetime | None = None) -> ExceptionView:
    """Return an exception as its page shows it (异常详情); raises `ExceptionNotFound`."""
    return exception_view(exception_row(exception_id), now=now or timezone.now())


def exception_count(context: RequestContext) -> int | None:
    """Count what waits for the acting person (待办异常数), for the menu."""
    if is_bureau(context):
        states = ("DISPUTED",)
        rows = QualityException.objects.all()
    else:
        states = ("OPEN", "SEEN", "ANSWERED")
        rows = QualityException.objects.filter(own_department.filter(context))
    return rows.filter(state__in=states).count() or None


def exception_lights(rows: QuerySet[QualityException], now: datetime) -> dict[str, int]:
    """Count exceptions by light (红黄绿灯统计)."""
    today, tomorrow = working_days(now)
    is_open = ~Q(state="CLOSED")
    return rows.aggregate(
        RED=Count("pk", filter=is_open & Q(due_date__lt=today)),
        YELLOW=Count("pk", filter=is_open & Q(due_date__gte=today, due_date__lte=tomorrow)),
        GREEN=Count("pk", filter=is_open & Q(due_date__gt=tomorrow)),
    )


def light_rows(
    rows: QuerySet[QualityException], light: str, now: datetime
) -> QuerySet[QualityException]:
    """Keep the exceptions of one light (按灯筛选)."""
    today, tomorrow = working_days(now)
    conditions = {
        "RED": Q(due_date__lt=today),
        "YELLOW": Q(due_date__gte=today, due_date__lte=tomorrow),
        "GREEN": Q(due_date__gt=tomorrow),
    }
    if light not in conditions:
        return rows
    return rows.filter(conditions[light]).exclude(state="CLOSED")


def working_days(now: datetime) -> tuple[date, date]:
    """Return today and the next working day; the day itself where no calendar is published."""
    today = timezone.localdate(now)
    return today, due_after(today, 1) or today


def due_after(day: date, days: int) -> date | None:
    """Return the day by which so many working days have passed (办理期限); None past the calendar."""
    try:
        return calendar_get().add_working_days(day, days)
    except CalendarNotPublished:
        return None


def exception_view(row: QualityException, *, now: datetime) -> ExceptionView:
    """Turn a row into its view."""
    today, tomorrow = working_days(now)
    names = [name for name in ExceptionView.__dataclass_fields__ if name not in ("light",)]
    values = {name: getattr(row, name) for name in names}
    return ExceptionView(light=light_of(row.state, row.due_date, today, tomorrow), **values)


# --- alerts -----------------------------------------------------------------------------------------


def alert_rows(context: RequestContext | None = None) -> QuerySet[QualityAlert]:
    """Return the alerts that the acting person may see (监测预警)."""
    context = context or context_get()
    rows = QualityAlert.objects.filter(rows_rule(context).filter(context))
    return rows.select_related("resource__current_version")


def alert_count(context: RequestContext) -> int | None:
    """Count the open alerts, for the menu."""
    return alert_rows(context).filter(state="OPEN").count() or None


def data_path(relative: str) -> Path:
    """Return a file below the data folder; raises ValueError for a path that leads out of it."""
    root = Path(settings.DATA_DIR).resolve()
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise ValueError("the path leads out of the data folder")
    return path


def exceptions_of(resource_id: int, *, states: Sequence[str] = OPEN_STATES) -> list:
    """Return a resource's exceptions in some states, oldest first."""
    rows = QualityException.objects.filter(resource_id=resource_id, state__in=states)
    return list(rows.order_by("id"))
