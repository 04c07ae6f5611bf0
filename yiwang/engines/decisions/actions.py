"""Putting decision models in force (发布决策模型)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.utils.translation import gettext

from yiwang.engines.decisions.analysis import model_findings
from yiwang.engines.decisions.data import FINDINGS, DecisionModelRefused, DecisionModelView
from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.model import model_read
from yiwang.engines.decisions.models import DecisionModel
from yiwang.engines.decisions.queries import version_view
from yiwang.kernel.api import action, audit_record

REFUSED = frozenset({"OVERLAP", "UNREACHED"})
"""Findings that a table in force may not have; a gap may be meant: nothing is answered there."""


@action("engines.decisions.put", permission="engines.decisions.publish")
def decision_model_put(
    key: str, xml: str, *, title: Mapping[str, str], source: str = "", now: datetime
) -> DecisionModelView:
    """Check a DMN model and store it as a version (发布决策模型); the same text is the same version.

    Raises DecisionModelInvalid (not DMN), DecisionModelRefused (an expression is not FEEL, rules contradict).
    """
    engine = Engine(model_read(xml.encode(), file=key))
    findings = model_findings(engine)
    reasons = [*engine.problems, *(_reason(one) for one in findings if one["kind"] in REFUSED)]
    if reasons:
        raise DecisionModelRefused(key=key, reasons="; ".join(reasons[:5]))
    digest = sha256(xml.encode()).hexdigest()
    owner, _ = DecisionModel.objects.update_or_create(
        key=key, defaults={"title": dict(title), "source": source[:200]}
    )
    owner = DecisionModel.objects.select_for_update().get(pk=owner.pk)
    row = owner.versions.filter(digest=digest).first()
    is_new = row is None
    if row is None:
        last = owner.versions.order_by("-number").values_list("number", flat=True).first() or 0
        row = owner.versions.create(
            number=last + 1, digest=digest, xml=xml, findings=findings, created_at=now
        )
    audit_record(f"decision_model:{key}", detail={"version": row.number, "is_new": is_new})
    return replace(version_view(row), is_new=is_new)


def _reason(finding: Mapping[str, object]) -> str:
    rules = ", ".join(str(number) for number in finding["rules"])
    where = " | ".join(finding["where"])
    place = f"{finding['table']} [{rules}]" + (f" ({where})" if where else "")
    return f"{place}: {gettext(FINDINGS[finding['kind']])}"
