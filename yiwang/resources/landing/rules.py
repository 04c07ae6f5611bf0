"""Pure rules of landing: when a batch stops, and what may be done with a batch."""

from collections.abc import Iterable

from yiwang.resources.landing.folding import Effect
from yiwang.resources.landing.pipeline import Outcome
from yiwang.sdk.text import fold

OLD_SHARE, OLD_LEAST = 50, 10


def stop_find(
    outcome: Outcome, effect: Effect, *, mode: str, share: float = 0.5
) -> tuple[str, dict] | None:
    """Return why a batch stops (停止原因) with what to fill in, None when it lands.

    share: of refused rows that is allowed. An old file is one of which nothing is new, or most of which
    is older than what is in force; a FULL delivery that says all over again is no old file, but one that
    says what an earlier one said, and others did not, is.

    >>> stop_find(Outcome(rows=10, accepted=4, rejected=6), Effect(), mode="DELTA")[0]
    'THRESHOLD'
    >>> stop_find(Outcome(rows=3, accepted=3), Effect(known=2, older=1), mode="DELTA")[0]
    'OLD'
    >>> stop_find(Outcome(rows=3, accepted=3), Effect(known=3), mode="FULL")
    >>> stop_find(Outcome(rows=3, accepted=3), Effect(known=3, again=7), mode="FULL")
    ('AGAIN', {'rows': 3, 'number': 7})
    """
    rows = outcome.rows - outcome.duplicates
    if not outcome.accepted:
        return "NOTHING", {"rows": outcome.rows}
    if outcome.rejected > share * rows or "reject_share" in outcome.stops:
        allowed = round(share * 100)
        return "THRESHOLD", {"rejected": outcome.rejected, "rows": outcome.rows, "share": allowed}
    if outcome.stops:
        return "RULE", {"rules": list(outcome.stops)}
    new = outcome.accepted - effect.known - effect.older
    if effect.again:
        return "AGAIN", {"rows": outcome.accepted, "number": effect.again}
    is_old = new <= 0 and (effect.older > 0 or mode == "DELTA")
    is_mostly = effect.older >= OLD_LEAST and effect.older * 100 >= OLD_SHARE * outcome.accepted
    if is_old or is_mostly:
        return "OLD", {"rows": outcome.accepted, "known": effect.known, "older": effect.older}
    return None


def code_titles(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return {folded name: code} of a table's rows (code, name, English name) (代码名称对照).

    People write 女 for 女性 and 汉 for 汉族; a short form that two codes could mean is left out.

    >>> code_titles([("1", "男性", "Male"), ("2", "女性", "")])
    {'男性': '1', 'male': '1', '女性': '2', '男': '1', '女': '2'}
    """
    found: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for code, *names in rows:
        for name in filter(None, map(fold, names)):
            found.setdefault(name, code)
            if len(name) > 1 and name[-1] in "性族":
                short.setdefault(name[:-1], set()).add(code)
    return found | {
        name: next(iter(codes))
        for name, codes in short.items()
        if len(codes) == 1 and name not in found
    }
