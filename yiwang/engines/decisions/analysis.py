"""Is a table whole and free of contradiction (决策表检查): gaps, overlaps, rules that nobody reaches.

Each column's line of values is cut at every end that its cells name; between two cuts all values are alike. The
boxes that come of it are walked column by column with the rules that are still possible, so a column that no
longer matters is not cut. Cells that ask more than comparisons with literals are not looked into: their rules
are taken to match perhaps, and named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key

from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.feel.nodes import (
    Interval,
    ListOf,
    Literal,
    Negation,
    Node,
    Scope,
    UnaryTest,
    UnaryTests,
)
from yiwang.engines.decisions.feel.scope import everything
from yiwang.engines.decisions.feel.values import Range, equal, kind_of, order, text_of
from yiwang.engines.decisions.tables import Column, DecisionTable

MOST_FOUND, MOST_STEPS = 200, 200_000
LITERAL_CALLS = frozenset({"date", "time", "date and time", "duration"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a table (检查结果).

    kind: GAP no rule matches; OVERLAP several match where the policy wants one (or different results under ANY);
    UNREACHED a rule that is never the one that counts; OPAQUE cells that were not looked into.
    rules: their numbers. where: for each input in words, "-" for any value.
    """

    kind: str
    rules: tuple[int, ...]
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """Values of one column that no cell tells apart: a point, or what lies between two.

    sample: one of them, where there is one to name. text: in words.
    """

    text: str
    holds: Callable[[UnaryTests], bool | None]


def table_analyse(table: DecisionTable) -> list[Finding]:
    """Find gaps, overlaps and unreached rules of a table, at most 200 of them (查漏查重)."""
    walk = _Walk(table)
    opaque = tuple(table.rules[rule].number for rule in sorted(walk.opaque))
    findings = [Finding("OPAQUE", opaque)] if opaque else []
    walk.go(0, list(range(len(table.rules))), [])
    findings += walk.findings
    if table.policy in ("FIRST", "UNIQUE", "PRIORITY", "ANY") and not walk.is_cut:
        reached = walk.reached
        unreached = [rule.number for n, rule in enumerate(table.rules) if n not in reached]
        findings += [Finding("UNREACHED", (number,)) for number in unreached]
    return findings[:MOST_FOUND]


def model_findings(engine: Engine) -> list[dict]:
    """Analyse every table of a model: [{table, kind, rules, where}] (模型检查)."""
    return [
        {
            "table": table.name,
            "kind": one.kind,
            "rules": list(one.rules),
            "where": list(one.where),
        }
        for table in engine.tables()
        for one in table_analyse(table)
    ]


class _Walk:
    def __init__(self, table: DecisionTable) -> None:
        self.table = table
        self.segments = [
            list(_segments(column, [rule.tests[place] for rule in table.rules]))
            for place, column in enumerate(table.columns)
        ]
        self.opaque = {
            place for place, rule in enumerate(table.rules) if not all(map(_is_plain, rule.tests))
        }
        self.findings: list[Finding] = []
        self.reached: set[int] = set()
        self.steps = 0
        self.is_cut = False

    def go(self, place: int, rules: list[int], box: list[str]) -> None:
        """Walk the columns from `place` on with the rules that are still possible."""
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.findings) >= MOST_FOUND:
            self.is_cut = True
            return
        if not rules:
            rest = ["-"] * (len(self.segments) - place)
            self.findings.append(Finding("GAP", (), tuple(box + rest)))
            return
        if place == len(self.segments):
            self._end(rules, box)
            return
        for text, still in self._groups(place, rules):
            self.go(place + 1, still, [*box, text])

    def _groups(self, place: int, rules: list[int]) -> Iterator[tuple[str, list[int]]]:
        """Join neighbouring segments that leave the same rules possible."""
        first = last = ""
        kept: list[int] | None = None
        for segment in self.segments[place]:
            still = [
                rule
                for rule in rules
                if segment.holds(self.table.rules[rule].tests[place]) is not False
            ]
            if kept is not None and still == kept:
                last = segment.text
                continue
            if kept is not None:
                yield _joined(first, last), kept
            first = last = segment.text
            kept = still
        if kept is not None:
            yield _joined(first, last), kept

    def _end(self, rules: list[int], box: list[str]) -> None:
        policy = self.table.policy
        sure = [rule for rule in rules if rule not in self.opaque]
        self.reached |= self._counting(rules, sure)
        if len(sure) < 2 or policy not in ("UNIQUE", "ANY"):
            return
        if policy == "ANY" and self._same_result(sure):
            return
        numbers = tuple(self.table.rules[rule].number for rule in sure)
        self.findings.append(Finding("OVERLAP", numbers, tuple(box)))

    def _counting(self, rules: list[int], sure: list[int]) -> set[int]:
        """Return which of the rules that match here may be the one that counts."""
        if not sure or self.table.policy not in ("FIRST", "PRIORITY"):
            return set(rules)
        if self.table.policy == "FIRST":
            return {rule for rule in rules if rule <= sure[0]}
        if self.opaque or not all(map(self._is_known, sure)):
            return set(rules)
        return {min(sure, key=self._priority)}

    def _is_known(self, rule: int) -> bool:
        return all(_value(node) is not _UNKNOWN for node in self.table.rules[rule].outputs)

    def _priority(self, rule: int) -> tuple[int, ...]:
        made = self.table.result(self.table.rules[rule], everything())
        return self.table.priorities(made, everything())

    def _same_result(self, rules: list[int]) -> bool:
        results = [[_value(node) for node in self.table.rules[rule].outputs] for rule in rules]
        return all(equal(results[0], result) is True for result in results[1:])


