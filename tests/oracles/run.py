"""Compares our engine with two others on random nets and random schedules (差分测试). Development only.

    python tests/oracles/run.py --nets 25        twelve kinds of nets, 25 of each, 4 walks a net

Makes an environment of its own below var/tools/oracles once (SpiffWorkflow 3.2 by pip, bpmn-engine by
npm). Prints how many walks agree and every difference that `differences.md` does not explain; 1 when
there is one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / "var" / "tools" / "oracles"

# Which features of a net explain a difference of which engine: see differences.md.
EXPLAINED = {
    "SpiffWorkflow": frozenset({"join inside a loop", "event sub-process", "timer cycle"}),
    "bpmn-engine": frozenset(
        {
            "choice inside a parallel block",
            "inclusive gateway",
            "event sub-process",
            "call inside a sub-process",
            "terminate end in a sub-process",
        }
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", type=int, default=25, help="random nets of each kind")
    options = parser.parse_args()
    python = environment()
    traces = PLACE / "traces.jsonl"
    command = [sys.executable, str(HERE / "traces.py"), str(options.nets)]
    output(command, traces)
    walks = {walk["net"]: walk for walk in lines(traces)}
    engines = {"SpiffWorkflow": [str(python), str(HERE / "spiff_walk.py"), str(traces)]}
    if shutil.which("node"):
        engines["bpmn-engine"] = ["node", str(HERE / "bpmn_engine_walk.mjs"), str(traces)]
    else:
        print("bpmn-engine: not compared, there is no node")
    nets = len({name.rpartition("/")[0] for name in walks})
    print(f"{len(walks)} walks over {nets} nets")
    bad = 0
    for engine, led in engines.items():
        found = PLACE / f"{engine}.jsonl"
        output(led, found)
        bad += told(engine, walks, lines(found))
    return 1 if bad else 0


def told(engine: str, walks: dict[str, dict], results: list[dict]) -> int:
    """Print how an engine did; return how many differences nobody explained."""
    count: Counter[str] = Counter()
    unexplained = []
    for result in results:
        features = EXPLAINED[engine].intersection(walks[result["net"]]["features"])
        count["agree"] += result["agrees"]
        count["unreported"] += result["agrees"] and bool(result["why"])
        if result["agrees"]:
            continue
        count["explained"] += bool(features)
        if not features:
            unexplained.append(result)
    plain = {
        name.rpartition("/")[0]
        for name, walk in walks.items()
        if not EXPLAINED[engine].intersection(walk["features"])
    }
    print(
        f"{engine}: {count['agree']} of {len(results)} walks agree ({count['unreported']} of them without"
        f" word of the end), {count['explained']} differ as explained, {len(unexplained)} differ"
        f" without; {len(plain)} nets have nothing to explain"
    )
    for result in unexplained:
        print(f"  {result['net']}: {result['why']}")
    return len(unexplained)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def output(command: list[str], path: Path) -> None:
    env = {**os.environ, "NODE_PATH": str(PLACE / "node_modules")}
    with path.open("w") as file:
        subprocess.run(command, stdout=file, check=True, env=env, cwd=ROOT)


def environment() -> Path:
    """Make the environment of the oracles once; return its Python."""
    python = PLACE / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(PLACE / "venv", with_pip=True)
        asked = ["-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")]
        subprocess.run([str(python), *asked], check=True)
    if shutil.which("npm") and not (PLACE / "node_modules" / "bpmn-engine").exists():
        shutil.copy(HERE / "package.json", PLACE / "package.json")
        asked = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(asked, check=True, cwd=PLACE)
    return python


if __name__ == "__main__":
    sys.exit(main())
