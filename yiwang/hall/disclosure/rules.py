"""Pure rules of the double publicity (双公示规则): reading the table, checking, masking, searching.

Every problem is a key of `PROBLEMS`; the sentence is made where it is shown, in the reader's language.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import msgspec
import yaml

from yiwang.hall.disclosure.data import (
    KINDS,
    LEGAL,
    PERSON,
    TRADER,
    XK,
    FieldSpec,
    Period,
    Standard,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import id_number_valid, normalise, uscc_valid
from yiwang.sdk.masking import mask_id_number, mask_name
from yiwang.sdk.text import clean

TABLE = Path(__file__).parent / "data_files" / "fields.yaml"
LIST_MARK = re.compile(r"[;；、,，]")
DOCUMENT = re.compile(r"\S{1,40}[〔\[(（]([12][0-9]{3})[〕\])）]\S{0,20}号")
AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
ID_LIKE = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
PHONE_LIKE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")

PROBLEMS = {
    "missing": N_("is missing"),
    "too_long": N_("is longer than the standard allows"),
    "not_a_date": N_("is not a day such as 2026-11-22"),
    "future": N_("lies in the future"),
    "not_a_code": N_("is not one of the values of the standard"),
    "not_a_uscc": N_("is not a unified social credit code: a check character is wrong"),
    "not_an_id": N_("is not an identity number: the check digit or the birth date is wrong"),
    "not_an_amount": N_("is not an amount in 10,000 yuan with at most six decimals"),
    "not_a_document": N_("is not a document number such as 苏市监许字〔2026〕第12号"),
    "other_year": N_("names another year than the day of the decision"),
    "before_decision": N_("lies before the day of the decision"),
    "before_start": N_("lies before the day from which it is valid"),
    "period_short": N_("ends before the shortest time of publication"),
    "period_long": N_("ends after the longest time of publication"),
    "not_fined": N_("names a fine, but the classes of penalty do not"),
}


@cache
def standard_get() -> Standard:
    """Read the table of fields and rules (双公示标准); it is read once."""
    data = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return Standard(
        fields={
            kind: tuple(msgspec.convert(each, FieldSpec) for each in data["fields"][kind])
            for kind in KINDS
        },
        codes={
            "subject_types": tuple(data["subject_types"]),
            "states": tuple(data["states"]),
            **{
                name: tuple(data[name])
                for name in ("identity_types", "licence_classes", "penalty_classes")
            },
        },
        periods={key: Period(**each) for key, each in data["periods"].items()},
        subject_types=data["subject_types"],
        publish_days=data["publish_within"]["amount"],
        publish_basis=data["publish_within"]["basis"],
        long_term=date.fromisoformat(str(data["long_term"])),
    )


def values_clean(kind: str, given: Mapping[str, object]) -> dict[str, str]:
    """Bring what was typed or sent into stored form (规范化): all fields of the standard, in its order.

    Dates become ISO, codes upper case, amounts plain; what cannot be read stays as it was, to be shown with its
    problem. A name or a Chinese title is taken as the key.
    """
    standard = standard_get()
    names = {spec.code: spec for spec in standard.fields[kind]}
    return {
        code: _value_clean(spec, given.get(code, given.get(spec.title, "")))
        for code, spec in names.items()
    }


def _value_clean(spec: FieldSpec, raw: object) -> str:
    text = clean("" if raw is None else str(raw))
    if spec.type == "DATE":
        return date_text_iso(text)
    if spec.type in ("USCC", "NUMBER_ID"):
        return normalise(text)
    if spec.type == "AMOUNT" and AMOUNT.fullmatch(text):
        return format(Decimal(text).normalize(), "f")
    if spec.codes == "subject_types":
        types = standard_get().subject_types
        return next((key for key, title in types.items() if text == title["zh"]), text)
    if spec.several:
        return ";".join(
            dict.fromkeys(part.strip() for part in LIST_MARK.split(text) if part.strip())
        )
    return text


def date_text_iso(text: str) -> str:
    """Write a day as ISO where it can be read (日期规范化).

    >>> date_text_iso("2026/1/5"), date_text_iso("2026年11月22日"), date_text_iso("20261122"), date_text_iso("soon")
    ('2026-01-05', '2026-11-22', '2026-11-22', 'soon')
    """
    found = re.fullmatch(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T].*)?", text)
    found = found or re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    if not found:
        return text
    try:
        return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        return text


def check(
    kind: str, values: Mapping[str, str], *, period: str, today: date
) -> dict[str, list[str]]:
    """Check a record against the standard (校验): {field code: [key of PROBLEMS]}, {} when it may be published.

    values: as `values_clean` gives them; today: nothing is decided in the future.
    """
    subject = values[f"{kind}_XDR_TYPE"]
    found: dict[str, list[str]] = {}
    for spec in standard_get().fields[kind]:
        text = values[spec.code]
        problems = _field_problems(spec, text, today=today) if text else []
        if not text and _is_required(spec, subject, values):
            problems = ["missing"]
        if problems:
            found[spec.code] = problems
    for code, problem in _across(kind, values, period=period):
        if code not in found:
            found[code] = [problem]
    return found


def _is_required(spec: FieldSpec, subject: str, values: Mapping[str, str]) -> bool:
    if spec.required == "LEGAL":
        return subject in (LEGAL, TRADER)
    if spec.required == "PERSON":
        return subject == PERSON
    return spec.required == "ALWAYS" or bool(spec.when and _WHENS[spec.when](values))


def _classes(values: Mapping[str, str]) -> set[str]:
    return set(values["CF_CFLB"].split(";"))


_WHENS: dict[str, Callable[[Mapping[str, str]], bool]] = {
    "fined": lambda values: "罚款" in _classes(values),
    "confiscated": lambda values: bool({"没收违法所得", "没收非法财物"} & _classes(values)),
    "licence_taken": lambda values: bool({"暂扣许可证件", "吊销许可证件"} & _classes(values)),
}


def _field_problems(spec: FieldSpec, text: str, *, today: date) -> list[str]:
    if spec.max and len(text) > spec.max:
        return ["too_long"]
    if spec.type == "DATE":
        return _date_problems(spec, text, today=today)
    checks: dict[str, tuple[Callable[[str], bool], str]] = {
        "USCC": (uscc_valid, "not_a_uscc"),
        "DOCUMENT": (lambda each: bool(DOCUMENT.fullmatch(each)), "not_a_document"),
        "AMOUNT": (_is_amount, "not_an_amount"),
        "CODE": (lambda each: _is_code(spec, each), "not_a_code"),
    }
    holds, problem = checks.get(spec.type, (lambda _each: True, ""))
    return [] if holds(text) else [problem]


def _is_amount(text: str) -> bool:
    try:
        return bool(AMOUNT.fullmatch(text)) and Decimal(text) >= 0
    except InvalidOperation:
        return False


def _is_code(spec: FieldSpec, text: str) -> bool:
    """A code of the table; "其他" may be followed by words of one's own (其他-…), as the standard wants."""
    known = standard_get().codes[spec.codes]
    parts = text.split(";") if spec.several else [text]
    return all(
        part in known or (spec.other and part.startswith(f"{spec.other}-")) for part in parts
    )


