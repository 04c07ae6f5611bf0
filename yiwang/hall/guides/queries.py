"""Reads of guided questions and forecasts (情形引导与办结预测查询)."""

from collections.abc import Mapping
from datetime import date

import msgspec
from django.utils import timezone

from yiwang.engines.api import decision_evaluate
from yiwang.hall.guides.data import (
    NO,
    UNKNOWN,
    YES,
    Advice,
    Forecast,
    GuideQuestions,
    GuideSpec,
    Outcome,
    Walk,
)
from yiwang.hall.guides.errors import GuideUnknown
from yiwang.hall.guides.models import ForecastTable, GuideVersion
from yiwang.hall.guides.quantiles import interval_of
from yiwang.hall.guides.rules import (
    Answered,
    facts_of,
    materials_narrow,
    remaining_most,
    verdict,
    way,
)
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.deciding import eligibility_foreseen
from yiwang.hall.matters.queries import MatterNotFound, matter_get
from yiwang.kernel.api import CalendarNotPublished, calendar_get
from yiwang.sdk.packs import Fee


def guide_list() -> list[GuideQuestions]:
    """List the guided questions in force (情形引导), by key."""
    rows = GuideVersion.objects.filter(valid_to__isnull=True).order_by("key")
    return [guide_view(row) for row in rows]


def guide_list_of(matter_code: str) -> list[GuideQuestions]:
    """List the guided questions that may lead to a matter (涉及本事项的引导)."""
    rows = GuideVersion.objects.filter(valid_to__isnull=True).order_by("key")
    return [guide_view(row) for row in rows if matter_code in row.matters]


def guide_get(key: str) -> GuideQuestions:
    """Return the guided questions in force (情形引导). Raises `GuideUnknown`."""
    row = GuideVersion.objects.filter(key=key[:100], valid_to__isnull=True).first()
    if row is None:
        raise GuideUnknown()
    return guide_view(row)


def guide_walk(guide: GuideQuestions, given: Mapping[str, str], *, today: date) -> Walk:
    """Follow somebody's answers (引导): the next question, or the advice they lead to."""
    spec = guide.spec
    answered, question = way(spec, given)
    if question is not None:
        return Walk(answered, question, remaining=remaining_most(spec, answered))
    outcome, fired = outcome_of(spec, {q.key: option.value for q, option in answered})
    return Walk(answered, None, _advice(outcome, answered, fired, today=today))


def outcome_of(
    spec: GuideSpec, answers: Mapping[str, str]
) -> tuple[Outcome | None, tuple[tuple[str, tuple[int, ...]], ...]]:
    """Ask the decision (决策): the outcome of complete answers, and the rules that fired.

    A question that was not asked is null to the decision.
    """
    inputs = {question.key: answers.get(question.key) for question in spec.questions}
    decided = decision_evaluate(spec.decision.model, spec.decision.question, inputs)
    fired = tuple(
        (str(each["table"]), tuple(int(number) for number in each["rules"]))
        for each in decided.fired
        if each.get("rules")
    )
    return spec.outcome(decided.value), fired


def _advice(outcome: Outcome | None, answered: Answered, fired, *, today: date) -> Advice | None:  # noqa: ANN001
    if outcome is None:
        return None
    matter = _matter(outcome.matter)
    facts = facts_of(answered)
    also = [(code, found.title) for code in outcome.also if (found := _matter(code))]
    if matter is None:
        return Advice(
            outcome, "", outcome.title or {}, False, UNKNOWN, None, (), None, False, None, tuple(also), fired
        )  # fmt: skip
    spec = matter.spec
    eligible, words = _eligible(matter, facts, today=today)
    return Advice(
        outcome=outcome,
        matter_code=matter.code,
        title=matter.title,
        can_apply=matter.can_apply,
        eligible=eligible,
        eligibility=words,
        materials=materials_narrow(spec, facts, today=today),
        fee=_fee(matter, facts),
        is_free=spec.fee is None and matter.can_apply,
        fee_note=spec.fee.note if spec.fee else None,
        also=tuple(also),
        fired=fired,
    )


