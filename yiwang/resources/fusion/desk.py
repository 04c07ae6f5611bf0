"""Values and rules of the fusion desk (融合台): runs, bindings, uncertain pairs. Pure.

>>> outcome_of([("MUST", 1), ("MUST", 2)]), outcome_of([("MUST", 1), ("CANNOT", 2)])
('MUST', 'DISPUTED')
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from yiwang.sdk.errors import N_, Conflict, Forbidden, NotFound
from yiwang.sdk.masking import mask_address, mask_id_number, mask_name, mask_phone

WORDS = {
    "MUST": N_("The same subject"),
    "CANNOT": N_("Different subjects"),
    "UNSURE": N_("Cannot be told"),
}
PAIR_STATES = {
    "OPEN": N_("Waits for the first reviewer"),
    "SECOND": N_("Waits for the second reviewer"),
    "DISPUTED": N_("Reviewers disagree"),
    "DECIDED": N_("Decision in force"),
    "CLOSED": N_("No longer in question"),
}
RUN_STATES = {
    "WAITING": N_("Waits to begin"),
    "RUNNING": N_("Run under way"),
    "PUBLISHED": N_("Master published"),
    "FAILED": N_("Run failed"),
    "INTERRUPTED": N_("Run interrupted"),
}
STAGES = {
    "feed": N_("Collecting the landed records"),
    "standardise": N_("Standardising"),
    "fuse": N_("Fusing"),
    "residue": N_("Placing rows without a valid identifier"),
    "identity": N_("Telling what became of identifiers"),
    "ties": N_("Joining ties between subjects"),
    "compare": N_("Comparing across departments"),
    "report": N_("Counting who disagrees with whom"),
    "review": N_("Loading uncertain pairs"),
    "publish": N_("Publishing the master"),
}
RULES = {
    "KEY": N_("Second key %(number)s"),
    "LINKED": N_("Probabilistic linkage"),
    "DECIDED": N_("Decided by people"),
    "REST": N_("Provisional subjects of their own"),
}
REGISTRIES = {"population": N_("Population registry"), "legal-persons": N_("Legal-person registry")}

FIELD_TITLES = {
    "identifier": N_("Identity number or credit code"),
    "name": N_("Name"),
    "sex": N_("Sex"),
    "birth_date": N_("Date of birth"),
    "ethnicity": N_("Ethnicity"),
    "marital": N_("Marital status"),
    "address": N_("Address"),
    "phone": N_("Telephone"),
    "employer": N_("Employer"),
    "household": N_("Household number"),
    "household_address": N_("Household address"),
    "community": N_("Community"),
    "employer_code": N_("Employer's code"),
    "photo": N_("Portrait"),
    "deceased_date": N_("Date of death"),
    "uscc": N_("Credit code"),
    "registration_number": N_("Registration number"),
    "representative": N_("Legal representative"),
    "representative_id": N_("Number of the legal representative"),
    "industry": N_("Industry"),
    "status": N_("Status"),
    "established_date": N_("Date of establishment"),
    "business_scope": N_("Scope of business"),
    "registered_capital": N_("Registered capital"),
}


class RegistryUnknown(NotFound):
    """No plan of this name fills a registry."""

    code = "registry_unknown"
    message = N_("There is no registry %(registry)s to be fused.")


class ClassUnknown(NotFound):
    """The plan has no such class or tie."""

    code = "class_unknown"
    message = N_("The plan of %(registry)s has no class %(number)s.")


class RunUnknown(NotFound):
    """No such run."""

    code = "fusion_run_unknown"
    message = N_("There is no fusion run %(run)s.")


class PairUnknown(NotFound):
    """No such pair, or not for the asker."""

    code = "review_pair_unknown"
    message = N_("There is no pair %(pair)s for you to review.")


class PairTaken(Conflict):
    """Another reviewer has the pair open."""

    code = "review_pair_taken"
    message = N_(
        "Another reviewer is working on this pair until %(until)s. Take the next one meanwhile."
    )


class PairAnswered(Conflict):
    """The same person cannot speak twice about a pair."""

    code = "review_pair_answered"
    message = N_("You have given your answer on this pair. It needs another person now.")


class PairMoved(Conflict):
    """The pair is in another state than the act needs."""

    code = "review_pair_moved"
    message = N_("The pair is in another state by now. Reload the page and look again.")


class SecondPersonNeeded(Forbidden):
    """What one person began, another has to end."""

    code = "second_person_needed"
    message = N_("You took part in this yourself, so another person has to do it.")


class TwoNumbers(Conflict):
    """Both records of a pair bear a valid number, and not the same."""

    code = "review_two_numbers"
    message = N_(
        "The two records bear two different valid numbers, so they are two subjects and are never joined. "
        "If one of the numbers is wrong, have the department that supplied it correct it."
    )


@dataclass(frozen=True, slots=True)
class BindingView:
    """What feeds a class of a plan (数据源绑定); resource_code "" when nothing does.

    matched: column of the class → field of the resource. missing: columns that nothing fills.
    files, rows: what landing has in force, None when it could not be asked.
    """

    registry: str
    code: str
    department: str
    title: str
    resource_code: str
    resource_title: str
    department_id: int | None
    matched: Mapping[str, str]
    missing: tuple[str, ...]
    formats: Mapping[str, str]
    bound_at: datetime | None
    last_delivered_at: datetime | None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class FusionRunView:
    """A run of a registry (融合运行).

    counts: records, persons, provisional, residue, review, persons_in_conflict, touched, standardised.
    report: conflicts {field: n}, disagreements {field: {class: n}}, against {field: {loser: {winner: n}}},
    placed {rule: n}, events {event: n}, comparisons {rule: n}, pairs {opened, kept, closed}.
    out: folder of the master, None before anything was published; run: its name.
    """

    id: int
    registry: str
    run: str
    trace: str
    state: str
    stage: str
    done: int
    total: int
    counts: Mapping[str, int]
    report: Mapping[str, object]
    seconds: Mapping[str, float]
    peak_mb: float
    error_code: str
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    out: Path

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.state in ("PUBLISHED", "FAILED", "INTERRUPTED")


@dataclass(frozen=True, slots=True)
class PairView:
    """An uncertain pair in the queue (待判定对): nothing personal in it."""

    id: int
    registry: str
    kind: str
    number: int
    row_no: int
    other_number: int
    other_row: int
    uid: int | None
    probability: float
    department_id: int | None
    state: str
    outcome: str
    round: int
    claimed_by: int | None
    claimed_until: datetime | None
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What one person said (判定意见)."""

    round: int
    seat: int
    account_id: int
    actor_name: str
    word: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Likeness:
    """How one field of two records compares (比对证据).

    level: EQUAL, NEAR, DIFFERS, NONE_HERE, NONE_THERE, NONE_BOTH as the linkage weighs it; sign: the words
    of it, a key of `SIGNS`; weight: log₂ of how much likelier it is in pairs that belong together.
    """

    field: str
    title: str
    level: str
    sign: str
    weight: float