def _date_problems(spec: FieldSpec, text: str, *, today: date) -> list[str]:
    day = _day(text)
    if day is None:
        return ["not_a_date"]
    return ["future"] if spec.code.endswith("JDRQ") and day > today else []


def _across(kind: str, values: Mapping[str, str], *, period: str) -> list[tuple[str, str]]:
    """Find what two fields say against each other (跨字段校验)."""
    found: list[tuple[str, str]] = []
    decided = _day(values[f"{kind}_JDRQ"])
    number = DOCUMENT.fullmatch(values[f"{kind}_WSH"])
    if decided and number and int(number[1]) not in (decided.year, decided.year - 1):
        found.append((f"{kind}_WSH", "other_year"))
    subject = values[f"{kind}_XDR_TYPE"]
    if subject == PERSON and values[f"{kind}_XDR_ZJLX"] == "身份证":
        text = values[f"{kind}_XDR_ZJHM"]
        if text and not id_number_valid(text):
            found.append((f"{kind}_XDR_ZJHM", "not_an_id"))
    found += (
        _licence_days(values, decided) if kind == XK else _penalty_days(values, decided, period)
    )
    return found


def _licence_days(values: Mapping[str, str], decided: date | None) -> list[tuple[str, str]]:
    start, end = _day(values["XK_YXQZ"]), _day(values["XK_YXQZI"])
    if start and end and end < start:
        return [("XK_YXQZI", "before_start")]
    if decided and end and end < decided:
        return [("XK_YXQZI", "before_decision")]
    return []


