"""`./start`: set everything up, build the demonstration city on the first run, serve it.

Each step is skipped when it was done before, so that a later start serves within seconds.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from yiwang.config.serving import port_number
from yiwang.sdk.errors import N_, YiwangError

FREE_MB = 300


class DiskFull(YiwangError):
    """Too little room for the city."""

    code = "disk_full"
    message = N_(
        "Only %(free)s MB are free where the city is kept (%(path)s). Free some space first."
    )


def options_parse() -> argparse.Namespace:
    """Read the options of ./start."""
    parser = argparse.ArgumentParser(
        prog="./start", description="Set up Yiwang and serve the demonstration city."
    )
    parser.add_argument("--port", type=port_number, default=8000, help="port to serve on (8000)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (127.0.0.1: this machine only)"
    )
    parser.add_argument("--fresh", action="store_true", help="delete the city and build it again")
    parser.add_argument("--persons", type=int, default=20_000, help="made people (20000)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="set up, serve on a free port, walk the three journeys as each role, then leave",
    )
    return parser.parse_args()


def main() -> int:
    """Run ./start; the exit code is 0 when stopped by Ctrl-C or when the check passed."""
    options = options_parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return check(options) if options.check else run(options)
    except YiwangError as error:
        _say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        _say("\nStopped.")
        return 0
    except Exception as error:
        from yiwang.config.faults import fault_sentence  # noqa: PLC0415

        if not (sentence := fault_sentence(error)):
            raise
        _say(f"\n{sentence}")
        return 1


def run(options: argparse.Namespace) -> int:
    """Set up and serve until Ctrl-C."""
    from yiwang.config.serving import ProcessGroup, port_check  # noqa: PLC0415

    begun = time.monotonic()
    port_check(options.host, options.port)
    os.environ.setdefault("YIWANG_ADDRESS", f"http://{options.host}:{options.port}")
    prepare(persons=options.persons, fresh=options.fresh)
    group = ProcessGroup(host=options.host, port=options.port)
    try:
        group.begin()
        group.wait_ready()
        _greeting(options, seconds=time.monotonic() - begun)
        group.wait()
    finally:
        group.end()
    return 0


def prepare(*, persons: int, fresh: bool = False) -> None:
    """Do what the first start needs: front end, translations, tables, the city."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    os.environ["YIWANG_DEMO"] = "1"
    from django.conf import settings  # noqa: PLC0415

    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.DATA_DIR).free // 1_000_000
    if free < FREE_MB:
        raise DiskFull(free=free, path=settings.DATA_DIR)
    from yiwang.config.messages import messages_compile  # noqa: PLC0415

    messages_compile(echo=_silent)
    import django  # noqa: PLC0415

    django.setup()
    from yiwang.config.assets import assets_build  # noqa: PLC0415

    assets_build(force=False, echo=_say)
    _city(persons=persons, fresh=fresh)


def _city(*, persons: int, fresh: bool) -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from yiwang.config.demo import city_is_built  # noqa: PLC0415
    from yiwang.config.progress import demo_build  # noqa: PLC0415
    from yiwang.kernel.api import (  # noqa: PLC0415
        calendar_seed_load,
        codes_seed_load,
        context_system,
        context_use,
        pack_load_all,
    )

    if not fresh:
        call_command("migrate", verbosity=0, interactive=False)
    if fresh or not city_is_built():
        _say(f"Building the demonstration city with {persons:,} made people …")
        demo_build(persons=persons, fresh=fresh)
        return
    with context_use(context_system("config.start")):  # what a newer version brought
        calendar_seed_load(now=timezone.now())
        codes_seed_load(now=timezone.now())
        pack_load_all(now=timezone.now())


def accounts_text() -> str:
    """List the demonstration accounts as the person needs them to sign in."""
    from django.conf import settings  # noqa: PLC0415

    path = settings.DATA_DIR / "demo-accounts.json"
    rows = json.loads(path.read_text())
    lines = [
        f"  {row['username']:<14} {row['password']:<12} {row['role']['zh']} · {row['role']['en']}"
        f" ({row['name']}{'，' + row['department'] if row.get('department') else ''})"
        for row in rows
    ]
    return "\n".join(lines)


def _greeting(options: argparse.Namespace, *, seconds: float) -> None:
    _say(f"\n一网 Yiwang is ready after {seconds:.1f} s:  http://{options.host}:{options.port}/\n")
    _say("Demonstration accounts (user, password, role); all people and enterprises are made:")
    _say(accounts_text())
    _say(
        "\nOfficers give a second factor: the sign-in page of the demonstration shows its code.\n"
        "Ctrl-C stops everything."
    )


def check(options: argparse.Namespace) -> int:
    """Walk the main journeys over HTTP in a city of its own, print each step, tidy up."""
    folder = Path(tempfile.mkdtemp(prefix="yiwang-check-"))
    os.environ["YIWANG_DATA"] = str(folder)
    os.environ["YIWANG_DATABASE"] = os.environ.get(
        "YIWANG_CHECK_DATABASE", f"sqlite:///{folder}/yiwang.sqlite3"
    )
    from yiwang.config.serving import ProcessGroup, port_free  # noqa: PLC0415

    group = ProcessGroup(host="127.0.0.1", port=port_free())
    try:
        prepare(persons=min(options.persons, 2_000), fresh=False)
        from yiwang.config.check import journeys_walk  # noqa: PLC0415

        group.begin()
        group.wait_ready()
        return journeys_walk(f"http://127.0.0.1:{group.port}", data_dir=folder, echo=_say)
    finally:
        group.end()
        shutil.rmtree(folder, ignore_errors=True)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the person's terminal


def _silent(text: str) -> None:
    """Swallow the lines of a step that is quick and unremarkable."""


if __name__ == "__main__":
    sys.exit(main())
