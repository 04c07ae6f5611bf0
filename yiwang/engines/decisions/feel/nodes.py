"""What a FEEL expression is made of (语法树): nodes that evaluate themselves in a scope.

Evaluation is total: an unknown name, a wrong kind of argument or a division by zero gives null.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from yiwang.engines.decisions.feel.arithmetic import calculate, negate
from yiwang.engines.decisions.feel.external import external
from yiwang.engines.decisions.feel.properties import property_of
from yiwang.engines.decisions.feel.temporal import Date, date_of
from yiwang.engines.decisions.feel.types import Type, coerce, conforms
from yiwang.engines.decisions.feel.values import (
    NOTHING,
    Function,
    Range,
    equal,
    kind_of,
    order,
    whole,
    within,
)

ITERATIONS = 1_000_000  # a range that is longer than this is not walked
MISSING = object()


class Scope:
    """Names and their values (作用域), inner ones first."""

    __slots__ = ("names", "parent")

    def __init__(self, names: Mapping[str, object], parent: "Scope | None" = None) -> None:
        self.names = names
        self.parent = parent

    def find(self, name: str) -> object:
        """Return the value of a name, MISSING when nobody has it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return MISSING


class Node:
    """A part of an expression."""

    __slots__ = ()

    def evaluate(self, scope: Scope) -> object:
        """Return the value in a scope."""
        raise NotImplementedError


@dataclass(slots=True)
class Literal(Node):
    """A value as written (字面量)."""

    value: object

    def evaluate(self, scope: Scope) -> object:  # noqa: ARG002, D102
        return self.value


@dataclass(slots=True)
class Name(Node):
    """A name (名称)."""

    name: str

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        found = scope.find(self.name)
        if found is MISSING and "." in self.name:
            return self._path(scope)
        return None if found is MISSING else found

    def _path(self, scope: Scope) -> object:
        """Read a name with dots, known somewhere in the model, as a path where nobody has that name."""
        first, *rest = self.name.split(".")
        value = scope.find(first)
        for name in rest:
            value = property_of(value, name)
        return None if value is MISSING else value


@dataclass(slots=True)
class ListOf(Node):
    """A list (列表)."""

    items: list[Node]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return [item.evaluate(scope) for item in self.items]


@dataclass(slots=True)
class ContextOf(Node):
    """A context (上下文): later entries see earlier ones; the same name twice is null."""

    entries: list[tuple[str, Node]]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        made: dict[str, object] = {}
        inner = Scope(made, scope)
        for name, node in self.entries:
            if name in made:
                return None
            made[name] = node.evaluate(inner)
        return made


@dataclass(slots=True)
class Interval(Node):
    """An interval (区间) with ends to be evaluated; an end without a node is open without limit."""

    low: Node | None
    high: Node | None
    is_low_closed: bool
    is_high_closed: bool
    mark: str = ""

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        if self.mark:
            point = self.low.evaluate(scope)
            return Range(point, point, self.is_low_closed, self.is_high_closed, self.mark)
        ends: list[object] = []
        for node in (self.low, self.high):
            end = node.evaluate(scope) if node else None
            if end is not None and order(end, end) is None:
                return None
            ends.append(NOTHING if node is not None and end is None else end)
        if not {None, NOTHING} & {end for end in ends if end in (None, NOTHING)}:
            if kind_of(ends[0]) != kind_of(ends[1]):
                return None
        return Range(ends[0], ends[1], self.is_low_closed, self.is_high_closed)


@dataclass(slots=True)
class Operation(Node):
    """Two values and one of + - * / ** (运算)."""

    sign: str
    left: Node
    right: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return calculate(self.sign, self.left.evaluate(scope), self.right.evaluate(scope))


@dataclass(slots=True)
class Negation(Node):
    """A changed sign (取负)."""

    value: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return negate(self.value.evaluate(scope))


@dataclass(slots=True)
class Comparison(Node):
    """Two values and one of = != < <= > >= (比较)."""

    sign: str
    left: Node
    right: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return compare(self.sign, self.left.evaluate(scope), self.right.evaluate(scope))


def compare(sign: str, left: object, right: object) -> bool | None:
    """Return the answer of a comparison; None where the two cannot be compared."""
    if sign in ("=", "!="):
        same = equal(left, right)
        return same if same is None or sign == "=" else not same
    place = order(left, right)
    if place is None:
        return None
    return {"<": place < 0, "<=": place <= 0, ">": place > 0, ">=": place >= 0}[sign]


@dataclass(slots=True)
class Junction(Node):
    """And, or (合取与析取) of three values: true, false and everything else."""

    is_and: bool
    left: Node
    right: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        decisive = not self.is_and
        left = self.left.evaluate(scope)
        if left is decisive:
            return decisive
        right = self.right.evaluate(scope)
        if right is decisive:
            return decisive
        return self.is_and if left is right is self.is_and else None


