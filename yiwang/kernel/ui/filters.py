"""Filters of the templates (模板过滤器): how values read in the active language."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext
from markupsafe import Markup

from yiwang.sdk import masking
from yiwang.sdk.articles import articles_english

_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def localized(value: object) -> str:
    """Return the text of the active language from {zh, en}; other values as they are."""
    if isinstance(value, Mapping):
        first, second = ("zh", "en") if _chinese() else ("en", "zh")
        return str(value.get(first) or value.get(second) or "")
    return "" if value is None else str(value)


def date_text(value: date | datetime | str | None) -> str:
    """Return a date as 2026年11月2日 or 2 November 2026."""
    day = _as_date(value)
    if day is None:
        return ""
    if _chinese():
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def datetime_text(value: datetime | str | None) -> str:
    """Return a moment in the city's time as 2026年11月2日 09:30."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if value else None
    if value is None:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{date_text(local)} {local:%H:%M}"


def _as_date(value: date | datetime | str | None) -> date | None:
    if not value:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def money_fen(value: int | None) -> str:
    """Return an amount given in fen as yuan: 123456 is ¥1,234.56; nothing to pay is 免费."""
    if value is None:
        return ""
    if value == 0:
        return gettext("Free of charge")
    return f"¥{Decimal(value) / 100:,.2f}"


def listed(values: Iterable[object], clauses: bool = False) -> str:
    """Return values as a list in a sentence: 甲、乙 or A, B; clauses: 甲；乙 or A; B."""
    if _chinese():
        between = "；" if clauses else "、"
    else:
        between = "; " if clauses else ", "
    texts = (one if isinstance(one, str) else localized(one) for one in values)
    return Markup(between).join(texts)  # noqa: S704 - a mark of ours


def colon(label: str) -> str:
    """Return a label before what it labels: 理由： or "Reason: "."""
    return label + ("：" if _chinese() else ": ")


def articles(text: str) -> str:
    """Return a citation of articles of a law: 第九条 or art. 9."""
    return text if _chinese() else articles_english(text)


def number(value: float | int | None, digits: int = 0) -> str:
    """Return a figure with thousands separators."""
    return "" if value is None else f"{value:,.{digits}f}"


def filesize(value: int | None) -> str:
    """Return a size in B, KB, MB or GB (1 KB = 1024 B)."""
    if value is None:
        return ""
    size = float(value)
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


def duration(amount: float, unit: str) -> str:
    """Return a limit such as 20 个工作日; unit: WORKING_DAY, WORKING_HOUR or CALENDAR_DAY."""
    amount = round(amount, 1)
    whole = amount == int(amount)
    amount = int(amount) if whole else amount
    plural = amount if whole else 2
    if unit == "WORKING_HOUR":
        text = ngettext("%(count)s working hour", "%(count)s working hours", plural)
    elif unit == "CALENDAR_DAY":
        text = ngettext("%(count)s calendar day", "%(count)s calendar days", plural)
    else:
        text = ngettext("%(count)s working day", "%(count)s working days", plural)
    return text % {"count": amount}


FILTERS = {
    "localized": localized,
    "date_text": date_text,
    "datetime_text": datetime_text,
    "money_fen": money_fen,
    "number": number,
    "listed": listed,
    "colon": colon,
    "articles": articles,
    "filesize": filesize,
    "duration": duration,
    "mask_name": masking.mask_name,
    "mask_id_number": masking.mask_id_number,
    "mask_phone": masking.mask_phone,
    "mask_address": masking.mask_address,
}
