"""Licences as other areas, pages and the typesetter see them."""

from dataclasses import dataclass, field
from datetime import date, datetime

CARD, CERTIFICATE = "CARD", "CERTIFICATE"


@dataclass(frozen=True, slots=True)
class LicenceTypeView:
    """A type of licence (证照类型) in its newest version. holder: PERSON or ENTERPRISE."""

    id: int
    key: str
    version: int
    title: dict
    type_code: str
    holder: str
    validity_years: int | None
    fields: tuple[dict, ...]
    template: str
    legal_basis: tuple[dict, ...]


@dataclass(frozen=True, slots=True)
class LicenceView:
    """A licence (证照). state: PENDING, VALID, EXPIRING, EXPIRED, SUSPENDED or REVOKED, as of today.

    face: [{name, title {zh, en}, value}], what stands on it; title {zh, en}; code: the verification
    code as it stands on paper, in groups of four.
    """

    id: int
    identifier: str
    number: str
    type_key: str
    type_code: str
    title: dict
    template: str
    holder_kind: str
    holder_ref: str
    holder_name: str
    holder_number: str
    issuer_name: str
    issuer_uscc: str
    department_id: int
    area_code: str
    issued_at: datetime
    valid_from: date
    valid_to: date | None
    state: str
    verify_code: str = field(repr=False)
    code: str = field(repr=False)
    source: str = ""
    face: tuple[dict, ...] = ()
    legal_basis: tuple[dict, ...] = ()
    state_reason: str = ""
    state_basis: str = ""
    state_at: datetime | None = None
    document_sha256: str = ""
    version: int = 1

    @property
    def has_photo(self) -> bool:
        """Whether the holder's portrait stands on it: on every person's card, else where asked."""
        return self.holder_kind == "PERSON" and (
            self.template == CARD or any(entry["name"] == "photo" for entry in self.face)
        )

    @property
    def is_good(self) -> bool:
        """Whether it may be relied on today (在有效期内且未被暂扣、撤销)."""
        return self.state in ("VALID", "EXPIRING")


@dataclass(frozen=True, slots=True)
class VerificationView:
    """What anybody may know who holds the code (公开查验结果): nothing more personal than this."""

    id: int
    title: dict
    number: str
    identifier: str
    holder_name: str
    issuer_name: str
    issued_date: date
    valid_from: date
    valid_to: date | None
    state: str
    is_good: bool
    state_at: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class OfflineView:
    """What a licence's signed statement says (离线查验结果): as it was on the day of issue. key: name of the key."""

    identifier: str
    number: str
    title: str
    holder_name: str
    issuer_name: str
    issued_date: date
    valid_from: date
    valid_to: date | None
    key: str

    def is_due(self, today: date) -> bool:
        """Tell whether a day lies within its validity (是否在有效期内)."""
        return self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)


@dataclass(frozen=True, slots=True)
class PresentationView:
    """What somebody sees to whom a licence is shown (亮证内容): only what the holder chose, for one purpose.

    face: [{name, title {zh, en}, value}]; state as on the day; looks_left after this look.
    """

    title: dict
    number: str
    purpose: str
    holder_name: str
    issuer_name: str
    face: tuple[dict, ...]
    state: str
    is_good: bool
    expires_at: datetime
    looks_left: int


@dataclass(frozen=True, slots=True)
class LicenceUseView:
    """One use of a licence (用证记录). kind: VERIFIED, SHOWN, REUSED or VIEWED."""

    kind: str
    purpose: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LicenceCheckView:
    """One yearly check (年检)."""

    year: int
    is_passed: bool
    note: str
    officer_name: str
    at: datetime
