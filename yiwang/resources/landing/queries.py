"""Reads of landing (归集): batches, their rows, what is in force, where a row came from."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from yiwang.engines.tabular.door import sql_text, tabular_shared
from yiwang.identity.api import Rule, everyone, field_in
from yiwang.kernel.api import RequestContext, context_get
from yiwang.resources.catalogue.data import ResourceView
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import (
    ResourceNotFound,
    department_of,
    view_of,
)
from yiwang.resources.catalogue.rules import CYCLE_TIMES
from yiwang.resources.landing.data import (
    BatchCounts,
    BatchNotFound,
    BatchView,
    RejectedRow,
    ResourceNotSent,
    RowOrigin,
    RowPage,
    SourceView,
)
from yiwang.resources.landing.models import Batch, Feed, Source

SEND, OVERSEE = "resources.landing.send", "resources.landing.oversee"
OVERSEEING_FUNCTION = "data"
NUMBER_MAX = 2**62
own_department: Rule = field_in("department_id", "department_ids")


def data_root() -> Path:
    """Return the installation's data folder."""
    return Path(settings.DATA_DIR)


def oversees_all(context: RequestContext | None = None) -> bool:
    """Tell whether the acting person oversees every department's deliveries (数据主管部门)."""
    context = context or context_get()
    if context.population == "SYSTEM":
        return True
    department = department_of(context.department_id)
    return (
        context.may(OVERSEE)
        and department is not None
        and (department.function, department.level) == (OVERSEEING_FUNCTION, "CITY")
    )


def staff_rule(context: RequestContext | None = None) -> Rule:
    """Return whose batches the acting person may see: overseers all, others their own."""
    return everyone if oversees_all(context) else own_department


def batch_rows_of_staff() -> QuerySet[Batch]:
    """Return the batches that the acting person may see, newest first."""
    context = context_get()
    rows = Batch.objects.select_related("resource__current_version")
    return rows.filter(staff_rule(context).filter(context)).order_by("-id")


def batch_get(batch_id: int) -> BatchView:
    """Return a batch (批次) whoever asks inside the program; raises `BatchNotFound`."""
    row = _batches().filter(pk=batch_id).first() if 0 < batch_id < NUMBER_MAX else None
    if row is None:
        raise BatchNotFound(id=batch_id)
    return batch_view(row)


def batch_for_staff(batch_id: int) -> BatchView:
    """Return a batch for its department or for overseers; raises `BatchNotFound`."""
    row = batch_rows_of_staff().filter(pk=batch_id).first() if batch_id < NUMBER_MAX else None
    if row is None:
        raise BatchNotFound(id=batch_id)
    return batch_view(row)


def batch_list(
    resource_code: str = "", *, states: list[str] | None = None, limit: int = 50, offset: int = 0
) -> list[BatchView]:
    """List batches (批次), the newest first."""
    rows = _batches().order_by("-id")
    if resource_code:
        rows = rows.filter(resource__code=resource_code)
    if states:
        rows = rows.filter(state__in=states)
    return [batch_view(row) for row in rows[offset : offset + limit]]


def batch_rows(batch_id: int, *, reason: str = "", limit: int = 50, offset: int = 0) -> RowPage:
    """List refused rows of a batch (拒收行) by line, those with one reason if it is given."""
    row = Batch.objects.filter(pk=batch_id).first()
    if row is None:
        raise BatchNotFound(id=batch_id)
    path = data_root() / row.folder / "rejected.parquet"
    if not path.exists():
        return RowPage((), 0)
    source = f"read_parquet({sql_text(str(path))})"
    where, parameters = ("where list_contains(_reasons, ?)", [reason]) if reason else ("", [])
    connection = tabular_shared()
    try:
        total = connection.execute(f"select count(*) from {source} {where}", parameters).fetchall()
        cursor = connection.execute(
            f"select * from {source} {where} order by _line limit {limit:d} offset {offset:d}",
            parameters,
        )
        names = [column[0] for column in cursor.description]
        found = cursor.fetchall()
    finally:
        connection.close()
    rows = [dict(zip(names, values, strict=True)) for values in found]
    return RowPage(tuple(_rejected(one) for one in rows), total[0][0])


def _rejected(row: dict) -> RejectedRow:
    line, reasons = row.pop("_line"), tuple(row.pop("_reasons"))
    return RejectedRow(line, reasons, row)


def feed_files(resource_code: str) -> list[Path]:
    """Return the Parquet files of the rows in force of a resource (在用数据文件), by batch.

    Columns: row_no (bigint, unique in the resource, kept for good), updated_at (timestamp), batch
    (integer), then the fields: types D as date, T as timestamp, all others as text. A field called
    as one of ours has `_` behind its name; a time field called updated_at is that column itself.
    """
    feed = Feed.objects.filter(resource__code=resource_code).first()
    return feed_paths(feed) if feed else []


def feed_paths(feed: Feed) -> list[Path]:
    """Return the files of a feed."""
    folder = data_root() / feed_folder(feed.resource_id)
    return [folder / one["name"] for one in feed.files]


def feed_folder(resource_id: int) -> str:
    """Return the folder of a resource's feed, relative to the data folder."""
    return f"landing/{resource_id}/feed"


def feed_rows(resource_code: str) -> int:
    """Count the rows in force of a resource (在用行数)."""
    found = Feed.objects.filter(resource__code=resource_code).values_list("rows", flat=True).first()
    return found or 0


def feed_rows_map(resource_ids: list[int]) -> dict[int, int]:
    """Count the rows in force of several resources, by id."""
    rows = Feed.objects.filter(resource_id__in=resource_ids)
    return dict(rows.values_list("resource_id", "rows"))


