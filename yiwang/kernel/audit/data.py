"""What a person is shown of the audit trail."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DataAccess:
    """One look at, or act on, a person's data (数据使用记录).

    population: CITIZEN, AGENT, STAFF, SYSTEM or ANONYMOUS; fields: what was read, where recorded.
    """

    id: int
    at: datetime
    act: str
    population: str
    department_name: str
    post_title: str
    purpose: str
    channel: str
    subject: str
    outcome: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataAccessPage:
    """One page of them. next_before: give it as `before` for the next page, None at the end."""

    rows: tuple[DataAccess, ...]
    total: int
    next_before: int | None
