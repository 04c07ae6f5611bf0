"""`./test`: lint, contracts, translations, the tests on SQLite, and on PostgreSQL those that touch a database and no page.

What could not run is named at the end; with CI=true it is a failure instead. What is heavy, looks through a browser, kills processes for
minutes or needs packages without a ready-made build has a command of its own, named at the end as well: `./test
--heavy`, `--browser`, `--kills`, `--spark`, `--payments`, `--notify`. Anything else on the command line is pytest's: `./test PATH …`, `./test -k WORD`, `./test --lf -x`.
"""

import argparse
import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from yiwang.config.environment import memory_disk

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CLI = (sys.executable, "-m", "yiwang.config.cli")
ELSEWHERE = {
    "./test --heavy": "tests that compute for long: whole builds of the city, large comparisons",
    "./test --browser": "journeys and pages in headless Chromium, on a wide screen and on a phone",
    "./test --kills": "tests that kill processes at random moments for minutes",
    "./test --spark": "the same fusion on Apache Spark, which it installs",
    "./test --payments": "the adapter of Alipay on its SDK, which it installs",
    "./test --notify": "the public client of Notify, which it installs, sending through us",
}
EXTRAS = ("spark", "payments", "notify")
NO_EXTRAS = " and ".join(f"not {name}" for name in EXTRAS)
QUICK = f"not heavy and not browser and not kills and {NO_EXTRAS}"
CLUSTER_MB = 4000  # what PostgreSQL's databases take at most
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Report:
    """What failed and what could not run."""

    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    beside: list[str] | None = None  # what a report of steps beside others keeps to say later

    def step(self, name: str, command: list[str], **environment: str) -> None:
        """Run one step, show its output, remember a failure."""
        self._say(f"\n== {name}")
        begun = time.monotonic()
        kept = (
            {} if self.beside is None else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        )
        done = subprocess.run(  # noqa: S603, PLW1510
            command, cwd=ROOT, env={**os.environ, **environment}, check=False, text=True, **kept
        )
        if done.stdout:
            self._say(done.stdout.rstrip())
        result = "passed" if done.returncode == 0 else f"FAILED ({done.returncode})"
        self._say(f"   {result} in {time.monotonic() - begun:.0f} s")
        if done.returncode:
            self.failed.append(name)

    def take(self, other: "Report") -> None:
        """Say what the steps beside had to say, and remember their failures."""
        for text in other.beside or []:
            _say(text)
        self.failed += other.failed

    def _say(self, text: str) -> None:
        _say(text) if self.beside is None else self.beside.append(text)


def main() -> int:
    """Run ./test; exit code 0 only if everything that had to run passed."""
    options, chosen = _options()
    report = Report()
    if extra := next((name for name in EXTRAS if getattr(options, name)), ""):
        _spark(report) if extra == "spark" else _extra(report, extra)
        return _closing(report)
    if options.browser:
        _assets(report)
        _browsed(report, slowest=options.slowest)
        return _closing(report)
    if options.heavy or options.kills:
        # What is called heavy beside another mark belongs to the command of that mark.
        marks = "kills" if options.kills else f"heavy and not browser and not kills and {NO_EXTRAS}"
        _tests(report, marks, slowest=options.slowest)
        return _closing(report)
    if chosen or options.postgresql:
        _chosen(report, chosen, options)
        return _closing(report)
    with ThreadPoolExecutor() as beside:
        _say(
            "Beside the checks the translations are compiled and the front end is fetched and built."
        )
        assets = beside.submit(_assets, Report(beside=[]))
        report.step("ruff", [str(BIN / "ruff"), "check", "."])
        report.step("format", [str(BIN / "ruff"), "format", "--check", "."])
        report.step("contracts", [str(BIN / "lint-imports")])
        report.step("translations", [*CLI, "messages", "check"])
        report.take(assets.result())
    _tests(report, QUICK, slowest=options.slowest)
    report.elsewhere += [f"{what}: {command}" for command, what in ELSEWHERE.items()]
    return _closing(report)


def _chosen(report: Report, chosen: list[str], options: argparse.Namespace) -> None:
    """Run what a developer names, as pytest would, on one database."""
    browser = _browser()
    environment = {"YIWANG_CHROMIUM": browser} if browser else {}
    pytest = [sys.executable, "-m", "pytest", *chosen, *_durations(options.slowest)]
    if not chosen:
        pytest = _pytest(QUICK, slowest=options.slowest)
    if not options.postgresql:
        report.step("tests", pytest, **environment)
        return
    with postgresql(report) as address:
        if address:
            report.step("tests on PostgreSQL", pytest, YIWANG_DATABASE=address, **environment)


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def _durations(is_wanted: bool) -> list[str]:  # noqa: FBT001
    return ["--durations=40", "--durations-min=0.5"] if is_wanted else []


