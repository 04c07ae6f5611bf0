"""Reads the packs' guides/*.yaml (情形引导): checks them, proves that every way ends, puts them in force."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime

import msgspec

from yiwang.hall.guides.actions import guide_put, guides_close
from yiwang.hall.guides.data import DecisionRef, GuideSpec, Option, Outcome, Question
from yiwang.hall.guides.queries import outcome_of
from yiwang.hall.guides.rules import PATHS_MAX, paths
from yiwang.sdk.expressions import ExpressionError
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.packs import PackError, PackFile, PackProblem, PackSection


def guides_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Put every guides/*.yaml of a pack in force and close those it no longer has (情形引导装载).

    Returns the key of each by the file's name; raises `PackError` with the problems of all files.
    """
    problems: list[PackProblem] = []
    found: dict[str, GuideSpec] = {}
    for file in section.files:
        try:
            found[file.name] = _resolved(section, file)
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(problems)
    keys = {name: section.qualified(name) for name in found}
    for name, spec in found.items():
        guide_put(keys[name], spec, source=section.source, now=now)
    guides_close(source=section.source, keys=keys.values(), now=now)
    return dict(keys)


def _resolved(section: PackSection, file: PackFile) -> GuideSpec:
    try:
        spec = msgspec.convert(file.data, GuideSpec, strict=True)
    except msgspec.ValidationError as error:
        raise PackError(file.problem((), str(error))) from error
    found = [*_misspelt(file.data), *_shape(spec)]
    if found:
        raise PackError([file.problem(keypath, text) for keypath, text in found])
    table = section.resolve("decisions", spec.decision.model, file, ("decision", "model"))
    if spec.decision.question not in table["decisions"]:
        names = ", ".join(table["decisions"])
        text = f"The table has no decision {spec.decision.question}. It has: {names}."
        raise PackError(file.problem(("decision", "question"), text))
    outcomes = tuple(
        _outcome(section, file, index, outcome) for index, outcome in enumerate(spec.outcomes)
    )
    decision = DecisionRef(table["key"], spec.decision.question)
    spec = dataclasses.replace(spec, decision=decision, outcomes=outcomes)
    problems = [file.problem(keypath, text) for keypath, text in _proof(spec)]
    if problems:
        raise PackError(problems)
    return spec


def _outcome(section: PackSection, file: PackFile, index: int, outcome: Outcome) -> Outcome:
    def code(reference: str, keypath: tuple) -> str:
        return str(section.resolve("matters", reference, file, keypath)) if reference else ""

    return dataclasses.replace(
        outcome,
        matter=code(outcome.matter, ("outcomes", index, "matter")),
        also=tuple(
            code(each, ("outcomes", index, "also", place))
            for place, each in enumerate(outcome.also)
        ),
    )


def _misspelt(data: dict) -> Iterator[tuple[tuple, str]]:
    """Yield keys that nobody reads: mostly misspelt ones."""
    parts = [((), data, GuideSpec)]
    for index, question in enumerate(data["questions"]):
        parts.append((("questions", index), question, Question))
        for place, option in enumerate(question["options"]):
            parts.append((("questions", index, "options", place), option, Option))
    parts += [(("outcomes", at), outcome, Outcome) for at, outcome in enumerate(data["outcomes"])]
    for keypath, part, kind in parts:
        known = {each.name for each in dataclasses.fields(kind)}
        for key in sorted(part.keys() - known):
            yield (*keypath, key), f"The key {key} is not known here."


def _shape(spec: GuideSpec) -> Iterator[tuple[tuple, str]]:
    """Yield what is wrong with the file by itself: doubled keys, unknown names, one-sided texts."""
    seen: set[str] = set()
    for index, question in enumerate(spec.questions):
        for keypath, text in _question(question, seen):
            yield ("questions", index, *keypath), text
        seen.add(question.key)
    keys = [outcome.key for outcome in spec.outcomes]
    for index, outcome in enumerate(spec.outcomes):
        if keys.count(outcome.key) > 1:
            yield ("outcomes", index, "key"), f"The outcome {outcome.key} appears twice."
        if not outcome.matter and not (outcome.title and outcome.advice):
            yield ("outcomes", index), "An outcome without a matter has a title and advice."
    for keypath, text in _texts(spec):
        if not text.get("zh") or not text.get("en"):
            yield keypath, "Text is given in zh and en."


def _question(question: Question, before: set[str]) -> Iterator[tuple[tuple, str]]:
    if question.key in before:
        yield ("key",), f"The question {question.key} appears twice."
    values = [option.value for option in question.options]
    if len(values) < 2 or len(set(values)) != len(values):
        yield ("options",), "A question has two or more different options."
    if not question.when:
        return
    try:
        names = expression_compile(question.when).names
    except ExpressionError as error:
        yield ("when",), str(error)
        return
    for name in sorted(names - before):
        yield ("when",), f"{name} is no question before this one."


def _texts(spec: GuideSpec) -> Iterator[tuple[tuple, dict]]:
    yield ("title",), spec.title
    yield ("lead",), spec.lead
    for index, question in enumerate(spec.questions):
        yield ("questions", index, "text"), question.text
        for place, option in enumerate(question.options):
            yield ("questions", index, "options", place), option.text
    for index, outcome in enumerate(spec.outcomes):
        yield ("outcomes", index, "why"), outcome.why
        if outcome.advice:
            yield ("outcomes", index, "advice"), outcome.advice


def _proof(spec: GuideSpec) -> Iterator[tuple[tuple, str]]:
    """Try every way of answering (穷举引导路径): each ends in an outcome, each option and outcome is reached."""
    used: set[tuple[str, str]] = set()
    reached: set[str] = set()
    lost: list[dict[str, str]] = []
    for count, answers in enumerate(paths(spec), start=1):
        if count > PATHS_MAX:
            yield ("questions",), f"There are more than {PATHS_MAX} ways of answering: ask less."
            return
        outcome, _fired = outcome_of(spec, answers)
        used |= set(answers.items())
        if outcome is None:
            lost.append(answers)
        else:
            reached.add(outcome.key)
    for answers in lost[:3]:
        said = ", ".join(f"{key}={value}" for key, value in answers.items())
        yield ("decision",), f"These answers lead nowhere: {said}."
    for index, question in enumerate(spec.questions):
        for place, option in enumerate(question.options):
            if (question.key, option.value) not in used:
                yield ("questions", index, "options", place), f"{option.value} can never be chosen."
    for index, outcome in enumerate(spec.outcomes):
        if outcome.key not in reached:
            yield ("outcomes", index, "key"), f"No answers lead to {outcome.key}."
