"""`yw receipt verify` (核验历程证明): from the file and the published roots alone; no database, no network."""

import argparse
import json
import os
import sys
from pathlib import Path

from yiwang.sdk.history_proofs import proof_verify


def receipt_commands(commands: argparse._SubParsersAction) -> None:
    """Add the command of whoever holds a proof of a case's history."""
    receipt = commands.add_parser("receipt", help="proofs of what happened to a case (历程证明)")
    verbs = receipt.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="check a history proof; exit code 0 when it is right")
    verify.add_argument("file", type=Path, help="the file that was downloaded with the receipt")
    verify.add_argument(
        "--roots",
        type=Path,
        metavar="FILE",
        help="the published roots, from /hall/receipts/roots.json; without it they are only listed",
    )
    verify.set_defaults(run=_verify)
    check = verbs.add_parser(
        "check", help="work every sealed day out anew from the events kept here"
    )
    check.set_defaults(run=_check)


def _verify(options: argparse.Namespace) -> int:
    roots = _json(options.roots) if options.roots else None
    if options.roots and not isinstance(roots, dict):
        sys.stderr.write(f"yw: {options.roots} has no published roots.\n")
        return 1
    result = proof_verify(_json(options.file), roots=roots)
    text = json.dumps(
        {
            "is_right": result.is_right,
            "is_published": result.is_published,
            "case": result.key,
            "events": result.events,
            "days": dict(result.days),
            "after_the_last_day": result.pending,
            "problems": list(result.problems),
        },
        ensure_ascii=False,
        indent=2,
    )
    sys.stdout.write(f"{text}\n")
    return 0 if result.is_right else 1


def _check(_options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()
    from yiwang.hall.api import histories_check

    wrong = histories_check()
    sys.stdout.write("".join(f"{day}: does not fit\n" for day in wrong) or "every day fits\n")
    return 1 if wrong else 0


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
