"""What readers of code tables get."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class CodeView:
    """One code (代码) of the edition in force. attributes: whatever else the table says of it."""

    code: str
    name: str
    name_en: str
    parent_code: str
    level: int
    is_local: bool
    attributes: dict
    valid_from: date
    valid_to: date | None
    edition: str = ""

    @property
    def title(self) -> dict[str, str]:
        """Return the name in both languages; the Chinese one where no English one is known."""
        return {"zh": self.name, "en": self.name_en or self.name}


@dataclass(frozen=True, slots=True)
class EditionView:
    """One edition (版本) with how many codes it has. source: {zh, en}."""

    table: str
    edition: str
    valid_from: date
    valid_to: date | None
    standard_ref: str
    source: dict[str, str]
    is_made: bool
    codes: int

    def holds_on(self, day: date) -> bool:
        """Tell whether the edition is in force on a day (是否现行)."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class TableView:
    """One code table (代码表) with its editions, oldest first."""

    key: str
    title: dict[str, str]
    editions: tuple[EditionView, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SuccessionView:
    """What became of a code (代码沿革), as stored."""

    kind: str
    from_code: str
    to_code: str
    evidence: str
    decided_by: str
