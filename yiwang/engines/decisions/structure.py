"""What is wrong with the shape of a model (结构检查): ids used twice, references that lead nowhere, circles."""

from collections import Counter
from collections.abc import Iterator

from yiwang.engines.decisions.model import KINDS, Model, child, children, local

BODIES = frozenset({"decision", "businessKnowledgeModel"})


def model_problems(model: Model) -> list[str]:
    """Return what is wrong with a model besides its expressions (结构问题), in words."""
    return [*_twice(model), *_references(model), *_circles(model), *_types(model)]


def _twice(model: Model) -> Iterator[str]:
    elements = list(children(model.root, *KINDS))
    ids = Counter(one.get("id") for one in elements if one.get("id"))
    names = Counter((one.get("name"), local(one)) for one in elements if one.get("name"))
    yield from (f"The id “{key}” is used {count} times" for key, count in ids.items() if count > 1)
    for (name, _kind), count in names.items():
        if count > 1:
            yield f"The name “{name}” is used {count} times"


def _references(model: Model) -> Iterator[str]:
    for item in model.items.values():
        for reference in item.requires:
            if model.find(reference) is None:
                yield f"“{item.name}” needs “{reference}”, which is not there"
        if item.kind == "decisionService":
            for one in item.element:
                href = one.get("href")
                if href and model.find(href) is None:
                    yield f"“{item.name}” names “{href}”, which is not there"


def _circles(model: Model) -> Iterator[str]:
    """Name each decision that needs itself: what is left when all that need nothing left are taken."""
    left = {
        item.id: {one[1].id for one in map(model.find, item.requires) if one and one[0] is model}
        for item in model.items.values()
    }
    while free := [key for key, needs in left.items() if not needs & left.keys()]:
        for key in free:
            del left[key]
    needed = set().union(*left.values()) if left else set()
    # A knowledge model may call itself; a decision has no value then.
    inside = [model.items[key] for key in left if key in needed]
    if any(item.kind == "decision" for item in inside):
        yield "These need each other: " + ", ".join(f"“{item.name}”" for item in inside)


def _types(model: Model) -> Iterator[str]:
    unknown = {
        text
        for one in model.root.iter()
        if (text := _reference(one)) and model.type_of(text) is None
    }
    yield from (f"The type “{text}” is not declared" for text in sorted(unknown))


def _reference(element) -> str:
    inner = child(element, "typeRef")
    return ((inner.text or "") if inner is not None else element.get("typeRef", "")).strip()
