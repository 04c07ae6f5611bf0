"""Pure rules of a change of registration (变更登记规则): what changes, what is wrong with it, what the resolution says.

A content has `changes`, the chosen items, and for each the new values beside the present ones (`now_…`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from yiwang.hall.companies import rules
from yiwang.hall.companies.history import amount_text, differences, people_text
from yiwang.sdk.errors import N_

ITEMS = {
    "NAME": ("name",),
    "ADDRESS": ("address",),
    "REPRESENTATIVE": ("legal_representative",),
    "OFFICERS": ("officers",),
    "CAPITAL": ("registered_capital", "shareholders"),
    "SCOPE": ("business_scope",),
    "SHAREHOLDERS": ("shareholders",),
}
"""What may change, and which facts of the register each item touches."""
SHOWN = {
    "ADDRESS": "now_address",
    "REPRESENTATIVE": "now_representative",
    "OFFICERS": "now_officers",
    "CAPITAL": "now_capital_wan",
    "SCOPE": "now_scope",
    "SHAREHOLDERS": "now_shareholders",
}
"""The field that shows the present value of each item; the present name stands at the beginning."""
FIELDS = {
    "shareholders": "new_shareholders",
    "officers": "new_officers",
    "legal_representative_id": "new_representative_id",
    "scope": "new_scope",
}
TITLES_ZH = {
    "name": "公司名称",
    "address": "住所",
    "legal_representative": "法定代表人",
    "officers": "董事、经理、监事、财务负责人",
    "registered_capital": "注册资本（万元）",
    "shareholders": "股东及出资",
    "business_scope": "经营范围",
    "registrar": "登记机关",
}
NOTHING_CHOSEN = N_("Choose what changes.")
NOTHING_NEW = N_("This is what stands in the register already.")
CAPITAL_FALLS = N_("The capital is reduced: say so, and attach the notice to creditors.")


def now_values(facts: Mapping) -> dict[str, object]:
    """Return what the form shows as the present values (现登记内容), by field."""
    return {
        "company_name": facts["name"],
        "now_address": facts["address"],
        "now_representative": facts["legal_representative"],
        "now_capital_wan": facts["registered_capital"],
        "now_scope": facts["business_scope"],
        "now_shareholders": people_text(facts["shareholders"], rules.POSTS_ZH),
        "now_officers": people_text(facts["officers"], rules.POSTS_ZH),
    }


def chosen(content: Mapping) -> list[str]:
    """Return the items that change, in the order of the table (变更事项)."""
    wanted = content.get("changes") or []
    return [item for item in ITEMS if item in wanted]


def is_stale(content: Mapping, facts: Mapping) -> bool:
    """Tell whether the register says something else than the form shows for what changes (登记内容已变)."""
    shown = ["company_name", *(SHOWN[item] for item in chosen(content) if item in SHOWN)]
    values = now_values(facts)
    return any(content.get(field, "") != values[field] for field in shown)


def proposed(facts: Mapping, content: Mapping, *, scope: str) -> dict:
    """Return how the company would stand (变更后内容): its facts with the new values; scope: the new wording."""
    after = dict(facts)
    for item in chosen(content):
        after |= _NEW[item](content, scope)
    return after


def _people(content: Mapping, _scope: str) -> dict:
    return {
        "officers": [
            {"post": row["post"], "name": row["officer_name"]} for row in content["new_officers"]
        ]
    }


def _holders(content: Mapping, _scope: str) -> dict:
    return {
        "shareholders": [
            {
                "name": row["holder_name"],
                "capital_wan": amount_text(row["capital_wan"]),
                "paid_until": row.get("paid_until") or "",
            }
            for row in content["new_shareholders"]
        ]
    }


_NEW = {
    "NAME": lambda content, _scope: {"name": content["new_name"]},
    "ADDRESS": lambda content, _scope: {"address": content["new_address"]},
    "REPRESENTATIVE": lambda content, _scope: {
        "legal_representative": content["new_representative_name"]
    },
    "OFFICERS": _people,
    "CAPITAL": lambda content, scope: {
        "registered_capital": amount_text(content["new_capital_wan"]),
        **_holders(content, scope),
    },
    "SCOPE": lambda _content, scope: {"business_scope": scope},
    "SHAREHOLDERS": _holders,
}


def unchanged(items: Sequence[str], facts: Mapping, after: Mapping) -> str:
    """Say that nothing is chosen or that a chosen item would stay as it is (未变更), "" when all of them change."""
    changed = differences(facts, after)
    if not items:
        return NOTHING_CHOSEN
    is_new = all(any(fact in changed for fact in ITEMS[item]) for item in items)
    return "" if is_new else NOTHING_NEW


def change_problems(
    content: Mapping,
    *,
    facts: Mapping,
    after: Mapping,
    subjects: Mapping,
    scopes: Mapping[str, Mapping],
    trade_group: str,
    today: date,
) -> dict[str, list[str]]:
    """Judge a change by company law (变更登记审查): {field: [message ids]}, empty when it holds.

    subjects: how the company would stand with subjects in place of numbers, named as a foundation names it
    (shareholders, officers, legal_representative_id, scope, …); trade_group: of the name it would have.
    """
    found: dict[str, list[str]] = {}
    for field, sentence in _problems(content, facts, after, subjects, scopes, trade_group, today):
        found.setdefault(FIELDS.get(field, field), []).append(sentence)
    return found


def _problems(  # noqa: PLR0913 - the parts of one judgement
    content: Mapping,
    facts: Mapping,
    after: Mapping,
    subjects: Mapping,
    scopes: Mapping[str, Mapping],
    trade_group: str,
    today: date,
) -> Iterator[tuple[str, str]]:
    items = chosen(content)
    if said := unchanged(items, facts, after):
        yield "changes", said
    if "CAPITAL" in items and not content.get("capital_falls"):
        if Decimal(after["registered_capital"]) < Decimal(facts["registered_capital"]):
            yield "capital_falls", CAPITAL_FALLS
    if "CAPITAL" in items or "SHAREHOLDERS" in items:
        yield from rules.share_problems(subjects, today)
    if "REPRESENTATIVE" in items or "OFFICERS" in items:
        yield from rules.post_problems(subjects)
    if "SCOPE" in items or "NAME" in items:
        for field, sentence in rules.scope_problems(subjects, scopes, trade_group):
            yield ("changes" if "SCOPE" not in items else field), sentence


def resolution_make(name: str, changed: Mapping[str, Sequence], *, single: bool) -> str:
    """Write the resolution that the shareholders confirm (股东会决议及章程修正案), from what changes.

    Source: 公司法（2023修订）第五十九条、第六十六条; the wording is the city's model text.
    """
    head = "股东决定" if single else "股东会决议"
    lines = [
        f"{name}{head}",
        "",
        f"就公司登记事项变更，{'股东决定' if single else '股东会决议'}如下：",
    ]
    lines += changed_lines(changed, TITLES_ZH)
    lines.append(f"{len(changed) + 1}. 公司章程的相应条款按上述内容修改，其他条款不变。")
    return "\n".join(lines)


def changed_lines(changed: Mapping[str, Sequence], titles: Mapping[str, str]) -> list[str]:
    """Write what a decision changes (变更事项条款), numbered: item → [old, new], titles by item."""
    return [
        f"{number}. {titles[fact]}由“{_text(before)}”变更为“{_text(after)}”。"
        for number, (fact, (before, after)) in enumerate(changed.items(), start=1)
    ]


def _text(value: object) -> str:
    return people_text(value, rules.POSTS_ZH) if isinstance(value, list) else f"{value}"


def shares_moved(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> set[str]:
    """Return whose subscription changes (出资变动人): who leaves, who joins, whose amount differs.

    >>> sorted(shares_moved({"甲": Decimal(60), "乙": Decimal(40)}, {"甲": Decimal(60), "丙": Decimal(40)}))
    ['丙', '乙']
    """
    return {ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)}
