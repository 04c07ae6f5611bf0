"""What a change of a project would do (变更影响), worked out before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from yiwang.hall.projects import rules
from yiwang.hall.projects.changing import again_of
from yiwang.hall.projects.errors import ChangeRefused
from yiwang.hall.projects.facts import MISSING, TEXTS, figures_read, kind_decide
from yiwang.hall.projects.models import Project
from yiwang.hall.projects.queries import facts_of
from yiwang.hall.projects.tables import project_plan
from yiwang.sdk.errors import N_

SAME = N_("Nothing is changed.")
Changed = Mapping[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class ChangeEffect:
    """What follows from a change (变更影响). again: granted or applied for, and needed anew; added, dropped:
    approvals that the new facts ask for, or no longer ask for."""

    kind: str
    kind_before: str
    kind_reason: Mapping[str, object]
    again: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def is_large(self) -> bool:
        """Tell whether approvals are needed because of it (较大变更)."""
        return bool(self.again or self.added) or self.kind != self.kind_before

    def titles(self, name: str) -> list[dict[str, str]]:
        """Name the approvals of `again`, `added` or `dropped`, in the plan's order."""
        keys = getattr(self, name)
        return [one.title for one in project_plan().approvals if one.key in keys]


def change_read(project: Project, values: Mapping[str, str]) -> dict[str, tuple[object, object]]:
    """Return what differs from the project, field → (old, new), from what was typed. Raises ChangeRefused."""
    facts, problems = figures_read(values)
    for name, size in TEXTS.items():
        facts[name] = str(values.get(name, "")).strip()[:size]
        if not facts[name]:
            problems[name] = [gettext(MISSING)]
    if problems:
        raise ChangeRefused(fields=problems)
    changed = {
        name: (getattr(project, name), new)
        for name, new in facts.items()
        if getattr(project, name) != new
    }
    if not changed:
        raise ChangeRefused(fields={"": [gettext(SAME)]})
    return changed


def change_effect(project: Project, changed: Changed) -> ChangeEffect:
    """Work out what a change of the facts does (变更影响). Raises ProjectIncomplete where there is no type for it."""
    facts = facts_of(project)
    for name, (_old, new) in changed.items():
        facts[name] = float(new) if name in rules.NUMBERS else new
    kind, reason = kind_decide(facts)
    return _effect(project, {**facts, "kind": kind}, changed, kind=kind, reason=reason)


def investor_effect(project: Project) -> ChangeEffect:
    """Work out what a change of the investor does (变更投资主体的影响)."""
    changed = {"investor": (project.investor_ref, "")}
    facts = facts_of(project)
    return _effect(project, facts, changed, kind=project.kind, reason=dict(project.kind_reason))


def _effect(
    project: Project, facts: Mapping[str, object], changed: Changed, *, kind: str, reason: dict
) -> ChangeEffect:
    plan = project_plan()
    needed = {one.key for one in rules.approvals_for(plan, facts)}
    states = dict(project.approvals.values_list("key", "state"))
    before = {one.key for one in rules.approvals_for(plan, facts_of(project))}
    again = again_of(plan.changes, changed, facts)
    asked = (rules.GRANTED, rules.APPLIED)
    return ChangeEffect(
        kind=kind,
        kind_before=project.kind,
        kind_reason=reason,
        again=tuple(key for key in again if key in needed and states.get(key) in asked),
        added=tuple(sorted(needed - before)),
        dropped=tuple(sorted(before - needed)),
    )
