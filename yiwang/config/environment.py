"""Make the project's own Python environment, then hand over to it. Runs before anything is installed.

    python environment.py core|test start|suite [options]

Only the standard library is used here, and the syntax of old Pythons is no concern: the callers,
`./start` and `./test`, look for 3.11 first.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
NEEDED_MB = {"core": 1200, "test": 1800}
MODULES = {"start": "yiwang.config.start", "suite": "yiwang.config.suite"}


def say(text: str) -> None:
    """Print a line for the person at once."""
    print(text, flush=True)  # noqa: T201 - nothing else exists yet


def stop(text: str) -> None:
    """End with a sentence that says what to do."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
    raise SystemExit(1)


def python_of(venv: Path) -> Path:
    """Return the interpreter inside an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def requirements_of(kind: str) -> list[Path]:
    """Return the pinned lists that an environment of this kind needs."""
    return [ROOT / "requirements" / f"{kind}.txt"]


def stamp_of(kind: str) -> str:
    """Return the digest that changes when the environment must be renewed."""
    digest = hashlib.sha256(sys.version.encode())
    for path in requirements_of(kind):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def memory_disk(megabytes: int) -> str | None:
    """Return the disk in memory if this system has one with so much room: for what need not outlive the run."""
    disk = "/dev/shm"  # noqa: S108 - folders of our own are made there
    with contextlib.suppress(OSError):
        if os.access(disk, os.W_OK) and shutil.disk_usage(disk).free >= megabytes * 1_000_000:
            return disk
    return None


def environment_make(kind: str) -> None:
    """Create the virtual environment and install the pinned packages, unless that is done."""
    stamps = {k: VENV / f"yiwang-{k}.stamp" for k in ("core", "test")}
    wanted = stamp_of(kind)
    if stamps[kind].exists() and stamps[kind].read_text() == wanted:
        return
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < NEEDED_MB[kind]:
        stop(
            f"Only {free} MB are free on this disk; the setup needs {NEEDED_MB[kind]} MB. "
            "Free some space and run the command again: it goes on where it stopped."
        )
    begun = time.monotonic()
    if not python_of(VENV).exists():
        say("Making the Python environment in .venv …")
        made = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            stop(
                "This Python cannot make a virtual environment. On Debian or Ubuntu: "
                f"apt install python3-venv\n{(made.stdout + made.stderr).strip()[-400:]}"
            )
    say("Installing the pinned packages (once; about a minute) …")
    command = [
        str(python_of(VENV)),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",  # a third of the packages' modules is ever imported, and compiled then
    ]
    command += ["--require-hashes", "--only-binary", ":all:"]
    for path in requirements_of(kind):
        command += ["-r", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        stop(_pip_sentence(done.stdout + done.stderr))
    stamps[kind].write_text(wanted)
    if kind == "test":
        stamps["core"].write_text(stamp_of("core"))
    say(f"Environment ready in {time.monotonic() - begun:.0f} s.")


def _pip_sentence(output: str) -> str:
    tail = output.strip()[-600:]
    if "No space left" in output:
        return f"The disk filled up while installing. Free some space and run it again.\n{tail}"
    if "No matching distribution" in output:
        return (
            "A package has no ready-made build for this Python or processor (nothing is compiled "
            "here, so no compiler is needed). Use Python 3.11 to 3.13 on 64-bit Linux, macOS or "
            f"Windows.\n{tail}"
        )
    return (
        "The packages could not be installed. Check the network or the package index that pip is "
        f"set to, then run the command again.\n{tail}"
    )


def main() -> None:
    """Prepare the environment and become the command inside it."""
    kind, command, *options = sys.argv[1:]
    if not {"-h", "--help"} & set(options):
        environment_make(kind)
    elif not python_of(VENV).exists():
        environment_make(kind)
    python = str(python_of(VENV))
    # Else each of the processes that follow would compile the whole house anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.chdir(ROOT)
    os.execv(python, [python, "-m", MODULES[command], *options])  # noqa: S606


if __name__ == "__main__":
    main()
