"""Deciding (决策): the requirements graph of a model is worked out for one set of inputs.

`Engine(model_open(path)).decide("Approval Status", {"Age": Decimal(18)}).value`
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yiwang.engines.decisions.boxed import BUILDERS, Boxes, Typed
from yiwang.engines.decisions.feel.nodes import Node, Scope
from yiwang.engines.decisions.feel.scope import everything
from yiwang.engines.decisions.feel.types import Type, coerce
from yiwang.engines.decisions.feel.values import Function
from yiwang.engines.decisions.interchange import json_of_value, value_typed
from yiwang.engines.decisions.model import Item, Model, child, children, local
from yiwang.engines.decisions.structure import model_problems
from yiwang.engines.decisions.tables import TRACE, DecisionTable, Fired

DECIDABLE = frozenset({"decision", "decisionService", "businessKnowledgeModel"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision gave (决策结果): value, and what every table on the way did, in order."""

    value: object
    fired: tuple[Fired, ...]


def outcome_json(outcome: Outcome) -> dict:
    """Return an outcome as plain values."""
    return {
        "result": json_of_value(outcome.value),
        "fired": [
            {
                "table": one.table,
                "inputs": {name: json_of_value(value) for name, value in one.inputs},
                "rules": list(one.rules),
                "problem": one.problem,
            }
            for one in outcome.fired
        ],
    }


@dataclass(slots=True)
class _Work:
    """One working out: inputs, what is known already, the notes of tables."""

    inputs: Mapping[str, object]
    known: dict[tuple[str, str], object] = field(default_factory=dict)
    trace: list[Fired] = field(default_factory=list)


