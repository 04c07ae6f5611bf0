"""What a room asks before one of its matters is submitted (提交前校验): registered by matter, called in the submission."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.hall.applications.data import Applicant


@dataclass(frozen=True, slots=True)
class SubmissionCase:
    """What is about to be submitted (待提交内容)."""

    draft_id: int
    matter_code: str
    applicant: Applicant
    form_data: Mapping[str, object]
    now: datetime


Check = Callable[[SubmissionCase], Mapping[str, list[str]]]
_checks: dict[str, Check] = {}


def submission_check_register(matter_code: str, check: Check) -> None:
    """Let a room judge the submissions of a matter (登记校验); it answers {field: [sentences]}, empty to let pass.

    The check runs inside the transaction of the submission and may take locks; what it raises stops it.
    """
    _checks[matter_code] = check


def submission_errors(case: SubmissionCase) -> dict[str, list[str]]:
    """Return what the matter's room has against the submission (校验结果)."""
    check = _checks.get(case.matter_code)
    return {key: list(said) for key, said in check(case).items()} if check else {}
