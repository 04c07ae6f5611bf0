"""Processing a batch (批次处理) and putting its rows in force, whoever else is at the same resource."""

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from time import monotonic
from uuid import uuid4

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from yiwang.kernel.api import action, audit_record, batch_job, code_list, event_publish
from yiwang.resources.catalogue.actions import resource_delivered
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec
from yiwang.resources.catalogue.queries import crosswalk_list, view_of
from yiwang.resources.landing import pipeline
from yiwang.resources.landing.data import (
    BatchCancelled,
    BatchCounts,
    BatchStateMoved,
    BatchView,
    LandingUnreadable,
)
from yiwang.resources.landing.forcing import Forced, force
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import batch_get, batch_view, data_root, feed_files
from yiwang.resources.landing.rules import code_titles, stop_find
from yiwang.resources.landing.storing import (
    batch_remove,
    disk_full,
    manifest_write,
    original_find,
    work_remove,
)
from yiwang.resources.quality.actions.batches import batch_judge
from yiwang.resources.quality.contracts import (
    CROSSWALK,
    code_tables_of,
    contract_check,
    contract_of,
)
from yiwang.resources.quality.data import (
    BatchFacts,
    Checked,
    CheckOptions,
    Contract,
    ContractInvalid,
    Profile,
)
from yiwang.resources.quality.keeping import faults_keep

logger = logging.getLogger(__name__)
State = Batch.State
FAULTS = "faults.parquet"
ROUNDS_MAX = 20
BEAT_SECONDS = 0.5
Report = Callable[[str, int, int], None]
# {table: ({folded name: code}, valid codes)}
Codes = dict[str, tuple[dict[str, str], frozenset[str]]]


def quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""


@batch_job
def landing_run(batch_id: int) -> None:
    """Process a batch in the background (后台处理)."""
    batch_process(batch_id, now=timezone.now())


def batch_process(batch_id: int, *, now: datetime, report: Report = quiet) -> BatchView:
    """Read, repair, check and land a batch (批次处理); doing it again changes nothing.

    A run that was killed is continued where its last whole stage ended. report: (stage, done, total).
    Ends in LANDED, STOPPED or FAILED; a batch that was cancelled meanwhile stays so.
    """
    row = _batch(batch_id)
    if row.state not in (State.RECEIVED, State.RUNNING):
        if (data_root() / row.folder / "work").exists():
            # Killed between its last act and tidying up.
            manifest(batch_id)
            work_remove(data_root(), row.folder)
        return batch_view(row)
    token = uuid4().hex
    _start(batch_id, token=token, now=now)
    try:
        outcome, forced, contract = _work(row, token, report)
        end = _land if forced.stop is None else _stop
        view = end(batch_id, token, outcome, forced, contract, now=now)
    except BatchCancelled:
        return _gone(row)
    except BatchStateMoved:
        raise  # another run has it
    except LandingUnreadable as error:
        return _fail(batch_id, token, error.kind, error.params, now=now)
    except ContractInvalid as error:
        return _fail(batch_id, token, "CONTRACT", {"detail": str(error)}, now=now)
    except Exception as error:
        if Batch.objects.filter(pk=batch_id, state=State.CANCELLED).exists():
            return _gone(row)  # its folder was taken away under the run
        # Whatever it is, the batch says so and can be tried again; it never hangs.
        logger.exception("batch %s failed", batch_id)
        return _fail(batch_id, token, *_failure(error), now=now)
    manifest(batch_id)
    work_remove(data_root(), row.folder)
    return view


def _gone(row: Batch) -> BatchView:
    """Leave nothing of a batch that was cancelled while it ran."""
    if Batch.objects.filter(pk=row.pk, state=State.CANCELLED).exists():
        batch_remove(data_root(), row.folder)
    return batch_get(row.pk)


