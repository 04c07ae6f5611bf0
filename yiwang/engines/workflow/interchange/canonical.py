"""The canonical form of a BPMN file (规范形式): equal forms mean the same model.

What means nothing is left out: prefixes, the order of attributes, white space between elements,
attributes that state the default, how a number or a truth value is written, and the order of
children of *different* slots of the schema. What stays: every element and attribute of the model
and of the diagram, documentation and expressions to the letter, and foreign elements verbatim. The
order of children of one slot stays too, for an exclusive gateway asks its flows in that order.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn_xml import (
    Document,
    Scope,
    Writer,
    children,
    document_read,
    is_element,
)
from yiwang.engines.workflow.interchange.schema import (
    XSI_TYPE,
    Attribute,
    Kind,
    kind_get,
    kinds_find,
)

_BLANK = re.compile(r"\s+")
_NUMBERS = frozenset({"x:double", "x:integer", "x:int", "x:decimal"})
_NAMES = frozenset({"x:QName", "x:IDREF"})

Canonical = tuple
"""(tag, ((attribute, value), …), text, (children, …)); a comment is ("!", (), text, ())."""


@dataclass
class Model:
    """A document with the kind of every element (BPMN 模型)."""

    document: Document

    @classmethod
    def read(cls, content: str | bytes) -> "Model":
        """Read a file (读入); raises `ProcessInvalid`."""
        return cls(document_read(content))

    @property
    def root(self) -> Element:
        """The element `definitions`."""
        return self.document.root

    @cached_property
    def scopes(self) -> dict[Element, Scope]:
        """The prefixes in force at every element."""
        return self.document.scopes()

    @cached_property
    def kinds(self) -> dict[Element, str]:
        """The schema's kind of every element that it describes."""
        return kinds_find(self.root, self.scopes)

    def kind(self, element: Element) -> Kind | None:
        """Return the kind of an element, None when it is foreign or simple."""
        return kind_get(self.kinds.get(element, ""))

    def line(self, element: Element) -> int:
        """Return the line where the element begins, 0 for one that was added."""
        return self.document.lines.get(element, 0)

    def name(self, element: Element, text: str) -> str:
        """Resolve a QName: a bare id for what this file defines, {namespace}id for another's."""
        prefix, colon, tag = text.strip().rpartition(":")
        if not colon:
            return tag
        uri = self.scopes[element].get(prefix)
        if uri is None:
            return text.strip()
        return tag if uri == self.root.get("targetNamespace") else f"{{{uri}}}{tag}"

    def ordered(self, element: Element) -> list[Element]:
        """Return the children in the order of the schema; comments stay before what they precede."""
        kind = self.kind(element)
        if kind is None or kind.is_mixed:
            return list(element)
        last = len(kind.order)
        groups: list[tuple[int, list[Element]]] = []
        waiting: list[Element] = []
        for child in element:
            waiting.append(child)
            if is_element(child):
                groups.append((kind.order.get(child.tag, last), waiting))
                waiting = []
        groups.sort(key=lambda group: group[0])
        return [child for _, group in groups for child in group] + waiting

    def is_plain(self, element: Element) -> bool:
        """Tell whether white space between the children means nothing."""
        kind = self.kind(element)
        if kind is None or kind.is_mixed:
            return False
        return not any((text or "").strip() for text in _texts(element))

    def canonical(self) -> Canonical:
        """Return the canonical form (规范形式)."""
        return self._canonical(self.root)

    def _canonical(self, element: Element) -> Canonical:
        if not is_element(element):
            return ("!", (), element.text, ())
        name = self.kinds.get(element)
        if name is None:
            return _verbatim(element)
        kind = kind_get(name)
        if kind is None:
            text = (element.text or "").strip()
            text = self.name(element, text) if name in _NAMES else text
            return (element.tag, self._attributes(element, {}), text, ())
        plain = self.is_plain(element)
        inner = tuple(self._canonical(child) for child in self.ordered(element))
        if not plain:
            inner = tuple(
                part
                for child, form in zip(self.ordered(element), inner, strict=True)
                for part in (form, child.tail or "")
            )
        text = "" if plain else element.text or ""
        return (element.tag, self._attributes(element, kind.attributes), text, inner)

    def _attributes(self, element: Element, known: dict[str, Attribute]) -> tuple:
        found = []
        for key, value in element.items():
            rule = known.get(key)
            if key == XSI_TYPE:
                found.append((key, self.name(element, value)))
            elif rule is None:
                found.append((key, value))
            else:
                plain = self.value(element, rule, value)
                if rule.default is None or plain != rule.default:
                    found.append((key, plain))
        return tuple(sorted(found))

    def value(self, element: Element, rule: Attribute, value: str) -> str:
        """Return an attribute's value as it means: true for 1, 88 for 88.0, names resolved."""
        if rule.kind == "x:boolean":
            return {"1": "true", "0": "false"}.get(value.strip(), value.strip())
        if rule.kind in _NUMBERS:
            return _number(value)
        return self.name(element, value) if rule.kind in _NAMES else value

    def export(self) -> str:
        """Write the model (导出): UTF-8, indented, children in the schema's order, nothing left out."""
        for element in self.kinds:
            kind = self.kind(element)
            if kind is not None and not kind.is_mixed and self.is_plain(element):
                element[:] = self.ordered(element)
        return Writer(self.document, is_plain=self.is_plain).write()


def _texts(element: Element) -> list[str | None]:
    return [element.text, *(child.tail for child in element)]


def _verbatim(element: Element) -> Canonical:
    if not is_element(element):
        return ("!", (), element.text, ())
    inner = tuple(part for child in element for part in (_verbatim(child), child.tail or ""))
    return (element.tag, tuple(sorted(element.items())), element.text or "", inner)


def _number(text: str) -> str:
    try:
        number = Decimal(text.strip()).normalize()
    except InvalidOperation:
        return text
    return f"{number:f}" if number.is_finite() else text


def model_export(content: str | bytes) -> str:
    """Import and export a file (导入再导出). Raises `ProcessInvalid`."""
    return Model.read(content).export()


def model_equal(one: str | bytes, other: str | bytes) -> bool:
    """Tell whether two files are the same model (模型相等)."""
    return Model.read(one).canonical() == Model.read(other).canonical()


def difference_first(one: Canonical, other: Canonical, path: str = "") -> str:
    """Say where two canonical forms first differ, "" when they are equal. For tests and reports."""
    if one == other:
        return ""
    if isinstance(one, str) or isinstance(other, str) or one[0] != other[0]:
        return f"{path}: {str(one)[:120]!r} / {str(other)[:120]!r}"
    here = f"{path}/{one[0].rpartition('}')[2]}"
    if one[1:3] != other[1:3]:
        return f"{here}: {one[1:3]!r} / {other[1:3]!r}"
    for left, right in zip(one[3], other[3], strict=False):
        if left != right:
            return difference_first(left, right, here)
    return f"{here}: {len(one[3])} / {len(other[3])} children"


__all__ = ["Model", "children", "difference_first", "model_equal", "model_export"]
