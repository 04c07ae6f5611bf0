"""Reading FEEL (语法分析): text → node. Names may contain blanks and signs, so the parser knows the names there are.

>>> known = frozenset({"Monthly Salary"})
>>> parse("12 * Monthly Salary", known).evaluate(Scope({"Monthly Salary": Decimal(100)}))
Decimal('1200')
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache

from yiwang.engines.decisions.feel import nodes
from yiwang.engines.decisions.feel.nodes import Node, Scope
from yiwang.engines.decisions.feel.properties import PROPERTY_NAMES
from yiwang.engines.decisions.feel.temporal import (
    date_read,
    date_time_read,
    duration_read,
    time_read,
)
from yiwang.engines.decisions.feel.types import ALIASES, ANY, SIMPLE, Type
from yiwang.sdk.errors import N_, YiwangError

__all__ = ["FeelInvalid", "Scope", "parse", "parse_tests"]

MAX_LENGTH, MAX_DEPTH = 20_000, 120
BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
WORD = re.compile(r"[^\W\d][\w]*|[\U00010000-\U0010FFFF][\w\U00010000-\U0010FFFF]*")
NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}
ARGUMENT = re.compile(r"([^\W\d]\w*(?:\s+\w+)*)\s*:")
RESERVED = frozenset(
    "if then else for in return some every satisfies and or between instance of function external "
    "true false null not".split()
)
LITERALS = {"true": True, "false": False, "null": None}


class FeelInvalid(YiwangError):
    """A text is not FEEL."""

    code = "feel_invalid"
    status = 422
    message = N_("Column %(column)d of “%(text)s”: %(reason)s")


@lru_cache(maxsize=4096)
def parse(text: str, known: frozenset[str] = frozenset(), types: "Types | None" = None) -> Node:
    """Read an expression (表达式). known: names that contain more than letters; types: declared ones.

    Raises FeelInvalid.
    """
    return Parser(text, known, types).whole(Parser.expression)


@lru_cache(maxsize=4096)
def parse_tests(
    text: str, known: frozenset[str] = frozenset(), types: "Types | None" = None
) -> nodes.UnaryTests:
    """Read the tests of a cell (一元测试): `-`, `not(…)`, or tests with commas between. Raises FeelInvalid."""
    return Parser(text, known, types).whole(Parser.cell)


class Types(dict):
    """Declared types by name; kept by identity, so that parsing can be remembered."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class Parser:
    """One pass over a text from left to right, with a step back where brackets mean two things."""

    def __init__(self, text: str, known: frozenset[str], types: Mapping | None) -> None:
        if len(text) > MAX_LENGTH:
            raise FeelInvalid(
                column=1, text=text[:40], reason=f"longer than {MAX_LENGTH} characters"
            )
        self.text = text
        self.types = types or {}
        self.names = set(known) | set(PROPERTY_NAMES)
        self.place = 0
        self.depth = 0
        self.asks = False  # whether the expression being read uses `?`

    def blank(self) -> None:
        """Go past blanks and comments."""
        self.place = BLANK.match(self.text, self.place).end()

    def error(self, reason: str) -> FeelInvalid:
        """Make the error that says what is wrong here."""
        return FeelInvalid(column=self.place + 1, text=self.text.strip(), reason=reason)

    def whole(self, part: Callable[["Parser"], Node]) -> Node:
        """Read a part that is all there is."""
        found = part(self)
        self.blank()
        if self.place < len(self.text):
            raise self.error("this is more than one expression")
        return found

    def sees(self, *signs: str) -> str:
        """Return the first of the signs that stands here, "" when none does."""
        self.blank()
        return next((sign for sign in signs if self.text.startswith(sign, self.place)), "")

    def takes(self, *signs: str) -> str:
        """Go past one of the signs if it stands here."""
        sign = self.sees(*signs)
        self.place += len(sign)
        return sign

    def needs(self, *signs: str) -> str:
        """Go past one of the signs; raises when none stands here."""
        sign = self.takes(*signs)
        if not sign:
            raise self.error(f"{' or '.join(signs)} is missing")
        return sign

    def word(self, *words: str) -> str:
        """Go past one of the words if it stands here as a word of its own."""
        self.blank()
        found = WORD.match(self.text, self.place)
        if found and found[0] in words and not self._longer_name(found.end()):
            self.place = found.end()
            return found[0]
        return ""

    def _longer_name(self, end: int) -> bool:
        """Tell whether a known name begins here and goes on past a word that is reserved."""
        name = self._known_name()
        return bool(name) and self.place + len(name) > end

    def attempt(self, part: Callable[[], Node | None]) -> Node | None:
        """Try to read a part; go back when it is not there."""
        place, names, asks = self.place, set(self.names), self.asks
        try:
            found = part()
        except FeelInvalid:
            found = None
        if found is None:
            self.place, self.names, self.asks = place, names, asks
        return found

    # -- names and types

    def _known_name(self) -> str:
        """Return the longest known name with blanks or signs that stands here, as written."""
        best = ""
        for name in self.names:
            if len(name) <= len(best) or WORD.fullmatch(name):
                continue
            found = _name_form(name).match(self.text, self.place)
            if found and len(found[0]) > len(best):
                best = found[0]
        return best

    def name(self) -> str:
        """Read a name; raises when none stands here."""
        self.blank()
        if written := self._known_name():
            self.place += len(written)
            return " ".join(written.split())
        found = WORD.match(self.text, self.place)
        if not found or found[0] in RESERVED:
            raise self.error("a name is missing")
        self.place = found.end()
        return found[0]

    def new_name(self, *ends: str) -> str:
        """Read a name that is made here: everything up to one of the ends."""
        self.blank()
        if text := self.string():
            return text[0]
        places = [at for end in ends if (at := self.text.find(end, self.place)) >= 0]
        if not places:
            raise self.error("a name is missing")
        written = self.text[self.place : min(places)]
        name = " ".join(written.split())
        if not name or not WORD.match(name) or re.search(r'["\[\]{}()=<>,;]', name):
            raise self.error("a name is missing")
        self.place = min(places)
        self.names.add(name)
        return name

    def type(self) -> Type | None:
        """Read a type; None for one that nobody declared."""
        self.blank()
        if self.takes("list<", "list <"):
            return self._closed(Type("list", self.type() or ANY))
        if self.takes("range<", "range <"):
            return self._closed(Type("range", self.type() or ANY))
        if self.takes("context<", "context <"):
            return self._context_type()
        if self.takes("function<", "function <"):
            return self._function_type()
        names = sorted({*SIMPLE, *ALIASES, *self.types, "function", "list", "context"}, key=len)
        for name in reversed(names):
            found = _name_form(name).match(self.text, self.place)
            if found:
                self.place = found.end()
                declared = self.types.get(name)
                return declared or Type(ALIASES.get(name, name))
        self.qualified()
        return None

    def qualified(self) -> str:
        """Read names with dots between."""
        name = self.name()
        while self.takes("."):
            name += f".{self.name()}"
        return name

    def _closed(self, made: Type) -> Type:
        self.needs(">")
        return made

    def _context_type(self) -> Type:
        fields = []
        while not self.takes(">"):
            name = self.new_name(":")
            self.needs(":")
            fields.append((name, self.type() or ANY))
            self.takes(",")
        return Type("context", fields=tuple(fields), is_open=not fields)

    def _function_type(self) -> Type:
        parameters = []
        while not self.takes(">"):
            parameters.append(self.type() or ANY)
            self.takes(",")
        self.needs("->")
        result = self.type() or ANY
        return Type("function", item=result, parameters=tuple(parameters), is_open=not parameters)

    def cell(self) -> nodes.UnaryTests:
        """Read the tests of a cell."""
        self.blank()
        if self.text[self.place :].strip() in ("-", ""):
            self.place = len(self.text)
            return nodes.UnaryTests([])
        negated = self.attempt(self._negated)
        return negated or nodes.UnaryTests(self.tests())

    def _negated(self) -> nodes.UnaryTests | None:
        if not self.word("not"):
            return None
        self.needs("(")
        tests = self.tests()
        self.needs(")")
        self.blank()
        return nodes.UnaryTests(tests, is_negated=True) if self.place == len(self.text) else None

    def tests(self) -> list[nodes.UnaryTest]:
        """Read tests with commas between."""
        found = [self.test()]
        while self.takes(","):
            found.append(self.test())
        return found

    def test(self) -> nodes.UnaryTest:
        """Read one test."""
        asked, self.asks = self.asks, False
        sign = self.takes("<=", ">=", "!=", "<", ">", "=")
        operand = self.additive() if sign else self.expression()
        found = nodes.UnaryTest(sign, operand, self.asks)
        self.asks = asked
        return found

    # -- expressions, loosest first

    def expression(self) -> Node:
        """Read an expression."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error("too deeply nested")
        found = self._textual() or self.disjunction()
        self.depth -= 1
        return found

    def _textual(self) -> Node | None:
        place = self.place
        word = self.word("if", "for", "some", "every", "function")
        if not word or self.sees(".", ",", ")", "]") or (word == "function" and not self.sees("(")):
            self.place = place
            return None
        if word == "if":
            return self._conditional()
        if word == "function":
            return self._definition()
        iterators = self._iterators()
        self._word_needed("return" if word == "for" else "satisfies")
        body = self.expression()
        if word == "for":
            return nodes.For(iterators, body)
        return nodes.Quantified(word == "every", iterators, body)

    def _word_needed(self, word: str) -> None:
        if not self.word(word):
            raise self.error(f"{word} is missing")

    def _conditional(self) -> Node:
        condition = self.expression()
        self._word_needed("then")
        then = self.expression()
        self._word_needed("else")
        return nodes.Conditional(condition, then, self.expression())

    def _iterators(self) -> nodes.Iterators:
        found = []
        while True:
            name = self.new_name(" in ", "\tin ", "\nin ")
            self._word_needed("in")
            first = self.expression()
            node = nodes.Span(first, self.expression()) if self.takes("..") else first
            found.append((name, node))
            self.names.add("partial")
            if not self.takes(","):
                return found

    def _definition(self) -> Node:
        self.needs("(")
        names, types = [], []
        while not self.takes(")"):
            name = self.new_name(":", ",", ")")
            names.append(name)
            types.append(self.type() if self.takes(":") else None)
            self.takes(",")
        if self.word("external"):
            return nodes.External(tuple(names), tuple(types), self.expression())
        return nodes.Definition(tuple(names), tuple(types), self.expression())

    def disjunction(self) -> Node:
        """Read conjunctions with `or` between."""
        left = self.conjunction()
        while self.word("or"):
            left = nodes.Junction(False, left, self.conjunction())  # noqa: FBT003
        return left

    def conjunction(self) -> Node:
        """Read comparisons with `and` between."""
        left = self.comparison()
        while self.word("and"):
            left = nodes.Junction(True, left, self.comparison())  # noqa: FBT003
        return left

    def comparison(self) -> Node:
        """Read values that are compared, or tested by between, in, instance of."""
        left = self.additive()
        while True:
            if sign := self.takes("<=", ">=", "!=", "<", ">", "="):
                left = nodes.Comparison(sign, left, self.additive())
            elif self.word("between"):
                low = self.additive()
                self._word_needed("and")
                left = nodes.Between(left, low, self.additive())
            elif self.word("in"):
                left = nodes.Membership(left, self._memberships())
            elif self.word("instance"):
                self._word_needed("of")
                left = nodes.InstanceOf(left, self.type())
            else:
                return left

    def _memberships(self) -> list[nodes.UnaryTest]:
        if self.sees("("):
            if found := self.attempt(self._listed):
                return found.tests
        return [self.test_operand()]

    def _listed(self) -> nodes.UnaryTests | None:
        """Read tests in brackets, unless the brackets are an interval's."""
        if self.attempt(self.interval):
            return None
        self.needs("(")
        found = nodes.UnaryTests(self.tests())
        self.needs(")")
        return found

    def test_operand(self) -> nodes.UnaryTest:
        """Read what stands behind `in` without brackets."""
        sign = self.takes("<=", ">=", "!=", "<", ">", "=")
        return nodes.UnaryTest(sign, self.additive())

    def additive(self) -> Node:
        """Read terms with + and - between."""
        left = self.term()
        while sign := self.takes("+", "-"):
            left = nodes.Operation(sign, left, self.term())
        return left

    def term(self) -> Node:
        """Read powers with * and / between."""
        left = self.power()
        while (sign := self.sees("**", "*", "/")) and sign != "**":
            self.place += 1
            left = nodes.Operation(sign, left, self.power())
        return left

    def power(self) -> Node:
        """Read signed values with ** between, from left to right."""
        left = self.signed()
        while self.takes("**"):
            left = nodes.Operation("**", left, self.signed())
        return left

    def signed(self) -> Node:
        """Read a value with or without a sign, which binds more tightly than **."""
        if self.takes("-"):
            return nodes.Negation(self.signed())
        return self.postfix()

    def postfix(self) -> Node:
        """Read a value with calls, filters and paths behind it."""
        value = self.primary()
        while True:
            if self.sees("(") and (call := self.attempt(lambda at=value: self._call(at))):
                value = call
            elif self.sees("[") and (found := self.attempt(lambda at=value: self._filter(at))):
                value = found
            elif self.sees(".") and not self.sees(".."):
                self.needs(".")
                value = nodes.Path(value, self.path_name())
            else:
                return value

    def path_name(self) -> str:
        """Read the name behind a dot; reserved words are names there."""
        self.blank()
        if written := self._known_name():
            self.place += len(written)
            return " ".join(written.split())
        found = WORD.match(self.text, self.place)
        if not found:
            raise self.error("a name is missing behind the dot")
        self.place = found.end()
        return found[0]

    def _filter(self, value: Node) -> Node:
        self.needs("[")
        condition = self.expression()
        self.needs("]")
        return nodes.Filter(value, condition)

    def _call(self, function: Node) -> Node:
        self.needs("(")
        places: list[Node] = []
        named: dict[str, Node] = {}
        while not self.takes(")"):
            self.blank()
            if found := ARGUMENT.match(self.text, self.place):
                self.place = found.end()
                named[" ".join(found[1].split())] = self.expression()
            else:
                places.append(self.expression())
            if not self.sees(")"):
                self.needs(",")
        if places and named:
            raise self.error("arguments are given by place or by name, not both")
        return nodes.Call(function, places, named)

    def primary(self) -> Node:
        """Read a literal, a name, brackets."""
        self.blank()
        if self.place >= len(self.text):
            raise self.error("something is missing at the end")
        first = self.text[self.place]
        if first in "([]" and (found := self.attempt(self.interval)):
            return found
        if first == "(":
            self.place += 1
            inner = self.expression()
            self.needs(")")
            return inner
        if first == "[":
            return self._list()
        if first == "{":
            return self._context()
        return self._atom(first)

    def _atom(self, first: str) -> Node:
        if first == "?":
            self.place += 1
            self.asks = True
            return nodes.Name("?")
        if first == "@":
            return self._at_literal()
        if (text := self.string()) is not None:
            return nodes.Literal(text[0])
        if found := NUMBER.match(self.text, self.place):
            self.place = found.end()
            return nodes.Literal(Decimal(found[0]))
        if word := self.word(*LITERALS):
            return nodes.Literal(LITERALS[word])
        place = self.place
        if self.word("not") and self.sees("("):
            return nodes.Name("not")
        self.place = place
        return nodes.Name(self.name())

    def string(self) -> tuple[str] | None:
        """Read a text in quotes; None when none stands here."""
        found = STRING.match(self.text, self.place)
        if not found:
            return None
        self.place = found.end()
        return (_unescaped(found[1]),)

    def _at_literal(self) -> Node:
        self.place += 1
        text = self.string()
        if text is None:
            raise self.error("a text in quotes is missing behind @")
        readers = (duration_read, date_read, time_read, date_time_read)
        return nodes.Literal(next(filter(None, (read(text[0]) for read in readers)), None))

    def interval(self) -> Node:
        """Read an interval: brackets round two ends, or round one comparison."""
        opening = self.needs("[", "(", "]")
        if opening == "(" and (sign := self.takes("<=", ">=", "!=", "<", ">", "=")):
            end = self.additive()
            self.needs(")")
            if sign in ("=", "!="):
                same = sign == "="
                return nodes.Interval(end, end, same, same, sign)
            return _half_line(sign, end)
        low = self.additive()
        self.needs("..")
        high = self.additive()
        closing = self.needs("]", ")", "[")
        return nodes.Interval(low, high, opening == "[", closing == "]")

    def _list(self) -> Node:
        self.needs("[")
        items = []
        while not self.takes("]"):
            items.append(self._test_or_expression())
            if not self.sees("]"):
                self.needs(",")
        return nodes.ListOf(items)

    def _test_or_expression(self) -> Node:
        """Read an item of a list; a comparison without its left side is an interval there."""
        if sign := self.takes("<=", ">=", "<", ">"):
            return _half_line(sign, self.additive())
        return self.expression()

    def _context(self) -> Node:
        self.needs("{")
        entries = []
        while not self.takes("}"):
            name = self.new_name(":")
            self.needs(":")
            entries.append((name, self.expression()))
            self.names.add(name)
            if not self.sees("}"):
                self.needs(",")
        return nodes.ContextOf(entries)


def _half_line(sign: str, end: Node) -> nodes.Interval:
    """Make the interval that a comparison without its left side means."""
    is_low, closed = sign[0] == ">", len(sign) == 2
    ends = (end, None) if is_low else (None, end)
    return nodes.Interval(*ends, is_low and closed, not is_low and closed)


@lru_cache(maxsize=2048)
def _name_form(name: str) -> re.Pattern[str]:
    """Compile a name so that it is found with any blanks between its words, as a whole."""
    parts = [re.escape(part) for part in name.split()]
    end = r"(?!\w)" if name and (name[-1].isalnum() or name[-1] == "_") else ""
    return re.compile(r"\s+".join(parts) + end)


def _unescaped(text: str) -> str:
    def one(found: re.Match) -> str:
        code = found[1]
        if code[0] in "uU" and len(code) > 1:
            return chr(int(code[1:], 16))
        return ESCAPES.get(code, found[0])

    made = ESCAPE.sub(one, text)
    # Two halves of a character that was written as a pair of \u become the character.
    return made.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
