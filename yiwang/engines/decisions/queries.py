"""Asking stored decision models (决策查询)."""

import json
from collections.abc import Mapping
from functools import lru_cache

from yiwang.engines.decisions.data import (
    DecisionModelUnknown,
    DecisionModelView,
    DecisionOutcome,
)
from yiwang.engines.decisions.evaluation import DECIDABLE, Engine, outcome_json
from yiwang.engines.decisions.interchange import json_text, value_of_json
from yiwang.engines.decisions.model import model_read
from yiwang.engines.decisions.models import DecisionModel, DecisionVersion
from yiwang.engines.decisions.sheets import Sheet, sheets_read


def decision_model_list() -> list[DecisionModelView]:
    """List the decision models (决策模型) in their newest versions, by key."""
    rows = DecisionVersion.objects.select_related("decision_model")
    newest = {row.decision_model.key: row for row in rows.order_by("number")}
    return [version_view(newest[key]) for key in sorted(newest)]


def decision_model_get(key: str, *, number: int | None = None) -> DecisionModelView:
    """Return a version of a model, the newest unless numbered. Raises DecisionModelUnknown."""
    return version_view(_row(key, number))


def decision_model_versions(key: str) -> list[DecisionModelView]:
    """List the versions of a model, newest first. Raises DecisionModelUnknown."""
    if not DecisionModel.objects.filter(key=key).exists():
        raise DecisionModelUnknown(key=key)
    rows = DecisionVersion.objects.filter(decision_model__key=key).select_related("decision_model")
    return [version_view(row) for row in rows.order_by("-number")]


def decision_model_xml(key: str, *, number: int | None = None) -> str:
    """Return the DMN text of a version. Raises DecisionModelUnknown."""
    return _row(key, number).xml


def decision_evaluate(
    key: str, name: str, inputs: Mapping[str, object], *, number: int | None = None
) -> DecisionOutcome:
    """Ask a stored model (决策): its newest version unless numbered. inputs: plain JSON by name.

    Raises DecisionModelUnknown, DecisionUnknown. Whatever cannot be computed is None.
    """
    row = _row(key, number, columns=("pk", "digest"))
    outcome = _engine(row.pk, row.digest).decide(name, value_of_json(dict(inputs)))
    plain = json.loads(json_text(outcome_json(outcome)))
    value, fired = plain["result"], plain["fired"]
    return DecisionOutcome(value=value, fired=tuple(fired), version_id=row.pk)


def decision_sheet_list(view: DecisionModelView) -> list[Sheet]:
    """Show the decisions of a version as they are written (决策表原文), in the order of the file."""
    return sheets_read(engine_of(view.version_id).model)


def decision_input_list(view: DecisionModelView) -> list[tuple[str, str]]:
    """List what a version may be given: (name, type), in the order of the file."""
    items = engine_of(view.version_id).model.items.values()
    return [(item.name, item.type_ref) for item in items if item.kind == "inputData"]


def decision_sheet_get(key: str, name: str) -> Sheet | None:
    """Show one decision of a model's newest version as it is written (决策表原文), None where it has none so named.

    Raises DecisionModelUnknown.
    """
    row = _row(key, None, columns=("pk", "digest"))
    sheets = sheets_read(_engine(row.pk, row.digest).model)
    return next((one for one in sheets if one.name == name), None)


def decision_input_names(key: str) -> frozenset[str]:
    """Return the names that a model's newest version may be given (决策输入). Raises DecisionModelUnknown."""
    row = _row(key, None, columns=("pk", "digest"))
    items = _engine(row.pk, row.digest).model.items.values()
    return frozenset(item.name for item in items if item.kind == "inputData")


def decision_version_number(version_id: int) -> int:
    """Return the number of a version within its model (决策模型版本号), 0 where there is none."""
    numbers = DecisionVersion.objects.filter(pk=version_id).values_list("number", flat=True)
    return numbers.first() or 0


def engine_of(version_id: int) -> Engine:
    """Return the compiled model of a version (决策引擎), kept for the life of the process."""
    row = DecisionVersion.objects.only("pk", "digest").get(pk=version_id)
    return _engine(row.pk, row.digest)


def version_view(row: DecisionVersion) -> DecisionModelView:
    """Turn a version's row (with its model) into what others see."""
    items = _engine(row.pk, row.digest).model.items.values()
    return DecisionModelView(
        version_id=row.pk,
        key=row.decision_model.key,
        number=row.number,
        title=row.decision_model.title,
        digest=row.digest,
        source=row.decision_model.source,
        decisions=tuple(item.name for item in items if item.kind in DECIDABLE),
        findings=tuple(row.findings),
        created_at=row.created_at,
    )


def _row(key: str, number: int | None, *, columns: tuple[str, ...] = ()) -> DecisionVersion:
    rows = DecisionVersion.objects.filter(decision_model__key=key)
    if number is not None:
        rows = rows.filter(number=number)
    rows = rows.only(*columns) if columns else rows.select_related("decision_model")
    row = rows.order_by("-number").first()
    if row is None:
        raise DecisionModelUnknown(key=key)
    return row


@lru_cache(maxsize=512)
def _engine(version_id: int, _digest: str) -> Engine:
    xml = DecisionVersion.objects.values_list("xml", flat=True).get(pk=version_id)
    return Engine(model_read(xml.encode(), file=str(version_id)))
