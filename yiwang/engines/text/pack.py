"""Reads a pack's synonyms.yaml: a list of groups, each a list of at least two words."""

from datetime import datetime

from yiwang.engines.text.actions import synonyms_put
from yiwang.sdk.packs import PackError, PackProblem, PackSection


def synonyms_read(section: PackSection, *, now: datetime) -> dict[str, object]:
    """Put a pack's synonyms (同义词) in force; raises `PackError` where a group is not words."""
    problems: list[PackProblem] = []
    groups: list[list[str]] = []
    for file in section.files:
        if not isinstance(file.data, list):
            problems.append(file.problem((), "It must be a list of groups of words."))
            continue
        for index, group in enumerate(file.data):
            if not _is_group(group):
                problems.append(file.problem((index,), "A group has at least two words."))
            groups.append(group)
    if problems:
        raise PackError(problems)
    synonyms_put(f"pack:{section.manifest.id}", groups)
    return {}


def _is_group(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(word, str) and 1 < len(word) <= 60 for word in value)
    )
