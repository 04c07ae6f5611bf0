"""What a steward is told of data each day (数据管理摘要): one line for each thing, in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from yiwang.hall.messages.rules import text_make

SEND_FROM = time(8, 30)
SETTLED = timedelta(minutes=30)
LINES_SHOWN = 8
SUPPLIER, BUREAU = "SUPPLIER", "BUREAU"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of line (摘要事项). audience: the supplying department's stewards, the city's, or both."""

    heading: Mapping[str, str]
    line: Mapping[str, str]
    audience: tuple[str, ...]


# In the order in which a digest lists them: what has gone wrong first.
KINDS: dict[str, Kind] = {
    "BATCH_STOPPED": Kind(
        {"zh": "批次停止或失败", "en": "Batches that stopped or failed"},
        {
            "zh": "《{title}》第 {number} 批未入库：{reason}",
            "en": "{title}, batch {number}, is not in force: {reason}",
        },
        (SUPPLIER,),
    ),
    "EXCEPTION_OVERDUE": Kind(
        {"zh": "逾期未办的异常", "en": "Exceptions overdue"},
        {
            "zh": "{title}（{number}）应于 {due} 前办理，已逾期",
            "en": "{title} ({number}) was due on {due}",
        },
        (SUPPLIER, BUREAU),
    ),
    "EXCEPTION_NEW": Kind(
        {"zh": "新异常", "en": "New exceptions"},
        {
            "zh": "{title}（{number}）：{rows} 行，请于 {due} 前办理",
            "en": "{title} ({number}): {rows} rows, due {due}",
        },
        (SUPPLIER,),
    ),
    "EXCEPTION_BACK": Kind(
        {"zh": "再次出现的异常", "en": "Exceptions that came back"},
        {
            "zh": "{title}（{number}）在第 {batch} 批中再次出现",
            "en": "{title} ({number}) came back with batch {batch}",
        },
        (SUPPLIER,),
    ),
    "EXCEPTION_DECIDED": Kind(
        {"zh": "争议裁定", "en": "Disputes decided"},
        {
            "zh": "{title}（{number}）的争议已裁定，请查看",
            "en": "The dispute about {title} ({number}) is decided",
        },
        (SUPPLIER,),
    ),
    "EXCEPTION_DISPUTED": Kind(
        {"zh": "部门提出争议", "en": "Departments that dispute"},
        {
            "zh": "{department}对 {title}（{number}）提出争议，请裁定",
            "en": "{department} disputes {title} ({number}); please decide",
        },
        (BUREAU,),
    ),
    "FEED_SILENT": Kind(
        {"zh": "逾期未报的数据", "en": "Feeds that are silent"},
        {
            "zh": "{department}的《{title}》未按承诺周期报送",
            "en": "{department} has not sent {title} within its cycle",
        },
        (SUPPLIER, BUREAU),
    ),
    "FEED_UNUSUAL": Kind(
        {"zh": "数据异动", "en": "Unusual deliveries"},
        {"zh": "《{title}》：{what}", "en": "{title}: {what}"},
        (SUPPLIER,),
    ),
    "REVIEW_WAITING": Kind(
        {"zh": "待判定的记录对", "en": "Pairs to review"},
        {
            "zh": "{registry}融合后有 {pairs} 对记录待人工判定",
            "en": "{pairs} pairs of the {registry} wait for a person's word",
        },
        (BUREAU,),
    ),
    "TOKEN_EXPIRING": Kind(
        {"zh": "即将到期的接口令牌", "en": "Tokens about to expire"},
        {
            "zh": "{title}的令牌 {number} 将于 {due} 到期，请签发新令牌",
            "en": "The token {number} of {title} expires on {due}; issue a new one",
        },
        (SUPPLIER,),
    ),
}
ORDER = {kind: place for place, kind in enumerate(KINDS)}
ALERTS = {
    "VOLUME": {"zh": "行数与往常相差悬殊", "en": "the number of rows is far from the usual"},
    "DRIFT": {"zh": "取值分布与往常不同", "en": "values are distributed otherwise than before"},
    "SCHEMA": {"zh": "列发生变化", "en": "the columns have changed"},
}
REGISTRIES = {
    "population": {"zh": "人口库", "en": "population registry"},
    "legal-persons": {"zh": "法人库", "en": "registry of legal persons"},
}


def line_make(kind: str, params: Mapping[str, object]) -> dict[str, str]:
    """Return a line of a digest in both languages (摘要条目).

    >>> line_make("EXCEPTION_OVERDUE", {"title": "性别", "number": "YC1", "due": "2026-11-20"})["en"]
    '性别 (YC1) was due on 2026-11-20'
    """
    return text_make(KINDS[kind].line, params)


def body_make(lines: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Return the words of a digest (摘要正文): how many of each kind, then the first lines.

    lines: (kind, text {zh, en}).
    """
    ordered = sorted(lines, key=lambda line: ORDER[line[0]])
    counts: dict[str, int] = {}
    for kind, _text in ordered:
        counts[kind] = counts.get(kind, 0) + 1
    found = {}
    for language, joint, stop in (("zh", "；", "。"), ("en", "; ", ".")):
        heads = [f"{KINDS[kind].heading[language]} {n}" for kind, n in counts.items()]
        texts = [text[language] for _kind, text in ordered[:LINES_SHOWN]]
        more = len(ordered) - len(texts)
        if more:
            texts.append({"zh": f"另有 {more} 项", "en": f"and {more} more"}[language])
        found[language] = joint.join(heads) + stop + "\n" + "\n".join(f"· {text}" for text in texts)
    return found


def may_send(oldest_at: datetime, last_sent_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether a person's lines go out now (发送时机): once a day, from half past eight on.

    All times in the city's time. Lines settle for half an hour, so that one delivery is one digest.
    """
    if now.timetz().replace(tzinfo=None) < SEND_FROM or now - oldest_at < SETTLED:
        return False
    return last_sent_at is None or last_sent_at.date() < now.date()