@dataclass(slots=True)
class Conditional(Node):
    """If, then, else (条件): anything but true goes to else."""

    condition: Node
    then: Node
    otherwise: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        chosen = self.then if self.condition.evaluate(scope) is True else self.otherwise
        return chosen.evaluate(scope)


@dataclass(slots=True)
class Span(Node):
    """What `for` walks from one end to the other, both included, backwards if need be (遍历区间)."""

    first: Node
    last: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return walked(self.first.evaluate(scope), self.last.evaluate(scope))


def walked(first: object, last: object) -> list | None:
    """List whole numbers or days from one to another; None for other values and for too long a way."""
    if isinstance(first, Date) and isinstance(last, Date):
        steps = _steps(first.ordinal, last.ordinal)
        return None if steps is None else [date_of(place) for place in steps]
    start, stop = whole(first), whole(last)
    if start is None or stop is None:
        return None
    steps = _steps(start, stop)
    return None if steps is None else [Decimal(place) for place in steps]


def _steps(start: int, stop: int) -> range | None:
    if abs(stop - start) >= ITERATIONS:
        return None
    return range(start, stop + 1) if start <= stop else range(start, stop - 1, -1)


def items_of(value: object) -> list | None:
    """Return what is walked over: a list as it is, an interval of whole numbers or days, one value alone."""
    if isinstance(value, Range):
        found = walked(value.low, value.high)
        if found is None:
            return None
        if order(value.low, value.high) == 1:
            return None
        return found[(not value.is_low_closed) : len(found) - (not value.is_high_closed)]
    if value is None:
        return None
    return value if isinstance(value, list) else [value]


Iterators = list[tuple[str, Node]]


def _walk(iterators: Iterators, scope: Scope) -> Iterator[dict[str, object]] | None:
    """Yield the names of every turn; later iterators may use earlier names. None: nothing to walk over."""
    (name, node), rest = iterators[0], iterators[1:]
    items = items_of(node.evaluate(scope))
    if items is None:
        return None
    if not rest:
        return ({name: item} for item in items)
    turns = []
    for item in items:
        inner = _walk(rest, Scope({name: item}, scope))
        if inner is None:
            return None
        turns += [{name: item, **more} for more in inner]
    return iter(turns)


@dataclass(slots=True)
class For(Node):
    """For … return (循环): the results as a list; `partial` holds those so far."""

    iterators: Iterators
    body: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        turns = _walk(self.iterators, scope)
        if turns is None:
            return None
        partial: list[object] = []
        for names in turns:
            partial.append(self.body.evaluate(Scope({**names, "partial": list(partial)}, scope)))
        return partial


@dataclass(slots=True)
class Quantified(Node):
    """Some … satisfies, every … satisfies (存在与全称)."""

    is_every: bool
    iterators: Iterators
    condition: Node
    is_strict: bool = False  # boxed: every answer has to be a boolean

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        turns = _walk(self.iterators, scope)
        if turns is None:
            return None
        answers = [self.condition.evaluate(Scope(names, scope)) for names in turns]
        if self.is_strict and not all(isinstance(answer, bool) for answer in answers):
            return None
        if any(answer is (not self.is_every) for answer in answers):
            return not self.is_every
        return self.is_every if all(answer is self.is_every for answer in answers) else None


@dataclass(slots=True)
class Between(Node):
    """X between a and b (介于), ends included."""

    value: Node
    low: Node
    high: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        value, low, high = (node.evaluate(scope) for node in (self.value, self.low, self.high))
        answers = compare(">=", value, low), compare("<=", value, high)
        return None if None in answers else all(answers)


@dataclass(slots=True)
class UnaryTest(Node):
    """One test of a value (一元测试): a comparison with its sign, or an expression that may use `?`.

    sign "": the value is equal to the expression, or among it, or the expression is true of `?`.
    """

    sign: str
    operand: Node
    uses_value: bool = False

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return self.holds(scope.find("?"), scope)

    def holds(self, value: object, scope: Scope) -> bool | None:
        """Tell whether the test holds of a value."""
        found = self.operand.evaluate(Scope({"?": value}, scope))
        if self.sign:
            return compare(self.sign, value, found)
        if self.uses_value:
            return found if isinstance(found, bool) else matches(value, found)
        return matches(value, found)


def matches(value: object, wanted: object) -> bool | None:
    """Tell whether a value is equal to another, or in the list or interval that the other is."""
    if isinstance(wanted, Range) and not isinstance(value, Range):
        return within(value, wanted)
    if isinstance(wanted, list):
        if isinstance(value, list) and equal(value, wanted) is True:
            return True
        answers = [matches(value, one) for one in wanted]
        return True if True in answers else False
    return equal(value, wanted)


