"""Boxed expressions (框式表达式): elements of a DMN file → nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element  # noqa: S405 - only the class

from yiwang.engines.decisions.feel import nodes
from yiwang.engines.decisions.feel.nodes import Node, Scope
from yiwang.engines.decisions.feel.syntax import FeelInvalid, parse, parse_tests
from yiwang.engines.decisions.feel.types import Type, coerce, conforms
from yiwang.engines.decisions.feel.values import Function
from yiwang.engines.decisions.model import (
    DecisionModelInvalid,
    Model,
    child,
    children,
    local,
    text_in,
)
from yiwang.engines.decisions.tables import (
    AGGREGATIONS,
    POLICIES,
    Column,
    DecisionTable,
    Output,
    Rule,
)


@dataclass(slots=True)
class Typed(Node):
    """An expression whose value is made to fit a type (类型约束)."""

    value: Node
    type: Type | None

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return coerce(self.value.evaluate(scope), self.type)


@dataclass(slots=True)
class Checked(Node):
    """An expression whose value is of a type, or null; nothing is converted."""

    value: Node
    type: Type

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        found = self.value.evaluate(scope)
        return found if conforms(found, self.type) else None


@dataclass(slots=True)
class BoxedConditional(Node):
    """A boxed conditional (框式条件): what is no boolean gives null."""

    condition: Node
    then: Node
    otherwise: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        answer = self.condition.evaluate(scope)
        if answer is not None and not isinstance(answer, bool):
            return None
        return (self.then if answer else self.otherwise).evaluate(scope)


@dataclass(slots=True)
class BoxedContext(Node):
    """A context whose last entry may be its result (框式上下文)."""

    entries: list[tuple[str, Node]]
    result: Node | None

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        made: dict[str, object] = {}
        inner = Scope(made, scope)
        for name, node in self.entries:
            made[name] = node.evaluate(inner)
        return self.result.evaluate(inner) if self.result is not None else made


@dataclass(slots=True)
class Invocation(Node):
    """A call with parameters bound by name (调用)."""

    function: Node
    bindings: dict[str, Node]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        function = self.function.evaluate(scope)
        if not isinstance(function, Function):
            return None
        given = {name: node.evaluate(scope) for name, node in self.bindings.items()}
        return nodes.invoke_named(function, given)


@dataclass(slots=True)
class Relation(Node):
    """A table of contexts (关系表)."""

    columns: list[str]
    rows: list[list[Node]]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return [
            {name: node.evaluate(scope) for name, node in zip(self.columns, row, strict=False)}
            for row in self.rows
        ]


class Boxes:
    """Turns the expressions of one model into nodes."""

    def __init__(self, model: Model, problems: list[str]) -> None:
        self.model = model
        self.problems = problems

    def expression(self, text: str) -> Node:
        """Read a FEEL text; an empty one is null, a broken one too, with a problem noted."""
        if not text.strip():
            return nodes.Literal(None)
        try:
            return parse(text, self.model.known, self.model.types)
        except FeelInvalid as error:
            self.problems.append(str(error))
            return nodes.Literal(None)

    def tests(self, text: str) -> nodes.UnaryTests:
        """Read the tests of a cell; a broken one never holds, with a problem noted."""
        try:
            return parse_tests(text, self.model.known, self.model.types)
        except FeelInvalid as error:
            self.problems.append(str(error))
            return nodes.UnaryTests([nodes.UnaryTest("", nodes.Literal(None), uses_value=True)])

    def inside(self, element: Element | None) -> Node | None:
        """Return the expression that an element contains; None when it contains none."""
        if element is None:
            return None
        found = next((one for one in element if local(one) in BUILDERS), None)
        return None if found is None else self.node(found)

    def node(self, element: Element, name: str = "") -> Node:
        """Turn an expression element into a node, made to fit its type reference."""
        made = BUILDERS[local(element)](self, element, name)
        wanted = self.model.type_of(element.get("typeRef"))
        if wanted is None:
            return made
        return Checked(made, wanted) if isinstance(made, Invocation) else Typed(made, wanted)

    def literal(self, element: Element, _name: str) -> Node:
        """Read a literal expression; one in another language is null."""
        language = element.get("expressionLanguage", "")
        if language and "feel" not in language.lower():
            return nodes.Literal(None)
        return self.expression(text_in(element))

    def context(self, element: Element, _name: str) -> Node:
        """Read a boxed context."""
        entries, result = [], None
        for entry in children(element, "contextEntry"):
            variable = child(entry, "variable")
            node = self.inside(entry) or nodes.Literal(None)
            if variable is None:
                result = node
                continue
            wanted = self.model.type_of(variable.get("typeRef"))
            entries.append((" ".join(variable.get("name", "").split()), Typed(node, wanted)))
        return BoxedContext(entries, result)

    def invocation(self, element: Element, _name: str) -> Node:
        """Read an invocation."""
        bindings = {}
        for binding in children(element, "binding"):
            parameter = child(binding, "parameter")
            node = self.inside(binding) or nodes.Literal(None)
            if parameter is not None:
                wanted = self.model.type_of(parameter.get("typeRef"))
                bindings[parameter.get("name", "")] = Typed(node, wanted)
        return Invocation(self.inside(element) or nodes.Literal(None), bindings)

    def list(self, element: Element, _name: str) -> Node:
        """Read a boxed list."""
        return nodes.ListOf([self.node(one) for one in element if local(one) in BUILDERS])

    def relation(self, element: Element, _name: str) -> Node:
        """Read a relation."""
        columns = [one.get("name", "") for one in children(element, "column")]
        rows = [
            [self.node(one) for one in row if local(one) in BUILDERS]
            for row in children(element, "row")
        ]
        return Relation(columns, rows)

    def function(self, element: Element, _name: str) -> Node:
        """Read a function definition."""
        return self.definition(element, self.inside(element))

    def definition(self, element: Element, body: Node | None, result: str = "") -> Node:
        """Make a function of the formal parameters of an element; its kind says in which language it is."""
        parameters = list(children(element, "formalParameter"))
        names = tuple(" ".join(one.get("name", "").split()) for one in parameters)
        types = tuple(self.model.type_of(one.get("typeRef")) for one in parameters)
        body, wanted = body or nodes.Literal(None), self.model.type_of(result)
        kind = element.get("kind", "FEEL")
        if kind == "FEEL":
            return nodes.Definition(names, types, body, wanted)
        return nodes.External(names, types, nodes.Pair(kind.lower(), body), wanted)

    def conditional(self, element: Element, _name: str) -> Node:
        """Read a boxed conditional."""
        parts = [self.inside(child(element, name)) for name in ("if", "then", "else")]
        return BoxedConditional(*(part or nodes.Literal(None) for part in parts))

    def filter(self, element: Element, _name: str) -> Node:
        """Read a boxed filter."""
        value, match = (self.inside(child(element, name)) for name in ("in", "match"))
        return nodes.Filter(value or nodes.Literal(None), match or nodes.Literal(None))

    def iteration(self, element: Element, _name: str) -> Node:
        """Read a boxed for, some or every."""
        domain = self.inside(child(element, "in")) or nodes.Literal(None)
        iterators = [(element.get("iteratorVariable", "item"), domain)]
        kind = local(element)
        body = self.inside(child(element, "return" if kind == "for" else "satisfies"))
        body = body or nodes.Literal(None)
        if kind == "for":
            return nodes.For(iterators, body)
        return nodes.Quantified(kind == "every", iterators, body, is_strict=True)

    # -- decision tables

    def table(self, element: Element, name: str) -> Node:
        """Read a decision table. Raises DecisionModelInvalid for an unknown hit policy."""
        policy = element.get("hitPolicy", "UNIQUE").upper()
        if policy not in POLICIES:
            raise DecisionModelInvalid(
                file=self.model.name, reason=f"the hit policy {policy} does not exist"
            )
        aggregation = element.get("aggregation", "").upper()
        if aggregation and aggregation not in AGGREGATIONS:
            raise DecisionModelInvalid(
                file=self.model.name, reason=f"the aggregation {aggregation} does not exist"
            )
        outputs = [self._output(one, name) for one in children(element, "output")]
        columns = [self._column(one) for one in children(element, "input")]
        rules = [
            Rule(
                number,
                [self.tests(text_in(entry)) for entry in children(rule, "inputEntry")],
                [self.expression(text_in(entry)) for entry in children(rule, "outputEntry")],
                tuple(text_in(entry) for entry in children(rule, "annotationEntry")),
            )
            for number, rule in enumerate(children(element, "rule"), start=1)
        ]
        for rule in rules:
            if (len(rule.tests), len(rule.outputs)) != (len(columns), len(outputs)):
                self.problems.append(
                    f"Rule {rule.number} of “{name}” has {len(rule.tests)} tests and"
                    f" {len(rule.outputs)} results; the table has {len(columns)} inputs and"
                    f" {len(outputs)} outputs"
                )
                rule.tests += [nodes.UnaryTests([])] * (len(columns) - len(rule.tests))
        return DecisionTable(
            name=name or element.get("outputLabel", ""),
            policy=policy,
            aggregation=aggregation,
            columns=columns,
            outputs=outputs,
            rules=rules,
        )

    def _column(self, element: Element) -> Column:
        asked = child(element, "inputExpression")
        text = text_in(asked)
        allowed = child(element, "inputValues")
        reference = asked.get("typeRef") if asked is not None else None
        return Column(
            title=element.get("label") or text.strip(),
            expression=self.expression(text),
            type=self.model.type_of(reference),
            allowed=self.tests(text_in(allowed))
            if allowed is not None and text_in(allowed)
            else None,
        )

    def _output(self, element: Element, table: str) -> Output:
        values = child(element, "outputValues")
        default = child(element, "defaultOutputEntry")
        ranks = []
        if values is not None and text_in(values).strip():
            ranks = [test.operand for test in self.tests(text_in(values)).tests]
        return Output(
            name=element.get("name") or table,
            type=self.model.type_of(element.get("typeRef")),
            ranks=ranks,
            default=self.expression(text_in(default)) if default is not None else None,
        )


Builder = Callable[[Boxes, Element, str], Node]
BUILDERS: dict[str, Builder] = {
    "literalExpression": Boxes.literal,
    "decisionTable": Boxes.table,
    "context": Boxes.context,
    "invocation": Boxes.invocation,
    "list": Boxes.list,
    "relation": Boxes.relation,
    "functionDefinition": Boxes.function,
    "conditional": Boxes.conditional,
    "filter": Boxes.filter,
    "for": Boxes.iteration,
    "some": Boxes.iteration,
    "every": Boxes.iteration,
}
