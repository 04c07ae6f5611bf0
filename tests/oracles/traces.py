"""Walks random nets on our engine and writes down, step by step, what was ready and what was done.

    python tests/oracles/traces.py COUNT > traces.jsonl

One walk a line: {"net", "features", "xml", "steps": [{"ready": [...], "done": id, "values": {...}}], "ended"}.
The other engines are led along the same walks (`spiff_walk.py`, `bpmn_engine_walk.mjs`): at each step
they must have the same tasks ready, and end when ours ends. Equal ready tasks at every step of every
walk mean that neither engine has a trace that the other lacks, as far as was walked.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "basic": ("seq", "and", "xor", "loop"),
    "inclusive": ("seq", "and", "xor", "or"),
    "nested": ("seq", "and", "xor", "loop", "sub"),
    "several": ("seq", "and", "xor", "multi"),
    "all": ("seq", "and", "xor", "loop", "or", "sub", "multi", "manual"),
}
WALKS, LONGEST = 4, 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, help="random nets of each of the five kinds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["YIWANG_DATA"] = folder
        os.environ["YIWANG_DATABASE"] = f"sqlite:///{folder}/oracles.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "yiwang.config.settings"
        sys.path.insert(0, str(ROOT))
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        for kind, blocks in KINDS.items():
            for number in range(options.count):
                for walk in range(WALKS):
                    print(json.dumps(walk_make(kind, blocks, number, walk)), flush=True)


def walk_make(kind: str, blocks: tuple[str, ...], number: int, walk: int) -> dict:
    """Walk one net once, choosing at random among what is ready."""
    from yiwang.engines.workflow import actions
    from yiwang.engines.workflow.models import ProcessInstance, WorkItem
    from yiwang.engines.workflow.tests.models_of_processes import NOW, start_process
    from yiwang.engines.workflow.tests.random_nets import RandomNet
    from yiwang.kernel.api import context_system, context_use

    net = RandomNet(random.Random(f"{kind} {number}"), blocks)
    draw = random.Random(f"{kind} {number} {walk}")
    steps = []
    instance_id = start_process(net.xml)
    with context_use(context_system("oracles")):
        while len(steps) < LONGEST:
            items = list(WorkItem.objects.filter(instance=instance_id, closed_at=None))
            ready = sorted(item.node_id for item in items)
            if not ready:
                break
            item = draw.choice(sorted(items, key=lambda one: (one.node_id, one.pk)))
            name, values = net.choices.get(item.node_id, ("", [0]))
            chosen = {name: draw.choice(values)} if name else {}
            steps.append({"ready": ready, "done": item.node_id, "values": chosen})
            actions.work_item_complete(item.pk, outcome="DONE", variables=chosen, now=NOW)
    ended = ProcessInstance.objects.get(pk=instance_id).state == "COMPLETED"
    return {
        "net": f"{kind}/{number}/{walk}",
        "features": sorted(net.features),
        "xml": net.xml,
        "steps": steps,
        "ended": ended,
    }


if __name__ == "__main__":
    main()
