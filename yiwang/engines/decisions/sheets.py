"""Decisions as they are written in the file (决策表原文), for people to read. Pure."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element  # noqa: S405 - only the class; parsing is defusedxml's

from yiwang.engines.decisions.model import Item, Model, child, children, text_in


@dataclass(frozen=True, slots=True)
class SheetRule:
    """A row (规则行): number from 1, the texts of its cells and remarks."""

    number: int
    tests: tuple[str, ...]
    outputs: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A decision (决策). A table has inputs, outputs and rules; other logic its text only.

    requires: names of what it needs. policy: such as UNIQUE, or "" where it is not a table. inputs, outputs: as
    people read them; expressions, names: as the machine does; allowed: what an input may be, "" for anything.
    """

    name: str
    policy: str
    aggregation: str
    requires: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rules: tuple[SheetRule, ...] = ()
    text: str = ""
    expressions: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def sheets_read(model: Model) -> list[Sheet]:
    """Return every decision of a model as it is written."""
    return [_sheet(model, item) for item in model.items.values() if item.kind == "decision"]


def _sheet(model: Model, item: Item) -> Sheet:
    found = (model.find(reference) for reference in item.requires)
    requires = tuple(one[1].name for one in found if one is not None)
    table = child(item.element, "decisionTable")
    if table is None:
        return Sheet(item.name, "", "", requires, text=_text(item.element))
    return Sheet(
        name=item.name,
        policy=table.get("hitPolicy", "UNIQUE"),
        aggregation=table.get("aggregation", ""),
        requires=requires,
        inputs=tuple(
            one.get("label") or text_in(child(one, "inputExpression")).strip()
            for one in children(table, "input")
        ),
        expressions=tuple(
            text_in(child(one, "inputExpression")).strip() for one in children(table, "input")
        ),
        allowed=tuple(
            text_in(child(one, "inputValues")).strip() for one in children(table, "input")
        ),
        names=tuple(one.get("name") or item.name for one in children(table, "output")),
        outputs=tuple(
            one.get("label") or one.get("name") or item.name for one in children(table, "output")
        ),
        rules=tuple(
            SheetRule(
                number,
                _texts(rule, "inputEntry"),
                _texts(rule, "outputEntry"),
                _texts(rule, "annotationEntry"),
            )
            for number, rule in enumerate(children(table, "rule"), start=1)
        ),
    )


def _texts(rule: Element, name: str) -> tuple[str, ...]:
    return tuple(text_in(one).strip() for one in children(rule, name))


def _text(element: Element) -> str:
    texts = (text_in(one).strip() for one in element.iter())
    return "\n".join(text for text in texts if text)