def _eligible(
    matter: MatterView, facts: Mapping[str, dict], *, today: date
) -> tuple[str, Mapping[str, str] | None]:
    """Return whether the answers let somebody apply, and in which words: those of the rule that says so."""
    rule = matter.spec.eligibility
    if rule is None:
        return UNKNOWN, None
    words = {"zh": rule.zh, "en": rule.en}
    found = verdict(rule.when, facts, today=today) if rule.when else UNKNOWN
    ruling = None if found == NO else eligibility_foreseen(matter, facts, today=today)
    if ruling is None:
        return UNKNOWN if found == YES and rule.decision else found, words
    if not ruling.is_allowed:
        return NO, ruling.words
    return found if rule.when else YES, ruling.words


def _matter(code: str) -> MatterView | None:
    try:
        return matter_get(code) if code else None
    except MatterNotFound:
        return None


def _fee(matter: MatterView, facts: Mapping[str, dict]) -> tuple[int, int | None] | None:
    """The fee as far as the answers decide it (费用), in 分, from and to; None when they do not.

    An answer may be a range, "100 to 1,000 cubic metres": then both ends are asked; to None has no upper end.
    """
    fee = matter.spec.fee
    if fee is None:
        return None
    if not fee.decision:
        return fee.amount_fen, fee.amount_fen
    ranges = facts.get("range", {})
    low = _fee_at(fee, facts["form"] | {name: ends[0] for name, ends in ranges.items()})
    if low is None:
        return None
    if any(ends[1] is None for ends in ranges.values()):
        one_more = {name: ends[0] + 1 for name, ends in ranges.items()}
        is_flat = _fee_at(fee, facts["form"] | one_more) == low
        return low, low if is_flat else None
    return low, _fee_at(fee, facts["form"] | {name: ends[1] for name, ends in ranges.items()})


def _fee_at(fee: Fee, form: Mapping[str, object]) -> int | None:
    value = decision_evaluate(fee.decision, fee.question, dict(form)).value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number else None


def forecast_of(
    matter: MatterView,
    *,
    department_id: int | None = None,
    since: date | None = None,
    today: date | None = None,
) -> Forecast | None:
    """Say when an answer is likely (预计办结), with 80 in 100 between two days; None: not enough data.

    since: the day of submission, by default today. For what runs already only cases that took at least as long count.
    Looks at this matter and department first, then at the matter in the city, then at similar matters.
    """
    today = today or timezone.localdate()
    since = since or today
    elapsed = _elapsed(since, today)
    scopes = scopes_of(
        matter.code, department_id, matter.department_function, matter.spec.item_type, promised_of(matter)
    )  # fmt: skip
    tables = {row.scope: row for row in ForecastTable.objects.filter(scope__in=scopes.values())}
    for level, scope in scopes.items():
        row = tables.get(scope)
        counts = {int(day): number for day, number in row.counts.items()} if row else {}
        found = interval_of(counts, elapsed=elapsed)
        if found is not None:
            low, high = (_day(since, days, today) for days in (found.low, found.high))
            return Forecast(found, level, row.refreshed_at, low, high)
    return None


def promised_of(matter: MatterView) -> int | None:
    """Return the promised limit in working days (承诺工作日), None where there is none or in other units."""
    limits = matter.limits
    if limits is None or limits.promised.unit != "WORKING_DAY":
        return None
    return limits.promised.amount


def scopes_of(
    matter_code: str,
    department_id: int | None,
    function: str,
    item_type: str,
    promised: int | None,
) -> dict[str, str]:
    """Name the scopes a case counts in (预测范围), by level, the nearest first."""
    found = {}
    if department_id is not None:
        found["MATTER_DEPARTMENT"] = f"matter:{matter_code}/{department_id}"
    found["MATTER"] = f"matter:{matter_code}"
    if promised is not None:
        found["KIND"] = f"kind:{function}/{item_type}/{promised}"
    return found


def _elapsed(since: date, today: date) -> int:
    try:
        return calendar_get().working_days_between(since, today)
    except CalendarNotPublished:
        return 0


def _day(since: date, days: int, today: date) -> date | None:
    try:
        calendar = calendar_get()
        return calendar.working_day_from(max(calendar.add_working_days(since, days), today))
    except CalendarNotPublished:
        return None


def guide_view(row: GuideVersion) -> GuideQuestions:
    """Turn a row into what others see."""
    spec = msgspec.convert(row.spec, GuideSpec)
    return GuideQuestions(row.key, row.number, spec, row.source, row.valid_from)
