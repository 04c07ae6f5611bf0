"""Putting forms right (修复): what a value becomes, by the type of its field, and what was done to it.

Nothing is guessed: a value that reads in two ways stays as it is and the contract refuses it. The
original is kept beside every repair.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from yiwang.sdk.text import fold

TEXTS, NUMBERS, WHOLE = frozenset("CMG"), frozenset("NYBF"), "I"
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}
_WIDE |= {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
# In dates and numbers the marks between the digits may be full-width as well.
_MARKS = _WIDE | {ord("．"): ".", ord("－"): "-", ord("／"): "/", ord("："): ":", ord("，"): ","}
_MARKS |= {ord("—"): "-", ord("–"): "-", ord("。"): ".", ord("＋"): "+"}
_BLANKS = " \t\r\n\x0b\x0c\u3000\xa0\ufeff\u200b\u2002\u2003\u2009"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_EMPTY = frozenset({"NULL", "null", "Null", "\\N", "NaN", "nan", "None", "#N/A"})
_DAY = re.compile(
    r"(\d{4})\s*(?:([-/.])\s*(\d{1,2})\s*\2\s*(\d{1,2})|年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))"
)
_CLOCK = re.compile(
    r"[T\s]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(?:Z|\+08:?00)?|(\d{2})(\d{2})(\d{2})"
)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?|[-+]?\.\d+")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SCIENTIFIC = re.compile(r"[-+]?\d(?:\.\d+)?[eE][-+]?\d{1,3}")
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_YES = {"是": "1", "有": "1", "true": "1", "yes": "1", "y": "1", "t": "1", "真": "1"}
_YES |= {"否": "0", "无": "0", "false": "0", "no": "0", "n": "0", "f": "0", "假": "0"}
_IDENTITY = re.compile(r"身份证|身份号码|身份号|证件号|id_?number|id_?card", re.IGNORECASE)
DESTROYED = re.compile(r"[-+]?\d(?:\.\d+)?[eE]\+\d{2,}")
EPOCH = date(1899, 12, 30)  # day 0 of Excel after its leap-year mistake of 1900
SERIALS = range(3660, 73051)  # 1910-01-08 to 2100-01-01: smaller numbers are no dates of records


@dataclass(frozen=True, slots=True)
class Field:
    """How one field is repaired (字段修复规则).

    codes: the codes that are valid; titles: {folded name: code}; crosswalk: {department's: city's}.
    """

    name: str
    type: str = "C"
    codes: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)
    crosswalk: Mapping[str, str] = field(default_factory=dict)
    is_identity: bool = False
    serials: bool = True

    @property
    def dirty(self) -> str:
        """Return a pattern of RE2 that finds every value that a repair could change (or more)."""
        if self.codes:
            return ""
        return _DIRTY_IDENTITY if self.is_identity else _DIRTY["C"]


_EDGES = r"^[\s\x{3000}\x{A0}\x{FEFF}'=]|[\s\x{3000}\x{A0}]$"
_INSIDE = (
    r"[\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x00-\x08\x0b-\x1f\x7f"
    r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]"
)
_WORDS = r"^(?:NULL|null|Null|\\N|NaN|nan|None|#N/A)$"
_DIRTY = dict.fromkeys("CMG", f"{_EDGES}|{_INSIDE}|{_WORDS}")
_DIRTY_IDENTITY = f"{_DIRTY['C']}|x$"
# Of these the pattern says what is clean; the caller negates it.
CLEAN = {
    "D": r"^\d{4}-\d{2}-\d{2}$",
    "T": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$",
    "I": r"^-?(?:0|[1-9]\d*)$",
    "L": r"^[01]$",
    **dict.fromkeys("NYBF", r"^-?(?:0|[1-9]\d*)(?:\.\d+)?$"),
}


def identity_field(name: str, title: str) -> bool:
    """Tell whether a field holds identity numbers by its names (身份号码字段).

    >>> identity_field("sfzh", "公民身份号码"), identity_field("name", "姓名")
    (True, False)
    """
    return bool(_IDENTITY.search(name) or _IDENTITY.search(title))


def value_repair(text: str | None, rule: Field) -> tuple[str | None, tuple[str, ...]]:
    """Repair one value (修复单值); returns it with the kinds of repair in order. None is nothing.

    >>> value_repair(" ２０２４年１月５日 ", Field("d", "D"))
    ('2024-01-05', ('TRIM', 'WIDTH', 'DATE'))
    >>> value_repair("24/1/5", Field("d", "D"))
    ('24/1/5', ())
    >>> value_repair("'00123", Field("c"))
    ('00123', ('APOSTROPHE',))
    """
    if not text:
        return None, ()
    kinds: list[str] = []
    value = _characters(text, rule, kinds)
    if not value:
        return None, tuple(kinds)
    if value in _EMPTY:
        return None, (*kinds, "EMPTY")
    value = _typed(value, rule, kinds)
    return value, tuple(kinds)


def _characters(text: str, rule: Field, kinds: list[str]) -> str:
    value = _step(text, text.strip(_BLANKS), "TRIM", kinds)
    quoted = _FORMULA.fullmatch(value)
    bare = quoted.group(1) if quoted else value
    if bare.startswith("'") and len(bare) > 1:
        bare = bare[1:]
    value = _step(value, bare.strip(_BLANKS), "APOSTROPHE", kinds)
    value = _step(value, _CONTROL.sub("", value), "CONTROL", kinds)
    table = _WIDE if rule.type in TEXTS and not rule.codes else _MARKS
    return _step(value, value.translate(table), "WIDTH", kinds)


def _step(before: str, after: str, kind: str, kinds: list[str]) -> str:
    if after != before:
        kinds.append(kind)
    return after


def _typed(value: str, rule: Field, kinds: list[str]) -> str:
    if rule.codes:
        return _code(value, rule, kinds)
    if rule.type in ("D", "T"):
        found = moment_text(value, with_time=rule.type == "T", serials=rule.serials)
        if found is None:
            return value
        kind = "SERIAL" if _NUMBER.fullmatch(value) and len(value.partition(".")[0]) < 6 else "DATE"
        return _step(value, found, kind, kinds)
    if rule.type in NUMBERS or rule.type == WHOLE:
        return _step(value, number_text(value, whole=rule.type == WHOLE), "NUMBER", kinds)
    if rule.type == "L":
        return _step(value, _YES.get(value.lower(), value), "BOOLEAN", kinds)
    if rule.is_identity and len(value) == 18 and value.endswith("x"):
        return _step(value, value.upper(), "CASE", kinds)
    return value


def _code(value: str, rule: Field, kinds: list[str]) -> str:
    if value in rule.codes:
        return value
    if value in rule.crosswalk:
        return _step(value, rule.crosswalk[value], "CROSSWALK", kinds)
    plain = value.removesuffix(".0")
    if plain in rule.codes:
        return _step(value, plain, "NUMBER", kinds)
    return _step(value, rule.titles.get(fold(value), value), "CODE", kinds)


def moment_text(value: str, *, with_time: bool, serials: bool = True) -> str | None:
    """Return a date (or date and time) in the one form, None where it cannot be read for certain.

    >>> moment_text("2024/1/5", with_time=False), moment_text("20240105", with_time=False)
    ('2024-01-05', '2024-01-05')
    >>> moment_text("45296.5", with_time=True), moment_text("2024-02-30", with_time=False)
    ('2024-01-05 12:00:00', None)
    """
    if serials and _NUMBER.fullmatch(value) and len(value.partition(".")[0]) < 6:
        return _serial_text(float(value), with_time=with_time)
    match = _DAY.match(value)
    if not match:
        return None
    year, _mark, *rest = match.groups()
    month, day = [part for part in rest if part]
    clock = _CLOCK.fullmatch(value[match.end() :].strip()) if match.end() < len(value) else None
    if match.end() < len(value) and clock is None:
        return None
    hours = [int(part) for part in clock.groups() if part] if clock else []
    try:
        moment = datetime(int(year), int(month), int(day), *hours)  # noqa: DTZ001 - as written
    except ValueError:
        return None
    if with_time:
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    # A day with an hour is a day only when the hour says nothing.
    return moment.strftime("%Y-%m-%d") if not any(hours) else None


def _serial_text(number: float, *, with_time: bool) -> str | None:
    if int(number) not in SERIALS:
        return None
    if not with_time:
        whole = int(number) == number
        return (EPOCH + timedelta(days=int(number))).isoformat() if whole else None
    moment = datetime(1899, 12, 30) + timedelta(seconds=round(number * 86400))  # noqa: DTZ001
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def number_text(value: str, *, whole: bool) -> str:
    """Return a number written plainly, anything else as it is (数值规范).

    >>> number_text("￥1,234.50", whole=False), number_text("12.0", whole=True)
    ('1234.50', '12')
    >>> number_text("1,23", whole=False)
    '1,23'
    """
    plain = value.lstrip("￥¥").removesuffix("元").strip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _SCIENTIFIC.fullmatch(plain) and not DESTROYED.fullmatch(plain):
        plain = format(float(plain), "f").rstrip("0").rstrip(".")
    if not _NUMBER.fullmatch(plain):
        return value
    sign = "-" if plain.startswith("-") else ""
    units, _, parts = plain.lstrip("+-").partition(".")
    units = units.lstrip("0") or "0"
    if whole:
        return f"{sign}{units}" if not parts.strip("0") else value
    return f"{sign}{units}.{parts}" if parts else f"{sign}{units}"
