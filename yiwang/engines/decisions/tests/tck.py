"""Reading the cases of the DMN conformance kit: files → (model, name asked, inputs, expected value)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from defusedxml import ElementTree

from yiwang.engines.decisions.feel.temporal import (
    date_read,
    date_time_read,
    duration_read,
    time_read,
)
from yiwang.engines.decisions.feel.values import equal
from yiwang.engines.decisions.model import child, children, local

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
READERS = {
    "boolean": lambda text: text == "true",
    "date": date_read,
    "time": time_read,
    "dateTime": date_time_read,
    "duration": duration_read,
}
NUMBERS = {"decimal", "double", "integer", "int", "float", "long"}


@dataclass(frozen=True)
class Case:
    """One expected value; part: which output of a service that has several."""

    name: str
    model: Path
    asked: str
    inputs: dict
    expected: object
    part: str = ""


def cases(root: Path) -> Iterator[Case]:
    """Yield every case below a folder."""
    for path in sorted(root.glob("*/*.xml")):
        tests = ElementTree.parse(path).getroot()
        if local(tests) != "testCases":
            continue
        model = path.parent / child(tests, "modelName").text.strip()
        for case in children(tests, "testCase"):
            inputs = {one.get("name"): value(one) for one in children(case, "inputNode")}
            results = list(children(case, "resultNode"))
            for result in results:
                asked = case.get("invocableName") or result.get("name")
                yield Case(
                    f"{path.parent.name}:{case.get('id')}:{asked}",
                    model,
                    asked,
                    inputs,
                    value(child(result, "expected")),
                    result.get("name") if asked != result.get("name") and len(results) > 1 else "",
                )


def value(element) -> object:
    """Return the value that an element holds: a list, components, or one value."""
    if element is None:
        return None
    listed = child(element, "list")
    if listed is not None:
        return [value(item) for item in children(listed, "item")]
    if components := list(children(element, "component")):
        return {one.get("name"): value(one) for one in components}
    found = child(element, "value")
    if found is None or found.get(f"{XSI}nil") == "true":
        return None
    kind, text = found.get(f"{XSI}type", "").rpartition(":")[2], found.text or ""
    if kind in NUMBERS:
        return Decimal(text.strip())
    return READERS[kind](text.strip()) if kind in READERS else text


def same(found: object, expected: object) -> bool:
    """Compare as the kit asks: numbers to eight places, everything else exactly."""
    if isinstance(found, Decimal) and isinstance(expected, Decimal):
        return abs(found - expected) <= Decimal("1e-8") * max(1, abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            same(found[name], expected[name]) for name in found
        )
    if found is None or expected is None:
        return found is expected
    return equal(found, expected) is True