def _penalty_days(
    values: Mapping[str, str], decided: date | None, period: str
) -> list[tuple[str, str]]:
    found = []
    if values["CF_NR_FK"] and values["CF_CFLB"] and "罚款" not in _classes(values):
        found.append(("CF_NR_FK", "not_fined"))
    until, span = _day(values["CF_GSJZQ"]), standard_get().periods[period]
    if decided and until:
        if until < months_after(decided, span.min_months):
            found.append(("CF_GSJZQ", "period_short"))
        elif until > months_after(decided, span.max_months):
            found.append(("CF_GSJZQ", "period_long"))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day_read(text: str) -> date | None:
    """Return the day in a stored text (日期), None where there is none.

    >>> day_read("2026-11-22"), day_read("soon")
    (datetime.date(2026, 11, 22), None)
    """
    return _day(text)


def months_after(day: date, months: int) -> date:
    """Return the same day some months on, or the month's last (月数后).

    >>> months_after(date(2026, 11, 30), 3), months_after(date(2024, 2, 29), 36)
    (datetime.date(2027, 2, 28), datetime.date(2027, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(day)


def key_make(kind: str, values: Mapping[str, str]) -> str:
    """Say which decision on whom a record is about (信息标识): corrections keep it.

    The subject's number is hashed: the key stands in addresses and in the audit trail.
    """
    number = values["A000002"] or values[f"{kind}_XDR_ZJHM"] or values[f"{kind}_XDR_MC"]
    text = "\x1f".join((kind, values[f"{kind}_WSH"], number))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def text_public(text: str) -> str:
    """Hide identity numbers and mobile numbers inside a running text (正文脱敏).

    >>> text_public("当事人320508198501011234，电话15638296218，罚款2000元")
    '当事人3****************4，电话1*********8，罚款2000元'
    """
    hidden = ID_LIKE.sub(lambda found: mask_id_number(found[0], strict=True), text)
    return PHONE_LIKE.sub(lambda found: f"{found[0][0]}{'*' * 9}{found[0][-1]}", hidden)


def values_public(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return what everybody may see of a record (公示内容), in the order of the standard.

    A natural person's name and number are masked, the representative's number never shown, and identity and mobile
    numbers inside running texts hidden. An organisation's name and code are public.
    """
    is_person = values[f"{kind}_XDR_TYPE"] == PERSON
    shown: dict[str, str] = {}
    for spec in standard_get().fields[kind]:
        text = values.get(spec.code, "")
        if spec.public == "NEVER":
            continue
        if spec.public == "MASKED" and spec.mask == "id_number":
            shown[spec.code] = mask_id_number(text, strict=True)
        elif spec.public == "MASKED" and is_person:
            shown[spec.code] = mask_name(text)
        else:
            shown[spec.code] = text_public(text) if spec.type == "TEXT" else text
    if is_person:
        name = values[f"{kind}_XDR_MC"]
        shown = {code: _without_name(text, name) for code, text in shown.items()}
    return shown


def _without_name(text: str, name: str) -> str:
    """Take a natural person's full name out of running texts too."""
    return text.replace(name, mask_name(name)) if len(name) > 1 else text


def search_make(kind: str, values: Mapping[str, str]) -> str:
    """Return what a record is found by (检索文本): only what is public, so that a search tells nothing more."""
    shown = values_public(kind, values)
    codes = [f"{kind}_XDR_MC", f"{kind}_WSH", "A000002", f"{kind}_NR"]
    if values[f"{kind}_XDR_TYPE"] == PERSON:
        codes.remove(f"{kind}_XDR_MC")
    return " ".join(shown.get(code, "")[:200] for code in codes).upper()


def table_make(kind: str, rows, *, heading: str = "code"):  # noqa: ANN001, ANN201 - any rows of values
    """Yield the standard file (标准文件): the heading in field codes or in Chinese, then the values in order."""
    specs = standard_get().fields[kind]
    yield [spec.title if heading == "title" else spec.code for spec in specs]
    types = standard_get().subject_types
    for values in rows:
        yield [
            types[values[spec.code]]["zh"]
            if spec.codes == "subject_types" and values.get(spec.code) in types
            else values.get(spec.code, "")
            for spec in specs
        ]
