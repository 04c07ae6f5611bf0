"""Decision tables (决策表): rules, the seven hit policies, aggregation, and which rules fired."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from yiwang.engines.decisions.feel.functions_lists import greatest, least, total
from yiwang.engines.decisions.feel.nodes import Node, Scope, UnaryTests, matches
from yiwang.engines.decisions.feel.types import Type, coerce
from yiwang.engines.decisions.feel.values import equal

POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
TRACE = "\0trace"  # the name under which a scope keeps who notes what fired


@dataclass(slots=True)
class Column:
    """An input (输入列): what is asked, and the values it may have."""

    title: str
    expression: Node
    type: Type | None = None
    allowed: UnaryTests | None = None


@dataclass(slots=True)
class Output:
    """An output (输出列). ranks: the values in order of priority; default: when no rule fires."""

    name: str
    type: Type | None = None
    ranks: list[Node] = field(default_factory=list)
    default: Node | None = None


@dataclass(slots=True)
class Rule:
    """A rule (规则): one test an input, one value an output. number counts from 1."""

    number: int
    tests: list[UnaryTests]
    outputs: list[Node]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """What a table did (触发记录): the decision's name, its inputs, the numbers of the rules that matched, why
    there is no result."""

    table: str
    inputs: tuple[tuple[str, object], ...]
    rules: tuple[int, ...]
    problem: str = ""


@dataclass(slots=True)
class DecisionTable(Node):
    """A decision table (决策表)."""

    name: str
    policy: str
    aggregation: str
    columns: list[Column]
    outputs: list[Output]
    rules: list[Rule]

    def evaluate(self, scope: Scope) -> object:
        """Return the result under the table's hit policy; null when no rule fires or the policy is violated."""
        values, problem = self._values(scope)
        if problem:
            self._note(scope, values, [], problem)
            return None
        matched = [rule for rule in self.rules if self._matches(rule, values, scope)]
        if not matched:
            self._note(scope, values, [], "no rule matched")
            return self._default(scope)
        results = [self.result(rule, scope) for rule in matched]
        chosen, problem = POLICY[self.policy](self, matched, results, scope)
        self._note(scope, values, matched, problem)
        return None if problem else chosen

    def _values(self, scope: Scope) -> tuple[list[object], str]:
        """Return the value of every input, and what is wrong with one of them."""
        values: list[object] = []
        for column in self.columns:
            value = coerce(column.expression.evaluate(scope), column.type)
            values.append(value)
            if column.allowed is not None and value is not None:
                inner = Scope({"?": value}, scope)
                if column.allowed.evaluate(inner) is not True:
                    return values, f"{column.title} is not among its allowed values"
        return values, ""

    def _matches(self, rule: Rule, values: list[object], scope: Scope) -> bool:
        return all(
            test.evaluate(Scope({"?": value}, scope)) is True
            for test, value in zip(rule.tests, values, strict=False)
        )

    def result(self, rule: Rule, scope: Scope) -> object:
        """Return what a rule gives: a value, or a context of several outputs (规则结果)."""
        made = [
            coerce(node.evaluate(scope), output.type)
            for node, output in zip(rule.outputs, self.outputs, strict=False)
        ]
        if len(self.outputs) == 1:
            return made[0] if made else None
        return {output.name: value for output, value in zip(self.outputs, made, strict=False)}

    def _default(self, scope: Scope) -> object:
        if not any(output.default for output in self.outputs):
            if self.policy == "COLLECT" and self.aggregation in ("", "COUNT"):
                return Decimal(0) if self.aggregation else []
            return None
        made = {
            output.name: output.default.evaluate(scope) if output.default else None
            for output in self.outputs
        }
        return made if len(self.outputs) > 1 else next(iter(made.values()))

    def _note(self, scope: Scope, values: list[object], matched: list[Rule], problem: str) -> None:
        trace = scope.find(TRACE)
        if isinstance(trace, list):
            inputs = tuple(
                (column.title, value) for column, value in zip(self.columns, values, strict=False)
            )
            trace.append(Fired(self.name, inputs, tuple(rule.number for rule in matched), problem))

    def priorities(self, result: object, scope: Scope) -> tuple[int, ...]:
        """Return the place of each output among its values, first output first; unknown values come last."""
        places = []
        for output in self.outputs:
            value = (
                result[output.name]
                if isinstance(result, dict) and len(self.outputs) > 1
                else result
            )
            ranks = [node.evaluate(scope) for node in output.ranks]
            found = [place for place, rank in enumerate(ranks) if matches(value, rank) is True]
            places.append(found[0] if found else len(ranks))
        return tuple(places)


Choice = tuple[object, str]


def _unique(_table: DecisionTable, matched: list[Rule], results: list, _scope: Scope) -> Choice:
    if len(matched) > 1:
        numbers = ", ".join(str(rule.number) for rule in matched)
        return None, f"rules {numbers} match at once, and the policy is UNIQUE"
    return results[0], ""


def _any(_table: DecisionTable, matched: list[Rule], results: list, _scope: Scope) -> Choice:
    if any(equal(results[0], result) is not True for result in results[1:]):
        numbers = ", ".join(str(rule.number) for rule in matched)
        return None, f"rules {numbers} match with different results, and the policy is ANY"
    return results[0], ""


def _first(_table: DecisionTable, _matched: list[Rule], results: list, _scope: Scope) -> Choice:
    return results[0], ""


def _priority(table: DecisionTable, _matched: list[Rule], results: list, scope: Scope) -> Choice:
    return min(results, key=lambda result: table.priorities(result, scope)), ""


def _output_order(table: DecisionTable, _matched: list, results: list, scope: Scope) -> Choice:
    return sorted(results, key=lambda result: table.priorities(result, scope)), ""


def _rule_order(_table: DecisionTable, _matched: list, results: list, _scope: Scope) -> Choice:
    return results, ""


def _collect(table: DecisionTable, _matched: list, results: list, _scope: Scope) -> Choice:
    if not table.aggregation:
        return results, ""
    if len(table.outputs) == 1:
        return AGGREGATIONS[table.aggregation](results), ""
    made = {
        output.name: AGGREGATIONS[table.aggregation]([result[output.name] for result in results])
        for output in table.outputs
    }
    return made, ""


AGGREGATIONS: dict[str, Callable[[list], object]] = {
    "COUNT": lambda results: Decimal(len(results)),
    "SUM": total,
    "MIN": least,
    "MAX": greatest,
}
POLICY: dict[str, Callable[[DecisionTable, list[Rule], list, Scope], Choice]] = {
    "UNIQUE": _unique,
    "FIRST": _first,
    "PRIORITY": _priority,
    "ANY": _any,
    "COLLECT": _collect,
    "RULE ORDER": _rule_order,
    "OUTPUT ORDER": _output_order,
}
