"""The plan of approvals (审批流程图), read once: the shipped file or the city's own."""

from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings

from yiwang.hall.projects.rules import Plan, plan_build

SHIPPED = Path(__file__).parent / "data_files" / "approvals.yaml"


@lru_cache(maxsize=4)
def _plan(path: str) -> Plan:
    return plan_build(yaml.safe_load(Path(path).read_text(encoding="utf-8")))


def project_plan() -> Plan:
    """Return the plan in force (现行流程图); a city's own file is named by PROJECT_APPROVALS_FILE."""
    return _plan(str(getattr(settings, "PROJECT_APPROVALS_FILE", "") or SHIPPED))
