"""Leads SpiffWorkflow along the walks of `traces.py`; run with the oracles' own environment.

    python tests/oracles/spiff_walk.py traces.jsonl > spiff.jsonl

One line a walk: {"net", "agrees", "why"}.
"""

import datetime
import json
import re
import sys
from pathlib import Path

from lxml import etree
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.specs.event_definitions import timer
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent

WRITTEN = re.compile("<(timeDuration|timeCycle|timeDate)>(.*?)<")


class Clock(datetime.datetime):
    """The clock that SpiffWorkflow is shown."""

    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    @classmethod
    def now(cls, tz=None):
        """Return the moment of the walk."""
        return cls.at.astimezone(tz) if tz else cls.at


timer.datetime = Clock


def ready(workflow: BpmnWorkflow) -> list:
    """Return what waits for a person."""
    found = workflow.get_tasks(state=TaskState.READY, manual=True)
    return [task for task in found if task.task_spec.bpmn_id]


def follow(walk: dict) -> str:
    """Go along a walk; return where it differs, "" when nowhere."""
    Clock.at = datetime.datetime.fromisoformat(walk["start"])
    parser = BpmnParser()
    for xml in (walk["xml"], *walk["called"].values()):
        parser.add_bpmn_xml(etree.fromstring(WRITTEN.sub(r"<\1>'\2'<", xml).encode()))
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.do_engine_steps()
    for number, step in enumerate(walk["steps"]):
        tasks = ready(workflow)
        names = sorted(task.task_spec.bpmn_id for task in tasks)
        if names != step["ready"]:
            return f"step {number}: ready {names}, ours {step['ready']}"
        Clock.at = datetime.datetime.fromisoformat(step["at"])
        if "done" in step:
            task = next(one for one in tasks if one.task_spec.bpmn_id == step["done"])
            task.data.update(step["values"])
            task.run()
        elif "sent" in step:
            kind = {"message": MessageEventDefinition, "signal": SignalEventDefinition}[
                step["kind"]
            ]
            workflow.catch(BpmnEvent(kind(step["sent"]), {}))
        workflow.do_engine_steps()
        workflow.refresh_timers()
        workflow.do_engine_steps()
    if workflow.completed != walk["ended"]:
        left = sorted(task.task_spec.bpmn_id for task in ready(workflow))
        return f"at the end: completed {workflow.completed}, ours {walk['ended']}, ready {left}"
    return ""


def main() -> None:
    for line in Path(sys.argv[1]).open():
        walk = json.loads(line)
        try:
            why = follow(walk)
        except Exception as error:  # noqa: BLE001 - whatever another engine raises is a difference
            why = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps({"net": walk["net"], "agrees": not why, "why": why}), flush=True)


if __name__ == "__main__":
    main()
