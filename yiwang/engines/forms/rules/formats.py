"""Formats beyond JSON Schema's own (自定义格式): numbers of persons, organisations, phones, post."""

import re

from yiwang.sdk.identifiers import id_number_valid, uscc_valid

MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?")
POSTAL = re.compile(r"[0-9]{6}")
PLATE = re.compile(r"[\u4e00-\u9fff][A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]")

FORMATS = {
    "id-number": lambda text: bool(id_number_valid(text)),
    "uscc": lambda text: bool(uscc_valid(text)),
    "mobile-phone": lambda text: bool(MOBILE.fullmatch(text)),
    "phone": lambda text: bool(MOBILE.fullmatch(text) or LANDLINE.fullmatch(text)),
    "postal-code": lambda text: bool(POSTAL.fullmatch(text)),
    "plate": lambda text: bool(PLATE.fullmatch(text)),
}
