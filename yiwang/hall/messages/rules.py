"""Templates (消息模板), pure: filling them in, what they may ask for, how long a text message gets."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yiwang.sdk.errors import N_

TEXT_MAX = 2000
TITLE_MAX = 120
SMS_PARTS_MAX = 4
LANGUAGES = ("zh", "en")
GROUPS: dict[str, dict[str, str]] = {
    "PROGRESS": {"zh": "办件进度", "en": "Progress of your applications"},
    "ACTION": {"zh": "需要您办理", "en": "What you need to do"},
    "RESULT": {"zh": "办理结果和证照", "en": "Decisions and licences"},
    "WORK": {"zh": "工作提醒", "en": "Work"},
}
KINDS: dict[str, str] = {
    "info": N_("News"),
    "success": N_("Good news"),
    "warning": N_("Something to do"),
    "danger": N_("Refusal or loss"),
}
_KEYS = frozenset(
    "name event audience group kind urgent channels page title body sms".split()  # noqa: SIM905
)
_FIELD = re.compile(r"\{([a-z_]+)\}")
_MISSING = {
    "department": {"zh": "办理部门", "en": "The department in charge"},
    "reason": {"zh": "见详情。", "en": "see the details."},
    "legal_basis": {"zh": "见详情。", "en": "see the details."},
    "measures": {"zh": "见详情。", "en": "see the details."},
    "tracking": {"zh": "见详情", "en": "see the details"},
}
# GSM 03.38: what fits into seven bits; those of the extension take two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Template:
    """A template (模板). title, body, sms: {zh, en}; sms empty: the body. version 0: as shipped.

    topic, where: the event that sends it; page: (address, field of the payload). channels: beside the space.
    """

    name: str
    kind: str
    title: Mapping[str, str]
    body: Mapping[str, str]
    sms: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ("EMAIL", "SMS")
    group: str = "PROGRESS"
    is_urgent: bool = False
    audience: str = "APPLICANT"
    topic: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    page: tuple[str, str] = ("", "")
    version: int = 0

    @property
    def fields(self) -> frozenset[str]:
        """Return the names that its texts ask for (个性化字段)."""
        texts = (self.title, self.body, self.sms)
        return frozenset(name for text in texts for one in text.values() for name in fields_of(one))

    @property
    def sms_text(self) -> Mapping[str, str]:
        """Return what a text message says: its own words or the body."""
        return self.sms if self.sms.get("zh") else self.body


def template_read(entry: Mapping[str, Any]) -> Template:
    """Make a template (模板) of an entry of the shipped file.

    >>> template_read({"name": "x", "kind": "info", "event": "a.b", "title": {}, "body": {}}).topic
    'a.b'
    """
    if unknown := set(entry) - _KEYS:
        raise ValueError(f"The template {entry.get('name')} has unknown keys: {unknown}")
    event = entry.get("event", "")
    topic, where = (
        (event, {}) if isinstance(event, str) else (event["topic"], event.get("where", {}))
    )
    return Template(
        name=entry["name"],
        kind=entry["kind"],
        title=entry["title"],
        body=entry["body"],
        sms=entry.get("sms", {}),
        channels=tuple(entry.get("channels", ("EMAIL", "SMS"))),
        group=entry.get("group", "PROGRESS"),
        is_urgent=bool(entry.get("urgent", False)),
        audience=entry.get("audience", "APPLICANT"),
        topic=topic,
        where=where,
        page=tuple(entry.get("page", ("", ""))),
    )


def template_for(templates: Iterable[Template], topic: str, payload: Mapping) -> Template | None:
    """Return the template an event calls for, None for an event nobody is told about."""
    for template in templates:
        if template.topic == topic and all(
            payload.get(name) == value for name, value in template.where.items()
        ):
            return template
    return None


def fields_of(text: str) -> list[str]:
    """Return the names in a text (个性化字段), in their order.

    >>> fields_of("申请{title}（{number}）")
    ['title', 'number']
    """
    return _FIELD.findall(text)


def params_of(template: Template, payload: Mapping) -> dict[str, object]:
    """Take from an event what a template asks for; the department's name stands under `department_name`."""
    found = {name: payload.get(name) for name in template.fields | {"number", "title"}}
    found["department"] = payload.get("department_name") or payload.get("department")
    return {
        name: value if isinstance(value, Mapping) else str(value)
        for name, value in found.items()
        if value not in (None, "")
    }


