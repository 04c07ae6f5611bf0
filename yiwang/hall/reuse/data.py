"""What reuse gives to others (复用数据): frozen values, no models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound

Text = Mapping[str, str]
ORIGINS = {
    "REGISTRY": N_("From a registry"),
    "LICENCE": N_("From a licence"),
    "EARLIER": N_("From an earlier case"),
    "BLOCK": N_("From what one had saved"),
    "CHANGED": N_("Filled in, then changed"),
    "TYPED": N_("Typed"),
}
"""Where a value came from; fields left empty are not counted."""
REUSED = ("REGISTRY", "LICENCE", "EARLIER", "BLOCK")
BLOCKS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block that a person or an enterprise saved (常用信息); values are its own statement."""

    id: int
    key: str
    label: str
    values: Mapping[str, object]
    form_version_id: int
    revision: int
    stated_at: datetime
    used_count: int
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A block as a form offers it: what it is called, and enough to tell it from others."""

    id: int
    label: str
    summary: str
    stated_at: datetime
    mark: str = ""
    """What the page posts to fill a row of a group from it: "members:12.0"."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be reused on a page (可带入的常用信息): the person decides. group: whose rows it fills, or ""."""

    key: str
    title: Text
    href: str
    entries: tuple[Offered, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class OriginCounts:
    """How often values came from where (来源计数), by origin."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return how many values were counted."""
        return sum(self.counts.get(each, 0) for each in ORIGINS)

    @property
    def reused(self) -> int:
        """Return how many nobody had to type."""
        return sum(self.counts.get(each, 0) for each in REUSED)

    @property
    def share(self) -> float | None:
        """Return the share of fields not typed (免填率), 0 to 1; None when nothing was counted."""
        return self.reused / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class MatterReuse:
    """One matter in the ranking (事项免填排名)."""

    code: str
    title: Text
    applications: int
    origins: OriginCounts
    avoidable: int
    """Typed values of fields that a registry has."""


@dataclass(frozen=True, slots=True)
class FieldReuse:
    """One field of a matter (字段免填情况). held: who has it, when people still type it."""

    field: str
    title: Text
    origins: OriginCounts
    held: Text
    is_declared: bool


@dataclass(frozen=True, slots=True)
class MonthReuse:
    """One month of the series (月度免填率)."""

    month: date
    applications: int
    origins: OriginCounts


class BlockNotFound(NotFound):
    """No such block, or somebody else's."""

    code = "block_not_found"
    message = N_("There is no such entry in your space.")


class BlockEmpty(Invalid):
    """Nothing was filled in that could be kept."""

    code = "block_empty"
    message = N_("Fill in something first, then it can be kept.")


class BlockWrong(Invalid):
    """What was filled in does not hold."""

    code = "block_wrong"
    message = N_("This cannot be kept yet: %(reason)s")


class RowsFull(Conflict):
    """The group has as many rows as it may."""

    code = "rows_full"
    message = N_("No more than %(limit)s rows fit in here. Remove one first.")


class BlocksFull(Conflict):
    """More entries of one kind than anybody can tell apart."""

    code = "blocks_full"
    message = N_("You have kept %(limit)s of these already. Delete one in your space first.")
