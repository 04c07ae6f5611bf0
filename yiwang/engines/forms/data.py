"""What the forms room gives to other areas (表单数据): frozen values, no models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a field (选项)."""

    value: object
    title: Text

    @property
    def text(self) -> str:
        """Return the value as the page posts it."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where a prefilled value came from (数据来源) and what it was.

    kind: REGISTRY, LICENCE, BLOCK (what the person saved) or EARLIER (an earlier case).
    """

    value: object
    source: Text
    as_of: date | None = None
    department_id: int | None = None
    registry_field: str = ""
    kind: str = "REGISTRY"


@dataclass(frozen=True, slots=True)
class ValueConflict:
    """Devices typed different values (冲突): `kept` stands, `other` is offered.

    offers: all that is offered, the newest first: (value, when it was typed in ISO 8601).
    """

    field: str
    kept: object
    other: object
    at: str = ""
    offers: tuple[tuple[object, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RowState:
    """One row of a repeating group (分组行). fields: the cells it shows; asked: their names as the page
    posts them, where the rows of the group have conditions, so that what is hidden stays as it was typed.
    """

    number: int
    name: str
    fields: tuple["FieldState", ...]
    asked: str = ""

    def cell(self, key: str) -> "FieldState | None":
        """Return a cell of the row, None when its conditions hide it."""
        return next((each for each in self.fields if each.key == key), None)


@dataclass(frozen=True, slots=True)
class FieldState:
    """One field as the server sees it now (字段状态).

    key is the schema's name, name the HTML name ("staff.0.phone" in a row); value is what the
    draft holds, text what an input shows, display what a reader sees.
    columns: every cell of a group with its title; a row may show fewer.
    rows: those of a group that stand in the window from row_start on, of row_total; far_rows: some of
    the wrong ones elsewhere; rows_wrong: numbers of wrong rows, counted from 1.
    """

    key: str
    name: str
    title: Text
    widget: str
    help: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    shown: bool = True
    required: bool = False
    locked: bool = False
    options: tuple[Option, ...] = ()
    value: object = None
    text: str = ""
    display: Text = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    source: ValueSource | None = None
    edited: bool = False
    conflict: ValueConflict | None = None
    other: Text = field(default_factory=dict)
    columns: tuple[tuple[str, Text], ...] = ()
    rows: tuple[RowState, ...] = ()
    far_rows: tuple[RowState, ...] = ()
    row_total: int = 0
    row_start: int = 0
    row_window: str = ""
    row_limit: int = 0
    rows_wrong: tuple[int, ...] = ()
    rows_note: Mapping[str, object] = field(default_factory=dict)
    may_add: bool = False
    may_remove: bool = False
    max_length: int | None = None
    minimum: object = None
    maximum: object = None
    autocomplete: str = ""
    triggers: bool = False
    accept: tuple[str, ...] = ()
    max_mb: int = 5
    block: str = ""

    @property
    def is_filled(self) -> bool:
        """Tell whether the person (or a registry) has given something."""
        if self.row_total > len(self.rows):
            return True
        if self.rows:
            return any(cell.is_filled for row in self.rows for cell in row.fields)
        return self.value not in (None, "", False) and self.value != []

    @property
    def image_url(self) -> str:
        """Return the address of a photo: an attachment's, or the registry's own."""
        found = str(self.value or "")
        if found.startswith("attachment:"):
            return f"/engines/forms/attachments/{found.removeprefix('attachment:')}/"
        return found if found.startswith("/") and not found.startswith("//") else ""


@dataclass(frozen=True, slots=True)
class PageState:
    """One page of one subject (表单页)."""

    key: str
    title: Text
    number: int
    fields: tuple[FieldState, ...]
    help: Text = field(default_factory=dict)

    @property
    def error_count(self) -> int:
        """Count the fields of the page that need attention."""
        return sum(bool(each.errors) for each in walk(self.fields, far=True))

    @property
    def errors(self) -> dict[str, list[str]]:
        """Return the sentences of the page's fields by HTML name."""
        return {each.name: list(each.errors) for each in walk(self.fields) if each.errors}

    @property
    def asked(self) -> str:
        """Return the names of the fields that a browser may change, as the page posts them."""
        return " ".join(e.key for e in self.fields if not e.locked and e.widget != "hidden")


@dataclass(frozen=True, slots=True)
class FormState:
    """A form at a moment (表单状态): what is shown, asked, filled and wrong.

    pages: those that have at least one shown field. values: what would be submitted (shown and
    filled fields only). errors: HTML name -> sentences, in the order of the form.
    """

    version_id: int
    key: str
    title: Text
    pages: tuple[PageState, ...]
    values: dict[str, object]
    errors: dict[str, list[str]]

    @property
    def is_valid(self) -> bool:
        """Tell whether the form may be submitted."""
        return not self.errors

    def page(self, key: str) -> PageState:
        """Return the page `key`, or the first one when it is not (or no longer) there."""
        return next((each for each in self.pages if each.key == key), self.pages[0])

    def page_after(self, key: str) -> PageState | None:
        """Return the page after `key`; None after the last."""
        keys = [each.key for each in self.pages]
        position = keys.index(self.page(key).key) + 1
        return self.pages[position] if position < len(keys) else None

    def page_before(self, key: str) -> PageState | None:
        """Return the page before `key`; None before the first."""
        position = [each.key for each in self.pages].index(self.page(key).key)
        return self.pages[position - 1] if position else None


def walk(fields: tuple[FieldState, ...], *, far: bool = False):
    """Yield the fields and those in their rows, in reading order; far: also in rows not shown."""
    for each in fields:
        yield each
        for row in (*each.rows, *each.far_rows) if far else each.rows:
            yield from walk(row.fields)


@dataclass(frozen=True, slots=True)
class FormView:
    """One immutable version of a form (表单版本). prefills: field -> registry field.

    blocks: field -> part of a reusable block; cell_blocks: the same of the cells of groups, by group;
    block: which block this form itself is, or "".
    """

    version_id: int
    key: str
    number: int
    digest: str
    title: Text
    source: str
    definition: dict
    pages: tuple[str, ...]
    fields: tuple[str, ...]
    required: frozenset[str]
    prefills: dict[str, str]
    titles: dict[str, Text]
    blocks: dict[str, str] = field(default_factory=dict)
    cell_blocks: dict[str, dict[str, str]] = field(default_factory=dict)
    block: str = ""


@dataclass(frozen=True, slots=True)
class DraftView:
    """What somebody has typed so far (草稿). disputed: the fields whose posted value this save put aside."""

    id: int
    account_id: int
    purpose_key: str
    form_version_id: int
    values: dict[str, object]
    sources: dict[str, ValueSource]
    page: str
    revision: int
    updated_at: datetime
    conflicts: dict[str, ValueConflict] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, dict] = field(default_factory=dict)
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DifferenceOption:
    """One of the values that differ (可选值). choice: what says so; at: when it was typed, None for what stands.

    text: as a reader sees it, {} for nothing; rows: a group as a table, its heading first, at most 50 rows of `total`;
    address: where a file or photo is to be had.
    """

    choice: str
    text: Text
    at: datetime | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    total: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A field that was filled in differently on two devices (填写差异). may_both: all rows of a group fit together."""

    field: str
    title: Text
    page_title: Text
    options: tuple[DifferenceOption, ...]
    may_both: bool = False


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """One uploaded file (附件)."""

    id: int
    account_id: int
    name: str
    content_type: str
    declared_type: str
    size: int
    sha256: str
    created_at: datetime

    @property
    def url(self) -> str:
        """Return the download address."""
        return f"/engines/forms/attachments/{self.id}/"
