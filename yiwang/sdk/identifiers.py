"""Identity numbers and codes of the field (证件号码与代码): check digits, validity, made numbers.

Own validators, because the common library refuses valid numbers: it wants a county code to have
existed in the birth year, and digits in the first eight places of a unified social credit code.
Here a wrong check digit or an impossible date is an error; an unknown region is the caller's warning.

Every function takes text as it is stored. Text typed by a person goes through `normalise` first.
"""

import re
import secrets
import unicodedata
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
ID_PATTERN = re.compile(r"[1-9][0-9]{16}[0-9Xx]")

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_VALUES = {character: value for value, character in enumerate(USCC_ALPHABET)}
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
USCC_PATTERN = re.compile(rf"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")
# Classes (机构类别) of each registering department (登记管理部门), GB 32100-2015 as amended.
USCC_CLASSES = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "1239",
    "A": "19",
    "N": "1239",
    "Y": "1",
}

ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VALUES_36 = {character: value for value, character in enumerate(BASE_36)}

# Without 0/O, 1/I/L: it is read out on the telephone.
SPOKEN_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

MOBILE_PATTERN = re.compile(r"1[3-9][0-9]{9}")
LANDLINE_PATTERN = re.compile(r"0[0-9]{2,3}-?[2-9][0-9]{6,7}(-[0-9]{1,6})?")


def normalise(text: str) -> str:
    """Bring a typed number into stored form (规范化): NFKC, no surrounding space, upper case.

    >>> normalise(" １１０１０５１９４９１２３１００２ｘ ")
    '11010519491231002X'
    """
    return unicodedata.normalize("NFKC", text).strip().upper()


# --- citizen identity number 公民身份号码, GB 11643-1999 ------------------------------------------


def id_number_check(first17: str) -> str:
    """Return the check character (校验码) of the first 17 digits.

    Raises ValueError when they are not 17 digits. Source: GB 11643-1999, ISO 7064 MOD 11-2.

    >>> id_number_check("11010519491231002")
    'X'
    """
    if not re.fullmatch(r"[0-9]{17}", first17):
        raise ValueError("17 digits are needed")
    total = sum(int(d) * w for d, w in zip(first17, ID_WEIGHTS, strict=True))
    return ID_CHECKS[total % 11]


def id_number_valid(text: str, *, today: date | None = None) -> bool:
    """Tell whether an 18-character identity number holds (公民身份号码校验).

    Checked: form, check character, a real birth date not after `today` (by default the day in
    China). Not checked: whether the region ever existed; people keep numbers of abolished counties.

    >>> id_number_valid("320508198501011234"), id_number_valid("320508198501011235")
    (True, False)
    """
    if not ID_PATTERN.fullmatch(text) or id_number_check(text[:17]) != text[17].upper():
        return False
    try:
        birth = id_number_birth_date(text)
    except ValueError:
        return False
    return birth <= (today or datetime.now(CHINA).date())


def id_number_birth_date(text: str) -> date:
    """Return the birth date (出生日期) in an 18-character number; ValueError when it is no date.

    >>> id_number_birth_date("11010519491231002X")
    datetime.date(1949, 12, 31)
    """
    return date(int(text[6:10]), int(text[10:12]), int(text[12:14]))


def id_number_sex(text: str) -> str:
    """Return the sex (性别) in a number as GB/T 2261.1 has it: "1" male, "2" female.

    >>> id_number_sex("320508198501011234"), id_number_sex("320508198501011242")
    ('1', '2')
    """
    return "1" if int(text[16]) % 2 else "2"


def id_number_upgrade(text: str) -> str:
    """Turn a 15-digit number of the old form (一代身份号码) into 18 characters.

    >>> id_number_upgrade("320508850101123")
    '320508198501011234'
    """
    if not re.fullmatch(r"[1-9][0-9]{14}", text):
        raise ValueError("15 digits are needed")
    first17 = f"{text[:6]}19{text[6:]}"
    return first17 + id_number_check(first17)


def id_number_make(region: str, birth: date, sequence: int) -> str:
    """Make a number for a made person (演示号码); an odd sequence is a man, an even one a woman.

    >>> id_number_make("320508", date(1985, 1, 1), 123)
    '320508198501011234'
    """
    first17 = f"{region[:6]}{birth:%Y%m%d}{sequence:03d}"
    return first17 + id_number_check(first17)


# --- unified social credit code 统一社会信用代码, GB 32100-2015 ----------------------------------


