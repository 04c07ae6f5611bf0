"""`yw licence` (证照命令): check a signed file or the text of an offline code; print the certificates that check them."""

import argparse
import dataclasses
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

CITY_ZONE = "Asia/Shanghai"


def paper_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands of whoever checks papers of the city."""
    licence = commands.add_parser(
        "licence", help="check licences and signed papers, also without a network (证照查验)"
    )
    verbs = licence.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="a signed PDF file, or what an offline code says")
    verify.add_argument("what", help="a PDF file, the text of a code, or - to read the text")
    verify.add_argument(
        "--keys", metavar="PEM", help="certificates to go by; without them, this installation's own"
    )
    verify.set_defaults(run=_verify)
    keys = verbs.add_parser("keys", help="print the certificates, for whoever checks (公钥证书)")
    keys.set_defaults(run=_keys)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()


def _keys(_options: argparse.Namespace) -> int:
    _django()
    from yiwang.kernel.api import seal_list

    print("".join(one.certificate_pem for one in seal_list()), end="")
    return 0


def _verify(options: argparse.Namespace) -> int:
    is_file = options.what != "-" and "." in options.what and Path(options.what[:255]).is_file()
    answer = _file_checked(options) if is_file else _text_checked(options)
    print(json.dumps(answer, ensure_ascii=False, default=str))
    return 0 if answer["state"] == "INTACT" else 1


def _file_checked(options: argparse.Namespace) -> dict:
    from cryptography import x509

    _django()
    from yiwang.kernel.api import paper_check

    given = Path(options.keys).read_bytes() if options.keys else b""
    known = x509.load_pem_x509_certificates(given) if given else None
    return dataclasses.asdict(paper_check(Path(options.what).read_bytes(), certificates=known))


def _text_checked(options: argparse.Namespace) -> dict:
    """Check the text of a code: with --keys neither a data base nor the installation is touched."""
    from yiwang.hall.licences.rules import offline_read
    from yiwang.sdk.errors import YiwangError
    from yiwang.sdk.statements import keys_read

    if options.keys:
        keys = keys_read(Path(options.keys).read_bytes())
    else:
        _django()
        from yiwang.kernel.api import public_keys

        keys = public_keys()
    text = sys.stdin.read() if options.what == "-" else options.what
    try:
        said = offline_read(text, keys=keys)
    except YiwangError as error:
        return {"state": "CHANGED", "why": error.code, **error.params}
    is_due = said.is_due(datetime.now(ZoneInfo(CITY_ZONE)).date())
    return {"state": "INTACT", "is_due": is_due, **dataclasses.asdict(said)}