@dataclass(slots=True)
class Membership(Node):
    """X in tests (属于): true when one test holds."""

    value: Node
    tests: list[UnaryTest]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        value = self.value.evaluate(scope)
        answers = [test.holds(value, scope) for test in self.tests]
        if True in answers:
            return True
        return None if None in answers else False


@dataclass(slots=True)
class UnaryTests(Node):
    """The tests of a cell (单元格测试): any of them, or none of them when negated; no test is always true."""

    tests: list[UnaryTest]
    is_negated: bool = False

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        if not self.tests:
            return True
        value = scope.find("?")
        found = any(test.holds(value, scope) is True for test in self.tests)
        return found != self.is_negated


@dataclass(slots=True)
class InstanceOf(Node):
    """X instance of type (类型判断)."""

    value: Node
    wanted: Type | None

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        if self.wanted is None:
            return None
        return conforms(self.value.evaluate(scope), self.wanted, is_strict=False)


@dataclass(slots=True)
class Path(Node):
    """X.name (路径); over a list it gives the list of each."""

    value: Node
    name: str

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        value = self.value.evaluate(scope)
        if isinstance(value, list):
            return [property_of(item, self.name) for item in value]
        return property_of(value, self.name)


@dataclass(slots=True)
class Filter(Node):
    """X[condition or place] (过滤): a place counts from 1, from the end when negative."""

    value: Node
    condition: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        value = self.value.evaluate(scope)
        items = value if isinstance(value, list) else [] if value is None else [value]
        place = self._place(items, scope)
        if isinstance(place, Decimal):
            return _at(items, place)
        kept = []
        for item in items:
            answer = self.condition.evaluate(_item_scope(item, scope))
            if answer is True:
                kept.append(item)
            elif answer is not False and answer is not None:
                return None
        return kept

    def _place(self, items: list, scope: Scope) -> object:
        """Return the place that is meant, or something else when a condition is."""
        if isinstance(self.condition, Comparison | Junction | Quantified | Between | Membership):
            return None
        found = self.condition.evaluate(scope)
        if isinstance(found, Decimal) or not items:
            return found
        return self.condition.evaluate(_item_scope(items[0], scope))


def _item_scope(item: object, scope: Scope) -> Scope:
    names = {"item": item}
    if isinstance(item, Mapping):
        names = {"item": item, **item}
    return Scope(names, scope)


def _at(items: list, place: Decimal) -> object:
    index = whole(place)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]


@dataclass(slots=True)
class Call(Node):
    """F(arguments) (函数调用), by place or by name."""

    function: Node
    places: list[Node]
    names: dict[str, Node]

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        function = self.function.evaluate(scope)
        if not isinstance(function, Function):
            return None
        if not self.names:
            return invoke(function, [node.evaluate(scope) for node in self.places])
        given = {name: node.evaluate(scope) for name, node in self.names.items()}
        return invoke_named(function, given)


def invoke(function: Function, values: list) -> object:
    """Call a function by place; a wrong number of arguments gives null."""
    if len(values) != len(function.names) and not function.is_open:
        return None
    for place, wanted in enumerate(function.types[: len(values)]):
        if not isinstance(wanted, Type):
            continue
        fitted = coerce(values[place], wanted)
        if fitted is None and values[place] is not None:
            return None
        values[place] = fitted
    found = function.call(*values)
    return coerce(found, function.result) if isinstance(function.result, Type) else found


def invoke_named(function: Function, given: dict[str, object]) -> object:
    """Call a function by names; an unknown or missing name gives null."""
    if function.call_named is not None:
        return function.call_named(given)
    if set(given) != set(function.names):
        return None
    return invoke(function, [given[name] for name in function.names])


@dataclass(slots=True)
class Definition(Node):
    """function(parameters) body (函数定义); sees the names around it."""

    names: tuple[str, ...]
    types: tuple[Type | None, ...]
    body: Node
    result: Type | None = None

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        def call(*values: object) -> object:
            return self.body.evaluate(Scope(dict(zip(self.names, values, strict=True)), scope))

        return Function(self.names, call, self.types, self.result)


@dataclass(slots=True)
class External(Node):
    """function(parameters) external definition (外部函数): a pure function of java.lang, or null."""

    names: tuple[str, ...]
    types: tuple[Type | None, ...]
    definition: Node
    result: Type | None = None

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        found = external(self.definition.evaluate(scope), self.names, self.types)
        return found and replace(found, result=self.result)


@dataclass(slots=True)
class Pair(Node):
    """A context of one entry: the language of a boxed function and what it says."""

    name: str
    value: Node

    def evaluate(self, scope: Scope) -> object:  # noqa: D102
        return {self.name: self.value.evaluate(scope)}
