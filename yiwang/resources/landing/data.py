"""Values of landing (归集): batches, what became of their rows, what a file may be and how large."""

from dataclasses import dataclass, field
from datetime import datetime

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound, YiwangError

STATES = {
    "RECEIVED": N_("Received, waits for its turn"),
    "RUNNING": N_("Being read and checked"),
    "LANDED": N_("Data in force"),
    "STOPPED": N_("Stopped, waits for you"),
    "FAILED": N_("Could not be read"),
    "CANCELLED": N_("Cancelled"),
    "WITHDRAWN": N_("Taken back"),
}
MODES = {
    "DELTA": N_("New and changed rows"),
    "FULL": N_("Everything: replaces what was sent before"),
}
SOURCES = {
    "UPLOAD": N_("Upload"),
    "FOLDER": N_("Watched folder"),
    "DATABASE": N_("Pulled from a database"),
    "API": N_("Interface"),
    "FIX": N_("Correction of single rows"),
    "COMMAND": N_("Command line"),
}
STAGES = {
    "": N_("Waiting for the worker"),
    "READ": N_("Reading the file"),
    "REPAIR": N_("Putting forms right"),
    "CHECK": N_("Checking against the contract"),
    "LAND": N_("Putting rows in force"),
}
# What a repair did to a value (修复方式); the order is that in which they are tried.
REPAIRS = {
    "TRIM": N_("Blanks at the ends taken away"),
    "WIDTH": N_("Full-width digits and letters made half-width"),
    "CONTROL": N_("Invisible characters taken out"),
    "APOSTROPHE": N_("Excel's mark for text taken away"),
    "EMPTY": N_("A word for “nothing” made empty"),
    "DATE": N_("Date written as year-month-day"),
    "SERIAL": N_("Excel's day number turned into a date"),
    "NUMBER": N_("Number written plainly"),
    "BOOLEAN": N_("Yes or no written as 1 or 0"),
    "CODE": N_("Name replaced by its code"),
    "CROSSWALK": N_("Department's code replaced by the city's"),
    "CASE": N_("Check letter made a capital"),
}
# Why a row is not taken (拒收原因), besides the rules of its contract. %(field)s is the field's name.
REASONS = {
    "SCIENTIFIC": N_(
        "%(field)s was turned into a number such as 3.2E+17, which destroyed its last digits. Format "
        "the column as text in Excel and enter the numbers again"
    ),
    "DIGITS": N_(
        "%(field)s is a number of more than 15 digits in Excel, which keeps only 15. Format the column "
        "as text and enter the numbers again"
    ),
    "FORMULA": N_("%(field)s holds an error of a formula, such as #N/A"),
    "ENCODING": N_("The line holds bytes that are neither UTF-8 nor GB18030"),
    "QUOTE": N_("A quotation mark is opened and never closed"),
    "FEW": N_("The line has fewer columns than the heading"),
    "MANY": N_("The line has more columns than the heading"),
    "JSON": N_("The row is not an object of named values"),
    "required": N_("%(field)s is empty"),
    "unique": N_("Another row of this file has the same %(field)s and other values"),
    "type:D": N_("%(field)s is not a date such as 2024-01-05"),
    "type:T": N_("%(field)s is not a date with a time such as 2024-01-05 09:30:00"),
    "type:N": N_("%(field)s is not a number"),
    "type:I": N_("%(field)s is not a whole number"),
    "type:L": N_("%(field)s is not yes or no"),
    "length": N_("%(field)s is longer than the catalogue allows"),
    "code": N_("%(field)s is not in its code table"),
    "valid": N_("%(field)s does not hold: its check digit or form is wrong"),
    "rule": N_("%(field)s breaks the rule %(rule)s"),
}
# Why a whole batch stopped (批次停止原因).
STOPS = {
    "THRESHOLD": N_(
        "%(rejected)s of %(rows)s rows were refused, more than the %(share)s %% that are allowed. "
        "Download the refused rows, correct them and send the file again."
    ),
    "NOTHING": N_(
        "None of the %(rows)s rows could be taken. Look at the reasons below; often it is one column."
    ),
    "OLD": N_(
        "This looks like an older file: of %(rows)s rows %(known)s are in force already and %(older)s "
        "are older than what is in force. If it is meant, a data steward may release it."
    ),
    "AGAIN": N_(
        "These are exactly the %(rows)s rows of batch %(number)s, and newer batches came since. Nothing was "
        "changed. If everything is meant to be as it was then, a data steward may release it."
    ),
    "RULE": N_(
        "The contract stops this batch: %(rules)s. Correct the file and send it again, or ask a data "
        "steward to release it."
    ),
}
# What is unreadable (不可读原因): what happened and what to do.
FAILURES = {
    "EMPTY": N_("The file is empty. Look whether the right one was chosen."),
    "ONLY_HEADING": N_("The file has a heading and no rows below it."),
    "NO_HEADING": N_(
        "No heading was found in the first %(rows)s rows. One row has to name the columns, for example: "
        "%(columns)s."
    ),
    "COLUMNS_MISSING": N_(
        "Columns are missing: %(columns)s. Add them with exactly these names, empty where you know nothing."
    ),
    "COLUMNS_TWICE": N_("A column stands twice in the heading: %(columns)s. Keep one."),
    "LINE_TOO_LONG": N_(
        "Line %(line)s is longer than 1 MB, so this is no table of rows. Export it again with one row a line."
    ),
    "NOT_A_TABLE": N_(
        "This is not a table that can be read. Send CSV, XLSX, Parquet or JSON lines."
    ),
    "OLD_EXCEL": N_(
        "This is a file of old Excel (.xls) or one with a password. Open it and save it as .xlsx without a "
        "password."
    ),
    "WEB_PAGE": N_("This is a web page with the ending of Excel. Open it and save it as .xlsx."),
    "BROKEN": N_(
        "The file is damaged or was not sent completely (%(detail)s). Export it again and send it again."
    ),
    "TOO_LARGE": N_(
        "Unpacked, the file would be larger than %(limit)s MB. Send it as CSV or in several parts."
    ),
    "SOURCE": N_("The source did not answer: %(detail)s"),
    "CATALOGUE": N_(
        "The resource lists no fields in the catalogue, so nothing can be checked. Complete its entry first."
    ),
    "NAME_TAKEN": N_(
        "The catalogue calls a field %(columns)s, a name that is used inside. Give it another one."
    ),
    "CONTRACT": N_("The contract of this resource has a mistake: %(detail)s"),
    "DISK": N_("The disk is full. The original is kept; try again when there is room."),
    "MEMORY": N_(
        "The memory that one batch may take was not enough. The original is kept; send the file in several "
        "parts, or ask the data bureau to try again on a larger machine."
    ),
    "DEFECT": N_(
        "The program met something it does not know (%(detail)s). The original is kept; tell the data bureau."
    ),
}
LINE_MAX = 1024 * 1024
HEADING_ROWS = 30
ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".parquet", ".jsonl", ".ndjson", ".json")


