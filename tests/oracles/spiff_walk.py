"""Leads SpiffWorkflow along the walks of `traces.py`; run with the oracles' own environment.

    python tests/oracles/spiff_walk.py traces.jsonl > spiff.jsonl

One line a walk: {"net", "agrees", "why"}.
"""

import json
import sys
from pathlib import Path

from lxml import etree
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser

PEOPLE = ("UserTask", "ManualTask")


def ready(workflow: BpmnWorkflow) -> list:
    """Return what waits for a person."""
    found = workflow.get_tasks(state=TaskState.READY, manual=True)
    return [task for task in found if task.task_spec.bpmn_id]


def follow(walk: dict) -> str:
    """Go along a walk; return where it differs, "" when nowhere."""
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(walk["xml"].encode()))
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.do_engine_steps()
    for number, step in enumerate(walk["steps"]):
        tasks = ready(workflow)
        names = sorted(task.task_spec.bpmn_id for task in tasks)
        if names != step["ready"]:
            return f"step {number}: ready {names}, ours {step['ready']}"
        task = next(one for one in tasks if one.task_spec.bpmn_id == step["done"])
        task.data.update(step["values"])
        task.run()
        workflow.do_engine_steps()
        workflow.refresh_waiting_tasks()
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
