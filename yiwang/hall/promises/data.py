"""Promises as pages and other rooms see them (承诺的数据形态)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from yiwang.sdk.errors import N_

TOLERANT, COMMITMENT = "TOLERANT", "COMMITMENT"
KINDS = {TOLERANT: N_("Document to follow"), COMMITMENT: N_("Commitment instead of a document")}

MADE, OPEN, SUPPLIED, KEPT, BROKEN, VOID = "MADE", "OPEN", "SUPPLIED", "KEPT", "BROKEN", "VOID"
STATES = {
    MADE: N_("Promise given"),
    OPEN: N_("To be kept"),
    SUPPLIED: N_("Handed in, being looked at"),
    KEPT: N_("Kept"),
    BROKEN: N_("Broken"),
    VOID: N_("No longer needed"),
}
WITHHOLD, REVOKE, CREDIT = "WITHHOLD", "REVOKE", "CREDIT"
CONSEQUENCES = {
    WITHHOLD: N_("Nothing is issued before the document is there."),
    REVOKE: N_("What was issued is revoked."),
    CREDIT: N_("It is noted for the credit record."),
}


@dataclass(frozen=True, slots=True)
class Pledge:
    """One thing that is promised (承诺事项). text: what was read and agreed to, {zh, en}.

    kind: TOLERANT (a document follows) or COMMITMENT (it replaces one); days: working days to hand it
    in after acceptance, or for the department to check it after the decision.
    """

    kind: str
    key: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    sha256: str
    days: int
    consequence: str
    made_at: datetime
    legal_basis: str = ""
    accept: tuple[str, ...] = ()
    max_mb: int = 10


@dataclass(frozen=True, slots=True)
class PromiseCase:
    """Whose promises these are (承诺所属办件). subject: "application:<number>"."""

    subject: str
    number: str
    matter_code: str
    title: Mapping[str, str]
    holder_ref: str
    holder_name: str
    account_id: int | None
    department_id: int


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise (承诺)."""

    id: int
    kind: str
    state: str
    subject: str
    number: str
    matter_code: str
    title: dict
    key: str
    item: dict
    text: dict
    sha256: str
    days: int
    consequence: str
    legal_basis: str
    holder_ref: str
    holder_name: str = field(repr=False)
    department_id: int
    made_at: datetime
    begun_at: datetime | None
    due_at: datetime | None
    warn_at: datetime | None
    attachment_id: int | None
    supplied_at: datetime | None
    result: str
    decided_at: datetime | None
    decided_by: str
    return_reason: str
    revoked: tuple[str, ...]
    accept: tuple[str, ...]
    max_mb: int

    @property
    def kind_label(self) -> str:
        """Return the words for the kind, as a message id."""
        return KINDS[self.kind]

    @property
    def state_label(self) -> str:
        """Return the words for the state, as a message id."""
        if self.kind == COMMITMENT and self.state == OPEN:
            return N_("To be checked")
        return STATES[self.state]

    @property
    def consequence_label(self) -> str:
        """Return what follows when it is broken, as a message id."""
        return CONSEQUENCES[self.consequence]

    @property
    def may_supply(self) -> bool:
        """Tell whether its document can be handed in now."""
        return self.kind == TOLERANT and self.state in (MADE, OPEN)

    def light(self, now: datetime) -> str:
        """Return the traffic light of its due date: GREEN, YELLOW, RED, or "" without one."""
        if self.state not in (OPEN, SUPPLIED) or self.due_at is None:
            return ""
        if now > self.due_at:
            return "RED"
        return "YELLOW" if self.warn_at and now >= self.warn_at else "GREEN"


@dataclass(frozen=True, slots=True)
class BarView:
    """Why somebody may not commit themselves for a matter (不适用告知承诺)."""

    id: int
    holder_ref: str
    matter_code: str
    reason: str
    since: datetime
    number: str