def _failure(error: Exception) -> tuple[str, dict]:
    if disk_full(error):
        return "DISK", {}
    is_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
    return ("MEMORY", {}) if is_memory else ("DEFECT", {"detail": type(error).__name__})


def _work(row: Batch, token: str, report: Report) -> tuple[pipeline.Outcome, Forced, Contract]:
    spec = view_of(row.resource).spec
    codes = codes_of(spec.fields)
    contract = contract_with(
        row, spec, {table: sorted(valid) for table, (_titles, valid) in codes.items()}
    )
    task = task_of(row, spec.fields, codes=codes, contract=contract, token=token, report=report)
    outcome = pipeline.process(task)
    report("LAND", 0, 0)
    _beat(row.pk, token, "LAND", 0, 0)
    forced = force(
        row.pk, spec.fields, stop=lambda effect: stop_find(outcome, effect, mode=row.mode)
    )
    return outcome, forced, contract


def task_of(
    row: Batch, fields: tuple[FieldSpec, ...], *, codes: Codes, contract: Contract, token: str,
    report: Report,
) -> pipeline.Task:  # fmt: skip
    """Build what the pipeline needs of a batch."""
    rules = pipeline.rules_of(
        fields,
        codes=codes,
        crosswalks=_crosswalks(row.resource.function),
    )
    return pipeline.Task(
        original=original_find(data_root(), row.folder),
        folder=data_root() / row.folder,
        fields=fields,
        rules=rules,
        check=check_of(row, contract),
        row_base=lambda rows: _row_base(row.pk, rows),
        received_at=row.received_at,
        report=_reporter(row.pk, token, report),
    )


def check_of(row: Batch, contract: Contract) -> pipeline.Check:
    """Return the check of a batch against its resource's contract (契约检查)."""
    code = row.resource.code
    others = {one.that.rpartition(".")[0] for one in contract.rules if one.kind == "REFERENCE"}
    landed = Batch.objects.filter(resource_id=row.resource_id, state=State.LANDED)
    history = tuple(
        counts["rows"] for counts in landed.order_by("number").values_list("counts", flat=True)
    )
    options = CheckOptions(timezone.localdate(row.received_at), history=history[-50:])

    def check(connection, relation, files):  # noqa: ANN001, ANN202
        checked = contract_check(
            connection,
            relation,
            contract,
            references={other: feed_files(other) for other in others},
            previous=feed_files(code),
            options=replace(options, files=files),
        )
        path = data_root() / row.folder / FAULTS
        return checked, faults_keep(connection, relation, contract, checked, path=path)

    return check


def contract_with(row: Batch, spec: ResourceSpec, codes: dict[str, list[str]]) -> Contract:
    """Return the contract of a batch's resource; codes that are not given are looked up."""
    for table, _edition in code_tables_of(spec):
        if table not in codes and (known := _codes_known(table)):
            codes = codes | {table: known}
    return contract_of(spec, code=row.resource.code, codes=codes)


def _judge(
    row: Batch, outcome: pipeline.Outcome, contract: Contract, state: str, *, now: datetime
) -> None:
    """Let quality score a batch, prove and open exceptions, in the act that ends it."""
    facts = BatchFacts(
        resource_id=row.resource_id,
        batch_id=row.pk,
        number=row.number,
        mode=row.mode,
        source=row.source,
        state=str(state),
        department_id=row.department_id,
        at=row.received_at,
        checked=msgspec.convert(outcome.checked, Checked),
        contract=contract,
        profile=msgspec.convert(outcome.profile, Profile),
        faults=f"{row.folder}/{FAULTS}",
        accepted=f"{row.folder}/accepted.parquet",
    )
    batch_judge(facts, now=now)


def _codes_known(table: str) -> list[str]:
    if table.startswith(CROSSWALK):
        key = table.removeprefix(CROSSWALK)
        return [code for view in crosswalk_list() if view.key == key for code in view.entries]
    return [view.code for view in code_list(table)]


