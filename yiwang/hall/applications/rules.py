"""Pure rules of applications (办件规则): numbers, receipts, outcomes, words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from yiwang.hall.receipts.rules import moment_text
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of  # noqa: F401 - the acts reach it as a rule

# GB/T 39046-2020 A.2: 3 city, 4 county, 5 town and street level.
USE_LEVEL = {"CITY": "3", "DISTRICT": "4", "STREET": "5"}

END_STATES = frozenset({"APPROVED", "REFUSED", "NOT_ACCEPTED", "WITHDRAWN", "TERMINATED"})
REVIEWS = frozenset({"AGREE", "DISAGREE"})
"""What a review concludes: of the whole it decides nothing yet, of a department's part it does."""
OPEN_STATES = frozenset({"SUBMITTED", "HANDLING", "CORRECTION", "SUSPENDED"})

STATE_LABELS = {
    "SUBMITTED": N_("Waiting for acceptance"),
    "HANDLING": N_("Being handled"),
    "CORRECTION": N_("Waiting for your correction"),
    "APPROVED": N_("Approved"),
    "REFUSED": N_("Refused"),
    "NOT_ACCEPTED": N_("Not accepted"),
    "SUSPENDED": N_("Handling suspended"),
    "WITHDRAWN": N_("Withdrawn"),
    "TERMINATED": N_("Handling terminated"),
}

BRANCH_LABELS = {
    "WAITING": N_("Not started"),
    "OPEN": N_("In progress"),
    "CORRECTION": N_("Waiting for correction"),
    "AGREED": N_("Agreed"),
    "REFUSED": N_("Not agreed"),
    "ENDED": N_("Ended"),
}

# What an officer may conclude at a step; `refuses`: reason and legal basis are then obligatory.
OUTCOMES = {
    "APPROVE": {"label": N_("Approve"), "kind": "primary", "refuses": False},
    "AGREE": {"label": N_("Agree"), "kind": "primary", "refuses": False},
    "ACCEPT": {"label": N_("Accept the application"), "kind": "primary", "refuses": False},
    "DISAGREE": {"label": N_("Recommend refusal"), "kind": "secondary", "refuses": False},
    "RETURN": {"label": N_("Send back for review"), "kind": "secondary", "refuses": False},
    "CORRECT": {"label": N_("Ask for correction"), "kind": "secondary", "refuses": False},
    "REFUSE": {"label": N_("Refuse"), "kind": "danger", "refuses": True},
    "NOT_ACCEPTED": {"label": N_("Do not accept"), "kind": "danger", "refuses": True},
}

# What a conclusion makes of a department's share; a review of the whole (owner) decides nothing yet.
BRANCH_STATE_AFTER = {
    "APPROVE": "AGREED",
    "AGREE": "AGREED",
    "DISAGREE": "REFUSED",
    "REFUSE": "REFUSED",
    "NOT_ACCEPTED": "REFUSED",
}

# 行政许可法 art. 32: all that is missing is told once, within five days; else deemed accepted.
LICENSING = ("01",)
"""GB/T 39046 A.1: the item types to which the Administrative Licensing Law gives its limits (行政许可)."""

ACCEPTANCE_LABEL = {"zh": "受理期限", "en": "Time to accept"}
LEGAL_LABEL = {"zh": "法定期限", "en": "Legal limit"}
PROMISED_LABEL = {"zh": "承诺期限", "en": "Promised limit"}
ACCEPTANCE_DAYS = 5
ACCEPTANCE_BASIS = "《中华人民共和国行政许可法》第三十二条"


def task_code_make(uscc: str, level: str, basic_code: str) -> str:
    """Build the implementation code (实施编码): USCC 18 + level 1 + basic code 12 = 31 characters.

    >>> task_code_make("113205000141456735", "CITY", "320116001000")
    '1132050001414567353320116001000'
    """
    return f"{uscc}{USE_LEVEL[level]}{basic_code}"


def number_make(task_code: str, day: date, serial: int) -> str:
    """Build the case number (办件编号): task code 31 + date 8 + serial 4 or more.

    >>> number_make("1132050001414567353320116001000", date(2026, 11, 21), 1)
    '1132050001414567353320116001000202611210001'
    """
    return f"{task_code}{day:%Y%m%d}{serial:04d}"


def receipt_content(
    *,
    number: str,
    matter_code: str,
    matter_version: int,
    applicant: Mapping[str, str],
    form: Mapping,
    materials: Mapping[str, str],
    submitted_at: datetime,
) -> dict:
    """Gather what the receipt's hash covers (回执内容): who, what, which documents, when.

    materials: key → digest of the file, of the words of a promise, or where the city has it from.
    """
    return {
        "number": number,
        "matter": matter_code,
        "version": matter_version,
        "applicant": dict(applicant),
        "form": dict(form),
        "materials": dict(materials),
        "submitted_at": moment_text(submitted_at),
    }


def document_number_make(short_name: str, day: date, serial: int, outcome: str) -> str:
    """Build the number of a decision document (决定文书号).

    >>> document_number_make("姑苏区民政局", date(2026, 11, 21), 7, "REFUSED")
    '姑苏区民政局不许字〔2026〕第0007号'
    """
    word = {
        "APPROVED": "许字",
        "REFUSED": "不许字",
        "NOT_ACCEPTED": "不受字",
        "TERMINATED": "终字",
    }[outcome]
    return f"{short_name}{word}〔{day.year}〕第{serial:04d}号"


def changes_between(before: Mapping, after: Mapping, titles: Mapping[str, dict]) -> list[dict]:
    """List the fields that a correction changed (补正前后对照): key, title, before, after."""
    return [
        {
            "key": key,
            "title": titles.get(key, {"zh": key, "en": key}),
            "before": before.get(key),
            "after": after.get(key),
        }
        for key in sorted(set(before) | set(after))
        if before.get(key) != after.get(key)
    ]


def is_licensing(item_type: str, *, branch_licences: Sequence[str | None] = ()) -> bool:
    """Say whether the Administrative Licensing Law rules the limits of a matter (是否行政许可).

    branch_licences: the licence type of each department that takes part; licences given together are licences.
    """
    return item_type in LICENSING or any(branch_licences)
