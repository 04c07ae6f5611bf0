"""`yw keys`, `yw uploads` (保管命令): the keys that seal what is stored secretly, and uploads nobody needs any more."""

import argparse
import os
import sys

BOUNCE_MAX = 10 << 20


def keeping_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands of whoever keeps an installation."""
    keys = commands.add_parser("keys", help="keys that seal what is stored secretly (加密密钥)")
    verbs = keys.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, run, about in (
        ("show", _keys_show, "which keys there are, and how much stands under each"),
        ("new", _keys_new, "print a new key, for YIWANG_FIELD_KEYS"),
        ("rotate", _keys_rotate, "put a new key in front in the file, and seal all again under it"),
        ("reseal", _keys_reseal, "seal again what is not under the first key"),
    ):
        verbs.add_parser(verb, help=about).set_defaults(run=run)
    uploads = commands.add_parser("uploads", help="uploads that nobody refers to (无主上传)")
    sweep = uploads.add_subparsers(dest="verb", required=True, metavar="VERB").add_parser(
        "sweep", help="throw away what is older than so many days and in no draft nor case"
    )
    sweep.add_argument(
        "--days", type=int, metavar="N", help="default: YIWANG_UPLOADS_KEPT_DAYS, 30"
    )
    sweep.add_argument("--dry-run", action="store_true", help="count them, change nothing")
    sweep.set_defaults(run=_uploads_sweep)
    bounce = commands.add_parser(
        "bounce",
        help="take a delivery report (退信) from standard input, as a mail server hands it on",
    )
    bounce.set_defaults(run=_bounce)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()


def _keys_new(_options: argparse.Namespace) -> int:
    _django()
    from yiwang.identity.api import seal_key_new

    print(seal_key_new())
    return 0


def _keys_show(_options: argparse.Namespace) -> int:
    _django()
    from yiwang.identity.api import seal_count, seal_key_list

    counts = seal_count()
    names, source = seal_key_list()
    print(f"{len(names)} keys in {source}")
    for place, name in enumerate(names):
        print(f"{name}  {counts.pop(name, 0):>8}{'  seals' if place == 0 else ''}")
    for name, count in sorted(counts.items()):
        print(f"{name or '(in clear)'}  {count:>8}  {'' if not name else 'KEY MISSING'}".rstrip())
    return 1 if any(counts) else 0


def _keys_rotate(options: argparse.Namespace) -> int:
    _django()
    from yiwang.identity.api import seal_key_add

    print(f"the new key is {seal_key_add()}")
    return _keys_reseal(options)


def _keys_reseal(_options: argparse.Namespace) -> int:
    _django()
    from django.utils import timezone

    from yiwang.identity.api import totp_reseal
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("yw keys")):
        print(f"{totp_reseal(now=timezone.now())} sealed again")
    return 0


def _bounce(_options: argparse.Namespace) -> int:
    _django()
    from django.utils import timezone

    from yiwang.hall.api import bounce_take
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("yw bounce")):
        changed = bounce_take(sys.stdin.buffer.read(BOUNCE_MAX), now=timezone.now())
    print(f"{changed} sendings changed")
    return 0


def _uploads_sweep(options: argparse.Namespace) -> int:
    _django()
    from django.utils import timezone

    from yiwang.engines.api import uploads_sweep

    found = uploads_sweep(now=timezone.now(), days=options.days, is_dry=options.dry_run)
    verb = "would go" if options.dry_run else "are gone"
    print(
        f"{found.looked_at} old uploads looked at: {found.unused} ({found.bytes} bytes) that nobody refers to, and "
        f"{found.strays} contents without an upload, {verb}"
    )
    return 0
