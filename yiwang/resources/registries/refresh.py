"""Bringing a registry up to date (基础库更新): fuse what has landed, then publish; as a job with its progress."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from yiwang.kernel.api import (
    action,
    audit_record,
    batch_job,
    context_get,
    context_system,
    context_use,
    error_text,
)
from yiwang.resources.fusion.actions.runs import run_record
from yiwang.resources.fusion.permissions import is_bureau
from yiwang.resources.fusion.queries.sources import master_folder
from yiwang.resources.registries.data import JobView, MasterView, RegistryBusy, RegistryUnknown
from yiwang.resources.registries.masters import job_get
from yiwang.resources.registries.models import Registry
from yiwang.resources.registries.pruning import prune_check, registry_prune
from yiwang.resources.registries.publishing import Report, quiet, registry_publish
from yiwang.resources.registries.writing import MODELS
from yiwang.sdk.errors import Forbidden, YiwangError

PROGRESS_SECONDS = 1.0
# A worker that wrote nothing for so long is gone; the registry may be asked for anew.
SILENT_SECONDS = 15 * 60


def registry_refresh(
    registry: str,
    *,
    now: datetime,
    report: Report = quiet,
    confirmed: bool = False,
    is_made: bool | None = None,
) -> MasterView:
    """Fuse what has landed and publish it (更新基础库). Raises what both steps raise.

    is_made: the subjects are made for demonstration, and are marked so.

    The installation's own files: `fusion` keeps them below the data folder.
    """
    run_record(registry, now=now, report=report)
    return registry_publish(
        registry,
        master_folder(registry),
        now=now,
        report=report,
        confirmed=confirmed,
        is_made=is_made,
    )


@action("resources.registries.publish_request", permission="resources.registries.publish")
def publish_request(
    registry: str, *, fuse: bool = True, confirmed: bool = False, now: datetime
) -> JobView:
    """Ask for a new version (申请发布主数据); a worker carries it out. Only the data bureau.

    fuse: run the fusion first; else publish what was fused last. confirmed: although many are lost.
    Raises RegistryBusy, RegistryUnknown.
    """
    bureau_check()
    if registry not in MODELS:
        raise RegistryUnknown(registry=registry)
    _job_take(registry, now)
    registry_job.enqueue(registry, fuse, confirmed)
    audit_record(f"registry:{registry}", detail={"fuse": fuse, "confirmed": confirmed})
    return job_get(registry)


@action("resources.registries.prune_request", permission="resources.registries.publish")
def prune_request(registry: str, *, keep: int, reason: str, now: datetime) -> JobView:
    """Ask that old versions be removed (申请清理历史版本); a worker carries it out. Only the data bureau.

    Raises what `registry_prune` raises before it begins.
    """
    prune_check(registry, keep=keep, reason=reason)
    _job_take(registry, now)
    prune_job.enqueue(registry, keep, reason)
    audit_record(f"registry:{registry}", detail={"keep": keep, "reason": reason.strip()[:1000]})
    return job_get(registry)


@batch_job
def registry_job(registry: str, fuse: bool, confirmed: bool) -> None:
    """Carry out what was asked for (执行发布任务); done again it goes on where it was."""

    def act(now: datetime, told: Report) -> None:
        if fuse:
            registry_refresh(registry, now=now, report=told, confirmed=confirmed)
        else:
            folder = master_folder(registry)
            registry_publish(registry, folder, now=now, report=told, confirmed=confirmed)

    _job_run(registry, act)


@batch_job
def prune_job(registry: str, keep: int, reason: str) -> None:
    """Remove old versions (执行清理); done again it goes on where it was."""
    _job_run(
        registry,
        lambda now, told: registry_prune(registry, keep=keep, reason=reason, now=now, report=told),
    )


def _job_take(registry: str, now: datetime) -> None:
    """Take the registry for a job (占用基础库). Raises RegistryBusy while another one has it."""
    context = context_get()
    Registry.objects.get_or_create(name=registry)
    silent = now - timedelta(seconds=SILENT_SECONDS)
    free = ~Q(job_state__in=("WAITING", "RUNNING")) | Q(job_at__lt=silent)
    taken = Registry.objects.filter(free, name=registry).update(
        job_state="WAITING",
        job_stage="",
        job_done=0,
        job_total=0,
        job_problem="",
        job_at=now,
        job_by=context.account_id,
        job_name=context.name[:200],
    )
    if not taken:
        raise RegistryBusy()


def _job_run(registry: str, act: Callable[[datetime, Report], object]) -> None:
    """Do the work as whoever asked for it, and write how it ends."""
    row = Registry.objects.get(name=registry)
    context = replace(
        context_system("更新基础库"), account_id=row.job_by, name=row.job_name or "system"
    )
    with context_use(context):
        try:
            act(timezone.now(), _Progress(registry))
        except YiwangError as error:
            _job_end(registry, "FAILED", error_text(error))
        except Exception as error:
            _job_end(registry, "FAILED", f"{type(error).__name__}: {error}"[:1000])
            raise
        else:
            _job_end(registry, "DONE", "")


def bureau_check() -> None:
    """Refuse everybody but the city's data bureau (数据主管部门). Raises Forbidden."""
    if not is_bureau():
        raise Forbidden()


class _Progress:
    """Writes how far the job is (进度), at most once a second."""

    def __init__(self, registry: str) -> None:
        self.registry, self.stage, self.last = registry, "", 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        moment = time.monotonic()
        if stage == self.stage and moment - self.last < PROGRESS_SECONDS:
            return
        self.stage, self.last = stage, moment
        Registry.objects.filter(name=self.registry).update(
            job_state="RUNNING",
            job_stage=stage[:40],
            job_done=done,
            job_total=total,
            job_at=timezone.now(),
        )


def _job_end(registry: str, state: str, problem: str) -> None:
    Registry.objects.filter(name=registry).update(
        job_state=state, job_problem=problem, job_at=timezone.now()
    )
