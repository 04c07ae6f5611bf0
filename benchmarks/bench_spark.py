"""Fusing made records on a standalone Spark master with two workers on loopback, against DuckDB and NumPy here.

Starts a master and two workers of one core each from pyspark's own scripts, ends them by their process ids, and
stops by itself after --minutes. Both masters are then compared value by value: a difference is an error.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import options_parse, report

from tests.resources.masters import masters_differ
from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion.data import SPARK, FusionOptions
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.plans import population_plan

CLASSES = {
    "master": "org.apache.spark.deploy.master.Master",
    "worker": "org.apache.spark.deploy.worker.Worker",
}
MEMORY_MB = 1536


class Cluster:
    """A master and workers on loopback (单机集群): each a process of its own, ended by its id."""

    def __init__(self, folder: Path, workers: int) -> None:
        import pyspark

        self.home = Path(pyspark.__file__).parent
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        self.port = free_port()
        self.address = f"spark://127.0.0.1:{self.port}"
        self.start("master", "--port", str(self.port), "--webui-port", str(free_port()))
        for number in range(workers):
            self.start(
                "worker", "--cores", "1", "--memory", f"{MEMORY_MB}m", "--webui-port", str(free_port()),
                "--work-dir", str(folder / f"worker-{number}"), self.address,
            )  # fmt: skip
        self.wait(workers)

    def start(self, kind: str, *options: str) -> None:
        """Start one part; its log goes to the folder."""
        number = len(self.processes)
        log = (self.folder / f"{kind}-{number}.log").open("w")
        settings = {
            "SPARK_HOME": str(self.home),
            "SPARK_DAEMON_MEMORY": "512m",
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        command = [
            self.home / "bin" / "spark-class",
            CLASSES[kind],
            "--host",
            "127.0.0.1",
            *options,
        ]
        self.processes.append(
            subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | settings, start_new_session=True
            )
        )

    def wait(self, workers: int) -> None:
        """Wait until the master has registered the workers, a minute and a half at most."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            log = (self.folder / "master-0.log").read_text()
            if log.count("Registering worker") >= workers:
                return
            time.sleep(0.5)
        raise SystemExit(f"the cluster did not start: see {self.folder}")

    def end(self) -> None:
        """End every part, and whatever it started, by its process group."""
        for process in reversed(self.processes):
            for sign in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, sign)
                    process.wait(timeout=10)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    """Make the records, fuse them on both engines, compare."""
    options = options_parse(__doc__, records=1_000_000, minutes=25, workers=2)
    folder = Path(tempfile.mkdtemp(prefix="yiwang-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    plan = population_plan()
    generate_population(
        persons=max(1, options.records * 13 // 100),
        records=options.records,
        out=folder / "in",
        seed=1,
    )
    begun = time.perf_counter()
    here = fuse(plan, folder / "in", folder / "here", options=FusionOptions(workers=2))
    local = time.perf_counter() - begun
    cluster = Cluster(folder, options.workers)
    atexit.register(cluster.end)

    def give_up() -> None:
        print(f"not done after {options.minutes} minutes", file=sys.stderr)
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    timer = threading.Timer(options.minutes * 60, give_up)
    timer.daemon = True
    timer.start()
    begun = time.perf_counter()
    there = fuse(
        plan,
        folder / "in",
        folder / "there",
        options=FusionOptions(engine=SPARK, master=cluster.address, memory_mb=MEMORY_MB - 512),
    )
    spark = time.perf_counter() - begun
    cluster.end()
    timer.cancel()
    name = f"{there.records:,} population on Spark, {options.workers} workers"
    more = {"baseline_name": "DuckDB here", "as_json": options.json}
    report(f"{name}: whole run", spark, "s", baseline=local, **more)
    for stage in ("standardise", "fuse", "residue"):
        baseline = here.seconds[stage]
        report(f"{name}: {stage}", there.seconds[stage], "s", baseline=baseline, **more)
    differ = masters_differ(folder / "here", folder / "there")
    for kind, count in differ.items():
        report(
            f"{name}: {kind} that differ", count, "rows", baseline=there.records,
            baseline_name="records", bar="= 0", as_json=options.json,
        )  # fmt: skip
    if any(differ.values()):
        raise SystemExit("the two engines do not agree")


if __name__ == "__main__":
    main()
