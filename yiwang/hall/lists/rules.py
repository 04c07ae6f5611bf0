"""Pure rules of the lists (权责清单规则): how an entry is made, what tells two apart."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from yiwang.hall.lists.data import (
    ADDED,
    CANCELLED,
    CHANGED,
    DELEGATED,
    LEVEL_ORDER,
    PARTS,
    TAKEN_BACK,
    TRANSFERRED,
    DetailView,
)
from yiwang.sdk.packs import MatterDefinition, definition_dump


def content_make(
    definition: MatterDefinition,
    *,
    kind: str,
    steps: Iterable[Mapping],
    detail: DetailView,
    local_task_code: str,
    source_note: Mapping,
) -> dict:
    """Make an entry's content (清单内容) from a matter's definition; nothing is invented.

    steps: nodes of the process as `process_nodes` gives them; a node's department key names a branch or the owner.
    """
    plain = definition_dump(definition)
    functions = {branch.key: branch.department for branch in definition.branches}
    return {
        "title": dict(definition.title),
        "item_type": definition.item_type,
        "function": definition.department,
        "level": definition.level,
        "legal_basis": [
            {"title": one["title"], "article": one["article"]} for one in plain["legal_basis"]
        ],
        "office": detail.office,
        "steps": [
            {
                "name": step["name"],
                "function": functions.get(step["department"], definition.department),
                "amount": step["limit"].amount if step["limit"] else None,
                "unit": step["limit"].unit if step["limit"] else "",
            }
            for step in steps
        ],
        "responsibilities": detail.responsibilities,
        "accountability": detail.accountability,
        "accountability_basis": detail.accountability_basis,
        "limits": plain["limits"],
        "has_diagram": kind == "APPLY",
        "kind": kind,
        "local_task_code": local_task_code,
        "source_note": dict(source_note),
        "is_made": definition.is_made,
    }


def digest_make(content: Mapping) -> str:
    """Return the digest of an entry's content (清单内容摘要)."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def change_kind(before: Mapping | None, after: Mapping | None) -> str | None:
    """Say what became of a power (调整类别); None when nothing did.

    A power that goes down a level is delegated (下放), up taken back (上收); another department's is moved (划转).

    >>> old = {"level": "CITY", "function": "health", "title": "x"}
    >>> change_kind(old, old | {"level": "DISTRICT"}), change_kind(None, old), change_kind(old, None)
    ('DELEGATED', 'ADDED', 'CANCELLED')
    """
    if before is None or after is None:
        return ADDED if after is not None else CANCELLED if before is not None else None
    if before == after:
        return None
    step = LEVEL_ORDER[after["level"]] - LEVEL_ORDER[before["level"]]
    if step:
        return DELEGATED if step > 0 else TAKEN_BACK
    return TRANSFERRED if before["function"] != after["function"] else CHANGED


def changed_parts(before: Mapping, after: Mapping) -> list[str]:
    """List the parts in which two contents differ (变化的内容), in the order of `PARTS`.

    >>> changed_parts({"title": {"zh": "甲"}, "office": ""}, {"title": {"zh": "甲"}, "office": "一科"})
    ['office']
    """
    return [part for part in PARTS if before.get(part) != after.get(part)]


def changes_between(
    before: Mapping[str, Mapping], after: Mapping[str, Mapping]
) -> list[tuple[str, str, Mapping | None, Mapping | None]]:
    """List what tells two lists apart (清单差异): (code, kind, before, after), by kind and code."""
    order = list(dict.fromkeys((ADDED, CANCELLED, DELEGATED, TAKEN_BACK, TRANSFERRED, CHANGED)))
    found = []
    for code in before.keys() | after.keys():
        old, new = before.get(code), after.get(code)
        kind = change_kind(old, new)
        if kind is not None:
            found.append((code, kind, old, new))
    return sorted(found, key=lambda each: (order.index(each[1]), each[0]))
