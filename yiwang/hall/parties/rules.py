"""What a confirmation covers (确认内容): pure."""

import hashlib
from collections.abc import Collection, Mapping

from yiwang.sdk.canonical import canonical_json
from yiwang.sdk.expressions import compile as expression_compile


def fields_of_pages(definition: Mapping, pages: Collection[str]) -> frozenset[str]:
    """Return the fields on some pages of a form (页面字段).

    >>> form = {"ui": {"pages": [{"key": "a", "fields": ["x", "y"]}, {"key": "b", "fields": ["z"]}]}}
    >>> sorted(fields_of_pages(form, ["a"]))
    ['x', 'y']
    """
    shown = (page for page in definition["ui"]["pages"] if page["key"] in pages)
    return frozenset(name for page in shown for name in page["fields"])


def content_digest(
    *, version_id: int, first: Mapping[str, object], own: Mapping[str, object]
) -> str:
    """Digest what a party confirms (确认摘要): the form's version, the applicant's entries and their own.

    first, own: values by field, without those of other parties. SHA-256 of the canonical JSON, 64 hex digits.
    """
    content = {"form": version_id, "first": dict(first), "own": dict(own)}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def only(values: Mapping[str, object], fields: Collection[str]) -> dict[str, object]:
    """Return the values of some fields (取部分字段)."""
    return {name: value for name, value in values.items() if name in fields}


def without(values: Mapping[str, object], fields: Collection[str]) -> dict[str, object]:
    """Return the values of all other fields (去除部分字段)."""
    return {name: value for name, value in values.items() if name not in fields}


def deciding_fields(definition: Mapping) -> frozenset[str]:
    """Return the fields on which a form's conditions and checks look (条件所依字段).

    >>> form = {"conditions": [{"when": "a == 'X'", "require": ["b"]}], "checks": [{"that": "c > 0"}]}
    >>> sorted(deciding_fields(form))
    ['a', 'c']
    """
    texts = [one["when"] for one in definition.get("conditions") or ()]
    texts += [one["that"] for one in definition.get("checks") or ()]
    found = (name for text in texts for name in expression_compile(str(text)).names)
    return frozenset(name.split(".")[0] for name in found)