def row_origin(resource_code: str, row_no: int) -> RowOrigin:
    """Tell where a row came from (行来源): batch, line of the original, values as sent, repairs.

    Also for rows that are no longer in force. Raises `BatchNotFound`.
    """
    batch = (
        Batch.objects.filter(resource__code=resource_code, row_base__lt=row_no)
        .exclude(state=Batch.State.CANCELLED)
        .order_by("-row_base")
        .first()
    )
    if batch is None:
        raise BatchNotFound(id=row_no)
    path = data_root() / batch.folder / "accepted.parquet"
    connection = tabular_shared()
    try:
        cursor = connection.execute(
            f"select * from read_parquet({sql_text(str(path))}) where _row_no = ?", [row_no]
        )
        names = [column[0] for column in cursor.description]
        found = cursor.fetchall()
    finally:
        connection.close()
    if not found:
        raise BatchNotFound(id=row_no)
    return _origin(batch, dict(zip(names, found[0], strict=True)))


def _origin(batch: Batch, row: dict) -> RowOrigin:
    repairs = {
        one["field"]: {"kinds": one["kinds"].split("+"), "before": one["before"]}
        for one in row["_repairs"] or ()
    }
    values = {name: value for name, value in row.items() if not name.startswith("_")}
    before = {name: one["before"] for name, one in repairs.items()}
    return RowOrigin(
        batch_id=batch.pk,
        batch_number=batch.number,
        line=row["_line"],
        received_at=batch.received_at,
        values_original=values | before,
        values=values,
        repairs=repairs,
        file_name=batch.name,
    )


def resource_to_send(code: str) -> Resource:
    """Return a published resource that the acting person may send; raises `ResourceNotSent`."""
    context = context_get()
    row = (
        Resource.objects.select_related("current_version")
        .filter(code=code, current_version__isnull=False)
        .first()
    )
    if row is None:
        raise ResourceNotSent(code=code)
    if not oversees_all(context) and row.department_id not in context.department_ids:
        raise ResourceNotSent(code=code)
    return row


def resource_rows_of_staff() -> QuerySet[Resource]:
    """Return the published resources that the acting person sends or oversees."""
    context = context_get()
    rows = Resource.objects.select_related("current_version").filter(current_version__isnull=False)
    return rows.filter(staff_rule(context).filter(context)).order_by("code")


def last_batches(resource_ids: list[int]) -> dict[int, BatchView]:
    """Return the newest batch of each resource that was not cancelled."""
    found: dict[int, BatchView] = {}
    rows = _batches().filter(resource_id__in=resource_ids).exclude(state=Batch.State.CANCELLED)
    newest = {}
    for pk, resource in rows.order_by("resource_id", "-number").values_list("pk", "resource_id"):
        newest.setdefault(resource, pk)
    for row in _batches().filter(pk__in=newest.values()):
        found[row.resource_id] = batch_view(row)
    return found


def next_due(view: ResourceView) -> datetime | None:
    """Return when the next delivery of a resource is due by its promised cycle, None when never."""
    promised: timedelta | None = CYCLE_TIMES.get(view.spec.cycle)
    if promised is None or view.published is None:
        return None
    return (view.last_delivered_at or view.published.valid_from) + promised


def waiting_count(context: RequestContext) -> int | None:
    """Count the stopped and failed batches that wait for the acting person (待处理批次)."""
    waiting = Q(state=Batch.State.STOPPED) | Q(state=Batch.State.FAILED)
    own = own_department.filter(context)
    return Batch.objects.filter(own, waiting).count() or None


def source_list(resource_code: str = "") -> list[SourceView]:
    """List the regular sources (定期来源)."""
    rows = Source.objects.select_related("resource").order_by("resource__code", "kind")
    if resource_code:
        rows = rows.filter(resource__code=resource_code)
    return [source_view(row) for row in rows]


def source_view(row: Source) -> SourceView:
    """Turn a row into its view."""
    names = [name for name in SourceView.__dataclass_fields__ if name != "resource_code"]
    return SourceView(
        **{name: getattr(row, name) for name in names}, resource_code=row.resource.code
    )


def batch_view(row: Batch, *, is_repeated: bool = False) -> BatchView:
    """Turn a row into its view."""
    version = row.resource.current_version
    return BatchView(
        id=row.pk,
        resource_id=row.resource_id,
        resource_code=row.resource.code,
        resource_title=version.title if version else row.resource.draft_title,
        number=row.number,
        state=row.state,
        mode=row.mode,
        source=row.source,
        name=row.name,
        sha256=row.sha256,
        size=row.size,
        department_id=row.department_id,
        received_at=row.received_at,
        received_by=row.account_name,
        started_at=row.started_at,
        finished_at=row.finished_at,
        stage=row.stage,
        done=row.done,
        total=row.total,
        counts=BatchCounts(**row.counts),
        reasons=row.reasons,
        warnings=row.warnings,
        repairs=row.repairs,
        notes=row.notes,
        problem=row.problem,
        problem_params=row.problem_params,
        release_reason=row.release_reason,
        key=row.key or "",
        is_repeated=is_repeated,
    )


def resource_view(resource_id: int) -> ResourceView:
    """Return a resource by id; raises `ResourceNotFound`."""
    row = Resource.objects.select_related("current_version").filter(pk=resource_id).first()
    if row is None:
        raise ResourceNotFound(code=resource_id)
    return view_of(row)


def _batches() -> QuerySet[Batch]:
    return Batch.objects.select_related("resource__current_version")