def _tests(report: Report, marks: str, *, slowest: bool = False) -> None:
    """Run the tests that `marks` chooses, on SQLite and on PostgreSQL."""
    pytest = _pytest(marks, slowest=slowest)
    report.step("tests on SQLite", pytest)
    with postgresql(report) as address:
        if address:
            only = {"YIWANG_DATABASE": address, "YIWANG_DATABASE_ONLY": "1"}
            report.step("tests on PostgreSQL", pytest, **only)


def _browsed(report: Report, *, slowest: bool) -> None:
    """Run what looks through a browser, on SQLite."""
    if browser := _browser():
        pytest = _pytest("browser", slowest=slowest)
        report.step("tests in the browser", pytest, YIWANG_CHROMIUM=browser)
    else:
        report.left_out.append("journeys in the browser: no Chromium (apt install chromium)")


def _pytest(marks: str, *, slowest: bool) -> list[str]:
    both = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup"]
    return [*both, "-m", marks, *_durations(slowest)]


def _spark(report: Report) -> None:
    """Hold the answers of Apache Spark against DuckDB's."""
    if shutil.which("java") is None:
        report.left_out.append("tests on Spark: no Java (apt install openjdk-17-jre-headless)")
        return
    _extra(report, "spark")


def _extra(report: Report, name: str) -> None:
    """Install the packages of an extra, which have no ready-made build, and run the tests that need them."""
    pins = ["--require-hashes", "-r", str(ROOT / "requirements" / f"{name}.txt")]
    report.step(f"packages for {name}", [sys.executable, "-m", "pip", "install", "-q", *pins])
    if not report.failed:
        report.step(f"tests of {name}", [sys.executable, "-m", "pytest", "-m", name])


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="./test",
        description="Pass the tests, on SQLite and on PostgreSQL.",
        epilog="Everything else goes to pytest, on SQLite: ./test PATH …, ./test -k WORD, ./test --lf -x",
        allow_abbrev=False,
    )
    alone = parser.add_mutually_exclusive_group()
    for command, what in ELSEWHERE.items():
        alone.add_argument(command.removeprefix("./test "), action="store_true", help=what)
    parser.add_argument(
        "--postgresql",
        action="store_true",
        help="what is named here on PostgreSQL instead; nothing named: all, pages as well",
    )
    parser.add_argument("--slowest", action="store_true", help="name the slowest tests at the end")
    return parser.parse_known_args()


def _assets(report: Report) -> Report:
    report.step("translations compiled", [*CLI, "messages", "compile"])
    report.step("front end", [*CLI, "assets"])
    return report


def postgresql_bin() -> Path | None:
    """Find the folder of PostgreSQL's programs, newest version first."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: -int(p.parts[-3])
    )
    return versions[0].parent if versions else None


@contextlib.contextmanager
def postgresql(report: Report) -> Iterator[str | None]:
    """Run a private cluster in a temporary folder; yields its address or None."""
    programs = postgresql_bin()
    if programs is None:
        report.left_out.append("tests on PostgreSQL: no initdb (apt install postgresql)")
        yield None
        return
    # On a disk, copying a database for a test costs ten times as much.
    folder = Path(tempfile.mkdtemp(prefix="yiwang-pg-", dir=memory_disk(CLUSTER_MB)))
    user = _cluster_user(folder)
    run = (
        {"user": user, "check": True, "capture_output": True, "cwd": folder}
        if user
        else {"check": True, "capture_output": True, "cwd": folder}
    )
    try:
        subprocess.run(  # noqa: S603, PLW1510
            [
                programs / "initdb",
                "-D",
                folder / "data",
                "-A",
                "trust",
                "-U",
                "yiwang",
                "--encoding",
                "UTF8",
                "--locale",
                "C.UTF-8",
            ],
            **run,
        )
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(
                f"listen_addresses = ''\nunix_socket_directories = '{folder}'\n"
                "max_connections = 120\nfsync = off\nsynchronous_commit = off\n"
                "full_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\n"
                "autovacuum = off\njit = off\nshared_buffers = 256MB\nmax_wal_size = 256MB\n"
            )
        control = [programs / "pg_ctl", "-D", folder / "data", "-w"]
        subprocess.run([*control, "-l", folder / "log", "start"], **run)  # noqa: S603, PLW1510
        try:
            yield f"postgresql://yiwang@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **{**run, "check": False})  # noqa: S603, PLW1510
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cluster_user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then hand the folder to the user `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            os.chown(folder, account.pw_uid, account.pw_gid)
            return name
    return None


def _closing(report: Report) -> int:
    _say("")
    for line in report.elsewhere:
        _say(f"has its own command: {line}")
    for line in report.left_out:
        _say(f"not run: {line}")
    if report.left_out and os.environ.get("CI") == "true":
        report.failed.append("with CI=true nothing may be left out")
    for line in report.failed:
        _say(f"FAILED: {line}")
    if not report.failed:
        _say("Everything passed." if not report.left_out else "Everything that could run passed.")
    return 1 if report.failed else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the person's terminal


if __name__ == "__main__":
    sys.exit(main())
