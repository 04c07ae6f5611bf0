"""Reads of fusion runs (融合运行)."""

from django.db.models import QuerySet

from yiwang.resources.fusion.desk import FusionRunView, RunUnknown
from yiwang.resources.fusion.models import FusionRun
from yiwang.resources.fusion.queries.sources import master_folder


def run_rows(registry: str = "") -> QuerySet[FusionRun]:
    """Return the runs (融合运行), the newest first."""
    rows = FusionRun.objects.order_by("-id")
    return rows.filter(registry=registry) if registry else rows


def run_get(run_id: int) -> FusionRunView:
    """Return a run by its number; raises `RunUnknown`."""
    row = FusionRun.objects.filter(pk=run_id).first()
    if row is None:
        raise RunUnknown(run=run_id)
    return run_view(row)


def run_list(registry: str = "", *, limit: int = 20) -> list[FusionRunView]:
    """List runs (融合运行), the newest first."""
    return [run_view(row) for row in run_rows(registry)[:limit]]


def run_latest(registry: str) -> FusionRunView | None:
    """Return the last run that published (最近一次已发布运行); None before the first."""
    row = run_rows(registry).filter(state=FusionRun.State.PUBLISHED).first()
    return run_view(row) if row else None


def run_before(view: FusionRunView) -> FusionRunView | None:
    """Return the published run before one (上一次运行), to compare with."""
    rows = run_rows(view.registry).filter(state=FusionRun.State.PUBLISHED, pk__lt=view.id)
    row = rows.first()
    return run_view(row) if row else None


def run_view(row: FusionRun) -> FusionRunView:
    """Turn a row into its view."""
    return FusionRunView(
        id=row.pk,
        registry=row.registry,
        run=row.run,
        trace=str(row.trace),
        state=row.state,
        stage=row.stage,
        done=row.done,
        total=row.total,
        counts=row.counts,
        report=row.report,
        seconds=row.seconds,
        peak_mb=row.peak_mb,
        error_code=row.error_code,
        error=row.error,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        out=master_folder(row.registry),
    )
