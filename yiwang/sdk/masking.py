"""Masking of personal data for display (脱敏). Unified social credit codes are public: no mask.

There is no binding standard; these are the common practice. For publication use `strict=True`, and
never show birth date, sex and region together.
"""

import re

DISTRICT = re.compile(
    r"^(?:.{2,8}?(?:省|自治区))?(?:.{2,8}?(?:市|自治州|地区|盟))?.{1,8}?(?:区|县|市|旗)"
)


def mask_name(text: str) -> str:
    """Keep the first character of a name (姓名脱敏).

    >>> mask_name("张三丰"), mask_name("李四"), mask_name("")
    ('张**', '李*', '')
    """
    return text[:1] + "*" * (len(text) - 1)


def mask_id_number(text: str, *, strict: bool = False) -> str:
    """Keep the first 6 and last 4 of an identity number (证件号码脱敏); strict keeps 1 and 1.

    A number too short to hide at least 4 characters is hidden whole.

    >>> mask_id_number("320508198501011234"), mask_id_number("320508198501011234", strict=True)
    ('320508********1234', '3****************4')
    """
    head, tail = (1, 1) if strict else (6, 4)
    return _keep(text, head, tail)


def mask_phone(text: str) -> str:
    """Keep the first 3 and last 4 of a mobile number, the last 4 of a fixed line (电话脱敏).

    >>> mask_phone("15638296218"), mask_phone("0512-65211234")
    ('156****6218', '****-****1234')
    """
    if re.fullmatch(r"1[0-9]{10}", text):
        return _keep(text, 3, 4)
    if len(text) < 8:
        return "*" * len(text)
    return re.sub(r"[^-]", "*", text[:-4]) + text[-4:]


def mask_address(text: str) -> str:
    """Keep an address down to the district (地址脱敏), else its first 3 characters.

    The number of stars says nothing about the length.

    >>> mask_address("江苏省苏州市姑苏区平江街道历史街区社区1号"), mask_address("平江街道1号")
    ('江苏省苏州市姑苏区****', '平江街****')
    """
    if len(text) <= 3:
        return "*" * len(text)
    found = DISTRICT.match(text)
    return (found.group() if found else text[:3]) + "****"


def mask_bank_card(text: str) -> str:
    """Keep the first 6 and last 4 of a bank card (银行卡号脱敏).

    >>> mask_bank_card("6222021000112233449")
    '622202*********3449'
    """
    return _keep(text, 6, 4)


def mask_email(text: str) -> str:
    """Keep the first character and the domain (邮箱脱敏).

    >>> mask_email("zhangsan@example.org")
    'z***@example.org'
    """
    local, at, domain = text.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "*" * len(text)


def _keep(text: str, head: int, tail: int) -> str:
    if len(text) < head + tail + 4:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
