"""Characters that are written in more than one way (异体字与全角字符), for names and typed numbers.

Only forms that are the same character by the table of variant forms (第一批异体字整理表, 1955) and
full-width forms; never simplification, never guesses: 昇 and 升 are two names.
"""

VARIANTS = {
    "峯": "峰", "羣": "群", "寗": "宁", "煕": "熙", "豔": "艳", "艷": "艳", "氷": "冰", "灋": "法",
    "鉄": "铁", "銕": "铁", "濬": "浚", "畧": "略", "隣": "邻", "畱": "留", "栢": "柏", "菴": "庵",
    "葢": "盖", "栁": "柳", "嶽": "岳", "翶": "翱", "暎": "映", "晳": "晰", "囯": "国", "仝": "同",
}  # fmt: skip
DOTS = "•‧・．∙"  # noqa: RUF001 - the marks that stand for the dot of 阿依古丽·买买提

FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
BLANKS = " \u3000\u00a0\t"


def name_table() -> tuple[str, str]:
    """Return (from, to) for `translate`: what stands past the end of `to` is left out.

    >>> source, target = name_table()
    >>> "峯" in source, len(source) - len(target)
    (True, 4)
    """
    pairs = {**FULL_WIDTH, **dict.fromkeys(DOTS, "·")}
    pairs |= VARIANTS
    return "".join(pairs) + BLANKS, "".join(pairs.values())


def digit_table() -> tuple[str, str]:
    """Return (from, to) for numbers typed in full width; blanks are left out.

    >>> digit_table()[1]
    '0123456789Xx+-'
    """
    keep = "0123456789Xx+-"
    return "".join(chr(ord(c) + 0xFEE0) for c in keep) + BLANKS, keep