def _joined(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"


def _is_plain(tests: UnaryTests) -> bool:
    return all(not test.uses_value and _value(test.operand) is not _UNKNOWN for test in tests.tests)


_UNKNOWN = object()


def _value(node: Node) -> object:
    """Return the value of a literal, list or interval of literals; _UNKNOWN for anything else."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Negation | Interval | ListOf) or _is_literal_call(node):
        return node.evaluate(everything())
    return _UNKNOWN


def _is_literal_call(node: Node) -> bool:
    name = getattr(getattr(node, "function", None), "name", "")
    places = getattr(node, "places", [None])
    return name in LITERAL_CALLS and all(isinstance(one, Literal) for one in places)


def _ends(tests: UnaryTests) -> Iterator[object]:
    """Yield every value that a cell names."""
    for test in tests.tests:
        value = _value(test.operand)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Range):
                yield from (end for end in (one.low, one.high) if end is not None)
            elif one is not _UNKNOWN and one is not None:
                yield one


def _segments(column: Column, cells: list[UnaryTests]) -> Iterator[Segment]:
    """Cut a column's line of values at every end that its cells and its allowed values name."""
    named = [end for cell in cells for end in _ends(cell)]
    allowed = column.allowed
    if allowed is not None and allowed.tests:
        named += list(_ends(allowed))
    points = _distinct(named)
    kind = kind_of(points[0]) if points else "boolean" if _is_boolean(column) else ""
    if kind == "boolean":
        segments = [_point(False), _point(True)]
    elif points and _is_line(kind, cells, points):
        segments = _line(sorted(points, key=cmp_to_key(lambda one, other: order(one, other) or 0)))
    elif points:
        segments = [*map(_point, points), _other(points)]
    else:
        segments = [Segment("-", lambda tests: None if tests.tests else True)]
    for segment in segments:
        if allowed is None or segment.holds(allowed) is not False:
            yield segment


def _is_line(kind: str, cells: list[UnaryTests], points: list[object]) -> bool:
    """Tell whether values have an order that matters; that of texts does only where a cell asks for it."""
    if kind == "string" and not any(_asks_order(test) for cell in cells for test in cell.tests):
        return False
    return order(points[0], points[0]) is not None


def _asks_order(test: UnaryTest) -> bool:
    value = _value(test.operand)
    values = value if isinstance(value, list) else [value]
    return test.sign[:1] in ("<", ">") or any(isinstance(one, Range) for one in values)


def _is_boolean(column: Column) -> bool:
    return column.type is not None and column.type.name == "boolean"


def _distinct(values: list[object]) -> list[object]:
    kept: list[object] = []
    for value in values:
        if not any(equal(value, one) is True for one in kept):
            kept.append(value)
    return kept


def _point(value: object) -> Segment:
    def holds(tests: UnaryTests) -> bool | None:
        if not _is_plain(tests):
            return None
        return tests.evaluate(Scope({"?": value}, everything())) is True

    return Segment(text_of(value, quoted=True) or "null", holds)


def _other(points: list[object]) -> Segment:
    """Return what is none of the named values: a cell for any value, or for others than it names, holds."""

    def holds(tests: UnaryTests) -> bool | None:
        if not _is_plain(tests):
            return None
        others = any(test.sign == "!=" for test in tests.tests)
        return not tests.tests or others is not tests.is_negated

    return Segment(
        f"other than {', '.join(text_of(one, quoted=True) or '' for one in points)}", holds
    )


def _line(points: list[object]) -> list[Segment]:
    """Return points and what lies before, between and behind them."""
    segments = [_between(None, points[0])]
    for place, point in enumerate(points):
        segments.append(_point(point))
        following = points[place + 1] if place + 1 < len(points) else None
        segments.append(_between(point, following))
    return segments


@dataclass(frozen=True, slots=True)
class _Open:
    """What lies between two neighbouring ends, without them; None is no end."""

    low: object
    high: object

    def holds(self, tests: UnaryTests) -> bool | None:
        """Tell whether a cell holds for all of it."""
        if not _is_plain(tests):
            return None
        return not tests.tests or any(map(self._inside, tests.tests)) is not tests.is_negated

    def _inside(self, test: UnaryTest) -> bool:
        value = _value(test.operand)
        if test.sign:
            return self._beside(test.sign, value)
        return any(self._covered(one) for one in (value if isinstance(value, list) else [value]))

    def _beside(self, sign: str, value: object) -> bool:
        if sign in ("=", "!="):
            return sign == "!="
        if sign[0] == "<":
            return self.high is not None and (order(self.high, value) or 0) <= 0
        return self.low is not None and (order(self.low, value) or 0) >= 0

    def _covered(self, span: object) -> bool:
        if not isinstance(span, Range):
            return False
        if span.mark == "!=":
            return True
        return (span.low is None or self._beside(">", span.low)) and (
            span.high is None or self._beside("<", span.high)
        )

    @property
    def text(self) -> str:
        """Return it in words."""
        low, high = (text_of(end, quoted=True) for end in (self.low, self.high))
        if self.low is None:
            return f"< {high}"
        return f"> {low}" if self.high is None else f"({low}..{high})"


def _between(low: object, high: object) -> Segment:
    span = _Open(low, high)
    return Segment(span.text, span.holds)
