"""What a report may say (报送内容): the fields of each kind, and their forms; pure."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from yiwang.resources.housing.data import (
    CAUSES,
    GROUPS,
    KINDS,
    PURPOSES,
    STRUCTURES,
    Event,
    EventMalformed,
)
from yiwang.sdk.errors import N_

# Code of a real-estate unit (不动产单元代码, GB/T 37346-2019): parcel of 19, F, and the unit of 8.
NUMBER = re.compile(r"\d{12}[A-Z]{2}\d{5}F\d{8}")
PARTY = re.compile(r"(person|enterprise|unknown):.{1,40}")
# Dwellings of one division or joining.
MEMBERS_MAX = 50
# What each kind says: name -> (type, required). Types: text, date, money, share, party, holders,
# number, numbers, parts, year, flag, code:<table>.
PAYLOADS: dict[str, dict[str, tuple[str, bool]]] = {
    "BUILT": {
        "address": ("text", True),
        "area_code": ("text", True),
        "community_code": ("text", True),
        "building": ("text", True),
        "unit": ("text", False),
        "flat": ("text", True),
        "area_m2": ("number", True),
        "structure": ("structure", True),
        "purpose": ("purpose", True),
        "year": ("year", True),
        "longitude": ("number", False),
        "latitude": ("number", False),
    },
    "REGISTERED": {"owners": ("holders", True)},
    "TRANSFERRED": {
        "cause": ("cause", True),
        "givers": ("holders", True),
        "takers": ("holders", True),
        "price_fen": ("money", False),
    },
    "MORTGAGED": {"creditor": ("party", True), "amount_fen": ("money", True)},
    "MORTGAGE_RELEASED": {"of": ("text", True)},
    "SEIZED": {"authority": ("text", True)},
    "SEIZURE_RELEASED": {"of": ("text", True)},
    "SALE_CONTRACTED": {
        "seller": ("party", True),
        "buyer": ("party", True),
        "price_fen": ("money", True),
    },
    "SALE_CANCELLED": {"of": ("text", True)},
    "LEASE_FILED": {
        "landlord": ("party", True),
        "tenant": ("party", True),
        "end_date": ("date", True),
        "rent_fen": ("money", True),
        "part": ("text", False),
        "is_sublease": ("flag", False),
    },
    "LEASE_ENDED": {"of": ("text", True)},
    "PUBLIC_RENTAL": {"is_on": ("flag", True)},
    "RESIDENT_CAME": {"person": ("party", True)},
    "RESIDENT_LEFT": {"person": ("party", True)},
    "CONSUMED": {"cubic_metres": ("number", True)},
    "DIVIDED": {"from": ("numbers", True), "into": ("parts", True)},
    "JOINED": {"from": ("numbers", True), "into": ("parts", True)},
    "DEMOLISHED": {},
    "CANCELLED": {"why": ("text", False)},
}


def event_check(event: Event) -> Event:
    """Return the event in its stored form (格式检查). Raises EventMalformed naming what is wrong."""
    if event.kind not in KINDS:
        raise EventMalformed(key=event.key, problem=N_("unknown kind"))
    owner = KINDS[event.kind].function
    problems = [
        (not 0 < len(event.key) <= 60, "key"),
        (not NUMBER.fullmatch(event.number), "number"),
        (not 0 < len(event.document) <= 60, "document"),
        (len(event.corrects) > 60 or event.corrects == event.key, "corrects"),
        (event.kind == "CANCELLED" and not event.corrects, "corrects"),
        (owner not in ("", event.function), "function"),
        (not 1949 <= event.effective_date.year <= 2200, "effective_date"),
    ]
    for is_wrong, name in problems:
        if is_wrong:
            raise EventMalformed(key=event.key, problem=name)
    known = PAYLOADS[event.kind]
    if extra := sorted(set(event.payload) - set(known)):
        raise EventMalformed(key=event.key, problem=", ".join(extra))
    payload = {}
    for name, (form, is_required) in known.items():
        value = event.payload.get(name)
        if value in (None, "", []):
            if is_required:
                raise EventMalformed(key=event.key, problem=name)
            continue
        try:
            payload[name] = _FORMS[form](value)
        except (ValueError, TypeError, InvalidOperation, ArithmeticError, KeyError, AttributeError):
            raise EventMalformed(key=event.key, problem=name) from None
    if event.kind in GROUPS and (wrong := _group_problem(event, payload)):
        raise EventMalformed(key=event.key, problem=wrong)
    return replace(event, payload=payload)


def members_of(payload: dict) -> list[str]:
    """List the dwellings of a division or a joining (分割合并涉及的住房): what there was, then what there is."""
    return [*payload["from"], *(part["number"] for part in payload["into"])]


def parties_of(kind: str, payload: dict) -> list[str]:
    """List whom an event names (当事人)."""
    found = []
    for name, (form, _required) in PAYLOADS[kind].items():
        value = payload.get(name)
        if value and form == "party":
            found.append(value)
        elif value and form == "holders":
            found += [holder for holder, _share in value]
        elif value and form == "parts":
            found += [holder for part in value for holder, _share in part["owners"]]
    return found


def parties_replaced(payload: dict, found: dict[str, str]) -> dict:
    """Put other references for some parties of a payload (替换当事人)."""

    def new(value: object) -> object:
        if isinstance(value, dict):
            return {name: new(one) for name, one in value.items()}
        if isinstance(value, list):
            return [new(one) for one in value]
        return found.get(value, value) if isinstance(value, str) else value

    return {name: new(value) for name, value in payload.items()}


def _group_problem(event: Event, payload: dict) -> str:
    """Return what is wrong with a division or a joining, "" when nothing is."""
    before, after = len(payload["from"]), len(payload["into"])
    members = members_of(payload)
    if event.number != payload["from"][0]:
        return "number"
    if (before != 1) if event.kind == "DIVIDED" else (before < 2):
        return "from"
    if (after != 1) if event.kind == "JOINED" else (after < 2):
        return "into"
    return "" if len(set(members)) == len(members) <= MEMBERS_MAX else "into"


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError
    return value.strip()


def _day(value: object) -> str:
    return date.fromisoformat(str(value)).isoformat()


def _money(value: object) -> int:
    amount = int(str(value))
    if not 0 <= amount < 10**15:
        raise ValueError
    return amount


def _number(value: object) -> str:
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > 10**9:
        raise ValueError
    return f"{number:f}"


def _year(value: object) -> int:
    year = int(str(value))
    if not 1800 <= year <= 2200:
        raise ValueError
    return year


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _party(value: object) -> str:
    if not isinstance(value, str) or not PARTY.fullmatch(value):
        raise ValueError
    return value


def _holders(value: object) -> list[list[str]]:
    result = []
    for holder, share in value:  # type: ignore[attr-defined]
        part = Fraction(str(share))
        if not 0 < part <= 1:
            raise ValueError
        result.append([_party(holder), str(part)])
    return result


def _numbers(value: object) -> list[str]:
    numbers = [str(one) for one in value]  # type: ignore[attr-defined]
    if not isinstance(value, list) or not all(map(NUMBER.fullmatch, numbers)):
        raise ValueError
    return numbers


def _parts(value: object) -> list[dict]:
    parts = []
    for part in value:  # type: ignore[attr-defined]
        facts = {name: part["facts"].get(name) for name in PAYLOADS["BUILT"]}
        if set(part) != {"number", "facts", "owners"} or set(part["facts"]) - set(facts):
            raise ValueError
        if any(is_needed and facts[name] in (None, "") for name, (_form, is_needed) in _BUILT):
            raise ValueError
        read = {
            name: _FORMS[form](facts[name])
            for name, (form, _needed) in _BUILT
            if facts[name] not in (None, "")
        }
        [number] = _numbers([part["number"]])
        if not (owners := _holders(part["owners"])):
            raise ValueError
        parts.append({"number": number, "facts": read, "owners": owners})
    return parts


_BUILT = tuple(PAYLOADS["BUILT"].items())


def _one_of(table: dict) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in table:
            raise ValueError
        return str(value)

    return read


_FORMS: dict[str, Callable[[object], object]] = {
    "text": _text,
    "date": _day,
    "money": _money,
    "number": _number,
    "year": _year,
    "flag": _flag,
    "party": _party,
    "holders": _holders,
    "numbers": _numbers,
    "parts": _parts,
    "structure": _one_of(STRUCTURES),
    "purpose": _one_of(PURPOSES),
    "cause": _one_of(CAUSES),
}