class LandingUnreadable(YiwangError):
    """A file or source cannot be read; `kind` is a key of `FAILURES`."""

    code = "landing_unreadable"
    status = 422

    def __init__(self, kind: str, **params: object) -> None:
        self.kind = kind
        super().__init__(FAILURES[kind], **params)


class BatchNotFound(NotFound):
    """No such batch, or another department's."""

    code = "batch_not_found"
    message = N_("There is no batch %(id)s. Look in the list of batches.")


class BatchStateMoved(Conflict):
    """The batch is in another state than the act needs."""

    code = "batch_state_moved"
    message = N_("The batch is in another state by now. Reload the page and look again.")


class BatchCancelled(Conflict):
    """The batch was cancelled while it was processed."""

    code = "batch_cancelled"
    message = N_("The batch was cancelled.")


class FileRefused(Invalid):
    """The file is not taken in at all: empty, too large, or of a form that is not read."""

    code = "landing_file_refused"
    message = N_("This file cannot be taken.")


class LandingDiskFull(YiwangError):
    """There was no room to keep what was sent; nothing of it is there."""

    code = "landing_disk_full"
    status = 507
    message = N_(
        "There is no room on the disk to keep this file, so nothing of it was taken in. What was sent before "
        "is untouched. Send it again when the data bureau has made room."
    )


class ResourceNotSent(NotFound):
    """The resource is not published, or another department sends it."""

    code = "resource_not_sent"
    message = N_("No published resource %(code)s is yours to send.")


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What became of the rows (批次计数).

    rows: data rows of the file; accepted: taken; rejected: refused with reasons; duplicates: repeated
    exactly within the file; known: accepted ones already in force as they are; superseding: accepted
    ones that replace a row in force; older: accepted ones older than what is in force; repaired: rows
    with a repair; skipped: totals and notes below the table; warned: taken with a note of the contract.
    """

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    known: int = 0
    superseding: int = 0
    older: int = 0
    repaired: int = 0
    skipped: int = 0
    warned: int = 0


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch (批次). progress: done of total rows in `stage`; stop, failure: why, with what to fill in.

    reasons: {reason: count}; repairs: {kind: {count, samples: [[field, before, after], …]}};
    notes: what else the clerk should know, [{kind, …}].
    """

    id: int
    resource_id: int
    resource_code: str
    resource_title: str
    number: int
    state: str
    mode: str
    source: str
    name: str
    sha256: str
    size: int
    department_id: int | None
    received_at: datetime
    received_by: str
    started_at: datetime | None
    finished_at: datetime | None
    stage: str
    done: int
    total: int
    counts: BatchCounts
    reasons: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, dict] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    notes: list[dict] = field(default_factory=list)
    problem: str = ""
    problem_params: dict = field(default_factory=dict)
    release_reason: str = ""
    key: str = ""
    is_repeated: bool = False

    @property
    def is_running(self) -> bool:
        """Tell whether it still waits or is being processed."""
        return self.state in ("RECEIVED", "RUNNING")


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a row in force came from (来源): batch, line of the original, values as they were sent.

    repairs: {field: {"kinds": [...], "before": text}}.
    """

    batch_id: int
    batch_number: int
    line: int
    received_at: datetime
    values_original: dict[str, str | None]
    values: dict[str, str | None]
    repairs: dict[str, dict]
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A refused row (拒收行): the line of the original, every reason, the values as sent."""

    line: int
    reasons: tuple[str, ...]
    values: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows of a batch; total counts all that the filter lets through."""

    rows: tuple[RejectedRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SourceView:
    """A regular source (定期来源) of a resource: a folder or a database."""

    id: int
    resource_id: int
    resource_code: str
    kind: str
    mode: str
    settings: dict
    every_seconds: int
    is_active: bool
    watermark: str
    next_at: datetime
    last_at: datetime | None
    last_result: str
    last_error: str
