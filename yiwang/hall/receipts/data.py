"""What a check of a receipt says (查验结果)."""

from dataclasses import dataclass
from datetime import datetime

CONFIRMED, UNKNOWN, ALTERED = "CONFIRMED", "UNKNOWN", "ALTERED"


@dataclass(frozen=True, slots=True)
class SubmissionCheck:
    """The answer to number and digest: CONFIRMED with its times, UNKNOWN, or ALTERED afterwards.

    sealed_at, sequence: the seal over it, None until the next minute's seal.
    """

    state: str
    submitted_at: datetime | None = None
    sealed_at: datetime | None = None
    sequence: int | None = None

    @property
    def is_confirmed(self) -> bool:
        """Tell whether exactly this was submitted under this number."""
        return self.state == CONFIRMED


@dataclass(frozen=True, slots=True)
class SealView:
    """A seal as shown (封存): its number in the chain, its digest, when, how many."""

    sequence: int
    chain: str
    count: int
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class ProofView:
    """What its submitter may take along (提交证明)."""

    number: str
    title: dict
    content: dict
    sha256: str
    submitted_at: datetime
    seal: SealView | None
