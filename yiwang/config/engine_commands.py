"""`yw decide` (引擎命令): the engines from outside, for integrators; JSON out, 0 or 1."""

import argparse
import sys


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


def _decide(options: argparse.Namespace) -> int:
    from yiwang.engines.decisions import commands

    if options.batch:
        return commands.decide_batch(sys.stdin, echo=print)
    if not options.file or not (options.check or options.decision):
        print("yw decide: give FILE with --decision NAME or --check, or --batch", file=sys.stderr)
        return 2
    if options.check:
        return commands.check(options.file, echo=print)
    given = sys.stdin.read() if options.input == "-" else options.input
    return commands.decide(options.file, options.decision, given, echo=print)
