"""`yw decide`, `yw clock`, `yw form` (引擎命令): the engines from outside, for integrators; JSON out, 0 or 1."""

import argparse
import os
import sys
from collections.abc import Iterator


def engine_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands of the engines."""
    decide = commands.add_parser(
        "decide", help="work out a DMN decision, many of them, or check a model (决策)"
    )
    decide.add_argument("file", nargs="?", help="a .dmn file; imports are looked for beside it")
    decide.add_argument("--decision", help="name of the decision, service or knowledge model")
    decide.add_argument(
        "--input", default="{}", metavar="JSON", help="values by name; - reads them"
    )
    decide.add_argument(
        "--batch",
        action="store_true",
        help='one JSON a line from standard input: {"file", "decision", "input"}',
    )
    decide.add_argument(
        "--check", action="store_true", help="expressions that are not FEEL, gaps, overlaps"
    )
    decide.set_defaults(run=_decide)
    _clock_commands(commands)
    _form_commands(commands)
    _process_commands(commands)


def _clock_commands(commands: argparse._SubParsersAction) -> None:
    clock = commands.add_parser("clock", help="when a time limit ends, and by which days (时限)")
    verbs = clock.add_subparsers(dest="verb", required=True, metavar="VERB")
    due = verbs.add_parser("due", help="the due date of a limit; 1 when it has none")
    due.add_argument("--from", dest="started", metavar="DATETIME", help="when the limit starts")
    due.add_argument(
        "--limit",
        help='"20 working days", "20个工作日", "4 working hours", "30 days", "3 months", "48 hours"',
    )
    due.add_argument(
        "--pause", action="append", default=[], metavar="A/B", help="again and again; A/ goes on"
    )
    due.add_argument(
        "--closed",
        action="append",
        default=[],
        metavar="DAY[/AM|/PM]",
        help="a day, or half of one, closed besides; again and again (DAY/PM/uncounted: counts in no limit)",
    )
    due.add_argument(
        "--calendar",
        default="shipped",
        metavar="NAME",
        help="shipped, city or city:AREA (the installation's), or a file of that form",
    )
    due.add_argument(
        "--batch",
        action="store_true",
        help='one JSON a line from standard input: {"from", "limit", "pause": ["A/B"], "closed": ["DAY/PM"]}',
    )
    due.add_argument("--json", action="store_true", help="on one line")
    clock.set_defaults(run=_clock)


def _form_commands(commands: argparse._SubParsersAction) -> None:
    form = commands.add_parser("form", help="check data against a JSON Schema 2020-12 (表单校验)")
    verbs = form.add_subparsers(dest="verb", required=True, metavar="VERB")
    validate = verbs.add_parser("validate", help="every breach with its place; 1 when there is one")
    validate.add_argument("schema", help="JSON file of the schema")
    validate.add_argument("data", help="JSON file of the data; - reads it")
    validate.add_argument(
        "--formats",
        choices=["check", "remark"],
        default="check",
        help="check `format` too, as forms do, or take it as a remark, the standard's default (check)",
    )
    validate.add_argument(
        "--refs",
        action="append",
        default=[],
        metavar="DIR[=URL]",
        help="folder of schemas that are referred to, and its address; nothing is fetched",
    )
    validate.add_argument("--json", action="store_true", help="on one line")
    form.set_defaults(run=_form)


def _process_commands(commands: argparse._SubParsersAction) -> None:
    process = commands.add_parser("process", help="BPMN 2.0 files: check, write again (流程)")
    verbs = process.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = verbs.add_parser(
        "check",
        help="executable, descriptive, unsound or invalid, and why; JSON",
        description=_PROCESS_CHECK,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", metavar="FILE.bpmn")
    check.add_argument("--json", action="store_true", help="on one line")
    export = verbs.add_parser(
        "export",
        help="read the file and write the model again, nothing lost",
        description="Read FILE.bpmn and write the same model: UTF-8, indented, children in the order"
        " of OMG's schema; diagram, documentation and elements of other makers are kept. 1 and the"
        " problems as JSON on standard error when the file cannot be read.",
    )
    export.add_argument("file", metavar="FILE.bpmn")
    export.add_argument("--out", default="-", metavar="FILE", help="standard output by default")
    export.add_argument("--layout", action="store_true", help="draw the diagram anew")
    process.set_defaults(run=_process)


_PROCESS_CHECK = """Say what a BPMN 2.0 file is to the engine, as JSON on standard output.

state of each process, and of the file (the worst of its processes):
  executable   every element is of the engine's subset, and the process is sound
  descriptive  valid BPMN with something that the engine does not execute: not_executed
  unsound      it can deadlock, never end, let two tokens meet or never reach an element: problems
  invalid      no good XML, a reference that leads to nothing, an id used twice: problems

Every entry of problems, not_executed, bindings and warnings has element (its id), name, line and
reason. bindings are what must be filled in before the process can be published here, such as the
role of a task (yw:role, xmlns:yw="urn:yiwang:bpmn"); they do not change the state.

Exit code: 0 for executable and descriptive, 1 for unsound and invalid."""


def _process(options: argparse.Namespace) -> int:
    from yiwang.engines.workflow import commands

    if options.verb == "check":
        return commands.check(options.file, compact=options.json, echo=print)

    def complain(text: str) -> None:
        print(text, file=sys.stderr)

    return commands.export(
        options.file, out=options.out, layout=options.layout, echo=print, complain=complain
    )


def _clock(options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()
    from yiwang.engines.clocks import commands

    if options.batch:
        return commands.due_batch(_lines(), calendar=options.calendar, echo=print)
    if not options.started or not options.limit:
        print("yw clock due: give --from DATETIME and --limit TEXT, or --batch", file=sys.stderr)
        return 2
    return commands.due(
        options.started,
        options.limit,
        pauses=options.pause,
        calendar=options.calendar,
        closed=options.closed,
        compact=options.json,
        echo=print,
    )


def _form(options: argparse.Namespace) -> int:
    from yiwang.engines.forms import commands

    return commands.validate(
        options.schema,
        options.data,
        formats=options.formats == "check",
        refs=options.refs,
        compact=options.json,
        echo=print,
    )


def _decide(options: argparse.Namespace) -> int:
    from yiwang.engines.decisions import commands

    if options.batch:
        return commands.decide_batch(_lines(), echo=print)
    if not options.file or not (options.check or options.decision):
        print("yw decide: give FILE with --decision NAME or --check, or --batch", file=sys.stderr)
        return 2
    if options.check:
        return commands.check(options.file, echo=print)
    given = "".join(_lines()) if options.input == "-" else options.input
    return commands.decide(options.file, options.decision, given, echo=print)


def _lines() -> Iterator[str]:
    """Yield the lines of standard input as UTF-8; what is not is marked and answered like any other line."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8-sig", errors="replace")
