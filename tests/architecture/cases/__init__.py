"""Every case of the matrix, by the area whose rows it makes; importing an area declares its cases."""

from tests.architecture.cases import counters, hall, identity, payments, resources, windows
from tests.architecture.cases.case import CASES, WHOLE_CITY

AREAS = (counters, hall, identity, payments, resources, windows)

__all__ = ["CASES", "WHOLE_CITY"]
