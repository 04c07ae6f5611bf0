"""Pure rules of guided questions (情形引导规则): the way through them, and the proof that it always ends."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache

from yiwang.hall.guides.data import (
    HELD,
    MAYBE,
    NEEDED,
    NO,
    NOT_NEEDED,
    UNKNOWN,
    YES,
    GuideSpec,
    NarrowedMaterial,
    Option,
    Question,
)
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.packs import MatterDefinition

PATHS_MAX = 2000
_PATH = re.compile(r"\b(applicant|form)\.(\w+)")
Answered = tuple[tuple[Question, Option], ...]


@lru_cache(maxsize=512)
def _condition(text: str):  # noqa: ANN202 - a compiled expression
    return expression_compile(text)


def is_asked(question: Question, answers: Mapping[str, str]) -> bool:
    """Tell whether a question is asked after these answers (是否需要提问)."""
    return not question.when or _condition(question.when).evaluate(answers) is True


def way(spec: GuideSpec, given: Mapping[str, str]) -> tuple[Answered, Question | None]:
    """Follow the answers in order (引导路径): those that count, and the question that is next.

    An answer to a question that is not asked, or that is none of its options, counts for nothing.
    """
    answers: dict[str, str] = {}
    answered: list[tuple[Question, Option]] = []
    for question in spec.questions:
        if not is_asked(question, answers):
            continue
        option = question.option(given.get(question.key, ""))
        if option is None:
            return tuple(answered), question
        answers[question.key] = option.value
        answered.append((question, option))
    return tuple(answered), None


def remaining_most(spec: GuideSpec, answered: Answered) -> int:
    """Return how many questions may still come at most (最多还有几问)."""
    done = {question.key for question, _option in answered}
    return sum(question.key not in done for question in spec.questions)


def paths(spec: GuideSpec) -> Iterator[dict[str, str]]:
    """Yield every complete way of answering (全部引导路径), at most `PATHS_MAX` + 1."""
    stack: list[dict[str, str]] = [{}]
    count = 0
    while stack and count <= PATHS_MAX:
        answers = stack.pop()
        _answered, question = way(spec, answers)
        if question is None:
            count += 1
            yield answers
            continue
        stack += [answers | {question.key: option.value} for option in reversed(question.options)]


def facts_of(answered: Answered) -> dict[str, dict]:
    """Gather what the answers say (已知事实): {form: {…}, applicant: {…}, range: {…}, age: [from, to] or absent}."""
    found: dict[str, dict] = {"form": {}, "applicant": {}, "range": {}}
    for _question, option in answered:
        for part in ("form", "applicant", "range"):
            found[part] |= dict(option.facts.get(part, {}))
        if "age" in option.facts:
            found["age"] = list(option.facts["age"])
    return found


def verdict(text: str, facts: Mapping[str, dict], *, today: date) -> str:
    """Decide a matter's condition from the answers (条件判断): YES, NO, or UNKNOWN where they do not reach.

    >>> facts = {"form": {}, "applicant": {"kind": "person"}, "age": [60, 79]}
    >>> rule = "applicant.kind == 'person' and years_between(applicant.birth_date, today) >= 60"
    >>> verdict(rule, facts, today=date(2026, 11, 22)), verdict("form.x == 1", facts, today=date(2026, 11, 22))
    ('YES', 'UNKNOWN')
    """
    if not text:
        return YES
    births = [_birth(age, today) for age in facts["age"]] if "age" in facts else []
    known = {"applicant": set(facts["applicant"]), "form": set(facts["form"])}
    if births:
        known["applicant"].add("birth_date")
    if any(name not in known[part] for part, name in _PATH.findall(text)):
        return UNKNOWN
    results = {
        bool(
            _condition(text).evaluate(
                {
                    "applicant": facts["applicant"] | ({"birth_date": birth} if birth else {}),
                    "form": facts["form"],
                    "today": today,
                }
            )
        )
        for birth in births or [None]
    }
    return UNKNOWN if len(results) > 1 else YES if results.pop() else NO


def _birth(age: int, today: date) -> date:
    """A day on which somebody of this age was born: the age holds whatever the day of the year."""
    return date(today.year - age, 1, 1)


def materials_narrow(
    definition: MatterDefinition, facts: Mapping[str, dict], *, today: date
) -> tuple[NarrowedMaterial, ...]:
    """Say of every document whether it is needed in this case (材料精简)."""
    found = []
    for material in definition.materials:
        holds = verdict(material.when, facts, today=today)
        if holds == NO:
            state = NOT_NEEDED
        elif material.source != "upload":
            state = HELD
        elif holds == UNKNOWN or not material.required:
            state = MAYBE
        else:
            state = NEEDED
        found.append(NarrowedMaterial(material.title, state, material.note))
    return tuple(found)
