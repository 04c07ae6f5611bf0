"""Promises as pages and other rooms see them (承诺的数据形态)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

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

THIS_MATTER, ALL_MATTERS = "MATTER", "ALL"
SCOPES = {THIS_MATTER: N_("This matter only"), ALL_MATTERS: N_("All matters")}
BAR_DAYS_MAX = 3650


@dataclass(frozen=True, slots=True)
class BarTerms:
    """What a broken promise bars from (承诺限制条件): for how many days, from what kinds, for which matters.

    They are part of the words that are agreed to; what a city changes later does not touch promises made before.
    """

    days: int
    scope: str
    kinds: tuple[str, ...]

    def stored(self) -> dict[str, object]:
        """Return them as they are kept with a promise."""
        return {"days": self.days, "scope": self.scope, "kinds": list(self.kinds)}


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
    bar: BarTerms | None = None


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
class Hold:
    """Why the time of promises stands still with their case (中止情况). ground: a code of `pause_grounds`, title its words."""

    ground: str
    title: Mapping[str, str]
    document: str
    note: str = ""

    def stored(self) -> dict[str, object]:
        """Return it as it is kept with a promise."""
        return {
            "ground": self.ground,
            "title": dict(self.title),
            "document": self.document,
            "note": self.note,
        }


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
    held_at: datetime | None = None
    hold: Hold | None = None

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
    """Why somebody may not promise or commit themselves (不适用容缺受理、告知承诺), until when.

    until: the last day, None: until it is lifted; state: "", "APPEALED" or "UPHELD".
    """

    id: int
    holder_ref: str
    matter_code: str
    reason: str
    since: datetime
    number: str
    until: date | None = None
    kinds: tuple[str, ...] = (COMMITMENT,)
    promise_id: int = 0
    state: str = ""
    appeal: str = ""
    ruling: str = ""


@dataclass(frozen=True, slots=True)
class BarRuleView:
    """What breaking a kind of promise bars from in this city (承诺限制规则)."""

    kind: str
    days: int
    scope: str
    kinds: tuple[str, ...]
    basis: str
    is_enabled: bool

    @property
    def terms(self) -> BarTerms | None:
        """Return the terms that are agreed to with the promise, None where nothing is barred."""
        return (
            BarTerms(self.days, self.scope, self.kinds) if self.is_enabled and self.days else None
        )


@dataclass(frozen=True, slots=True)
class BreachView:
    """A broken promise as a room of credit may take it over (失信记录)."""

    id: int
    promise_id: int
    holder_ref: str
    kind: str
    matter_code: str
    number: str
    item: Mapping[str, str]
    department_id: int
    reason: str
    legal_basis: str
    consequence: str
    revoked: tuple[str, ...]
    barred_until: date | None
    broken_at: datetime
    voided_at: datetime | None
    taken_at: datetime | None
