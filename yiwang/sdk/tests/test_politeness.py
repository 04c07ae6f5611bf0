"""A batch gives way, and so does everything that it starts."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux schedules like this")
TOLD = """
import json, os, subprocess, sys
from yiwang.sdk.politeness import polite, polite_child
{does}
told = [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.getsid(0) == os.getpid()]
print(json.dumps(told))
"""


def _told(does: str) -> list:
    code = TOLD.format(does=does)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def test_a_polite_process_comes_after_everybody():
    assert _told("polite()") == [19, os.SCHED_BATCH, False]


def test_what_a_polite_process_starts_is_polite_in_a_session_of_its_own():
    assert _told("os.setpriority(os.PRIO_PROCESS, 0, 19); polite_child()") == [
        19,
        os.SCHED_BATCH,
        True,
    ]


def test_what_anybody_else_starts_stays_as_it_was():
    here = [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), False]
    assert _told("polite_child()") == here