def codes_of(fields: tuple[FieldSpec, ...]) -> Codes:
    """Return {table: ({folded name: code}, valid codes)} of the code tables that fields use."""
    found = {}
    for table in {one.code_table for one in fields if one.code_table}:
        views = code_list(table)
        if views:
            titles = code_titles((view.code, view.name, view.name_en) for view in views)
            found[table] = titles, frozenset(view.code for view in views)
    return found


def _crosswalks(function: str) -> dict[str, dict[str, str]]:
    """Return the department's own crosswalks by the table they lead to."""
    return {
        view.to_table: view.entries
        for view in crosswalk_list()
        if view.from_table.partition(".")[0] == function
    }


def _reporter(batch_id: int, token: str, report: Report) -> Report:
    """Return a report that also writes progress, at most twice a second, and notices a cancellation."""
    last = [0.0]

    def write(stage: str, done: int, total: int) -> None:
        report(stage, done, total)
        moment = monotonic()
        if moment - last[0] >= BEAT_SECONDS or done == 0:
            last[0] = moment
            _beat(batch_id, token, stage, done, total)

    return write


def _beat(batch_id: int, token: str, stage: str, done: int, total: int) -> None:
    ours = Batch.objects.filter(pk=batch_id, state=State.RUNNING, token=token)
    if not ours.update(stage=stage, done=done, total=total):
        raise BatchCancelled()


def _row_base(batch_id: int, rows: int) -> int:
    """Reserve numbers for a batch's rows, once: a second run finds the first one's."""
    with transaction.atomic():
        row = Batch.objects.select_for_update().get(pk=batch_id)
        if row.row_base is None:
            feeds = Feed.objects.select_for_update().filter(resource_id=row.resource_id)
            row.row_base = feeds.get().last_row_no
            feeds.update(last_row_no=F("last_row_no") + rows)
            Batch.objects.filter(pk=batch_id).update(row_base=row.row_base)
        return row.row_base


@action("resources.landing.start")
def _start(batch_id: int, *, token: str, now: datetime) -> None:
    open_rows = Batch.objects.filter(pk=batch_id, state__in=[State.RECEIVED, State.RUNNING])
    if not open_rows.update(state=State.RUNNING, token=token, started_at=now, stage="", done=0):
        raise BatchStateMoved()
    audit_record(f"batch:{batch_id}")


def _land(
    batch_id: int, token: str, outcome: pipeline.Outcome, forced: Forced, contract: Contract, *,
    now: datetime,
) -> BatchView:  # fmt: skip
    """Put a batch in force; when another one was faster, look again at what is."""
    for _round in range(ROUNDS_MAX):
        view = _land_once(batch_id, token, outcome, forced, contract, now=now)
        if view is not None:
            return view
        row = _batch(batch_id)
        forced = force(batch_id, view_of(row.resource).spec.fields)
    raise BatchStateMoved()


@action("resources.landing.land")
def _land_once(
    batch_id: int, token: str, outcome: pipeline.Outcome, forced: Forced, contract: Contract, *,
    now: datetime,
) -> BatchView | None:  # fmt: skip
    row = _batch(batch_id)
    if not feed_change(row.resource_id, forced, now=now):
        audit_record(f"batch:{batch_id}", detail={"overtaken": True})
        return None
    ours = Batch.objects.filter(pk=batch_id, state=State.RUNNING, token=token)
    if not ours.update(state=State.LANDED, **_results(outcome, forced, now=now)):
        raise BatchStateMoved()
    resource_delivered(row.resource_id, row.received_at)
    _judge(row, outcome, contract, State.LANDED, now=now)
    finished_tell(row, State.LANDED)
    audit_record(f"batch:{batch_id}", detail={"accepted": outcome.accepted})
    return batch_get(batch_id)


