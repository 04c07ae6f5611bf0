"""Texts of services' templates (通知模板文本), pure: ((fields)), conditions, lists, escaping, lengths."""

import html
import re
from collections.abc import Mapping

SMS_SIGNS_MAX = 918
EMAIL_BYTES_MAX = 2_000_000
# ((name)), or ((name??shown when name is yes)); neither has brackets inside.
_PLACE = re.compile(r"\(\(([^()?]+)(?:\?\?([^()]*))?\)\)")
_MARKDOWN = re.compile(r"([`*_()\\{}\[\]<>#+\-.!|])")
_LINK = re.compile(r"https?://\S+|(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}\S*")
_YES = {"yes", "y", "true", "t", "1", "include", "show", "是"}


def plain_name(name: str) -> str:
    """Return a field's name as it is compared: case, spaces, hyphens and underscores do not count.

    >>> plain_name("First name") == plain_name("first_name")
    True
    """
    return re.sub(r"[\s_\-]", "", name).casefold()


def places_of(*texts: str) -> list[str]:
    """Return the fields of texts in their order (个性化字段), each once.

    >>> places_of("((name)) ((visit??on a day))", "((Name))")
    ['name', 'visit']
    """
    found: dict[str, str] = {}
    for text in texts:
        for name, _inside in _PLACE.findall(text):
            found.setdefault(plain_name(name), name.strip())
    return list(found.values())


def missing_of(values: Mapping[str, object], *texts: str) -> list[str]:
    """Return the fields that have no value (缺少的字段)."""
    given = {plain_name(name) for name, value in values.items() if value is not None}
    return [name for name in places_of(*texts) if plain_name(name) not in given]


def text_fill(text: str, values: Mapping[str, object], *, is_email: bool = False) -> str:
    """Fill in a text (填充). A list becomes points in an e-mail and *a, b and c* elsewhere.

    >>> text_fill("((who)): ((late??too late))", {"Who": ["a", "b"], "late": "yes"})
    'a and b: too late'
    """
    known = {plain_name(name): value for name, value in values.items()}

    def put(match: re.Match) -> str:
        value = known.get(plain_name(match[1]), "")
        if match[2] is None:
            return _shown(value, is_email=is_email)
        return match[2] if str(value).strip().casefold() in _YES or value is True else ""

    return _PLACE.sub(put, text)


def _shown(value: object, *, is_email: bool) -> str:
    if not isinstance(value, list):
        return str(value)
    words = [str(one) for one in value if one is not None and str(one).strip()]
    if is_email:
        return "\n\n" + "\n".join(f"* {word}" for word in words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def sanitised(value: object) -> object:
    """Return a value without links and signs of markup (内容净化), as `sanitise_content_for` asks.

    >>> sanitised("a_b see evil.com and https://evil.com/x")
    'a\\\\_b see evil\\\\. com and '
    """
    if not isinstance(value, str):
        return value
    without = _LINK.sub(
        lambda match: (
            re.sub(r"\.", ". ", match[0]) if re.fullmatch(r"[a-zA-Z0-9.\-]+", match[0]) else ""
        ),
        value,
    )
    return _MARKDOWN.sub(r"\\\1", without)


def html_of(body: str) -> str:
    """Return an e-mail's text as HTML for a preview (预览)."""
    parts = [f"<p>{html.escape(part)}</p>" for part in re.split(r"\n{2,}", body.strip())]
    return "".join(part.replace("\n", "<br />") for part in parts)


def too_long(kind: str, body: str) -> str:
    """Say why a text is too long, "" when it is not (长度检查)."""
    if kind == "sms" and len(body) > SMS_SIGNS_MAX:
        return (
            "Your message is too long. "
            f"Text messages cannot be longer than {SMS_SIGNS_MAX} characters. "
            f"Your message is {len(body)} characters long."
        )
    size = len(body.encode())
    if kind == "email" and size > EMAIL_BYTES_MAX:
        return (
            f"Your message is too long. Emails cannot be longer than {EMAIL_BYTES_MAX} bytes. "
            f"Your message is {size} bytes."
        )
    return ""
