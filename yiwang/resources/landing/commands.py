"""`yw land`: a file into a resource from the command line (归集命令)."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from django.utils import timezone

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.landing.actions import batch_process, batch_receive
from yiwang.resources.landing.data import REPAIRS, BatchView, LandingUnreadable
from yiwang.resources.landing.queries import resource_view
from yiwang.resources.landing.wording import problem_text, reason_text

Echo = Callable[[str], None]


def file_land(
    file: str, *, resource: str, mode: str = "DELTA", as_json: bool = False, echo: Echo
) -> int:
    """Land a file and say what became of it (归集文件): 0 landed, 1 stopped or failed."""
    path = Path(file)
    if not path.is_file():
        raise LandingUnreadable("SOURCE", detail=f"{file}: no such file")
    with context_use(context_system("landing", name="yw land")):
        now = timezone.now()
        view = batch_receive(
            resource, path, name=path.name, mode=mode, source="COMMAND", now=now, run=False
        )
        if view.is_running:
            view = batch_process(view.id, now=now, report=_reporter(as_json))
    if as_json:
        echo(json.dumps(_facts(view), ensure_ascii=False, default=str))
    else:
        _print(view, echo)
    return 0 if view.state == "LANDED" else 1


def _facts(view: BatchView) -> dict:
    return {
        "batch": view.number,
        "resource": view.resource_code,
        "state": view.state,
        "repeated": view.is_repeated,
        **asdict(view.counts),
        "reasons": view.reasons,
        "warnings": view.warnings,
        "repairs": view.repairs,
        "notes": view.notes,
        "problem": view.problem,
        "explanation": problem_text(view),
        "sha256": view.sha256,
    }


def _print(view: BatchView, echo: Echo) -> None:
    if view.is_repeated:
        echo(f"This file is batch {view.number} already ({view.state.lower()}); nothing changed.")
    counts = view.counts
    echo(
        f"batch {view.number}  {view.state.lower()}  rows {counts.rows:,}  "
        f"accepted {counts.accepted:,}  rejected {counts.rejected:,}  exact duplicates "
        f"{counts.duplicates:,}  known {counts.known:,}  superseding {counts.superseding:,}"
    )
    spec = resource_view(view.resource_id).spec
    for reason, count in view.reasons.items():
        echo(f"  rejected {count:,}: {reason_text(reason, spec)}")
    for kind, one in view.repairs.items():
        name, before, after = one["samples"][0]
        echo(f"  repaired {one['count']:,}: {REPAIRS[kind]}, as {name} {before!r} to {after!r}")
    if view.problem:
        echo(f"  {problem_text(view)}")


def _reporter(as_json: bool) -> Callable[[str, int, int], None]:
    if as_json or not sys.stderr.isatty():
        return lambda stage, done, total: None

    def report(stage: str, done: int, total: int) -> None:
        share = f"{done * 100 // total:3d} %" if total else "     "
        sys.stderr.write(f"\r{stage.lower():8} {share} {done:,}   ")
        sys.stderr.flush()

    return report
