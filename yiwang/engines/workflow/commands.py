"""What `yw process` does (流程命令): check a BPMN file, or write it again without losing anything."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from yiwang.engines.workflow.bpmn_xml import MAX_BYTES, broken
from yiwang.engines.workflow.data import Problem, ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.check import (
    INVALID,
    UNSOUND,
    FileReport,
    ProcessReport,
    file_check,
)
from yiwang.engines.workflow.layout import process_layout
from yiwang.sdk.errors import N_

Echo = Callable[[str], object]


def check(file: str, *, echo: Echo, compact: bool = False) -> int:
    """Print what a file is to the engine, as JSON (流程校验); 1 when it is unsound or invalid."""
    try:
        report = file_check(file_bytes(file))
    except ProcessInvalid as error:
        report = FileReport(INVALID, problems=error.problems)
    except OSError as error:
        report = FileReport(INVALID, problems=(_unreadable(error),))
    echo(_json({"file": file, **report_json(report)}, compact=compact))
    return 1 if report.state in (INVALID, UNSOUND) else 0


def export(file: str, *, out: str, layout: bool, echo: Echo, complain: Echo) -> int:
    """Write a file again (导出): every element kept, in the order of the schema, in UTF-8.

    layout: draw the diagram anew. An invalid file is answered with its problems as JSON, and 1.
    """
    try:
        model = Model.read(file_bytes(file))
        text = model.export()
        if layout:
            text = Model.read(process_layout(text, anew=True)).export()
    except ProcessInvalid as error:
        report = FileReport(INVALID, problems=error.problems)
        complain(_json({"file": file, **report_json(report)}))
        return 1
    except OSError as error:
        report = FileReport(INVALID, problems=(_unreadable(error),))
        complain(_json({"file": file, **report_json(report)}))
        return 1
    if out and out != "-":
        Path(out).write_text(text, encoding="utf-8", newline="")
    else:
        echo(text.removesuffix("\n"))
    return 0


def file_bytes(file: str) -> bytes:
    """Read a file unless it is too large, which is told before it is read."""
    path = Path(file)
    if path.stat().st_size > MAX_BYTES:
        raise broken(N_("The file is larger than %(bytes)d bytes."), bytes=MAX_BYTES)
    return path.read_bytes()


def _unreadable(error: OSError) -> Problem:
    return Problem("", "", 0, N_("The file cannot be read: %(error)s"), {"error": error.strerror})


def report_json(report: FileReport) -> dict:
    """Return a report as plain values (结论 JSON)."""
    return {
        "state": report.state,
        "problems": problems_json(report.problems),
        "warnings": problems_json(report.warnings),
        "not_executed": problems_json(report.not_executed),
        "processes": [_process_json(one) for one in report.processes],
    }


def _process_json(one: ProcessReport) -> dict:
    return {
        "id": one.id,
        "name": one.name,
        "line": one.line,
        "state": one.state,
        "problems": problems_json(one.problems),
        "not_executed": problems_json(one.not_executed),
        "bindings": problems_json(one.bindings),
    }


def problems_json(problems: Iterable[Problem], *, say: Callable[[str], str] = str) -> list[dict]:
    """Return problems as plain values: element (its id), name, line, reason.

    say: translates the reason.
    """
    return [
        {
            "element": one.element,
            "name": one.name,
            "line": one.line,
            "reason": say(one.reason) % one.params if one.params else say(one.reason),
        }
        for one in problems
    ]


def _json(value: dict, *, compact: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, indent=None if compact else 2)
