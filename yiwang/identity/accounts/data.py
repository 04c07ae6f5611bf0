"""Accounts, posts held, authorities and sessions as other areas see them; limits of signing in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# GB/T 22239-2019 8.1.4.1 b: failed sign-ins are limited, idle sessions end by themselves.
FAILURES_ALLOWED = 5
COOL_OFF = timedelta(minutes=15)
DEVICE_LIFE = timedelta(days=400)
IDLE_STAFF = timedelta(minutes=30)
IDLE_OTHERS = timedelta(minutes=60)
# However busy, a session ends after a working day (seconds).
SESSION_LIFE = {"STAFF": 8 * 3600, "AGENT": 12 * 3600, "CITIZEN": 12 * 3600}
PENDING_FORM_LIFE = timedelta(minutes=30)
SECOND_STEP_LIFE = timedelta(minutes=5)
TOTP_STEP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account (账户). population CITIZEN, AGENT, STAFF; subject_ref "person:<ref>" or ""."""

    id: int
    username: str
    population: str
    name: str
    subject_ref: str
    phone: str
    email: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class HoldingView:
    """A post held (任职): until to_date, the first day on which it is held no more."""

    id: int
    account_id: int
    post_id: int
    post_title: str
    roles: tuple[str, ...]
    department_id: int
    department_name: str
    from_date: date
    to_date: date | None


@dataclass(frozen=True, slots=True)
class AuthorityView:
    """What an agent may do for an enterprise (经办授权); enterprise_ref "enterprise:<uscc>"."""

    id: int
    account_id: int
    enterprise_ref: str
    enterprise_name: str
    scope: str
    from_date: date
    to_date: date | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session (会话) as its owner sees it; `ref` names it without giving it away."""

    ref: str
    address: str
    user_agent: str
    created_at: datetime | None
    last_seen_at: datetime | None
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A civil servant's account in the administrator's list, with the posts held today."""

    account: AccountView
    is_active: bool
    has_second_factor: bool
    holdings: tuple[HoldingView, ...]


def idle_limit(population: str) -> timedelta:
    """Return how long a session may lie idle (闲置时限)."""
    return IDLE_STAFF if population == "STAFF" else IDLE_OTHERS


def locked_until(failures: int, last_at: datetime, now: datetime) -> datetime | None:
    """Return until when signing in is locked (锁定), None if it is not."""
    until = last_at + COOL_OFF
    return until if failures >= FAILURES_ALLOWED and now < until else None


@dataclass(frozen=True, slots=True)
class DelegationView:
    """What a citizen or an enterprise lets a citizen do (委托代办). state: OFFERED, RUNNING, EXPIRED or REVOKED.

    scope: MATTER with a matter's code as value, THEME, or BUNDLE with the codes of its matters. code: told to the
    deputy by the principal.
    """

    id: int
    principal_ref: str
    principal_name: str
    deputy_name: str
    deputy_account_id: int | None
    scope: str
    scope_value: str
    scope_title: dict[str, str]
    code: str
    to_date: date
    offered_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    state: str
    matters: tuple[str, ...] = ()

    def covers(self, matter_code: str, themes: Sequence[str]) -> bool:
        """Tell whether its scope, whatever its state, covers a matter (授权范围是否包含事项)."""
        return scope_covers(self.scope, self.scope_value, self.matters, matter_code, themes)


def scope_covers(
    scope: str, value: str, matters: Sequence[str], matter_code: str, themes: Sequence[str]
) -> bool:
    """Tell whether a scope covers a matter (授权范围是否包含事项). value, matters: as in `DelegationView`.

    >>> scope_covers("MATTER", "322014001000", (), "322014001000", ())
    True
    >>> scope_covers("THEME", "住房保障", (), "3", ("社会保障",)), scope_covers("BUNDLE", "b", ("3",), "3", ())
    (False, True)
    """
    if scope == "BUNDLE":
        return matter_code in matters
    return value == matter_code if scope == "MATTER" else value in themes


@dataclass(frozen=True, slots=True)
class DelegationUseView:
    """One act of a deputy (委托使用记录). act: DRAFT, SUBMIT or CORRECT; subject "application:<number>"."""

    act: str
    subject: str
    title: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class DeputyFiling:
    """What somebody filed as a deputy (代办记录): subject "application:<number>" or "bundle:<number>".

    channel: "" where it was not kept yet. holds: the delegation is still in force.
    """

    delegation_id: int
    principal_name: str
    subject: str
    title: dict[str, str]
    channel: str
    at: datetime
    holds: bool
