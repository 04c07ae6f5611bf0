"""`yw`, the command line of Yiwang (一网).

Each command parses, makes one call, prints. Answers go to standard output, complaints to standard
error; the exit code is 0 for done, 1 for a failure that is explained, 2 for wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from yiwang.config.engine_commands import engine_commands
from yiwang.config.keeping_commands import keeping_commands
from yiwang.config.paper_commands import paper_commands
from yiwang.config.receipt_commands import receipt_commands
from yiwang.config.serving import port_number
from yiwang.sdk.errors import YiwangError

DESCRIPTION = """\
Yiwang (一网): a city's e-government on one network.

  serving          serve, worker
  the city         demo, codes, catalogue
  records          generate, land, quality, fuse, registries, lineage
  engines          decide, clock, form
  packs            pack list | check | new
  keeping          keys show | new | rotate | reseal, uploads sweep, bounce
  proofs           receipt verify
  for developers   assets, messages, bench
"""
EPILOG = """\
`yw COMMAND --help` explains one command. Settings come from the environment:
  YIWANG_DATA      folder of the installation's data (default: var/)
  YIWANG_DATABASE  sqlite:///path or postgresql://user@host/name (default: SQLite in the folder)
"""


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()


def _serve(options: argparse.Namespace) -> int:
    from yiwang.config.serving import serve

    return serve(host=options.host, port=options.port, workers=options.workers)


def _worker(options: argparse.Namespace) -> int:
    _django()
    from yiwang.config.serving import work

    return work(once=options.once, batch_of=options.batch_of)


def _demo(options: argparse.Namespace) -> int:
    _django()
    from yiwang.config.progress import demo_build

    demo_build(persons=options.persons, enterprises=options.enterprises, fresh=options.fresh)
    return 0


def _pack(options: argparse.Namespace) -> int:
    _django()
    from yiwang.kernel.packs import commands

    if options.verb == "list":
        return commands.pack_list(echo=print)
    if options.verb == "check":
        return commands.pack_check(options.names, echo=print)
    return commands.pack_new(options.name, title_zh=options.title, echo=print)


def _codes(options: argparse.Namespace) -> int:
    _django()
    from yiwang.kernel.codes import commands

    if options.verb == "load":
        return commands.codes_load(
            options.file,
            table=options.table,
            edition=options.edition,
            valid_from=options.valid_from,
            as_json=options.json,
            echo=print,
        )
    if options.verb == "diff":
        return commands.codes_diff(
            options.table, options.old, options.new, as_json=options.json, echo=print
        )
    return commands.codes_show(
        options.table, options.code, as_of=options.as_of, as_json=options.json, echo=print
    )


def _catalogue(options: argparse.Namespace) -> int:
    _django()
    from yiwang.resources.catalogue import commands

    if options.verb == "inventory":
        return commands.inventory(options.source, as_json=options.json, echo=print)
    if options.verb == "import":
        return commands.file_import(options.file, as_json=options.json, echo=print)
    return commands.file_export(options.file, working=options.working, echo=print)


def _land(options: argparse.Namespace) -> int:
    _django()
    from yiwang.resources.landing import commands
    from yiwang.sdk.politeness import polite

    polite()
    return commands.file_land(
        options.file,
        resource=options.resource,
        mode=options.mode,
        as_json=options.json,
        echo=print,
    )


def _quality(options: argparse.Namespace) -> int:
    _django()
    from yiwang.resources.quality import commands

    if options.verb == "check":
        return commands.check(
            options.file, resource=options.resource, as_json=options.json, echo=print
        )
    return commands.score(resource=options.resource, as_json=options.json, echo=print)


def _generate(options: argparse.Namespace) -> int:
    from yiwang.config.fusing import generate

    chosen = {
        name: getattr(options, name) for name in ("departments", "classes") if name in options
    }
    return generate(
        options.what,
        persons=options.persons,
        records=options.records,
        out=options.out,
        seed=options.seed,
        as_json=options.json,
        echo=print,
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _fuse(options: argparse.Namespace) -> int:
    from yiwang.config import fusing

    if options.what == "score":
        return fusing.score_print(
            out=options.out, truth=options.truth, as_json=options.json, echo=print
        )
    return fusing.fuse_print(
        options.what,
        source=options.source,
        out=options.out,
        engine=options.engine,
        master=options.master,
        workers=options.workers,
        as_json=options.json,
        echo=print,
    )


def _registries(options: argparse.Namespace) -> int:
    _django()
    from yiwang.resources.registries import commands

    if options.verb == "versions":
        return commands.versions_print(options.registry, as_json=options.json, echo=print)
    return commands.versions_prune(
        options.registry,
        keep=options.keep,
        reason=options.reason,
        as_json=options.json,
        echo=print,
    )


def _lineage(options: argparse.Namespace) -> int:
    _django()
    from yiwang.resources.fusion import commands

    if options.verb == "export":
        return commands.lineage_export(options.file, echo=print)
    return commands.lineage_list(
        limit=options.limit, job=options.job, as_json=options.json, echo=print
    )


def _assets(options: argparse.Namespace) -> int:
    _django()
    from yiwang.config.assets import assets_build

    assets_build(force=options.force, echo=print)
    return 0


def _messages(options: argparse.Namespace) -> int:
    from yiwang.config import messages

    verbs = {
        "extract": messages.messages_extract,
        "compile": messages.messages_compile,
        "check": messages.messages_check,
    }
    return verbs[options.verb](echo=print)


def _bench(options: argparse.Namespace) -> int:
    from yiwang.config.bench import bench_list, bench_run

    if options.name is None:
        return bench_list(as_json=options.json, echo=print)
    return bench_run(options.name, as_json=options.json, echo=print)


def _serving_commands(commands: argparse._SubParsersAction) -> None:
    serve = commands.add_parser("serve", help="serve the pages and the API")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=port_number, default=8000, help="port to listen on (8000)")
    serve.add_argument("--workers", type=int, default=2, help="processes (2)")
    serve.set_defaults(run=_serve)
    worker = commands.add_parser(
        "worker", help="deliver events, run jobs, sweep due times, until stopped"
    )
    worker.add_argument("--once", action="store_true", help="do what is due, then leave")
    worker.add_argument("--batch-of", type=int, default=0, help=argparse.SUPPRESS)
    worker.set_defaults(run=_worker)


def _city_commands(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help="build the demonstration city in an empty database")
    demo.add_argument("--persons", type=int, default=20_000, help="made people (20000)")
    demo.add_argument("--enterprises", type=int, default=None, help="made enterprises (a tenth)")
    demo.add_argument("--fresh", action="store_true", help="delete everything and build again")
    demo.set_defaults(run=_demo)

    codes = commands.add_parser("codes", help="versioned code tables: load, compare, look up")
    verbs = codes.add_subparsers(dest="verb", required=True, metavar="VERB")
    load = verbs.add_parser("load", help="load an edition of a table from CSV or YAML")
    load.add_argument("file")
    load.add_argument("--table", required=True, help="for example divisions")
    load.add_argument(
        "--edition", required=True, help="name of the edition, for example 2023-06-30"
    )
    load.add_argument("--valid-from", required=True, metavar="DATE", help="first day it holds")
    load.add_argument("--json", action="store_true")
    diff = verbs.add_parser("diff", help="what changed between two editions")
    diff.add_argument("table")
    diff.add_argument("old")
    diff.add_argument("new")
    diff.add_argument("--json", action="store_true")
    show = verbs.add_parser("show", help="a code on a day, and what became of it")
    show.add_argument("table")
    show.add_argument("code")
    show.add_argument("--as-of", metavar="DATE", help="default: today")
    show.add_argument("--json", action="store_true")
    codes.set_defaults(run=_codes)


def _resource_commands(commands: argparse._SubParsersAction) -> None:
    catalogue = commands.add_parser(
        "catalogue", help="the catalogue of information resources (信息资源目录)"
    )
    verbs = catalogue.add_subparsers(dest="verb", required=True, metavar="VERB")
    inventory = verbs.add_parser(
        "inventory", help="look at a folder or database and propose resources; publishes nothing"
    )
    inventory.add_argument(
        "source",
        metavar="PATH_OR_URL",
        help="folder or file (CSV, XLSX, Parquet), SQLite file, postgresql://user@host/name",
    )
    inventory.add_argument("--json", action="store_true", help="one JSON object a line")
    take = verbs.add_parser("import", help="take a catalogue file in as drafts, row by row")
    take.add_argument("file", help="XLSX, CSV or JSON as exported")
    take.add_argument("--json", action="store_true", help="one JSON object a line")
    give = verbs.add_parser("export", help="write what is published to a file")
    give.add_argument("file", help="its ending says the form: .xlsx, .csv, .json")
    give.add_argument("--working", action="store_true", help="the working copies instead")
    catalogue.set_defaults(run=_catalogue)
    land = commands.add_parser("land", help="land a file of a resource's rows (数据归集)")
    land.add_argument("file", help="CSV, XLSX, Parquet or JSON lines")
    land.add_argument("--resource", required=True, metavar="CODE", help="its code in the catalogue")
    land.add_argument(
        "--mode",
        choices=["DELTA", "FULL"],
        default="DELTA",
        help="new and changed rows, or everything: FULL replaces what was sent before (DELTA)",
    )
    land.add_argument("--json", action="store_true")
    land.set_defaults(run=_land)
    _quality_commands(commands)


def _quality_commands(commands: argparse._SubParsersAction) -> None:
    quality = commands.add_parser("quality", help="check a file, print scores (数据质量)")
    verbs = quality.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="check a file against a contract, changing nothing")
    check.add_argument("file", help="UTF-8 CSV with a heading, or Parquet")
    check.add_argument(
        "--resource", required=True, metavar="CODE", help="its code in the catalogue"
    )
    score = verbs.add_parser("score", help="the latest scores of city and departments")
    score.add_argument("--resource", default="", metavar="CODE", help="those of one resource")
    for one in (check, score):
        one.add_argument("--json", action="store_true", help="one JSON object a line")
    quality.set_defaults(run=_quality)


def _record_commands(commands: argparse._SubParsersAction) -> None:
    generate = commands.add_parser("generate", help="make records with the truth beside them")
    kinds = generate.add_subparsers(dest="what", required=True, metavar="WHAT")
    for what, persons, records in (
        ("population", 130_000, 1_000_000),
        ("legal-persons", 10_000, 387_000),
    ):
        kind = kinds.add_parser(what, help=f"records of departments: {what}")
        kind.add_argument("--persons", type=int, default=persons, help=f"subjects ({persons})")
        kind.add_argument("--records", type=int, default=records, help=f"records ({records})")
        kind.add_argument("--departments", type=int, help="only the first so many")
        if what == "population":
            kind.add_argument("--classes", type=int, help="only the first so many")
        kind.add_argument("--out", required=True, metavar="DIR")
        kind.add_argument("--seed", type=int, default=1, help="the same seed, the same rows (1)")
        kind.add_argument("--json", action="store_true")
    generate.set_defaults(run=_generate)
    fuse = commands.add_parser("fuse", help="make one subject of each person's records; score it")
    kinds = fuse.add_subparsers(dest="what", required=True, metavar="WHAT")
    for what in ("population", "legal-persons"):
        kind = kinds.add_parser(what, help=f"fuse {what}")
        kind.add_argument("--in", dest="source", required=True, metavar="DIR")
        kind.add_argument("--out", required=True, metavar="DIR")
        kind.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
        kind.add_argument(
            "--master", default="local[*]", metavar="URL", help="of Spark: spark://host:7077"
        )
        kind.add_argument("--workers", type=int, default=0, help="processes (by size)")
        kind.add_argument("--json", action="store_true")
    score = kinds.add_parser("score", help="precision, recall and F1 of pairs against the truth")
    score.add_argument("--out", required=True, metavar="DIR", help="folder of the master")
    score.add_argument("--truth", required=True, metavar="FILE", help="Parquet file or folder")
    score.add_argument("--json", action="store_true")
    fuse.set_defaults(run=_fuse)
    registries = commands.add_parser(
        "registries", help="versions of the registries; remove old ones"
    )
    verbs = registries.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, about in (
        ("versions", "list the versions of a registry; * is served"),
        (
            "prune",
            "remove versions that nobody may go back to, with the history that only they have",
        ),
    ):
        sub = verbs.add_parser(verb, help=about)
        sub.add_argument("registry", choices=["population", "legal-persons"])
        sub.add_argument("--json", action="store_true", help="one JSON object a line")
        if verb == "prune":
            sub.add_argument(
                "--keep", type=int, default=10, help="versions to keep (10, at least 2)"
            )
            sub.add_argument("--reason", required=True, help="why; it is kept in the record")
    registries.set_defaults(run=_registries)


def _lineage_commands(commands: argparse._SubParsersAction) -> None:
    lineage = commands.add_parser("lineage", help="what every run read and made (OpenLineage)")
    verbs = lineage.add_subparsers(dest="verb", required=True, metavar="VERB")
    shown = verbs.add_parser("list", help="the latest events")
    shown.add_argument("--limit", type=int, default=20, help="how many (20)")
    shown.add_argument("--job", default="", help="only of jobs whose name contains this")
    shown.add_argument("--json", action="store_true", help="one JSON object a line")
    given = verbs.add_parser("export", help="write all events to a file, one JSON object a line")
    given.add_argument("file")
    lineage.set_defaults(run=_lineage)


def _pack_commands(commands: argparse._SubParsersAction) -> None:
    pack = commands.add_parser("pack", help="domain packs: list, check, begin a new one")
    verbs = pack.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="packs, versions, states")
    check = verbs.add_parser(
        "check", help="check packs against the access specification (接入规范)"
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    new = verbs.add_parser("new", help="make a pack that passes its own check")
    new.add_argument("name", help="folder and id, for example flood_control")
    new.add_argument("--title", required=True, help="Chinese title, for example 防汛")
    pack.set_defaults(run=_pack)


def _developer_commands(commands: argparse._SubParsersAction) -> None:
    assets = commands.add_parser("assets", help="build the front-end files")
    assets.add_argument("--force", action="store_true", help="build even if nothing changed")
    assets.set_defaults(run=_assets)
    messages = commands.add_parser("messages", help="translations: extract, compile, check")
    messages.add_argument("verb", choices=["extract", "compile", "check"])
    messages.set_defaults(run=_messages)
    bench = commands.add_parser("bench", help="list the benchmarks, or run one")
    bench.add_argument("name", nargs="?", help="name from the list, or all")
    bench.add_argument("--json", action="store_true", help="one JSON object a line")
    bench.set_defaults(run=_bench)


def parser_build() -> argparse.ArgumentParser:
    """Build the parser of `yw` with all its commands."""
    parser = argparse.ArgumentParser(
        prog="yw",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        _serving_commands,
        _city_commands,
        _resource_commands,
        _record_commands,
        _lineage_commands,
        engine_commands,
        _pack_commands,
        keeping_commands,
        paper_commands,
        receipt_commands,
        _developer_commands,
    ):
        add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser_build().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except YiwangError as error:
        print(f"yw: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("yw: stopped.", file=sys.stderr)
        return 130
    except Exception as error:
        from yiwang.config.faults import fault_sentence

        if not (sentence := fault_sentence(error)):
            raise
        print(f"yw: {sentence}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
