"""Validates what `yw process export` writes with OMG's BPMN 2.0 schemas.

    var/tools/oracles/venv/bin/python tests/oracles/xsd_check.py FILE.bpmn …

A file that was valid must stay valid; 1 when one does not.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import SpiffWorkflow
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(SpiffWorkflow.__file__).parent / "bpmn" / "parser" / "schema" / "BPMN20.xsd"


def main() -> int:
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    count: Counter[str] = Counter()
    for name in sys.argv[1:]:
        before = schema.validate(etree.parse(name))
        command = [
            str(ROOT / ".venv" / "bin" / "yw"),
            "process",
            "export",
            str(Path(name).resolve()),
        ]
        done = subprocess.run(command, capture_output=True, check=True)
        after = schema.validate(etree.fromstring(done.stdout))
        count[f"{'valid' if before else 'not valid'} -> {'valid' if after else 'not valid'}"] += 1
        if before and not after:
            print(f"{name}: {schema.error_log[0]}")
    print(dict(count))
    return 1 if count["valid -> not valid"] else 0


if __name__ == "__main__":
    sys.exit(main())