@dataclass(frozen=True, slots=True)
class Side:
    """One record of a pair (一方记录): field → (value, masked, source, date) with its class and row."""

    title: str
    department: str
    number: int
    row_no: int
    values: Mapping[str, "Cell"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is shown (值): where it came from is its class's title and a date."""

    value: str
    source: str = ""
    at: str = ""
    level: int = 1
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree (一致性): pairs both spoke on, equal answers, Cohen's κ (None: not defined)."""

    pairs: int
    equal: int
    kappa: float | None

    @property
    def share(self) -> float | None:
        """Return the raw share of equal answers, 0-1."""
        return self.equal / self.pairs if self.pairs else None


SIGNS = {
    "EQUAL": N_("is the same"),
    "HOMOPHONE": N_("differs by characters of the same sound"),
    "ONE_CHARACTER": N_("differs by one character"),
    "SIMILAR": N_("is written nearly the same"),
    "SAME_DAY": N_("same day of the year, another year"),
    "SWAPPED": N_("day and month are exchanged"),
    "WITHIN_MONTH": N_("is at most a month apart"),
    "MOVED_NEAR": N_("is in the same street, another house"),
    "MOVED": N_("is another address: one of the two may have moved"),
    "CHANGED_PHONE": N_("is another telephone number: it may have been given up"),
    "ONE_DIGIT": N_("differs in one digit: it may be mistyped"),
    "TWO_DIGITS": N_("differs in two digits: it may be mistyped"),
    "DIFFERS": N_("is different"),
    "NONE_HERE": N_("is missing in the row"),
    "NONE_THERE": N_("is missing in the record"),
    "NONE_BOTH": N_("is missing in both"),
}
STRENGTHS = (
    (0.99, N_("almost certainly the same")),
    (0.9, N_("very probably the same")),
    (0.7, N_("probably the same")),
    (0.5, N_("rather the same than not")),
    (0.0, N_("rather not the same")),
)


def strength_of(probability: float) -> str:
    """Say a probability in words (概率的文字表述); a message id.

    >>> strength_of(0.95), strength_of(0.5)
    ('very probably the same', 'rather the same than not')
    """
    return next(text for least, text in STRENGTHS if probability >= least)


def weighs(weight: float) -> str:
    """Say what a field's weight speaks for (证据方向): FOR, AGAINST or LITTLE.

    >>> weighs(8.2), weighs(-4.0), weighs(0.3)
    ('FOR', 'AGAINST', 'LITTLE')
    """
    if abs(weight) < 1:
        return "LITTLE"
    return "FOR" if weight > 0 else "AGAINST"


def value_masked(name: str, kind: str, value: str) -> str:
    """Mask a value for who does not need it (脱敏). kind: of the plan's field, or ID.

    >>> value_masked("name", "NAME", "王小明"), value_masked("birth_date", "DATE", "1980-01-01")
    ('王**', '1980-**-**')
    >>> value_masked("employer", "TEXT", "苏州某某公司")
    '苏*****'
    """
    if kind == "NAME":
        return mask_name(value)
    if kind == "PHONE":
        return mask_phone(value)
    if kind == "ADDRESS":
        return _address_masked(value)
    if kind == "ID" or name.endswith("_id"):
        return mask_id_number(value)
    if kind == "DATE" and len(value) >= 8:
        return f"{value[:4]}-**-**"
    if kind == "CODE" or len(value) < 3:
        return "**"
    return value[:1] + "*" * (len(value) - 1)


def _address_masked(value: str) -> str:
    """Keep an address down to its first city or district: 社区 is none.

    >>> _address_masked("昆山市凤银街道玉宁社区3号"), _address_masked("平江街道1号")
    ('昆山市****', '平江街****')
    """
    found = re.match(r".{2,9}?(?:市|区|县|旗)", value)
    return f"{found.group()}****" if found else mask_address(value)


def outcome_of(words: Sequence[tuple[str, int]]) -> str:
    """Return what the verdicts of one round make of a pair (两人规则).

    words: (word, account) in the order of seats. Returns OPEN, SECOND, DISPUTED, or the word that holds.
    Two equal answers of one and the same account never decide anything.

    >>> outcome_of([]), outcome_of([("MUST", 1)]), outcome_of([("MUST", 1), ("MUST", 1)])
    ('OPEN', 'SECOND', 'SECOND')
    >>> outcome_of([("MUST", 1), ("CANNOT", 2), ("CANNOT", 3)])
    'CANNOT'
    """
    said: dict[int, str] = {}
    for word, account in words:
        said.setdefault(account, word)
    answers = list(said.values())
    if len(answers) < 2:
        return ("OPEN", "SECOND")[len(answers)]
    if answers[0] == answers[1]:
        return answers[0]
    return answers[2] if len(answers) > 2 else "DISPUTED"


def kappa(answers: Iterable[tuple[str, str]]) -> Agreement:
    """Measure agreement (一致性) of two raters: Cohen's κ = (pₒ - pₑ) / (1 - pₑ).

    answers: what the first and the second said, pair by pair. κ is None where chance alone agrees always.
    Source: J. Cohen, Educational and Psychological Measurement 20 (1960) 37-46.

    >>> kappa([("MUST", "MUST")] * 20 + [("MUST", "CANNOT")] * 5
    ...       + [("CANNOT", "MUST")] * 10 + [("CANNOT", "CANNOT")] * 15).kappa
    0.4
    """
    table = Counter(answers)
    total = sum(table.values())
    equal = sum(count for (left, right), count in table.items() if left == right)
    if not total:
        return Agreement(0, 0, None)
    words = {word for pair in table for word in pair}
    chance = sum(
        sum(n for (left, _right), n in table.items() if left == word)
        * sum(n for (_left, right), n in table.items() if right == word)
        for word in words
    ) / (total * total)
    if chance >= 1:
        return Agreement(total, equal, None)
    return Agreement(total, equal, round((equal / total - chance) / (1 - chance), 4))


def remedy_of(code: str) -> str:
    """Return what to do about a run that failed (处置办法): a message id."""
    return REMEDIES.get(code, REMEDIES[""])


REMEDIES = {
    "fusion_source_broken": N_("Land the batch of this class again, then run the fusion again."),
    "fusion_busy": N_("Wait until the other run has ended; it is shown in the list."),
    "fusion_nothing": N_("Bind resources to the plan and land their first batches."),
    "disk_full": N_("Make room on the disk of the installation, then run the fusion again."),
    "memory": N_("Give the run more memory or fewer processes, then run it again."),
    "interrupted": N_("Run the fusion again: it goes on with what was standardised already."),
    "": N_("Run the fusion again. If it fails once more, give the administrator the error below."),
}
