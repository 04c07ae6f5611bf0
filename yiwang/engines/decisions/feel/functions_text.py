"""FEEL's functions over texts, and conversions between kinds (文本函数)."""

import re
from decimal import Decimal, InvalidOperation

from yiwang.engines.decisions.feel.library import builtin
from yiwang.engines.decisions.feel.values import NUMBERS, text_of

SEPARATORS = {" ", ",", "."}
NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": 0, "q": 0}
SUBTRACTION = re.compile(r"\[([^\[\]]*)-\[([^\[\]]*)\]\]")
MAX_PATTERN, MAX_SUBJECT = 2_000, 200_000


@builtin("substring", "string: string", "start position: number", "length?: number")
def substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    """Cut a text: places count from 1, from the end when negative; parts of places are dropped."""
    begin, size = int(start), None if length is None else int(length)
    if begin == 0 or abs(begin) > len(text) or (size is not None and size < 1):
        return None
    place = begin - 1 if begin > 0 else len(text) + begin
    return text[place:] if size is None else text[place : place + size]


@builtin("string length", "string: string")
def string_length(text: str) -> Decimal:
    """Count characters."""
    return Decimal(len(text))


@builtin("upper case", "string: string")
def upper_case(text: str) -> str:
    """Write in capitals."""
    return text.upper()


@builtin("lower case", "string: string")
def lower_case(text: str) -> str:
    """Write in small letters."""
    return text.lower()


@builtin("substring before", "string: string", "match: string")
def substring_before(text: str, match: str) -> str:
    """Return what stands before the first match, "" without one."""
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after", "string: string", "match: string")
def substring_after(text: str, match: str) -> str:
    """Return what stands behind the first match, "" without one."""
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string", "match: string")
def contains(text: str, match: str) -> bool:
    """Tell whether a text has another in it."""
    return match in text


@builtin("starts with", "string: string", "match: string")
def starts_with(text: str, match: str) -> bool:
    """Tell whether a text begins with another."""
    return text.startswith(match)


@builtin("ends with", "string: string", "match: string")
def ends_with(text: str, match: str) -> bool:
    """Tell whether a text ends with another."""
    return text.endswith(match)


@builtin("matches", "input: string", "pattern: string", "flags?: string")
def matches(text: str, pattern: str, flags: str | None = None) -> bool | None:
    """Tell whether a pattern of XPath is found in a text; null for a broken pattern."""
    form = _compiled(pattern, flags or "")
    return None if form is None or len(text) > MAX_SUBJECT else form.search(text) is not None


@builtin("replace", "input: string", "pattern: string", "replacement: string", "flags?: string")
def replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """Replace every match of a pattern; $1 … stand for its groups, $0 for the match."""
    form = _compiled(pattern, flags or "")
    if form is None or len(text) > MAX_SUBJECT:
        return None
    if "q" in (flags or ""):
        return form.sub(lambda _found: replacement, text)

    def written(found: re.Match) -> str:
        def group(mark: re.Match) -> str:
            digits = mark[1]
            while len(digits) > 1 and int(digits) > form.groups:
                digits = digits[:-1]
            rest = mark[1][len(digits) :]
            return ((found[int(digits)] or "") if int(digits) <= form.groups else "") + rest

        plain = re.sub(r"(?<!\\)\$(\d+)", group, replacement)
        return plain.replace("\\$", "$").replace("\\\\", "\\")

    return form.sub(written, text)


@builtin("split", "string: string", "delimiter: string")
def split(text: str, delimiter: str) -> list[str] | None:
    """Cut a text at every match of a pattern."""
    form = _compiled(delimiter, "")
    if form is None or len(text) > MAX_SUBJECT:
        return None
    parts, place = [], 0
    for found in form.finditer(text):
        if found.end() > found.start():
            parts.append(text[place : found.start()])
            place = found.end()
    return [*parts, text[place:]]


def _compiled(pattern: str, flags: str) -> re.Pattern[str] | None:
    """Compile a pattern of XPath for Python; None when it is broken or a flag is unknown."""
    if set(flags) - FLAGS.keys() or len(pattern) > MAX_PATTERN:
        return None
    if "q" in flags:
        return re.compile(re.escape(pattern), FLAGS["i"] if "i" in flags else 0)
    if "x" in flags:
        pattern = _without_blanks(pattern)
    if re.search(r"\[[^\]]*\\\d", pattern) or re.search(r"\\0", pattern):
        return None  # a group cannot be named inside brackets
    pattern = SUBTRACTION.sub(r"(?:(?![\2])[\1])", pattern)
    pattern = pattern.replace(r"\p{IsBasicLatin}", r"[\x00-\x7f]").replace(r"\i", r"[^\W\d]")
    pattern = re.sub(r"(?<!\\)\$$", r"\\Z", pattern) if "m" not in flags else pattern
    if "s" not in flags:
        pattern = re.sub(r"(?<!\\)\.(?![^\[]*\])", r"[^\\n\\r]", pattern)
    number = 0
    for flag in flags:
        number |= FLAGS[flag]
    try:
        return re.compile(pattern, number)
    except (re.error, OverflowError):
        return None


def _without_blanks(pattern: str) -> str:
    """Drop blanks outside brackets."""
    kept, depth, escaped = [], 0, False
    for letter in pattern:
        if letter.isspace() and depth == 0:
            continue
        depth += (letter == "[") - (letter == "]") if not escaped else 0
        escaped = letter == "\\" and not escaped
        kept.append(letter)
    return "".join(kept)


@builtin("string join", "list: list", "delimiter?: string|null")
def string_join(items: list, delimiter: str | None = None) -> str | None:
    """Join texts with something between; nulls are left out."""
    texts = [item for item in items if item is not None]
    if not all(isinstance(item, str) for item in texts):
        return None
    return (delimiter or "").join(texts)


@builtin("string", "from: any")
def string(value: object) -> str | None:
    """Write a value as text."""
    return text_of(value)


@builtin(
    "number",
    "from: string|number",
    "grouping separator?: string|null",
    "decimal separator?: string|null",
)
def number(
    value: str | Decimal, grouping: str | None = None, decimal: str | None = None
) -> Decimal | None:
    """Read a number, with what separates thousands and what the fraction."""
    if isinstance(value, Decimal):
        return value if grouping is None and decimal is None else None
    allowed = (grouping is None or grouping in SEPARATORS) and decimal in (None, ".", ",")
    if not allowed or (grouping is not None and grouping == decimal):
        return None
    plain = value.replace(grouping, "") if grouping else value
    plain = plain.replace(decimal, ".") if decimal else plain
    if not NUMBER.fullmatch(plain):
        return None
    try:
        return NUMBERS.create_decimal(plain)
    except InvalidOperation:
        return None


@builtin("not", "negand: any")
def negation(value: object) -> bool | None:
    """Turn true into false and false into true; anything else is null."""
    return not value if isinstance(value, bool) else None


@builtin("is", "value1?: any", "value2?: any")
def is_same(left: object, right: object = None) -> bool:
    """Tell whether two values are the same, zone for zone and kind for kind."""
    if left is None or right is None:
        return left is right
    if type(left) is not type(right):
        return False
    return left == right
