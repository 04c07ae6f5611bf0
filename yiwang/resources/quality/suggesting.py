"""What a value should probably be (更正建议): only where there is exactly one answer."""

import re
from collections.abc import Mapping
from datetime import date

from yiwang.resources.quality.data import Contract, Rule
from yiwang.sdk import identifiers

_PARTS = re.compile(r"\D*(\d{4})\D+(\d{1,2})\D+(\d{1,2})\D*")


def suggestion_of(rule: Rule, row: Mapping[str, object], contract: Contract) -> dict[str, str]:
    """Return the field and value that would satisfy a rule (建议值), nothing where more than one would.

    >>> rule = Rule("b", "VALID", "ACCURACY", ("id_number", "born"), "id_number_birth")
    >>> suggestion_of(rule, {"id_number": "320508198501011234"}, Contract("", (), ()))
    {'born': '1985-01-01'}
    """
    values = {name: str(row.get(name) or "") for name in rule.fields}
    if rule.kind == "VALID":
        return _identifier(rule, values)
    if rule.kind == "TYPE" and rule.fields:
        kinds = {one.name: one.type for one in contract.fields}
        (name,) = rule.fields
        if kinds.get(name) == "D" and (match := _PARTS.fullmatch(values[name])):
            day = _day(*map(int, match.groups()))
            return {name: day.isoformat()} if day else {}
    return {}


def _identifier(rule: Rule, values: Mapping[str, str]) -> dict[str, str]:
    name = rule.fields[0]
    text = identifiers.normalise(values[name])
    if rule.that in ("id_number_birth", "id_number_sex"):
        if not identifiers.id_number_valid(text):
            return {}
        if rule.that == "id_number_birth":
            return {rule.fields[1]: identifiers.id_number_birth_date(text).isoformat()}
        return {rule.fields[1]: identifiers.id_number_sex(text)}
    digits = re.sub(r"[\s\-–—()（）+.]", "", text)
    if rule.that == "id_number":
        if re.fullmatch(r"[1-9][0-9]{14}", digits):
            digits = identifiers.id_number_upgrade(digits)
        elif re.fullmatch(r"[1-9][0-9]{16}", digits):
            digits += identifiers.id_number_check(digits)
        is_new = digits != values[name] and identifiers.id_number_valid(digits)
        return {name: digits} if is_new else {}
    if rule.that in ("mobile", "phone"):
        digits = digits.removeprefix("86") if len(digits) == 13 else digits
        return {name: digits} if identifiers.mobile_valid(digits) and digits != values[name] else {}
    return {}


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
