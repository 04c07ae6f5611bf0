"""Matters decided by table (判定表): who may apply, and which department handles it.

The same tables run here, write the guide (`tables.py`) and are checked when the matter is published
(`publishing.py`), so that the guide, the refusal and the officer's page say the same words.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from yiwang.engines.api import decision_evaluate, decision_input_names
from yiwang.hall.matters.data import ELIGIBILITY, ROUTING, MatterView, Ruling
from yiwang.hall.matters.models import MatterRuling
from yiwang.kernel.api import rows_insert
from yiwang.sdk.errors import N_, Conflict
from yiwang.sdk.packs import MatterDefinition

GIVEN = frozenset({"applicant", "today"})
"""What every table may ask for besides the fields of the form."""


class MatterUndecided(Conflict):
    """No rule of a matter's table applies to what was entered."""

    code = "matter_undecided"
    message = N_(
        "No rule of the table of %(title)s applies to what was entered, so it could not go on; nothing was "
        "lost. The department's administrator has to complete the table."
    )


def fields_asked(spec: MatterDefinition) -> frozenset[str]:
    """Return the fields of the form that the tables of a matter ask for (判定所需字段)."""
    tables = [spec.eligibility.decision if spec.eligibility else ""]
    tables += [spec.routing.decision if spec.routing else "", spec.fee.decision if spec.fee else ""]
    names = frozenset().union(*(decision_input_names(key) for key in tables if key))
    return names - GIVEN


def eligibility_ruling(
    matter: MatterView,
    *,
    applicant: Mapping[str, object],
    form: Mapping[str, object] | None = None,
    today: date,
) -> Ruling | None:
    """Ask the table of eligibility (资格判定); None where there is none, or it asks for more than is known.

    applicant: plain facts by name; form: the values entered, None before there are any. Raises MatterUndecided.
    """
    rule = matter.spec.eligibility
    if rule is None or not rule.decision:
        return None
    known = {**(form or {}), "applicant": applicant, "today": today.isoformat()}
    if not form and not decision_input_names(rule.decision) <= known.keys():
        return None
    return _ruling(matter, ELIGIBILITY, rule.decision, rule.question, known)


def eligibility_foreseen(
    matter: MatterView, facts: Mapping[str, Mapping], *, today: date
) -> Ruling | None:
    """Ask the table of eligibility with the answers to guided questions (资格预判); None when they do not decide.

    facts: {"form": {field: value}, "applicant": {name: value}}, as far as they are known.
    """
    rule = matter.spec.eligibility
    if rule is None or not rule.decision:
        return None
    form, applicant = facts.get("form", {}), facts.get("applicant", {})
    if not decision_input_names(rule.decision) - GIVEN <= form.keys():
        return None
    known = {**form, "applicant": applicant, "today": today.isoformat()}
    try:
        return _ruling(matter, ELIGIBILITY, rule.decision, rule.question, known)
    except MatterUndecided:
        return None


def routing_ruling(
    matter: MatterView,
    *,
    applicant: Mapping[str, object],
    form: Mapping[str, object],
    today: date,
) -> Ruling | None:
    """Ask the table of routing who handles an application (承办分工判定); None where there is none.

    Raises MatterUndecided.
    """
    rule = matter.spec.routing
    if rule is None:
        return None
    known = {**form, "applicant": applicant, "today": today.isoformat()}
    return _ruling(matter, ROUTING, rule.decision, rule.question, known)


def rulings_keep(subject: str, rulings: Iterable[Ruling], *, now: datetime) -> None:
    """Keep what tables said of an application (判定留痕), for its officers to see why; part of the act that asks."""
    rows = [
        MatterRuling(
            subject=subject,
            purpose=one.purpose,
            model=one.model,
            question=one.question,
            decision_version_id=one.version_id,
            value=dict(one.value),
            rules=[{"table": table, "rules": list(numbers)} for table, numbers in one.rules],
            ruled_at=now,
        )
        for one in rulings
    ]
    if rows:
        rows_insert(rows)


def ruling_list(subject: str) -> list[Ruling]:
    """Return what tables said of an application (判定记录), in order."""
    return [
        Ruling(
            purpose=row.purpose,
            model=row.model,
            question=row.question,
            version_id=row.decision_version_id,
            value=row.value,
            rules=tuple((one["table"], tuple(one["rules"])) for one in row.rules),
        )
        for row in MatterRuling.objects.filter(subject=subject).order_by("pk")
    ]


def _ruling(
    matter: MatterView, purpose: str, model: str, question: str, known: Mapping[str, object]
) -> Ruling:
    outcome = decision_evaluate(model, question, known)
    if not isinstance(outcome.value, dict):
        raise MatterUndecided(title=matter.title)
    fired = tuple(
        (str(one["table"]), tuple(int(number) for number in one["rules"]))
        for one in outcome.fired
        if one["rules"]
    )
    return Ruling(purpose, model, question, outcome.version_id, outcome.value, fired)
