"""Which matters apply, and when those that wait may go on (一件事规则). Pure."""

from collections.abc import Mapping
from datetime import date

from yiwang.hall.bundles import data
from yiwang.hall.bundles.definition import BundleDefinition, BundleMatter
from yiwang.hall.bundles.schedule import PlanStep
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.joins import AGREE, REFUSE, join_decide
from yiwang.sdk.packs import Material

LEGAL, PROMISED = "legal", "promised"
ACCEPTANCE_DAYS = 5
"""行政许可法第三十二条: so long may the check of the papers last; counted where the law's limits are shown."""

SAID = {
    data.APPROVED: AGREE,
    data.REFUSED: REFUSE,
    data.STOPPED: REFUSE,
    data.WITHDRAWN: REFUSE,
}


def applies_by_answers(
    definition: BundleDefinition, names: Mapping[str, object]
) -> dict[str, bool]:
    """Say by the answers which matters are needed (情形判断). names: questions, applicant, today."""
    return {
        one.key: not one.when or bool(expression_compile(one.when).evaluate(names))
        for one in definition.matters
    }


def verdict_of(matter: BundleMatter, states: Mapping[str, str]) -> str | None:
    """Say whether what a matter waits for is decided (前置结论): AGREE, REFUSE or None.

    states: of the matters of this case; those that are not in it are not waited for.
    """
    waited = tuple(one for one in matter.after if one in states)
    opinions = {one: SAID.get(states[one]) for one in waited}
    return join_decide(matter.join.among(waited), opinions)


def refused_among(matter: BundleMatter, states: Mapping[str, str]) -> list[str]:
    """Return what failed of that which a matter waits for (未成前置)."""
    return [one for one in matter.after if SAID.get(states.get(one, "")) == REFUSE]


def document_key(definition: BundleDefinition, matter: str, material: Material) -> str:
    """Return under which name a material is asked for, once for all matters (材料归并).

    Said by the bundle, else by the material's own document word, else by where the city has it.
    """
    for one in definition.documents:
        if one.materials.get(matter) == material.key:
            return one.key
    if material.document:
        return f"document_{material.document}"
    if material.registry_field:
        return f"registry_{material.registry_field.replace('.', '_')}"
    if material.licence_type:
        return f"licence_{material.licence_type.replace('.', '_')}"
    return f"{matter}_{material.key}"


def number_make(day: date, serial: int) -> str:
    """Build the number of a case (一件事编号).

    >>> number_make(date(2026, 11, 22), 7)
    'YJS20261122000007'
    """
    return f"YJS{day:%Y%m%d}{serial:06d}"


def plan_step(matter: BundleMatter, limits, present: tuple[str, ...], *, kind: str) -> PlanStep:
    """Make the step of a matter in a plan (计划步骤): its promised limit, or the law's with acceptance."""
    limit = limits.legal if kind == LEGAL else limits.promised
    days = limit.amount
    if kind == LEGAL and limit.unit == "WORKING_DAY":
        days += ACCEPTANCE_DAYS
    after = tuple(one for one in matter.after if one in present)
    return PlanStep(matter.key, days, limit.unit, after, matter.join.among(after))
