"""Serving (服务): the web server, the worker, and both together as children of one process."""

import argparse
import contextlib
import errno
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

from yiwang.sdk.errors import N_, YiwangError
from yiwang.sdk.politeness import parent_follow, polite

GRACE_SECONDS = 15
WORKER_SECONDS = 10
ORPHAN_SECONDS = 3
AGAIN_SECONDS = 2


class PortTaken(YiwangError):
    """Somebody else listens there already."""

    code = "port_taken"
    message = N_(
        "Port %(port)s is in use by another program. Stop that program, or choose another port: "
        "--port %(other)s."
    )


class AddressUnusable(YiwangError):
    """The machine does not let us listen there."""

    code = "address_unusable"
    message = N_(
        "This machine does not let us listen on %(host)s, port %(port)s: %(why)s. "
        "Choose a port above 1023 and an address of this machine: --port, --host."
    )


class ServerDied(YiwangError):
    """A child process ended by itself."""

    code = "server_died"
    message = N_("%(name)s ended with code %(exit_code)s. Its last words are above.")


def port_number(text: str) -> int:
    """Read a port from the command line, 1 to 65535."""
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port; ports are 1 to 65535")


def port_check(host: str, port: int) -> None:
    """Raise PortTaken or AddressUnusable unless the port can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise AddressUnusable(host=host, port=port, why=error.strerror) from error
            raise PortTaken(port=port, other=port + 1 if port < 65535 else 8000) from error


def port_free(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def web_command(host: str, port: int, workers: int = 2) -> list[str]:
    """Return the command that serves the pages.

    Granian in WSGI mode, one blocking thread a worker: measured fastest for Django (spikes §D).
    A worker that dies is replaced; the log begins at errors, since each start would else warn of a
    kernel setting (tcp_migrate_req) that only spares queued connections a second try.
    """
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        "1",
        "--backpressure",
        "256",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        str(WORKER_SECONDS),
        "--no-access-log",
        "--log-level",
        "error",
        "yiwang.config.wsgi:application",
    ]


def worker_command() -> list[str]:
    """Return the command of the job worker."""
    return [sys.executable, "-m", "yiwang.config.cli", "worker"]


def serve(*, host: str, port: int, workers: int) -> int:
    """Become the web server; returns its exit code when it is stopped."""
    port_check(host, port)
    os.execv(sys.executable, web_command(host, port, workers))  # noqa: S606


def work(*, once: bool = False, batch_of: int = 0) -> int:
    """Work off events, jobs and sweeps until SIGTERM or SIGINT.

    Batches run in a child of their own that gives way to everybody. batch_of: this is that child, of the
    process with this number, and ends with it.
    """
    from yiwang.kernel.api import worker_run  # noqa: PLC0415 - after django.setup()

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if batch_of:
        parent_follow(batch_of)
        polite()
        worker_run(stop=stop, lane="batch")
    elif once:
        worker_run(stop=stop, once=True)
    else:
        with batch_worker():
            worker_run(stop=stop, lane="quick")
    return 0


@contextlib.contextmanager
def batch_worker() -> Iterator[None]:
    """Keep a worker for batches (批处理进程) beside a block; one that died is replaced."""
    command = [*worker_command(), "--batch-of", f"{os.getpid()}"]
    over = threading.Event()

    def keep() -> None:
        while True:
            # A session of its own: kernels that share time between sessions give it little.
            child = subprocess.Popen(command, start_new_session=True)  # noqa: S603
            while child.poll() is None:
                if over.wait(0.5):
                    child.terminate()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(WORKER_SECONDS)
                    child.kill()
                    child.wait()
                    return
            if over.wait(AGAIN_SECONDS):
                return

    thread = threading.Thread(target=keep, name="yiwang-batches", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def parent_watch() -> None:
    """Let a web worker end with the server that started it, also when that was killed.

    Else the orphan would hold the port, and the next start would find it taken. It is asked and not
    waited for: a worker that was forked later keeps the parent's end of every earlier one's pipe.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == parent.pid:
            time.sleep(0.5)
        # The alarm ends a worker that cannot stop by itself, even one whose threads all stand still.
        signal.alarm(ORPHAN_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="yiwang-parent", daemon=True).start()


@dataclass
class ProcessGroup:
    """The web server and the worker as children that live and end together."""

    host: str
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[str, subprocess.Popen] = field(default_factory=dict)

    def begin(self) -> None:
        """Start both children, each in a session of its own so that Ctrl-C reaches only us."""
        port_check(self.host, self.port)
        for name in ("web", "worker"):
            self.child_start(name)

    def child_start(self, name: str) -> subprocess.Popen:
        """Start one child by its name, "web" or "worker"."""
        command = web_command(self.host, self.port) if name == "web" else worker_command()
        self.children[name] = subprocess.Popen(  # noqa: S603
            command, env={**os.environ, **self.environment}, start_new_session=True
        )
        return self.children[name]

    def wait_ready(self, *, seconds: float = 60) -> None:
        """Wait until the health page answers; raises ServerDied if a child ended."""
        address = f"http://{self.host}:{self.port}/healthz"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.1)
        raise ServerDied(name="web", exit_code="no answer")

    def check(self) -> None:
        """Raise ServerDied if a child has ended."""
        for name, child in self.children.items():
            if child.poll() is not None:
                raise ServerDied(name=name, exit_code=child.returncode)

    def wait(self) -> None:
        """Stay until a child ends or the person presses Ctrl-C."""
        while True:
            self.check()
            time.sleep(0.5)

    def end(self) -> None:
        """Stop everything that was started: politely, then firmly, with what children left behind.

        Only the child itself is asked, and it asks its workers: asked twice while it answers, a
        granian worker stands still for ever.
        """
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.wait()


def _signal_group(child: subprocess.Popen, number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