def uscc_check(first17: str) -> str:
    """Return the check character of the first 17 characters (统一社会信用代码校验码).

    Raises ValueError when a character is outside the alphabet, which lacks I, O, S, V and Z.

    >>> uscc_check("91350100M000100Y4")
    '3'
    """
    if len(first17) != 17 or not set(first17) <= USCC_VALUES.keys():
        raise ValueError("17 characters of the alphabet of GB 32100 are needed")
    total = sum(USCC_VALUES[c] * w for c, w in zip(first17, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def uscc_valid(text: str) -> bool:
    """Tell whether a unified social credit code holds (统一社会信用代码校验).

    Checked: form, check character, and the check character of the organisation code inside.
    Registering departments A, N and Y are as good as digits. See `uscc_class_known` for the class.

    >>> uscc_valid("N2320509MF0012348W"), uscc_valid("N2320509MF0012348X")
    (True, False)
    """
    return (
        bool(USCC_PATTERN.fullmatch(text))
        and uscc_check(text[:17]) == text[17]
        and org_code_check(text[8:16]) == text[16]
    )


def uscc_class_known(text: str) -> bool:
    """Tell whether the class (机构类别) is one that the registering department gives out.

    A class that is not known is a reason to look, not to refuse: the table has grown before.

    >>> uscc_class_known("113205000141456735"), uscc_class_known("143205000141456735")
    (True, False)
    """
    return text[1:2] in tuple(USCC_CLASSES.get(text[:1], ""))


def uscc_make(department: str, kind: str, region: str, body: str) -> str:
    """Make a code for a made body (演示代码) from an 8-character body; both check digits are right.

    department, kind: positions 1 and 2, "9" and "1" for an enterprise (企业).

    >>> uscc_make("9", "1", "320508", "MA1XYW01")
    '91320508MA1XYW01XY'
    """
    first17 = f"{department}{kind}{region[:6]}{body}{org_code_check(body)}"
    return first17 + uscc_check(first17)


def org_code_check(body: str) -> str:
    """Return the check character of an organisation code (组织机构代码, GB 11714-1997).

    >>> org_code_check("D2143569"), org_code_check("50921000")
    ('X', '0')
    """
    if len(body) != 8 or not set(body) <= VALUES_36.keys():
        raise ValueError("8 characters 0-9 and A-Z are needed")
    total = sum(VALUES_36[c] * w for c, w in zip(body, ORG_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


# --- other check systems ----------------------------------------------------------------------


def mod37_36_check(text: str) -> str:
    """Return the check character of ISO 7064 MOD 37,36, which licence identifiers use (证照标识).

    Separators are the caller's to remove; 0-9 and A-Z only.

    >>> mod37_36_check("A12425GABC1234002")
    'M'
    """
    if not text or not set(text) <= VALUES_36.keys():
        raise ValueError("characters 0-9 and A-Z are needed")
    product = 36
    for character in text:
        total = (product + VALUES_36[character]) % 36 or 36
        product = total * 2 % 37
    return BASE_36[(37 - product) % 36]


def registration_number_check(first14: str) -> str:
    """Return the check digit of an old enterprise registration number (工商注册号, GS15-2006).

    ISO 7064 MOD 11,10 over 6 digits of authority and 8 of sequence.

    >>> registration_number_check("31023000171614")
    '6'
    """
    if not re.fullmatch(r"[0-9]{14}", first14):
        raise ValueError("14 digits are needed")
    product = 10
    for digit in first14:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def luhn_check(body: str) -> str:
    """Return the check digit of a bank card number (银行卡号, mod 10).

    >>> luhn_check("622202100011223344")
    '9'
    """
    if not re.fullmatch(r"[0-9]+", body):
        raise ValueError("digits are needed")
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def luhn_valid(text: str) -> bool:
    """Tell whether a number of 12 to 19 digits ends in its Luhn digit (银行卡号校验).

    >>> luhn_valid("6222021000112233449"), luhn_valid("6222021000112233440")
    (True, False)
    """
    return bool(re.fullmatch(r"[0-9]{12,19}", text)) and luhn_check(text[:-1]) == text[-1]


def mobile_valid(text: str) -> bool:
    """Tell whether this has the form of a mobile number of the mainland (手机号码).

    >>> mobile_valid("15638296218"), mobile_valid("12345678901")
    (True, False)
    """
    return bool(MOBILE_PATTERN.fullmatch(text))


def landline_valid(text: str) -> bool:
    """Tell whether this has the form of a fixed-line number with area code (固定电话).

    >>> landline_valid("0512-65211234"), landline_valid("12345")
    (True, False)
    """
    return bool(LANDLINE_PATTERN.fullmatch(text))


def person_ref_of(subject_ref: str) -> str:
    """Return the person's own reference (个人编号) out of a subject's, "" for an enterprise.

    It is what the audit trail keeps, so that a person finds every look at their data by one key.

    >>> person_ref_of("person:P1234567890"), person_ref_of("enterprise:91320508MA1XYW01XY")
    ('P1234567890', '')
    """
    kind, _, ref = subject_ref.partition(":")
    return ref if kind == "person" else ""


def spoken_code(length: int = 8) -> str:
    """Draw a code that can be read out (口令码): letters and figures that nobody mistakes; 31 to the `length`.

    >>> len(spoken_code()), set(spoken_code(200)) <= set(SPOKEN_LETTERS)
    (8, True)
    """
    return "".join(secrets.choice(SPOKEN_LETTERS) for _ in range(length))
