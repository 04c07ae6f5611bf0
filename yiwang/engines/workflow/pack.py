"""Reads the section `workflows` of a pack (应用包流程)."""

import datetime

from yiwang.engines.workflow.actions import process_put
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import ProcessInvalid
from yiwang.sdk.packs import PackError, PackProblem, PackSection


def workflows_read(section: PackSection, *, now: datetime.datetime) -> dict[str, object]:
    """Load workflows/*.bpmn; a fault names file and line.

    Returns by name: version_id, title {zh, en} and departments, the keys that a start must name.
    """
    result: dict[str, object] = {}
    problems = []
    for file in section.files:
        xml = str(file.data)
        try:
            net, _problems = process_read(xml)
            title = {"zh": net.name, "en": net.name_en or net.name}
            view = process_put(
                section.qualified(file.name), xml, title=title, source=section.source
            )
        except ProcessInvalid as error:
            problems += [
                PackProblem(file.pack, file.path, problem.line, problem.what())
                for problem in error.problems
            ]
            continue
        result[file.name] = {
            "version_id": view.version_id,
            "title": title,
            "departments": sorted(net.department_keys()),
        }
    if problems:
        raise PackError(problems)
    return result