def text_make(pattern: Mapping[str, str], params: Mapping) -> dict[str, str]:
    """Fill in a {zh, en} pattern; a value may itself be {zh, en}. Unknown names read as empty.

    >>> text_make({"zh": "申请{title}", "en": "Apply for {title}"}, {"title": {"zh": "甲", "en": "A"}})
    {'zh': '申请甲', 'en': 'Apply for A'}
    """
    found = {}
    for language in LANGUAGES:
        values = _in_language(params, language)
        filled = _FIELD.sub(lambda match: values[match[1]], pattern.get(language, ""))  # noqa: B023
        found[language] = filled[:TEXT_MAX]
    return found


def _in_language(params: Mapping, language: str) -> defaultdict[str, str]:
    values: defaultdict[str, str] = defaultdict(str)
    values.update({name: text[language] for name, text in _MISSING.items()})
    for name, value in params.items():
        text = value
        if isinstance(value, Mapping):
            text = value.get(language) or value.get("zh") or value.get("en")
        if text not in (None, ""):
            values[name] = str(text)
    return values


def sms_parts(text: str) -> int:
    """Return of how many parts a text message (短信条数) consists: 70 signs each, 67 when split.

    Latin letters alone take seven bits: 160 and 153. Source: 3GPP TS 23.038, 23.040.

    >>> sms_parts("好" * 70), sms_parts("好" * 71), sms_parts("a" * 160), sms_parts("a" * 161)
    (1, 2, 1, 2)
    """
    if all(sign in _GSM or sign in _GSM_TWO for sign in text):
        length = len(text) + sum(sign in _GSM_TWO for sign in text)
        single, split = 160, 153
    else:
        length = len(text.encode("utf-16-le")) // 2
        single, split = 70, 67
    return 1 if length <= single else -(-length // split)


def template_faults(new: Template, shipped: Template) -> dict[str, list[str]]:
    """Say what is wrong with a changed template (模板校验): field → sentences; {} when it can be kept.

    It may ask for what the shipped one asks for, since only that is known to be in the event.
    """
    faults: dict[str, list[str]] = {}
    for part in ("title", "body", "sms"):
        texts = getattr(new, part)
        for language in LANGUAGES:
            found = _text_faults(part, texts.get(language, ""), shipped)
            if part == "sms" and bool(texts.get("zh")) != bool(texts.get("en")):
                found.append(N_("Write the text message in both languages or in none."))
            if found:
                faults[f"{part}_{language}"] = found
    if set(new.channels) - {"EMAIL", "SMS"}:
        faults["channels"] = [N_("Choose one of the channels.")]
    if new.kind not in KINDS:
        faults["kind"] = [N_("Choose what kind of message it is.")]
    if new.group not in GROUPS:
        faults["group"] = [N_("Choose a group.")]
    return faults


def _text_faults(part: str, text: str, shipped: Template) -> list[str]:
    found = []
    if part != "sms" and not text.strip():
        found.append(N_("Write the text in both languages."))
    if len(text) > (TITLE_MAX if part == "title" else TEXT_MAX):
        found.append(N_("The text is too long."))
    if set(fields_of(text)) - shipped.fields or re.search(r"[{}]", _FIELD.sub("", text)):
        found.append(N_("Use only the fields that are listed, each in braces."))
    if part == "sms" and sms_parts(text) > SMS_PARTS_MAX:
        found.append(N_("The text message would be cut into more than four parts."))
    return found
