"""Reads the section `forms` of a pack (应用包表单)."""

from datetime import datetime

from yiwang.engines.forms.actions import form_put
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.sdk.packs import PackError, PackSection


def forms_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Load forms/*.yaml; a fault names file and line. Returns the version id by name."""
    result: dict[str, object] = {}
    problems = []
    for file in section.files:
        definition = file.data if isinstance(file.data, dict) else {}
        try:
            view = form_put(
                section.qualified(file.name), definition, source=section.source, now=now
            )
        except FormInvalid as error:
            problems += [
                file.problem(keypath(each.path), f"{each.path} {each.text}")
                for each in error.problems
            ]
            continue
        if definition.get("key") != file.name:
            problems.append(file.problem(("key",), f"key must be the file's name, {file.name}."))
        result[file.name] = view.version_id
    if problems:
        raise PackError(problems)
    return result


def keypath(path: str) -> list[str | int]:
    """Turn a problem's path into the keys of the file.

    >>> keypath("ui.pages[0].fields")
    ['ui', 'pages', 0, 'fields']
    """
    parts = path.replace("[", ".").replace("]", "").split(".")
    return [int(part) if part.isdecimal() else part for part in parts]
