"""When several opinions together are one answer (会签规则): all, any, quorum, veto.

A join is asked after every opinion and answers as soon as nothing that may still come could change
it: then those who have not spoken need not be waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

AGREE, REFUSE = "AGREE", "REFUSE"
ALL, ANY, QUORUM, VETO = "ALL", "ANY", "QUORUM", "VETO"
POLICIES = (ALL, ANY, QUORUM, VETO)

JOIN_SCHEMA = {
    "type": "object",
    "required": ["policy"],
    "additionalProperties": False,
    "properties": {
        "policy": {"enum": list(POLICIES)},
        "quorum": {"type": "integer", "minimum": 1, "maximum": 200},
        "veto": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
}
"""The shape of a join in a pack's file."""


@dataclass(frozen=True, slots=True)
class Join:
    """How opinions become one (汇合规则).

    ALL: agreed when all agree (会签). ANY: agreed when one agrees (或签). QUORUM: agreed when `quorum`
    agree (票签). VETO: refused when one of `veto` refuses; agreed when all of them agree and `quorum`
    of all parties do. quorum 0: more than half of the parties.
    """

    policy: str = ALL
    quorum: int = 0
    veto: tuple[str, ...] = ()

    def needed(self, parties: int) -> int:
        """Return how many must agree (所需同意数), for so many parties.

        >>> Join("QUORUM").needed(4), Join("QUORUM", quorum=2).needed(4), Join("ANY").needed(4)
        (3, 2, 1)
        """
        if self.policy == ALL:
            return parties
        if self.policy == ANY:
            return min(1, parties)
        return min(self.quorum or parties // 2 + 1, parties)

    def among(self, parties: tuple[str, ...]) -> "Join":
        """Return the join for those parties only (剔除不适用方): a veto of one who is not there falls away."""
        return Join(self.policy, self.quorum, tuple(one for one in self.veto if one in parties))


def join_load(data: Mapping | None) -> Join:
    """Build a join from a pack's file, checked against `JOIN_SCHEMA` before; None is ALL."""
    if not data:
        return Join()
    return Join(data["policy"], data.get("quorum", 0), tuple(data.get("veto", ())))


def join_problems(join: Join, parties: tuple[str, ...]) -> list[str]:
    """Say why a join cannot work for these parties (规则检查)."""
    problems = [f"veto names {one}, who is not asked." for one in join.veto if one not in parties]
    if join.policy == VETO and not join.veto:
        problems.append("The policy VETO must say who may veto.")
    if join.veto and join.policy != VETO:
        problems.append("veto belongs to the policy VETO.")
    if join.quorum and join.policy not in (QUORUM, VETO):
        problems.append("quorum belongs to the policies QUORUM and VETO.")
    if join.quorum > len(parties):
        problems.append(f"A quorum of {join.quorum} cannot be reached by {len(parties)}.")
    return problems


def join_decide(join: Join, opinions: Mapping[str, str | None]) -> str | None:
    """Return what the opinions together say (汇合结论): AGREE, REFUSE, or None while it is open.

    opinions: every party's AGREE, REFUSE, or None for who has not spoken. Nobody asked is agreed.

    >>> join_decide(Join("ANY"), {"food": None, "fire": "AGREE"})
    'AGREE'
    >>> join_decide(Join("VETO", veto=("fire",)), {"food": "AGREE", "fire": "REFUSE", "sign": None})
    'REFUSE'
    >>> join_decide(Join("QUORUM", quorum=2), {"food": "AGREE", "fire": None, "sign": None}) is None
    True
    """
    said = list(opinions.values())
    agreed, refused = said.count(AGREE), said.count(REFUSE)
    needed = join.needed(len(said))
    vetoes = [opinions[one] for one in join.veto if one in opinions]
    if REFUSE in vetoes or agreed + (len(said) - agreed - refused) < needed:
        return REFUSE
    if agreed >= needed and all(one == AGREE for one in vetoes):
        return AGREE
    return None


def join_missing(join: Join, opinions: Mapping[str, str | None]) -> int:
    """Return how many must still agree (尚需同意数), 0 once it is decided.

    >>> join_missing(Join("QUORUM", quorum=3), {"a": "AGREE", "b": "REFUSE", "c": None, "d": None, "e": None})
    2
    >>> join_missing(Join("VETO", quorum=1, veto=("a",)), {"a": None, "b": "AGREE"})
    1
    """
    if join_decide(join, opinions) is not None:
        return 0
    agreed = sum(one == AGREE for one in opinions.values())
    vetoes = sum(opinions[one] != AGREE for one in join.veto if one in opinions)
    return max(join.needed(len(opinions)) - agreed, vetoes)
