"""Pure rules of registration (登记规则): what a filing must satisfy, codes, articles, dates."""

import calendar
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_UP, Decimal

from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import USCC_ALPHABET, uscc_make

BODY_PREFIX, BODY_LENGTH = "MAY", 5
"""Bodies that this registrar gives out: MA, as all since 2015, and its own letter; five characters run on."""

PAID_WITHIN_YEARS = 5  # 公司法（2023修订）第四十七条
MOST_SHAREHOLDERS = {"LIMITED": 50, "SINGLE": 1, "JOINT_STOCK": 200}  # 公司法第四十二条、第九十二条
DIRECTING, WATCHING = ("DIRECTOR", "MANAGER"), "SUPERVISOR"


def uscc_body(serial: int) -> str:
    """Return the body of a code (主体标识码前八位) for a serial number; serials from 1 to 31**5.

    >>> uscc_body(1), uscc_body(31), uscc_body(31**5 - 1)
    ('MAY00001', 'MAY00010', 'MAYYYYYY')
    """
    if not 0 < serial < 31**BODY_LENGTH:
        raise ValueError(f"no body for the serial {serial}")
    digits = ""
    for _place in range(BODY_LENGTH):
        serial, rest = divmod(serial, 31)
        digits = USCC_ALPHABET[rest] + digits
    return BODY_PREFIX + digits


def uscc_of(area_code: str, serial: int) -> str:
    """Return the unified social credit code (统一社会信用代码) of an enterprise, GB 32100-2015.

    >>> uscc_of("320508", 1)
    '91320508MAY0000171'
    """
    return uscc_make("9", "1", area_code, uscc_body(serial))


