"""The rule by which departments' opinions become one (联审规则), on the officer's page of a joint review."""

from dataclasses import dataclass

from yiwang.hall.applications.queries.details import ApplicationDetail, BranchDetail
from yiwang.hall.consultations import data
from yiwang.hall.matters.parts import PagePart
from yiwang.hall.matters.queries import matter_version_get
from yiwang.sdk.joins import AGREE, REFUSE, Join, join_decide, join_missing

SAID = {"AGREED": AGREE, "REFUSED": REFUSE}


@dataclass(frozen=True, slots=True)
class JoinView:
    """How far a joint review is (联审进展). result: AGREE, REFUSE or "" while open; missing: who must still agree."""

    policy: str
    needed: int
    missing: int
    result: str
    branches: tuple[BranchDetail, ...]
    veto: tuple[str, ...]

    @property
    def vetoers(self) -> list[BranchDetail]:
        """Return the departments that may veto (一票否决部门)."""
        return [one for one in self.branches if one.key in self.veto]

    @property
    def agreed(self) -> int:
        """Count those who agreed."""
        return sum(one.state == "AGREED" for one in self.branches)

    @property
    def policy_label(self) -> str:
        """Return how the opinions become one, as a message id."""
        return JOINED[self.policy]


JOINED = {**data.POLICIES, "VETO": data.JOINT_VETO}


def join_view(join: Join, branches: tuple[BranchDetail, ...]) -> JoinView:
    """Work out where a joint review stands (联审推算) from the departments' states."""
    opinions = {one.key: SAID.get(one.state) for one in branches}
    return JoinView(
        policy=join.policy,
        needed=join.needed(len(branches)),
        missing=join_missing(join, opinions),
        result=join_decide(join, opinions) or "",
        branches=branches,
        veto=join.veto,
    )


def join_part(detail: ApplicationDetail) -> PagePart | None:
    """Put the rule and the standing of a joint review on the officer's pages (联审规则与进展)."""
    join = matter_version_get(detail.application.matter_version_id).spec.join
    shown = tuple(one for one in detail.branches if one.key != "owner")
    if join is None or not shown:
        return None
    return PagePart("hall/consultations/join_part.html", {"join": join_view(join, shown)})
