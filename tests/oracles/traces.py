"""Walks random nets on our engine and writes down, step by step, what was ready and what was done.

    python tests/oracles/traces.py COUNT > traces.jsonl

One walk a line: {"net", "features", "xml", "called", "steps": [...], "ended"}. A step is {"ready": [...], "at": moment} and
what was done: {"done": id, "values": {...}} a task, {"sent": name, "kind": message or signal}, {"time": true} the next
timer. Only what somebody waits for is sent; moments are whole seconds that every engine is told.
The other engines are led along the same walks (`spiff_walk.py`, `bpmn_engine_walk.mjs`): at each step
they must have the same tasks ready, and end when ours ends. Equal ready tasks at every step of every
walk mean that neither engine has a trace that the other lacks, as far as was walked.
"""

import argparse
import datetime
import json
import os
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASIC = ("seq", "and", "xor", "loop")
EVENTS = (
    "caught",
    "timer",
    "race",
    "limited",
    "watched",
    "stopped",
    "faulty",
    "escalated",
    "call",
    "handled",
    "thrown",
    "reminded",
    "dated",
    "halted",
    "cut",
)
KINDS = {
    "basic": ("seq", "and", "xor", "loop"),
    "inclusive": ("seq", "and", "xor", "or"),
    "nested": ("seq", "and", "xor", "loop", "sub"),
    "several": ("seq", "and", "xor", "multi"),
    "events": ("seq", "and", "xor", "caught", "timer", "race", "limited", "watched"),
    "scopes": ("seq", "and", "stopped", "faulty", "escalated", "call", "limited"),
    "throws": ("seq", "and", "xor", "thrown", "caught"),
    "ends": ("seq", "and", "xor", "halted", "cut", "limited"),
    "times": ("seq", "and", "loop", "reminded", "dated", "timer"),
    "handlers": ("seq", "and", "handled", "caught", "stopped", "faulty"),
    "everything": (*BASIC, "or", "multi", *EVENTS),
    "all": ("seq", "and", "xor", "loop", "or", "sub", "multi", "manual"),
}
WALKS, LONGEST = 4, 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, help="random nets of each kind")
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
    """Walk one net once, choosing at random among what is ready and what is waited for."""
    from yiwang.engines.workflow import actions
    from yiwang.engines.workflow.models import ProcessInstance
    from yiwang.engines.workflow.tests.event_nets import EventNet
    from yiwang.engines.workflow.tests.models_of_processes import NOW, start_process
    from yiwang.kernel.api import context_system, context_use

    net = EventNet(random.Random(f"{kind} {number}"), blocks)
    draw = random.Random(f"{kind} {number} {walk}")
    steps: list[dict] = []
    with context_use(context_system("oracles")):
        for key, xml in net.called.items():
            actions.process_put(key, xml, title={})
        instance_id = start_process(net.xml, key=f"{kind}/{number}/{walk}")
        now = NOW
        while len(steps) < LONGEST:
            now += datetime.timedelta(minutes=7)
            step = Step(instance_id, net, now)
            if not step.choices:
                break
            steps.append(step.take(draw))
            now = step.now
    ended = ProcessInstance.objects.get(pk=instance_id).state == "COMPLETED"
    return {
        "net": f"{kind}/{number}/{walk}",
        "features": sorted(net.features),
        "xml": net.xml,
        "called": net.called,
        "start": NOW.isoformat(),
        "steps": steps,
        "ended": ended,
    }


class Step:
    """What could happen next to an instance and those it called, and one of it happening."""

    def __init__(self, instance_id: int, net, now: datetime.datetime) -> None:
        from yiwang.engines.workflow.models import ProcessInstance, Subscription, Timer, WorkItem

        ids = list(ProcessInstance.objects.filter(pk__gte=instance_id).values_list("pk", flat=True))
        self.net, self.now = net, now
        self.items = sorted(
            WorkItem.objects.filter(instance__in=ids, closed_at=None),
            key=lambda one: (one.node_id, one.pk),
        )
        waiting = Subscription.objects.filter(instance__in=ids, state="PENDING")
        waits = set(waiting.values_list("kind", "name"))
        self.waits = sorted(one for one in waits if one[1] not in net.thrown)
        timers = Timer.objects.filter(instance__in=ids, state="PENDING").order_by("due_at", "pk")
        self.due_at = timers.values_list("due_at", flat=True).first()
        self.choices = [*self.items * 2, *self.waits, *([self.due_at] if self.due_at else [])]
        if self.due_at and self.due_at <= now:
            self.choices = [self.due_at]  # no engine may let a timer pass by

    def take(self, draw: random.Random) -> dict:
        """Let one of it happen; return it as every engine is told."""
        from yiwang.engines.workflow import actions, messages, sweeps

        told = {"ready": [item.node_id for item in self.items]}
        chosen = draw.choice(self.choices)
        if isinstance(chosen, tuple):
            kind, name = chosen
            if kind == "message":
                messages.message_send(name, key=self.key(), now=self.now)
            else:
                messages.signal_send(name, now=self.now)
            told |= {"sent": name, "kind": kind}
        elif isinstance(chosen, datetime.datetime):
            self.now = max(self.now, chosen) + datetime.timedelta(seconds=1)
            told["time"] = True
        else:
            name, values = self.net.choices.get(chosen.node_id, ("", [0]))
            own = {name: draw.choice(values)} if name else {}
            told |= {"done": chosen.node_id, "values": own}
            actions.work_item_complete(chosen.pk, outcome="DONE", variables=own, now=self.now)
        # What the net threw arrives, what is late goes off, before anybody looks again.
        while sweeps.message_sweep(self.now) + sweeps.timer_sweep(self.now):
            pass
        return {**told, "at": self.now.isoformat()}

    def key(self) -> str:
        from yiwang.engines.workflow.models import Subscription

        return (
            Subscription.objects.filter(state="PENDING", kind="message")
            .exclude(name__in=self.net.thrown)
            .order_by("-pk")
            .values_list("key", flat=True)[0]
        )


if __name__ == "__main__":
    main()
