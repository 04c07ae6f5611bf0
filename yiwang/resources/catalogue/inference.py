"""What a table looks like from a sample (盘点识别): types, personal data, keys, owner. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from yiwang.resources.catalogue.data import (
    ColumnFinding,
    ColumnSample,
    FieldSpec,
    Proposal,
    ResourceSpec,
    TableSample,
)
from yiwang.sdk import identifiers
from yiwang.sdk.text import clean

# A kind is believed when so many of a column's values fit, and there are at least so many values.
BELIEVED, VALUES_MIN = 0.8, 3
LENGTH_STEPS = (1, 2, 4, 8, 18, 20, 32, 50, 64, 100, 128, 200, 255, 500, 1000, 2000, 4000)
_DATE = re.compile(r"(19|20)\d\d[-/.年]?(0?[1-9]|1[0-2])[-/.月]?(0?[1-9]|[12]\d|3[01])日?")
_MOMENT = re.compile(r"(19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\S*")
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?\d{1,15}\.\d+")
_FLAGS = frozenset({"0", "1", "是", "否", "true", "false", "Y", "N", "y", "n", "t", "f"})
_ADDRESS = re.compile(r"[\u4e00-\u9fff].*(省|市|区|县|镇|乡|街道|路|街|巷|村|弄|号|室|幢)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_PERSON_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}(·[\u4e00-\u9fff]{2,8})?")
# The hundred commonest surnames hold 85 % of the people; enough to tell names from other words.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓韩冯曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔"
)


def _name_like(text: str) -> bool:
    return bool(_PERSON_NAME.fullmatch(text)) and text[0] in _SURNAMES


# Kind -> does a value fit, protection level, words in column names that speak for it.
# A kind whose form says little (a name, an address) needs a column name that agrees.
PERSONAL: dict[str, tuple[Callable[[str], bool], int, tuple[str, ...]]] = {
    "ID_NUMBER": (
        lambda text: identifiers.id_number_valid(identifiers.normalise(text)),
        4,
        ("身份证", "身份号", "证件号", "id_number", "idcard", "id_no", "sfz", "zjhm", "gmsfhm"),
    ),
    "BANK_CARD": (
        identifiers.luhn_valid,
        4,
        ("银行", "卡号", "账号", "bank", "card", "account", "yhzh"),
    ),
    "PHONE": (
        lambda text: identifiers.mobile_valid(text) or identifiers.landline_valid(text),
        3,
        ("电话", "手机", "联系方式", "phone", "mobile", "tel", "lxdh", "sjh"),
    ),
    "EMAIL": (lambda text: bool(_EMAIL.fullmatch(text)), 3, ("邮箱", "email", "mail")),
    "USCC": (
        lambda text: identifiers.uscc_valid(identifiers.normalise(text)),
        1,
        ("信用代码", "uscc", "tyshxydm"),
    ),
    "NAME": (_name_like, 3, ("姓名", "户主", "联系人", "代表人", "负责人", "name", "xm")),
    "ADDRESS": (
        lambda text: len(text) >= 6 and bool(_ADDRESS.search(text)),
        3,
        ("地址", "住址", "住所", "address", "addr", "dz"),
    ),
}
# These are believed only where the column's name agrees: streets and places have addresses too.
_NEED_NAME = frozenset({"BANK_CARD", "ADDRESS"})


def proposal_of(table: TableSample, owners: Mapping[str, Sequence[str]]) -> Proposal:
    """Propose a resource for a table (资源提议). owners: function -> names that speak for it."""
    findings = tuple(column_finding(column) for column in table.columns)
    keys = key_columns(table, findings)
    findings = tuple(
        ColumnFinding(f.name, f.type, f.personal, f.certain, f.filled, f.name in keys)
        for f in findings
    )
    columns = zip(table.columns, findings, strict=True)
    fields = tuple(_field(column, found) for column, found in columns)
    title = clean(table.comment) or clean(re.sub(r"[_\-]+", " ", table.name.rpartition("/")[2]))
    spec = ResourceSpec(
        title=title[:200],
        summary="",
        fields=fields,
        system=table.name[:200],
        sharing="2",
        opening="CLOSED",
    )
    return Proposal(table.name, spec, owner_of(table.name, owners), table.rows, findings)


def column_finding(column: ColumnSample) -> ColumnFinding:
    """Say what a column's values are, from the sample.

    >>> column_finding(ColumnSample("xm", values=("沈月琴", "顾明远", "陆文斌"))).personal
    'NAME'
    """
    values = [text for text in map(str.strip, column.values) if text]
    filled = len(values) / len(column.values) if column.values else 0.0
    kind, certain = _personal(column, values)
    return ColumnFinding(column.name, _type(column, values, kind), kind, certain, round(filled, 3))


def _personal(column: ColumnSample, values: list[str]) -> tuple[str, float]:
    if len(values) < VALUES_MIN:
        return "", 0.0
    label = f"{column.name} {column.comment}".lower()
    for kind, (fits, _level, words) in PERSONAL.items():
        share = sum(map(fits, values)) / len(values)
        named = any(word in label for word in words)
        wanted = BELIEVED / 2 if named else BELIEVED
        if share >= wanted and (named or kind not in _NEED_NAME):
            return kind, round(share, 3)
    return "", 0.0


_DECLARED = (
    (re.compile(r"timestamp|datetime", re.IGNORECASE), "T"),
    (re.compile(r"date", re.IGNORECASE), "D"),
    (re.compile(r"bool|bit", re.IGNORECASE), "L"),
    (re.compile(r"money", re.IGNORECASE), "Y"),
    (re.compile(r"double|float64", re.IGNORECASE), "B"),
    (re.compile(r"real|float", re.IGNORECASE), "F"),
    (re.compile(r"decimal|numeric", re.IGNORECASE), "N"),
    (re.compile(r"int|serial", re.IGNORECASE), "I"),
)


def _type(column: ColumnSample, values: list[str], personal: str) -> str:
    """Return the letter of the type: numbers with leading zeros and identifiers are text."""
    if personal:
        return "C"
    for pattern, letter in _DECLARED:
        if pattern.search(column.declared):
            return letter
    if not values:
        return "C"
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("L", lambda text: text in _FLAGS),
        ("T", lambda text: bool(_MOMENT.fullmatch(text))),
        ("D", lambda text: bool(_DATE.fullmatch(text))),
        ("I", lambda text: bool(_WHOLE.fullmatch(text))),
        ("N", lambda text: bool(_WHOLE.fullmatch(text) or _NUMBER.fullmatch(text))),
        ("M", lambda text: len(text) > 500),
    )
    return next((letter for letter, fits in tests if all(map(fits, values))), "C")


def key_columns(table: TableSample, findings: Iterable[ColumnFinding]) -> set[str]:
    """Return the key: the declared one, else the first column that is full and never repeats."""
    declared = {column.name for column in table.columns if column.is_key}
    if declared:
        return declared
    by_name = {found.name: found for found in findings}
    for column in table.columns:
        values = [text.strip() for text in column.values]
        is_unique = len(values) >= VALUES_MIN and all(values) and len(set(values)) == len(values)
        if is_unique and by_name[column.name].type in ("C", "I"):
            return {column.name}
    return set()


def owner_of(name: str, owners: Mapping[str, Sequence[str]]) -> str:
    """Return the function whose name stands in a table's name, the longest match; "" for none.

    >>> owner_of("market_supervision/许可", {"market_supervision": ("市场监管",)})
    'market_supervision'
    """
    text = name.lower()
    matches = [
        (len(word), function)
        for function, words in owners.items()
        for word in (function, *words)
        if len(word) > 1 and word.lower() in text
    ]
    return max(matches)[1] if matches else ""


def _field(column: ColumnSample, found: ColumnFinding) -> FieldSpec:
    level = PERSONAL[found.personal][1] if found.personal else 2
    longest = max(map(len, column.values), default=0)
    length = next((step for step in LENGTH_STEPS if step >= longest), 0) if longest else 0
    return FieldSpec(
        name=clean(column.name).replace("/", "_")[:100],
        title=clean(column.comment)[:100] or clean(column.name)[:100],
        type=found.type,
        length=length if found.type == "C" else 0,
        level=level,
        sharing="2" if level >= 3 else "1",
        is_key=found.is_key,
    )
