"""Pure rules of investment projects (投资项目规则): the code, which approvals apply, what may begin, the critical path.

plan = plan_build(data); chosen = approvals_for(plan, facts); path_of(chosen, states)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter

from yiwang.sdk.expressions import compile as expression_compile

CODE_PATTERN = re.compile(r"([0-9]{4})-([0-9]{6})-([0-9]{2})-([0-9]{2})-([0-9]{5})([0-9])")
SPREAD = 61_803  # coprime to 100,000: serials one after the other look unlike each other

NUMBERS = ("investment_wan", "land_m2", "building_m2")

NOT_STARTED, APPLIED, GRANTED, REFUSED = "NOT_STARTED", "APPLIED", "GRANTED", "REFUSED"
READY, BLOCKED = "READY", "BLOCKED"


# --- the code -----------------------------------------------------------------------------------


def code_make(
    *, year: int, area_code: str, guidance: str, kind: str, serial: int, check: str
) -> str:
    """Build a project code (项目代码): year, region, guidance department, type, five digits and a check digit.

    serial: 1 to 99,999 within year, region and type; no two serials give the same five digits. Source:
    GB/T 40058-2021 and 发改投资〔2020〕1439号 (24 characters).

    >>> code_make(year=2026, area_code="320508", guidance="89", kind="03", serial=1, check="MOD11_10")
    '2026-320508-89-03-618033'
    """
    if not 0 < serial < 100_000:
        raise ValueError(f"no code for the serial {serial}")
    body = f"{year:04d}{area_code[:6]}{guidance}{kind}{serial * SPREAD % 100_000:05d}"
    digit = check_digit(body) if check == "MOD11_10" else "0"
    return f"{body[:4]}-{body[4:10]}-{body[10:12]}-{body[12:14]}-{body[14:]}{digit}"


def code_valid(text: str, *, check: str) -> bool:
    """Tell whether a text has the form of a project code and its check digit (项目代码校验).

    >>> code_valid("2026-320508-89-03-618033", check="MOD11_10"), code_valid("2026-320508-89-03-618034", check="MOD11_10")
    (True, False)
    """
    found = CODE_PATTERN.fullmatch(text)
    if not found:
        return False
    body = "".join(found.groups()[:5])
    return check != "MOD11_10" or check_digit(body) == found.group(6)


def check_digit(digits: str) -> str:
    """Return the check digit of ISO 7064 MOD 11,10 (校验位).

    >>> check_digit("31023000171614")
    '6'
    """
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


# --- the plan -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage (阶段). after_building: its approvals can only begin when the building stands.

    bundle: the bundle (一件事) by which all of it is applied for at once, "" for none.
    """

    key: str
    title: Mapping[str, str]
    limit_days: int
    after_building: bool = False
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval of a stage (审批事项): days promised, what must be granted before, whether it applies."""

    key: str
    stage: str
    matter: str
    title: Mapping[str, str]
    days: int
    needs: tuple[str, ...]
    when: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a fact may have, in words (选项)."""

    value: str
    zh: str
    en: str

    @property
    def title(self) -> dict[str, str]:
        """Return the words as {zh, en}."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class ReportRules:
    """How often a project reports, by its type, and how late is late (报告规则); days of the calendar."""

    every: Mapping[str, str]
    due_days: int
    remind_days: int
    behind_percent: int


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Which approvals a change of a field needs again (变更规则), while `when` holds."""

    field: str
    again: tuple[str, ...]
    when: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages and approvals with the numbers they are reckoned with (审批流程图)."""

    stages: tuple[Stage, ...]
    approvals: tuple[Approval, ...]
    preparation_days: int
    idle_days: int
    guidance: str
    types: Mapping[str, str]
    check: str
    table: str
    question: str
    funding: tuple[Choice, ...]
    catalogue: tuple[Choice, ...]
    reports: ReportRules
    changes: tuple[ChangeRule, ...]

    def titles(self, keys: Iterable[str]) -> dict[str, str]:
        """Name approvals in a row (事项名称)."""
        known = {one.key: one.title for one in self.approvals}
        found = [known[key] for key in keys]
        return {language: "、".join(one[language] for one in found) for language in ("zh", "en")}


def plan_build(data: Mapping) -> Plan:
    """Build the plan from the read file (载入流程图); ValueError for an unknown stage or need, or a circle."""
    stages = tuple(Stage(**row) for row in data["stages"])
    approvals = tuple(
        Approval(**{**row, "needs": tuple(row["needs"])}) for row in data["approvals"]
    )
    keys, places = {one.key for one in approvals}, {one.key for one in stages}
    for one in approvals:
        if not set(one.needs) <= keys or one.stage not in places:
            raise ValueError(f"{one.key} names an approval or stage that is not there")
        if one.when:
            expression_compile(one.when)
    TopologicalSorter({one.key: one.needs for one in approvals}).prepare()
    code, decision = data["code"], data["decision"]
    return Plan(
        stages,
        approvals,
        data["preparation_days"],
        data["idle_days"],
        str(code["guidance"]),
        dict(code["types"]),
        code["check"],
        decision["table"],
        decision["question"],
        tuple(Choice(**row) for row in data["funding"]),
        tuple(Choice(**row) for row in data["catalogue"]),
        ReportRules(**data["reports"]),
        tuple(_change_rules(data["changes"], keys)),
    )


def _change_rules(rows: Iterable[Mapping], keys: set[str]) -> Iterable[ChangeRule]:
    for row in rows:
        if not set(row["again"]) <= keys:
            raise ValueError(f"a change of {row['field']} names an approval that is not there")
        if row.get("when"):
            expression_compile(row["when"])
        yield ChangeRule(row["field"], tuple(row["again"]), row.get("when", ""))


def approvals_for(plan: Plan, facts: Mapping) -> tuple[Approval, ...]:
    """Return the approvals that a project needs (适用审批事项); needs that do not apply fall away."""
    chosen = [
        one
        for one in plan.approvals
        if not one.when or expression_compile(one.when).evaluate({"project": dict(facts)})
    ]
    keys = {one.key for one in chosen}
    return tuple(
        Approval(
            one.key,
            one.stage,
            one.matter,
            one.title,
            one.days,
            tuple(need for need in one.needs if need in keys),
            one.when,
        )
        for one in chosen
    )


def blockers(approval: Approval, states: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must be granted before this one may be applied for (前置未完成)."""
    return tuple(need for need in approval.needs if states.get(need) != GRANTED)


