"""Pure rules of promises (承诺规则): what is promised in which words, what may follow what."""

from collections.abc import Mapping, Sequence

from yiwang.hall.promises.data import (
    ALL_MATTERS,
    BROKEN,
    COMMITMENT,
    CREDIT,
    KEPT,
    MADE,
    OPEN,
    REVOKE,
    SUPPLIED,
    TOLERANT,
    VOID,
    WITHHOLD,
    BarTerms,
)
from yiwang.sdk.canonical import canonical_digest

ENDED = frozenset({KEPT, BROKEN, VOID})
# From which states an act leads to which: everything else is refused.
NEXT: dict[str, dict[str, str]] = {
    "BEGIN": {MADE: OPEN},
    "SUPPLY": {MADE: SUPPLIED, OPEN: SUPPLIED},
    "RETURN": {SUPPLIED: OPEN},
    "KEEP": {SUPPLIED: KEPT, OPEN: KEPT},
    "BREAK": {OPEN: BROKEN, SUPPLIED: BROKEN},
    "VOID": {MADE: VOID, OPEN: VOID, SUPPLIED: VOID},
}
RETURN_DAYS = 3
"""Working days that are left at least after a document was sent back."""
_KIND_ZH = {TOLERANT: "容缺受理", COMMITMENT: "告知承诺"}
_KIND_EN = {TOLERANT: "documents that follow", COMMITMENT: "written commitments"}

_WHAT_FOLLOWS = {
    WITHHOLD: {
        "zh": "未按期补齐的，不予发放办理结果",
        "en": "nothing is issued before it is there",
    },
    REVOKE: {"zh": "未按期补齐的，撤销已作出的决定", "en": "the decision is revoked otherwise"},
    CREDIT: {
        "zh": "未按期补齐的，记入信用记录",
        "en": "otherwise it is noted for my credit record",
    },
}


def follow_text(
    title: Mapping[str, str], *, days: int, consequence: str, terms: BarTerms | None = None
) -> dict[str, str]:
    """Write the promise to hand a document in later (容缺受理承诺书), in both languages.

    terms: what one is barred from when it does not follow, told with the rest.

    >>> follow_text({"zh": "检测报告", "en": "Test report"}, days=10, consequence="WITHHOLD")["zh"]
    '本人承诺：自受理之日起十个工作日内补交“检测报告”；未按期补齐的，不予发放办理结果。本人知悉并接受。'
    """
    then, barred = _WHAT_FOLLOWS[consequence], terms_text(terms)
    return {
        "zh": (
            f"本人承诺：自受理之日起{number_zh(days)}个工作日内补交“{title['zh']}”；{then['zh']}{barred['zh']}。"
            "本人知悉并接受。"
        ),
        "en": (
            f"I promise to hand in “{title['en']}” within {days} working days of acceptance; {then['en']}{barred['en']}. "
            "I know and accept this."
        ),
    }


def commitment_text(
    title: Mapping[str, str],
    *,
    notice: Sequence[Mapping[str, str]],
    consequences: Mapping[str, str],
    legal_basis: str,
    check_days: int,
    terms: BarTerms | None = None,
) -> dict[str, str]:
    """Write notice and commitment (告知承诺书) as one text, in both languages: what the law asks, what
    is committed to, what follows when it is not true."""
    barred = terms_text(terms)
    barred_zh = f"承诺不实的{barred['zh'].replace('，并', '，')}。" if terms else ""
    barred_en = f"When it is untrue{barred['en'].replace(', and', ',')}. " if terms else ""
    zh = "".join(f"（{number_zh(at)}）{one['zh']}；" for at, one in enumerate(notice, 1))
    en = " ".join(f"({at}) {one['en']};" for at, one in enumerate(notice, 1))
    basis_zh = f"依据{legal_basis}，" if legal_basis else ""
    return {
        "zh": (
            f"行政机关告知：{basis_zh}办理本事项应当符合下列条件：{zh}可以书面承诺代替提交“{title['zh']}”。"
            f"行政机关自作出决定之日起{number_zh(check_days)}个工作日内核查。{consequences['zh']}{barred_zh}"
            "申请人承诺：已知晓上述告知事项，所作承诺真实，已符合上述条件，愿意承担不实承诺的法律责任。"
        ),
        "en": (
            f"The authority informs: whoever applies must satisfy: {en} A written commitment may replace "
            f"“{title['en']}”. The authority checks it within {check_days} working days of its decision. "
            f"{consequences['en']} {barred_en}The applicant commits: I know what I was told, what I state is true, the "
            "conditions are satisfied, and I answer for it if they are not."
        ),
    }


def terms_text(terms: BarTerms | None) -> dict[str, str]:
    """Say what a broken promise bars from (限制条件), to be added to the words; empty without terms.

    >>> terms_text(BarTerms(180, ALL_MATTERS, (TOLERANT,)))["zh"]
    '，并自认定之日起一百八十日内办理各类事项不再适用容缺受理'
    """
    if terms is None:
        return {"zh": "", "en": ""}
    names_zh = "、".join(_KIND_ZH[kind] for kind in terms.kinds)
    names_en = " or ".join(_KIND_EN[kind] for kind in terms.kinds)
    where_zh = "办理各类事项" if terms.scope == ALL_MATTERS else "办理本事项"
    where_en = "for any matter" if terms.scope == ALL_MATTERS else "for this matter"
    return {
        "zh": f"，并自认定之日起{days_zh(terms.days)}日内{where_zh}不再适用{names_zh}",
        "en": f", and for {terms.days} days from then on I cannot use {names_en} {where_en}",
    }


def text_digest(text: Mapping[str, str]) -> str:
    """Digest the words that were agreed to (承诺文本摘要): SHA-256 of their canonical JSON."""
    return canonical_digest(dict(text))


def number_zh(number: int) -> str:
    """Write a number below 100 in Chinese figures; larger ones stay as they are.

    >>> number_zh(5), number_zh(10), number_zh(12), number_zh(30), number_zh(120)
    ('五', '十', '十二', '三十', '120')
    """
    if not 0 < number < 100:
        return str(number)
    figures = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{figures[tens]}十"
    return head + (figures[ones] if ones else "")


def state_after(act: str, state: str) -> str | None:
    """Return the state that an act leads to, None when it may not be done now.

    >>> state_after("SUPPLY", "OPEN"), state_after("SUPPLY", "BROKEN")
    ('SUPPLIED', None)
    """
    return NEXT[act].get(state)


def blocks_issue(kind: str, state: str, consequence: str) -> bool:
    """Tell whether a promise keeps anything from being issued (是否暂缓发证)."""
    if state == BROKEN:
        return True
    return kind == TOLERANT and consequence == WITHHOLD and state not in ENDED


def revokes(kind: str, consequence: str) -> bool:
    """Tell whether a broken promise revokes what was issued (是否撤销决定)."""
    return kind == COMMITMENT or consequence == REVOKE


def days_zh(number: int) -> str:
    """Write days below 1000 in Chinese figures; more stay as they are.

    >>> days_zh(30), days_zh(180), days_zh(365), days_zh(205), days_zh(730)
    ('三十', '一百八十', '三百六十五', '二百零五', '七百三十')
    """
    if not 100 <= number < 1000:
        return number_zh(number)
    figures = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    head = f"{figures[hundreds]}百"
    if not rest:
        return head
    if rest < 10:
        return f"{head}零{figures[rest]}"
    return head + (f"一{number_zh(rest)}" if rest < 20 else number_zh(rest))
