"""What a breach of a JSON Schema says to a person (校验提示): one sentence a keyword, in both languages.

`{title}` is the field, the other names are what the keyword's breach carries.
"""

import json
from collections.abc import Mapping

TYPES = {
    "string": {"zh": "文字", "en": "text"},
    "integer": {"zh": "整数", "en": "a whole number"},
    "number": {"zh": "数字", "en": "a number"},
    "boolean": {"zh": "“是”或“否”（true 或 false）", "en": "yes or no (true or false)"},
    "array": {"zh": "列表", "en": "a list"},
    "object": {"zh": "一组有名称的内容", "en": "a group of named entries"},
    "null": {"zh": "空", "en": "empty"},
}
FORMATS = {
    "date": {"zh": "日期，例如 2026-11-21", "en": "a date, for example 2026-11-21"},
    "time": {"zh": "时刻，例如 09:30:00+08:00", "en": "a time, for example 09:30:00+08:00"},
    "date-time": {
        "zh": "日期和时刻，例如 2026-11-21T09:30:00+08:00",
        "en": "a date and time, for example 2026-11-21T09:30:00+08:00",
    },
    "duration": {"zh": "时长，例如 P5D", "en": "a duration, for example P5D"},
    "email": {
        "zh": "电子邮箱，例如 name@example.cn",
        "en": "an e-mail address, for example name@example.cn",
    },
    "idn-email": {
        "zh": "电子邮箱，例如 name@example.cn",
        "en": "an e-mail address, for example name@example.cn",
    },
    "hostname": {"zh": "主机名", "en": "a host name"},
    "ipv4": {"zh": " IPv4 地址，例如 10.0.0.1", "en": "an IPv4 address, for example 10.0.0.1"},
    "ipv6": {"zh": " IPv6 地址", "en": "an IPv6 address"},
    "uri": {
        "zh": "网址，例如 https://example.cn/",
        "en": "an address, for example https://example.cn/",
    },
    "uuid": {"zh": " UUID", "en": "a UUID"},
    "regex": {"zh": "正则表达式", "en": "a regular expression"},
    "id-number": {
        "zh": " 18 位公民身份号码（末位为校验码），请对照身份证检查",
        "en": "an identity number of 18 characters whose last one checks the others",
    },
    "uscc": {
        "zh": " 18 位统一社会信用代码（末位为校验码），请对照营业执照检查",
        "en": "a unified social credit code of 18 characters whose last one checks the others",
    },
    "mobile-phone": {
        "zh": " 11 位手机号码",
        "en": "a mobile number of 11 digits that starts with 1",
    },
    "phone": {
        "zh": "手机号码，或带区号的固定电话",
        "en": "a mobile number, or a telephone number with its area code",
    },
    "postal-code": {"zh": " 6 位邮政编码", "en": "a postal code of 6 digits"},
    "plate": {"zh": "车牌号码", "en": "a number plate"},
}
SENTENCES = {
    "type": {"zh": "“{title}”应当是{wanted}。", "en": "{title} must be {wanted}."},
    "required": {"zh": "缺少“{property}”，请填写。", "en": "{property} is missing. Please fill it in."},
    "enum": {"zh": "“{title}”只能是：{options}。", "en": "{title} must be one of: {options}."},
    "const": {"zh": "“{title}”只能是 {expected_value}。", "en": "{title} must be {expected_value}."},
    "minLength": {"zh": "“{title}”至少要有 {limit} 个字，现有 {count} 个。",
                  "en": "{title} needs at least {limit} characters; it has {count}."},
    "maxLength": {"zh": "“{title}”最多 {limit} 个字，现有 {count} 个。",
                  "en": "{title} may have at most {limit} characters; it has {count}."},
    "pattern": {"zh": "“{title}”的写法不符合要求（{pattern}）。",
                "en": "{title} is not in the expected form ({pattern})."},
    "format": {"zh": "“{title}”应当是{wanted}。", "en": "{title} must be {wanted}."},
    "minimum": {"zh": "“{title}”不能小于 {limit}。", "en": "{title} must be {limit} or more."},
    "maximum": {"zh": "“{title}”不能大于 {limit}。", "en": "{title} must be {limit} or less."},
    "exclusiveMinimum": {"zh": "“{title}”必须大于 {limit}。", "en": "{title} must be more than {limit}."},
    "exclusiveMaximum": {"zh": "“{title}”必须小于 {limit}。", "en": "{title} must be less than {limit}."},
    "multipleOf": {"zh": "“{title}”必须是 {multiple_of} 的倍数。",
                   "en": "{title} must be a multiple of {multiple_of}."},
    "minItems": {"zh": "“{title}”至少要有 {limit} 项，现有 {count} 项。",
                 "en": "{title} needs at least {limit} entries; it has {count}."},
    "maxItems": {"zh": "“{title}”最多 {limit} 项，现有 {count} 项。",
                 "en": "{title} may have at most {limit} entries; it has {count}."},
    "uniqueItems": {"zh": "“{title}”中有重复的项。", "en": "{title} has the same entry twice."},
    "contains": {"zh": "“{title}”中缺少符合要求的项，或者这样的项过多。",
                 "en": "{title} has too few, or too many, entries of the required kind."},
    "minProperties": {"zh": "“{title}”至少要有 {limit} 项内容，现有 {count} 项。",
                      "en": "{title} needs at least {limit} named entries; it has {count}."},
    "maxProperties": {"zh": "“{title}”最多 {limit} 项内容，现有 {count} 项。",
                      "en": "{title} may have at most {limit} named entries; it has {count}."},
    "additionalProperties": {"zh": "“{title}”中有不该出现的内容：{unexpected}。",
                             "en": "{title} has entries that do not belong there: {unexpected}."},
    "unevaluatedProperties": {"zh": "“{title}”中有不该出现的内容：{unexpected}。",
                              "en": "{title} has entries that do not belong there: {unexpected}."},
    "unevaluatedItems": {"zh": "“{title}”中有不该出现的项：{unexpected}。",
                         "en": "{title} has entries that do not belong there: {unexpected}."},
    "additionalItems": {"zh": "“{title}”的项过多。", "en": "{title} has too many entries."},
    "propertyNames": {"zh": "“{title}”中有一项的名称不符合要求。{reason_zh}",
                      "en": "{title} has an entry whose name does not hold. {reason_en}"},
    "anyOf": {"zh": "“{title}”不符合任何一种允许的填法。",
              "en": "{title} fits none of the allowed alternatives."},
    "oneOf": {"zh": "“{title}”必须恰好符合一种允许的填法。",
              "en": "{title} must fit exactly one of the allowed alternatives."},
    "not": {"zh": "“{title}”填了不允许的内容。", "en": "{title} has a content that is not allowed."},
    "falseSchema": {"zh": "此处不允许填写“{title}”。", "en": "{title} must not be given here."},
    "contentEncoding": {"zh": "“{title}”的编码应当是 {content_encoding}。",
                        "en": "{title} must be encoded as {content_encoding}."},
    "contentMediaType": {"zh": "“{title}”的内容应当是 {content_media_type}。",
                         "en": "{title} must be {content_media_type}."},
    "$ref": {"zh": "“{title}”所引用的规则找不到。", "en": "The rules that {title} refers to cannot be found."},
}  # fmt: skip
OTHER = {
    "zh": "“{title}”不符合规则（{keyword}）。",
    "en": "{title} does not satisfy the rule {keyword}.",
}
WHOLE = {"zh": "整份内容", "en": "The whole document"}


def sentence_make(keyword: str, *, title: Mapping[str, str], facts: Mapping) -> dict[str, str]:
    """Say what is wrong (校验提示) as {zh, en}. facts: what the breach of the keyword carries.

    >>> sentence_make("minimum", title={"zh": "年龄", "en": "Age"}, facts={"limit": 18})["zh"]
    '“年龄”不能小于 18。'
    """
    sentence = SENTENCES.get(keyword, OTHER)
    said = {}
    for language, joint in (("zh", "、"), ("en", ", ")):
        values = {name: _said(value, language, joint) for name, value in facts.items()}
        values |= {"title": title[language], "keyword": keyword}
        said[language] = sentence[language].format(**values)
    return said


def _said(value: object, language: str, joint: str) -> str:
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        return value[language]
    if isinstance(value, list):
        return joint.join(_said(each, language, joint) for each in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
