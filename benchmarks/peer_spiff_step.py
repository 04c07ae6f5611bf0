"""A step of the same process in SpiffWorkflow, with what keeping it between two requests needs: CPU a step.

Run by `bench_step.py` with the oracles' own environment (`tests/oracles`), never by the product:

    python benchmarks/peer_spiff_step.py PROCESS.bpmn INSTANCES

A step restores the instance from its JSON text, runs one task and what follows by itself, and makes the text again;
nothing is written to a database. Prints {"ms": …, "steps": …}.
"""

import json
import sys
import time
from pathlib import Path

from lxml import etree
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer


def main() -> None:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(Path(sys.argv[1]).read_bytes()))
    spec, others = parser.get_spec("p"), parser.get_subprocess_specs("p")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    spent, steps = 0.0, 0
    for number in range(int(sys.argv[2]) + 2):
        begun, kept = time.process_time(), number >= 2
        workflow = BpmnWorkflow(spec, others)
        workflow.data.update({f"field_{n}": "值" * 5 for n in range(50)})
        workflow.do_engine_steps()
        text = serializer.serialize_json(workflow)
        spent, steps = spent + kept * (time.process_time() - begun), steps + kept
        is_done = False
        while not is_done:
            begun = time.process_time()
            workflow = serializer.deserialize_json(text)
            tasks = workflow.get_tasks(state=TaskState.READY, manual=True)
            task = next(one for one in tasks if one.task_spec.bpmn_id)
            task.data["outcome"] = "AGREE"
            task.run()
            workflow.do_engine_steps()
            is_done = workflow.completed
            text = serializer.serialize_json(workflow)
            spent, steps = spent + kept * (time.process_time() - begun), steps + kept
    print(json.dumps({"ms": spent / steps * 1000, "steps": steps}))


if __name__ == "__main__":
    main()
