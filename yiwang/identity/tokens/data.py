"""Values of systems and tokens, and how a call can be refused."""

from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError


class SystemUnknown(NotFound):
    """No such system, or it belongs to another department."""

    code = "system_account_unknown"
    message = N_("This system does not exist, or it belongs to another department.")


class TokenUnknown(NotFound):
    """No such token, or it was revoked before."""

    code = "token_unknown"
    message = N_("This token does not exist, or it was revoked already.")


class TokenInvalid(Invalid):
    """What was entered for a system or a token needs attention."""

    code = "token_invalid"


class TokenExpired(YiwangError):
    """The token was good once."""

    code = "token_expired"
    status = 401
    message = N_(
        "The token %(prefix)s expired on %(date)s. Issue a new one on the page Systems and tokens "
        "and put it into the system in its place."
    )


class TokenRevoked(YiwangError):
    """The token was revoked, or its system is closed."""

    code = "token_revoked"
    status = 401
    message = N_(
        "The token %(prefix)s was revoked. If that was not meant, the department's data steward "
        "issues a new one on the page Systems and tokens."
    )


class TokenNetwork(YiwangError):
    """The token is called from a network that its system does not name."""

    code = "token_network"
    status = 401
    message = N_(
        "The token %(prefix)s may not be used from %(address)s. Call from an allowed network, or add "
        "this one to the system on the page Systems and tokens."
    )


class TokenRate(YiwangError):
    """More calls in a minute than the system may make."""

    code = "token_rate"
    status = 429
    message = N_(
        "The token %(prefix)s has made its %(limit)s calls of this minute. "
        "Go on in %(seconds)s seconds."
    )


@dataclass(frozen=True, slots=True)
class ProgramRoute:
    """An address that systems may call (可调用接口): url name, title {zh, en}, its permission, the path."""

    name: str
    title: dict[str, str]
    permission: str
    path: str


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token (接口令牌) as pages see it. state: ACTIVE, EXPIRING (14 days left), EXPIRED or REVOKED."""

    id: int
    prefix: str
    state: str
    routes: tuple[str, ...]
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoke_reason: str
    last_used_at: datetime | None
    last_address: str


@dataclass(frozen=True, slots=True)
class SystemView:
    """A department's system (系统账户) with its tokens, the newest first."""

    id: int
    department_id: int
    department_name: str
    name: str
    purpose: str
    contact: str
    networks: tuple[str, ...]
    per_minute: int
    is_active: bool
    created_at: datetime
    tokens: tuple[TokenView, ...]

    @property
    def living(self) -> tuple[TokenView, ...]:
        """The tokens that are good at present."""
        return tuple(t for t in self.tokens if t.state in {"ACTIVE", "EXPIRING"})

    @property
    def last_used_at(self) -> datetime | None:
        """When one of its tokens was last used."""
        return max((t.last_used_at for t in self.tokens if t.last_used_at), default=None)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token just issued. secret: the whole token, which nobody can show again."""

    id: int
    prefix: str
    secret: str
    expires_at: datetime
