"""What BPMN 2.0 says of each element (BPMN 元模型): attributes, defaults, the order of children.

`bpmn_schema.json` is made from OMG's schemas by `tests/oracles/bpmn_schema_read.py`. Every element
of a file is given its *kind* in one walk; what stands in extension elements or in a foreign
namespace has none.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn_xml import Scope, children

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind (属性)."""

    kind: str
    default: str | None
    is_required: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A complex type of the schema (类型); order: place of each child, kinds: type of each child."""

    name: str
    attributes: dict[str, Attribute]
    order: dict[str, int]
    kinds: dict[str, str]
    required: tuple[tuple[frozenset[str], int], ...]
    is_mixed: bool
    has_any: bool


@cache
def _table() -> dict:
    return json.loads(Path(__file__).with_name("bpmn_schema.json").read_text("utf-8"))


@cache
def enums() -> dict[str, frozenset[str]]:
    """Return the allowed values of each enumeration (枚举值)."""
    return {name: frozenset(values) for name, values in _table()["enums"].items() if values}


def _full(name: str) -> str:
    if name == "*":
        return name
    space, _, tag = name.partition(":")
    return f"{{{_table()['spaces'][space]}}}{tag}"


@cache
def kind_get(name: str) -> Kind | None:
    """Return a type by its short name such as "b:tUserTask" (取类型); None for simple types."""
    raw = _table()["types"].get(name)
    if raw is None:
        return None
    order: dict[str, int] = {}
    kinds: dict[str, str] = {}
    required = []
    for place, (slot, least, _most) in enumerate(raw["slots"]):
        for tag, kind in slot.items():
            order.setdefault(_full(tag), place)
            kinds.setdefault(_full(tag), kind)
        if least:
            required.append((frozenset(_full(tag) for tag in slot), least))
    attributes = {key: Attribute(*value) for key, value in raw["attributes"].items()}
    return Kind(name, attributes, order, kinds, tuple(required), raw["mixed"], "*" in kinds)


@cache
def elements() -> dict[str, str]:
    """Return the kind of every element that the schema knows by itself (全局元素)."""
    return {_full(tag): kind for tag, kind in _table()["elements"].items()}


def is_ours(tag: str) -> bool:
    """Tell whether a tag stands in a namespace that the schema describes."""
    return tag.startswith(tuple(f"{{{space}}}" for space in _table()["spaces"].values()))


def kinds_find(root: Element, scopes: dict[Element, Scope]) -> dict[Element, str]:
    """Give every described element its kind (元素定型): a complex type, or "x:QName" and the like.

    Elements that the schema does not know, and all that stands inside them, are left out.
    """
    found: dict[Element, str] = {}
    start = elements().get(root.tag, "")
    stack = [(root, start)] if start else []
    while stack:
        element, name = stack.pop()
        name = _narrowed(element, name, scopes)
        found[element] = name
        kind = kind_get(name)
        if kind is None:
            continue
        for child in children(element):
            inner = kind.kinds.get(child.tag)
            if inner is not None:
                stack.append((child, inner))
    return found


def _narrowed(element: Element, name: str, scopes: dict[Element, Scope]) -> str:
    """Follow xsi:type, as a condition that is a tFormalExpression."""
    text = element.get(XSI_TYPE)
    if not text:
        return name
    prefix, _, tag = text.strip().rpartition(":")
    if scopes[element].get(prefix) == MODEL and kind_get(f"b:{tag}") is not None:
        return f"b:{tag}"
    return name