def months_later(day: date, months: int) -> date:
    """Return the same day months later, the last of the month when there is none (顺延月数).

    >>> months_later(date(2026, 12, 31), 2)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def filing_digest(content: Mapping, articles: str) -> str:
    """Return what the parties confirm (签署摘要): SHA-256 of the values and the articles."""
    text = json.dumps([content, articles], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def signed_enough(parties: Iterable[tuple[bool, Decimal, str]], votes_needed: Decimal) -> bool:
    """Tell whether all who must and enough of the capital confirmed (签署是否齐备).

    parties: (must, votes, state) each; nobody asked is never enough.

    >>> signed_enough([(True, 0, "CONFIRMED"), (False, 70, "CONFIRMED"), (False, 30, "DECLINED")], 66)
    True
    >>> signed_enough([(True, 0, "CONFIRMED"), (False, 60, "CONFIRMED"), (False, 40, "WAITING")], 66)
    False
    """
    rows = list(parties)
    all_who_must = all(state == "CONFIRMED" for must, _votes, state in rows if must)
    votes = sum(votes for _must, votes, state in rows if state == "CONFIRMED")
    return bool(rows) and all_who_must and votes >= votes_needed


def votes_of(total: Decimal, *, numerator: int, denominator: int) -> Decimal:
    """Return how much capital a resolution needs (所需表决权), rounded up to six places.

    >>> votes_of(Decimal(100), numerator=2, denominator=3)
    Decimal('66.666667')
    """
    return (total * numerator / denominator).quantize(Decimal("0.000001"), ROUND_UP)


# --- what the law asks of a company -------------------------------------------------------------

SUM_WRONG = N_("What the shareholders subscribe to does not add up to the registered capital.")
SHAREHOLDERS_WRONG = N_("A company of this kind cannot have this number of shareholders.")
HOLDER_TWICE = N_("A shareholder stands there twice.")
PAID_LATE = N_("The capital must be paid in within five years of the foundation.")
PAID_BEFORE = N_("The shares of a joint-stock company are paid before it is registered.")
NO_REPRESENTATIVE = N_("The legal representative must be a director or the manager of the company.")
NO_DIRECTOR = N_("A company has at least one director.")
NO_SUPERVISOR = N_("Name a supervisor, or state that all shareholders agree to have none.")
BOTH_SIDES = N_("A director or manager cannot be the supervisor as well.")
NO_FINANCE = N_("Name the head of finance: the tax office needs to know who it is.")
NO_SCOPE = N_("Choose what the company does from the list, the main trade first.")
SCOPE_TWICE = N_("An item of the scope stands there twice.")
TRADE_DIFFERS = N_("The first item of the scope does not belong to the trade in the name.")


def establishment_problems(
    content: Mapping, *, today: date, scopes: Mapping[str, Mapping], trade_group: str
) -> dict[str, list[str]]:
    """Judge a foundation by company law (设立登记审查): {field: [message ids]}, empty when it holds.

    scopes: code → attributes of the known items; trade_group: of the reserved name. Source: 公司法 (2023)
    articles 10, 42, 47, 68, 76, 92, 98 (memory).
    """
    found: dict[str, list[str]] = {}
    for field, sentence in (
        *share_problems(content, today),
        *post_problems(content),
        *scope_problems(content, scopes, trade_group),
    ):
        found.setdefault(field, []).append(sentence)
    return found


def share_problems(content: Mapping, today: date) -> Iterator[tuple[str, str]]:
    """Judge number, sum and dates of the subscriptions (出资审查): pairs of field and message id."""
    rows, kind = content.get("shareholders") or [], content.get("company_kind", "")
    if not 1 <= len(rows) <= MOST_SHAREHOLDERS.get(kind, 0):
        yield "shareholders", SHAREHOLDERS_WRONG
    numbers = [row.get("holder_number") for row in rows]
    if len(set(numbers)) < len(numbers):
        yield "shareholders", HOLDER_TWICE
    total = sum((Decimal(str(row.get("capital_wan") or 0)) for row in rows), Decimal(0))
    if total != Decimal(str(content.get("capital_wan") or 0)):
        yield "shareholders", SUM_WRONG
    limit = months_later(today, 12 * PAID_WITHIN_YEARS).isoformat()
    dates = [row.get("paid_until") or "" for row in rows]
    if kind == "JOINT_STOCK":
        if any(day > today.isoformat() for day in dates):
            yield "shareholders", PAID_BEFORE
    elif any(day > limit for day in dates):
        yield "shareholders", PAID_LATE


def post_problems(content: Mapping) -> Iterator[tuple[str, str]]:
    """Judge who holds which post (任职审查): pairs of field and message id."""
    rows = content.get("officers") or []
    holders: dict[str, set[str]] = {}
    for row in rows:
        holders.setdefault(row.get("post", ""), set()).add(row.get("officer_number", ""))
    directing = set().union(*(holders.get(post, set()) for post in DIRECTING))
    if content.get("legal_representative_id") not in directing:
        yield "legal_representative_id", NO_REPRESENTATIVE
    if not holders.get("DIRECTOR"):
        yield "officers", NO_DIRECTOR
    if not holders.get(WATCHING) and not content.get("no_supervisor"):
        yield "officers", NO_SUPERVISOR
    if directing & holders.get(WATCHING, set()):
        yield "officers", BOTH_SIDES
    if not holders.get("FINANCE"):
        yield "officers", NO_FINANCE


def scope_problems(
    content: Mapping, scopes: Mapping[str, Mapping], trade_group: str
) -> Iterator[tuple[str, str]]:
    """Judge the items of the scope and whether they fit the name (经营范围审查)."""
    codes = scope_codes(content)
    if not codes or any(code not in scopes for code in codes):
        yield "scope", NO_SCOPE
        return
    if len(set(codes)) < len(codes):
        yield "scope", SCOPE_TWICE
    if scopes[codes[0]].get("section", "") != trade_group[:1]:
        yield "scope", TRADE_DIFFERS


def scope_codes(content: Mapping) -> list[str]:
    """Return the chosen items of the scope in order (经营范围条目)."""
    return [row.get("scope_code", "") for row in content.get("scope") or []]


def scope_text(codes: Sequence[str], titles: Mapping[str, str], licensed: set[str]) -> str:
    """Write the scope as it stands on the licence (经营范围表述): general items, then those that need a permit.

    >>> scope_text(["I1", "H1"], {"I1": "软件开发", "H1": "餐饮服务"}, {"H1"})
    '一般项目：软件开发（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）。许可项目：餐饮服务（依法须经批准的项目，经相关部门批准后方可开展经营活动）。'
    """
    parts = []
    for head, foot, wanted in (
        ("一般项目", "除依法须经批准的项目外，凭营业执照依法自主开展经营活动", False),
        ("许可项目", "依法须经批准的项目，经相关部门批准后方可开展经营活动", True),
    ):
        names = [titles[code] for code in codes if (code in licensed) is wanted]
        if names:
            parts.append(f"{head}：{'；'.join(names)}（{foot}）。")
    return "".join(parts)


# --- articles -----------------------------------------------------------------------------------

POSTS_ZH = {"DIRECTOR": "董事", "MANAGER": "经理", "SUPERVISOR": "监事", "FINANCE": "财务负责人"}


def articles_make(content: Mapping, *, scope: str) -> str:
    """Write the articles of association (公司章程) from the form's values: chapters and articles as text.

    Source: 公司法（2023修订）第四十六条、第九十五条, what articles must say; the wording is the city's model text.
    """
    name, kind = content["company_name"], content["company_kind"]
    holder = "发起人" if kind == "JOINT_STOCK" else "股东"
    form = "股份有限公司" if kind == "JOINT_STOCK" else "有限责任公司"
    lines = [f"{name}章程", ""]
    chapters = (
        ("总则", _general(content, name, form, holder)),
        ("经营范围", [f"公司的经营范围：{scope}"]),
        (f"注册资本与{holder}出资", _capital(content, holder)),
        ("公司机构", _bodies(content, kind, holder)),
        ("法定代表人", [_representative(content)]),
        ("附则", [
            "本章程未作规定的，依照《中华人民共和国公司法》等法律、行政法规的规定执行。",
            f"本章程由全体{holder}共同订立，自公司成立之日起生效。",
        ]),
    )  # fmt: skip
    number = 0
    for place, (title, articles) in enumerate(chapters, start=1):
        lines += [f"第{_zh(place)}章 {title}"]
        for text in articles:
            number += 1
            lines.append(f"第{_zh(number)}条 {text}")
        lines.append("")
    return "\n".join(lines).strip()


def _general(content: Mapping, name: str, form: str, holder: str) -> list[str]:
    return [
        f"为规范公司的组织和行为，保护公司、{holder}、职工和债权人的合法权益，依照《中华人民共和国公司法》制定本章程。",
        f"公司名称：{name}。",
        f"公司住所：{content['premises_address']}。",
        f"公司类型：{form}。公司以其全部财产对公司的债务承担责任，{holder}以其认缴的出资额（认购的股份）为限对公司承担责任。",
    ]


def _capital(content: Mapping, holder: str) -> list[str]:
    lines = [f"公司注册资本为人民币{content['capital_wan']}万元，由全体{holder}认缴（认购）。"]
    for row in content["shareholders"]:
        until = row.get("paid_until") or "公司成立前"
        lines.append(
            f"{holder}{row['holder_name']}认缴（认购）人民币{row['capital_wan']}万元，"
            f"以货币出资，于{until}前缴足。"
        )
    return lines


def _bodies(content: Mapping, kind: str, holder: str) -> list[str]:
    meeting = (
        "股东会" if kind != "SINGLE" else f"{holder}（依法行使股东会职权，以书面形式作出决定）"
    )
    lines = [f"公司的权力机构是{meeting}。"]
    for post, title in POSTS_ZH.items():
        names = [row["officer_name"] for row in content["officers"] if row["post"] == post]
        if names:
            lines.append(f"公司{title}由{'、'.join(names)}担任。")
    if content.get("no_supervisor"):
        lines.append(f"经全体{holder}一致同意，公司不设监事会，也不设监事。")
    return lines


def _representative(content: Mapping) -> str:
    name = content["legal_representative_name"]
    return f"公司的法定代表人由代表公司执行公司事务的董事或者经理担任，现为{name}。法定代表人辞任的，应当在三十日内确定新的法定代表人。"


def _zh(number: int) -> str:
    """Write a number from 1 to 99 in Chinese numerals.

    >>> _zh(3), _zh(10), _zh(14), _zh(20), _zh(31)
    ('三', '十', '十四', '二十', '三十一')
    """
    tens, ones = divmod(number, 10)
    digits = "零一二三四五六七八九"
    head = "" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十"
    return head + (digits[ones] if ones else "") if head else digits[ones]


def closing_document(content: Mapping, *, name: str, uscc: str, holders: Sequence[str]) -> str:
    """Write the investors' declaration of a simplified cancellation, or the report of a liquidation.

    Source: 公司法（2023修订）第二百三十九条、第二百四十条; the wording is the city's model text.
    """
    who = f"{name}（统一社会信用代码：{uscc}）"
    if content["way"] == "SIMPLE":
        return "\n".join(
            [
                "简易注销全体投资人承诺书",
                "",
                f"现向登记机关申请{who}的简易注销登记，全体投资人（{'、'.join(holders)}）承诺：",
                "1. 企业未发生债权债务，或者已将债权债务清偿完结；不存在未结清的清偿费用、职工工资、社会保险费用、法定补偿金和应缴纳税款、滞纳金、罚款。",
                "2. 企业不存在依法不得适用简易注销程序的情形。",
                "3. 承诺不实的，全体投资人对注销登记前的债务承担连带责任，并承担相应的法律后果。",
            ]
        )
    group = "、".join(row["liquidator_name"] for row in content["liquidators"])
    return "\n".join(
        [
            f"{name}清算报告",
            "",
            f"1. {who}于{content['resolved_date']}决议解散，清算组成员：{group}，负责人：{content['liquidation_head_name']}。",
            f"2. 清算情况：{content['liquidation_report']}",
            "3. 清算费用、职工工资、社会保险费用、法定补偿金、所欠税款和公司债务已经清偿；剩余财产由股东按照出资比例分配。",
            "4. 本报告经股东会确认，内容真实。",
        ]
    )
