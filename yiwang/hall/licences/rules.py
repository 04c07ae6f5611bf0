"""Rules of electronic licences (电子证照): identifier, states, dates, verification codes, face values.

Sources: GB/T 36903-2018 (metadata), GB/T 36904-2018 (identifier), GB/T 17710-2008 MOD 37,36.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from yiwang.hall.licences.data import LicenceView, OfflineView
from yiwang.sdk.identifiers import mod37_36_check
from yiwang.sdk.statements import StatementBroken, statement_read

# 1.2.156.3005.2 is the arc of electronic licences under the national OID (GB/T 36904-2018).
OID = "1.2.156.3005.2"
FIRST_VERSION = "001"
EXPIRING_DAYS = 30
# Crockford's base 32: no I, L, O, U, so nothing is misread from paper. 16 letters are 80 bits.
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
SEXES = {"1": {"zh": "男", "en": "Male"}, "2": {"zh": "女", "en": "Female"}}


def licence_identifier_make(
    *, type_code: str, issuer_uscc: str, serial: str, version: str = FIRST_VERSION
) -> str:
    """Build the identifier of a licence (电子证照标识, GB/T 36904-2018).

    type_code: 21 characters, the USCC of the authority that defines the type and 3 more;
    issuer_uscc: 18; serial: digits and capital letters; version: 3 digits. Raises ValueError.

    >>> licence_identifier_make(
    ...     type_code="11100000000013338W032", issuer_uscc="11220000013544541J", serial="2430599"
    ... )
    '1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F'
    """
    if (len(type_code), len(issuer_uscc), len(version)) != (21, 18, 3):
        raise ValueError("a type code has 21 characters, a USCC 18 and a version 3")
    if not serial:
        raise ValueError("a serial number is needed")
    # The check covers the four parts without points and without the OID: so do issued licences.
    check = mod37_36_check(type_code + issuer_uscc + serial + version)
    return ".".join((OID, type_code, issuer_uscc, serial, version, check))


def licence_identifier_valid(identifier: str) -> bool:
    """Tell whether an identifier is well formed and its check character right.

    >>> licence_identifier_valid(
    ...     "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    ... )
    True
    """
    if not identifier.startswith(OID + "."):
        return False
    parts = identifier[len(OID) + 1 :].split(".")
    if len(parts) != 5:
        return False
    type_code, issuer, serial, version, _check = parts
    try:
        made = licence_identifier_make(
            type_code=type_code, issuer_uscc=issuer, serial=serial, version=version
        )
    except ValueError:
        return False
    return made == identifier


def serial_make(year: int, number: int) -> str:
    """Build the serial number (流水号) of a type's n-th licence in a year: 12 digits.

    >>> serial_make(2026, 7)
    '202600000007'
    """
    return f"{year:04d}{number:08d}"


def state_on(stored: str, *, valid_from: date, valid_to: date | None, today: date) -> str:
    """Return the state (证照状态) that people see on a day.

    Stored are only VALID, SUSPENDED and REVOKED; PENDING, EXPIRING and EXPIRED follow from dates.
    A licence is valid through its last day.

    >>> state_on("VALID", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31), today=date(2027, 1, 1))
    'EXPIRED'
    """
    if stored != "VALID":
        return stored
    if today < valid_from:
        return "PENDING"
    if valid_to is None or today < valid_to - timedelta(days=EXPIRING_DAYS):
        return "VALID"
    return "EXPIRING" if today <= valid_to else "EXPIRED"


def last_day(first: date, years: int | None) -> date | None:
    """Return the last day of validity (有效期止) of a licence valid for `years`; None is for ever.

    >>> last_day(date(2024, 2, 29), 1), last_day(date(2026, 11, 21), 5)
    (datetime.date(2025, 2, 28), datetime.date(2031, 11, 20))
    """
    if years is None:
        return None
    try:
        anniversary = first.replace(year=first.year + years)
    except ValueError:  # 29 February
        anniversary = date(first.year + years, 3, 1)
    return anniversary - timedelta(days=1)


def code_normalise(text: str) -> str:
    """Return a typed verification code (查验码) without separators and misread letters, or "".

    >>> code_normalise(" 7k3m-Q2W9 ab1l-oxyz ")
    '7K3MQ2W9AB110XYZ'
    """
    code = "".join(text.upper().replace("-", " ").split()).translate(_MISREAD)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) else ""


def code_group(code: str) -> str:
    """Write a code in groups of four, as it stands on paper.

    >>> code_group("7K3MQ2W9AB110XYZ")
    '7K3M-Q2W9-AB11-0XYZ'
    """
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def face_make(fields: list[dict], data: Mapping) -> list[dict]:
    """Return what stands on the face (照面信息): name, title and value of each field.

    fields: {name, title {zh, en}, from}; `from` is a path into data ("form.x", "applicant.x",
    "holder.x") or a literal text. What is missing reads as "".
    """
    return [
        {
            "name": field["name"],
            "title": field["title"],
            "value": _value(field["from"], data),
        }
        for field in fields
    ]


def _value(source: object, data: Mapping) -> object:
    if not isinstance(source, str) or source.partition(".")[0] not in (
        "form",
        "applicant",
        "holder",
    ):
        return source
    value: object = data
    for part in source.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if source.endswith(".sex") and isinstance(value, str) and value in SEXES:
        return SEXES[value]
    return "" if value is None else value


OFFLINE_KIND, _DAY = "L1", "%Y%m%d"


def offline_words(licence: LicenceView, *, issued_date: date) -> list[str]:
    """Return what a licence says to whoever has no connection (离线查验内容), in the order in which it is signed."""
    return [
        OFFLINE_KIND,
        licence.identifier,
        licence.number,
        licence.title["zh"],
        licence.holder_name,
        licence.issuer_name,
        f"{issued_date:{_DAY}}",
        f"{licence.valid_from:{_DAY}}",
        f"{licence.valid_to:{_DAY}}" if licence.valid_to else "",
    ]


def offline_read(text: str, *, keys: Mapping) -> OfflineView:
    """Check a signed statement of a licence, alone or in the address of its QR code (离线验签).

    keys: public keys by name. Raises StatementBroken, StatementKeyUnknown.
    """
    found = statement_read(text.rpartition("#")[2], keys=keys)
    is_ours = len(found.words) == 9 and all(isinstance(word, str) for word in found.words)
    if not is_ours or found.words[0] != OFFLINE_KIND:
        raise StatementBroken()
    _kind, identifier, number, title, holder, issuer, issued, since, until = found.words
    try:
        days = [date.fromisoformat(one) if one else None for one in (issued, since, until)]
    except ValueError:
        raise StatementBroken() from None
    return OfflineView(identifier, number, title, holder, issuer, *days, found.key)