@action("resources.landing.stop")
def _stop(
    batch_id: int,
    token: str,
    outcome: pipeline.Outcome,
    forced: Forced,
    contract: Contract,
    *,
    now: datetime,
) -> BatchView:
    row, stop = _batch(batch_id), forced.stop or ("", {})
    ours = Batch.objects.filter(pk=batch_id, state=State.RUNNING, token=token)
    changes = _results(outcome, forced, now=now) | {"problem": stop[0], "problem_params": stop[1]}
    if not ours.update(state=State.STOPPED, **changes):
        raise BatchStateMoved()
    _judge(row, outcome, contract, State.STOPPED, now=now)
    finished_tell(row, State.STOPPED)
    audit_record(f"batch:{batch_id}", detail={"stop": stop[0]})
    return batch_get(batch_id)


@action("resources.landing.fail")
def _fail(batch_id: int, token: str, kind: str, params: dict, *, now: datetime) -> BatchView:
    row = _batch(batch_id)
    ours = Batch.objects.filter(pk=batch_id, state=State.RUNNING, token=token)
    changes = {"problem": kind, "problem_params": params, "finished_at": now, "stage": ""}
    if not ours.update(state=State.FAILED, **changes):
        audit_record(f"batch:{batch_id}", detail={"overtaken": True})
        return batch_get(batch_id)
    work_remove(data_root(), row.folder)
    finished_tell(row, State.FAILED)
    audit_record(f"batch:{batch_id}", detail={"failure": kind})
    return batch_get(batch_id)


def feed_change(resource_id: int, forced: Forced, *, now: datetime) -> bool:
    """Put a computed feed in force unless another change came first (在用数据切换)."""
    feed = Feed.objects.select_for_update().get(resource_id=resource_id)
    folder = data_root() / forced.folder
    is_whole = all((folder / one.name).exists() for one in forced.files)
    if feed.revision != forced.revision or not is_whole:
        return False
    files = [one.as_json() for one in forced.files]
    if files == feed.files:
        return True
    kept = {one["name"] for one in (*files, *feed.files)}
    for one in feed.previous:
        if one["name"] not in kept:
            (folder / one["name"]).unlink(missing_ok=True)
    Feed.objects.filter(pk=feed.pk).update(
        files=files,
        previous=feed.files,
        rows=sum(one.rows for one in forced.files),
        revision=feed.revision + 1,
        changed_at=now,
    )
    return True


def finished_tell(row: Batch, state: str) -> None:
    """Announce that a batch has come to an end (批次完成)."""
    payload = {"batch_id": row.pk, "resource_code": row.resource.code, "state": str(state)}
    event_publish("landing.batch_finished", payload, key=str(row.pk))


def _results(outcome: pipeline.Outcome, forced: Forced, *, now: datetime) -> dict:
    counts = BatchCounts(
        rows=outcome.rows,
        accepted=outcome.accepted,
        rejected=outcome.rejected,
        duplicates=outcome.duplicates,
        repaired=outcome.repaired,
        skipped=outcome.skipped,
        warned=outcome.warned,
        known=forced.effect.known,
        superseding=forced.effect.superseding,
        older=forced.effect.older,
    )
    return {
        "counts": asdict(counts),
        "reasons": outcome.reasons,
        "warnings": outcome.warnings,
        "repairs": outcome.repairs,
        "notes": outcome.notes,
        "finished_at": now,
        "stage": "",
        "done": outcome.rows,
        "total": outcome.rows,
    }


def manifest(batch_id: int) -> None:
    """Write a batch's manifest (清单) as it stands."""
    row = _batch(batch_id)
    names = (
        "number", "name", "sha256", "size", "mode", "source", "state", "received_at", "finished_at",
        "row_base", "counts", "reasons", "repairs", "notes", "problem", "problem_params",
    )  # fmt: skip
    content = {"resource": row.resource.code} | {name: getattr(row, name) for name in names}
    manifest_write(data_root(), row.folder, content)


def _batch(batch_id: int) -> Batch:
    return Batch.objects.select_related("resource__current_version").get(pk=batch_id)
