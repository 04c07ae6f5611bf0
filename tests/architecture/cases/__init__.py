"""Every case of the matrix, by the area whose rows it makes; importing an area declares its cases."""

from tests.architecture.cases import (
    approvals,
    bundles,
    counters,
    disclosure,
    forms,
    hall,
    identity,
    papers,
    payments,
    promises,
    registers,
    resources,
    windows,
)
from tests.architecture.cases.case import CASES, WHOLE_CITY

AREAS = (
    approvals,
    bundles,
    counters,
    disclosure,
    forms,
    hall,
    identity,
    papers,
    payments,
    promises,
    registers,
    resources,
    windows,
)

__all__ = ["CASES", "WHOLE_CITY"]
