"""Reads the section `decisions` of a pack (应用包决策表)."""

from datetime import datetime

from yiwang.engines.decisions.actions import decision_model_put
from yiwang.engines.decisions.data import DecisionModelRefused
from yiwang.engines.decisions.model import DecisionModelInvalid, model_read
from yiwang.sdk.packs import PackError, PackProblem, PackSection


def decisions_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Put every decisions/*.dmn in force. Returns by name: key, version_id and the decisions it answers."""
    result: dict[str, object] = {}
    problems = []
    for file in section.files:
        xml = str(file.data)
        try:
            name = model_read(xml.encode(), file=file.path).name
            view = decision_model_put(
                section.qualified(file.name),
                xml,
                title={"zh": name, "en": name},
                source=section.source,
                now=now,
            )
        except (DecisionModelInvalid, DecisionModelRefused) as error:
            problems.append(PackProblem(file.pack, file.path, 1, str(error)))
            continue
        result[file.name] = {
            "key": view.key,
            "version_id": view.version_id,
            "decisions": list(view.decisions),
        }
    if problems:
        raise PackError(problems)
    return result