class Engine:
    """A model made ready to decide (决策引擎); compiled once, safe for threads afterwards.

    problems: expressions that are not FEEL, which are null, and what is wrong with the model's shape. Who publishes a model refuses it while there are any.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nodes: dict[tuple[str, str], Node | None] = {}
        self.problems: list[str] = model_problems(model)
        for one in (model, *model.imports.values()):
            self._compile(one)

    def _compile(self, model: Model) -> None:
        boxes = Boxes(model, self.problems)
        for item in model.items.values():
            if item.kind == "decision":
                body = next(
                    (boxes.node(one, item.name) for one in item.element if local(one) in BUILDERS),
                    None,
                )
            elif item.kind == "businessKnowledgeModel":
                logic = child(item.element, "encapsulatedLogic")
                body = (
                    None
                    if logic is None
                    else boxes.definition(logic, boxes.inside(logic), item.type_ref)
                )
            else:
                body = None
            self.nodes[model.namespace, item.id] = body
        for inner in model.imports.values():
            if (inner.namespace, "") not in self.nodes:
                self.nodes[inner.namespace, ""] = None
                self._compile(inner)

    def decide(self, name: str, inputs: Mapping[str, object]) -> Outcome:
        """Work out a decision, service or knowledge model by name. inputs: FEEL values by name.

        Raises DecisionUnknown. Whatever cannot be computed is null.
        """
        item = self.model.item_named(name, DECIDABLE)
        work = _Work(inputs)
        if item.kind == "decision":
            value = self._value(self.model, item, work)
        else:
            value = _called(self._value(self.model, item, work), inputs)
        return Outcome(value, tuple(work.trace))

    def tables(self) -> Iterator[DecisionTable]:
        """Yield the decision tables of the model itself (决策表), not those of what it imports."""
        for (namespace, _id), node in self.nodes.items():
            inner = node.value if isinstance(node, Typed) else node
            if namespace == self.model.namespace and isinstance(inner, DecisionTable):
                yield inner

    # -- elements

    def _value(self, model: Model, item: Item, work: _Work) -> object:
        """Work out an element after all that it requires; one that needs itself has no value (循环依赖).

        Walked without recursion: a chain of requirements may be as long as the model has it.
        """
        path = [(model, item, iter(item.requires))]
        open_ = {(model.namespace, item.id)}
        while path:
            owner, one, left = path[-1]
            key = owner.namespace, one.id
            found = None if key in work.known else _next(owner, left, work.known, open_)
            if found is not None:
                path.append(found)
                open_.add((found[0].namespace, found[1].id))
                continue
            if key not in work.known:
                work.known[key] = WORKERS[one.kind](self, owner, one, work)
            open_.discard(key)
            path.pop()
        return work.known[model.namespace, item.id]

    def _input(self, model: Model, item: Item, work: _Work) -> object:
        wanted = model.type_of(item.type_ref)
        return coerce(value_typed(_given(work.inputs, model, item, self.model), wanted), wanted)

    def _decision(self, model: Model, item: Item, work: _Work) -> object:
        node = self.nodes[model.namespace, item.id]
        if node is None:
            return None
        return coerce(node.evaluate(self._scope(model, item, work)), model.type_of(item.type_ref))

    def _knowledge(self, model: Model, item: Item, work: _Work) -> object:
        node = self.nodes[model.namespace, item.id]
        return None if node is None else node.evaluate(self._scope(model, item, work))

    def _service(self, model: Model, item: Item, work: _Work) -> object:
        """Return a decision service as a function of its input data and input decisions."""
        parts = {
            name: [model.find(one.get("href", "")) for one in children(item.element, name)]
            for name in ("inputData", "inputDecision", "outputDecision")
        }
        taken = [one for one in parts["inputData"] + parts["inputDecision"] if one]
        wanted = [one for one in parts["outputDecision"] if one]

        def call(*values: object) -> object:
            inner = _Work({}, trace=work.trace)
            for (owner, one, _prefix), value in zip(taken, values, strict=True):
                inner.known[owner.namespace, one.id] = value
            results = {one.name: self._value(owner, one, inner) for owner, one, _prefix in wanted}
            return results if len(wanted) != 1 else next(iter(results.values()))

        return Function(
            tuple(one.name for _owner, one, _prefix in taken),
            call,
            tuple(owner.type_of(one.type_ref) for owner, one, _prefix in taken),
            model.type_of(item.type_ref),
        )

    def _scope(self, model: Model, item: Item, work: _Work) -> Scope:
        """Return the names that an element sees: what it requires, then FEEL's functions."""
        names: dict[str, object] = {}
        for reference in item.requires:
            found = model.find(reference)
            if found is None:
                continue
            owner, required, prefix = found
            value = work.known.get((owner.namespace, required.id))
            if prefix:
                names.setdefault(prefix, {})[required.name] = value
            else:
                names[required.name] = value
        return Scope(names, Scope({TRACE: work.trace}, everything()))


def _next(
    model: Model, left: Iterator[str], known: Mapping, open_: set[tuple[str, str]]
) -> tuple[Model, Item, Iterator[str]] | None:
    """Return the next element that has to be worked out before another."""
    for reference in left:
        if (found := model.find(reference)) is not None:
            owner, item, _prefix = found
            key = owner.namespace, item.id
            if key not in known and key not in open_:
                return owner, item, iter(item.requires)
    return None


def _given(inputs: Mapping[str, object], model: Model, item: Item, outer: Model) -> object:
    """Return what was given for an input; an imported one may be given under its import's name."""
    if model is not outer:
        for prefix, imported in outer.imports.items():
            inner = inputs.get(prefix)
            if imported is model and isinstance(inner, Mapping) and item.name in inner:
                return inner[item.name]
            if imported is model and f"{prefix}.{item.name}" in inputs:
                return inputs[f"{prefix}.{item.name}"]
    return inputs.get(item.name)


def _called(function: object, inputs: Mapping[str, object]) -> object:
    if not isinstance(function, Function):
        return None
    values = [
        coerce(value_typed(inputs.get(name), wanted), wanted)
        for name, wanted in zip(function.names, _types(function), strict=True)
    ]
    found = function.call(*values)
    return coerce(found, function.result) if isinstance(function.result, Type) else found


def _types(function: Function) -> tuple[Type | None, ...]:
    return function.types or (None,) * len(function.names)


WORKERS = {
    "inputData": Engine._input,
    "decision": Engine._decision,
    "businessKnowledgeModel": Engine._knowledge,
    "decisionService": Engine._service,
}
