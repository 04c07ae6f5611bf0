"""Articles of laws (条款) as an English page names them: 第九条、第十一条 is arts. 9, 11."""

import re

_DIGITS = {one: value for value, one in enumerate("零一二三四五六七八九")}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_ARTICLE = r"第[零一二三四五六七八九十百千]+条(?:第[零一二三四五六七八九十百千]+款)?"
_CITATION = re.compile(rf"{_ARTICLE}(?:[、至和]{_ARTICLE})*")
_PART = re.compile(r"([、至和]?)第([^条款]+)条(?:第([^款]+)款)?")
_JOINS = {"": "", "、": ", ", "和": " and ", "至": " to "}


def numeral_read(text: str) -> int:
    """Read a Chinese numeral below ten thousand (中文数字).

    >>> [numeral_read(one) for one in ("九", "十", "十四", "三十", "二百三十九", "一百零五")]
    [9, 10, 14, 30, 239, 105]
    """
    total = digit = 0
    for one in text:
        if one in _DIGITS:
            digit = _DIGITS[one]
        else:
            total, digit = total + (digit or 1) * _UNITS[one], 0
    return total + digit


def articles_english(text: str) -> str:
    """Return a citation of articles in English (条款英文写法); what is no such citation stays as it is.

    >>> articles_english("第三十八条第二款"), articles_english("第二条、第十一条至第十四条")
    ('art. 38 par. 2', 'arts. 2, 11 to 14')
    >>> articles_english("附件第101项")
    '附件第101项'
    """
    if not _CITATION.fullmatch(text):
        return text
    parts = _PART.findall(text)
    said = "".join(
        _JOINS[join]
        + str(numeral_read(article))
        + (f" par. {numeral_read(paragraph)}" if paragraph else "")
        for join, article, paragraph in parts
    )
    return ("art. " if len(parts) == 1 else "arts. ") + said