def standing(approval: Approval, states: Mapping[str, str]) -> str:
    """Return how an approval stands (办理状态): a key of `data.STATES`."""
    state = states.get(approval.key, NOT_STARTED)
    if state != NOT_STARTED:
        return state
    return BLOCKED if blockers(approval, states) else READY


def stage_remaining(
    stage: str, approvals: Iterable[Approval], states: Mapping[str, str]
) -> tuple[Approval, ...]:
    """Return what is still to be applied for in a stage (阶段内未申报事项): not begun, or refused before."""
    return tuple(
        one
        for one in approvals
        if one.stage == stage and states.get(one.key, NOT_STARTED) in (NOT_STARTED, REFUSED)
    )


def stage_together(stage: str, approvals: Iterable[Approval], states: Mapping[str, str]) -> bool:
    """Tell whether what remains of a stage may be applied for at once (整阶段申报): two or more, nothing else before."""
    remaining = stage_remaining(stage, approvals, states)
    keys = {one.key for one in remaining}
    return len(remaining) > 1 and all(set(blockers(one, states)) <= keys for one in remaining)


# --- the critical path --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reckoned:
    """When an approval can be done (推算), in working days from today. slack 0 and not done: critical."""

    start: float
    end: float
    slack: float
    is_critical: bool


def path_of(
    approvals: Sequence[Approval],
    states: Mapping[str, str],
    *,
    remaining: Mapping[str, float],
    preparation_days: int,
    released: Mapping[str, float] | None = None,
) -> dict[str, Reckoned]:
    """Reckon the earliest end of each approval and which of them nothing may delay (关键路径).

    remaining: working days left of those being handled. released: approvals that cannot begin before so many
    days (the building is not there yet). Done ones count nothing. All that can run side by side does.
    """
    by_key = {one.key: one for one in approvals}
    order = list(TopologicalSorter({one.key: one.needs for one in approvals}).static_order())
    length, start, end = {}, {}, {}
    for key in order:
        state = states.get(key, NOT_STARTED)
        length[key] = _length(by_key[key], state, remaining, preparation_days)
        begin = max((end[need] for need in by_key[key].needs), default=0)
        if state in (NOT_STARTED, REFUSED):
            begin = max(begin, (released or {}).get(key, 0))
        start[key], end[key] = begin, begin + length[key]
    total = max(end.values(), default=0)
    latest = dict.fromkeys(order, total)
    for key in reversed(order):
        for need in by_key[key].needs:
            latest[need] = min(latest[need], latest[key] - length[key])
    return {
        key: Reckoned(
            start[key],
            end[key],
            latest[key] - end[key],
            length[key] > 0 and latest[key] - end[key] <= 0,
        )
        for key in order
    }


def _length(
    approval: Approval, state: str, remaining: Mapping[str, float], preparation_days: int
) -> float:
    if state == GRANTED:
        return 0
    if state == APPLIED:
        return max(remaining.get(approval.key, approval.days), 0)
    return preparation_days + approval.days


def flags_of(  # noqa: PLR0913 - what a flag can come from
    states: Mapping[str, str],
    *,
    overdue: Iterable[str],
    idle: Iterable[str],
    start_day: date | None,
    start_planned: date,
    finish_planned: date,
    today: date,
    is_report_late: bool = False,
    is_behind: bool = False,
) -> tuple[str, ...]:
    """Return why a project is off track (预警原因), keys of `data.FLAGS`; empty when it is on track.

    start_day: the day on which the construction permit can be had at the earliest, None once it is there.
    """
    found = {
        "OVERDUE": any(True for _ in overdue),
        "IDLE": any(True for _ in idle),
        "REFUSED": REFUSED in states.values(),
        "START_LATE": start_day is not None and start_day > start_planned,
        "FINISH_LATE": today > finish_planned and states.get("completion") != GRANTED,
        "REPORT_LATE": is_report_late,
        "BEHIND": is_behind,
    }
    return tuple(key for key, holds in found.items() if holds)
