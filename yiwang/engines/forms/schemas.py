"""Checking any data against any JSON Schema 2020-12 (数据校验), as the forms do it.

One validator ships: jsonschema-rs. It never goes to the network; what a schema refers to outside of
itself is given with it (`SchemaResources`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema_rs

from yiwang.engines.forms.rules.formats import FORMATS as CITY_FORMATS
from yiwang.engines.forms.rules.sentences import FORMATS, TYPES, WHOLE, sentence_make
from yiwang.sdk.errors import N_, Invalid

CAUSES_MAX = 20
COUNTED = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}


class SchemaInvalid(Invalid):
    """The schema itself does not hold, or refers to something that was not given."""

    code = "schema_invalid"
    message = N_("This is not a JSON Schema: %(reason)s")


class DataUncheckable(Invalid):
    """The data cannot be checked: nested too deep, or a text that is not Unicode."""

    code = "data_uncheckable"
    message = "%(reason)s"


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One breach (一处不符). Paths are JSON Pointers; causes: why no alternative of it fits."""

    keyword: str
    instance_path: str
    schema_path: str
    message: dict[str, str]
    causes: tuple["SchemaProblem", ...] = ()

    def as_json(self) -> dict:
        """Return the breach as plain values."""
        shown = {
            "instance_path": self.instance_path,
            "schema_path": self.schema_path,
            "keyword": self.keyword,
            "message": self.message,
        }
        return shown | ({"causes": [one.as_json() for one in self.causes]} if self.causes else {})


@dataclass(frozen=True, slots=True)
class SchemaResources:
    """Where references outside a schema lead (外部引用): documents by address. Never the network.

    beside: the folder of the schema, where relative references are looked for, and nowhere above it.
    """

    documents: Mapping[str, object] = field(default_factory=dict)
    beside: Path | None = None

    @classmethod
    def read(cls, folder: Path, *, base: str) -> "SchemaResources":
        """Read every .json file of a folder, at `base` + its path there and at its own $id."""
        documents = {}
        for path in sorted(folder.rglob("*.json")):
            document = json.loads(path.read_text(encoding="utf-8"))
            documents[base + path.relative_to(folder).as_posix()] = document
            if isinstance(document, dict) and isinstance(document.get("$id"), str):
                documents.setdefault(document["$id"], document)
        return cls(documents)

    def __or__(self, other: "SchemaResources") -> "SchemaResources":
        return SchemaResources({**self.documents, **other.documents}, self.beside or other.beside)

    def __call__(self, uri: str) -> object:
        """Return the document at an address; raises KeyError when it was not given."""
        # The validator gives a relative address this base where the schema has none.
        address = uri.split("#", maxsplit=1)[0].removeprefix("json-schema:///")
        if address not in self.documents and self.beside is not None and ":" not in address:
            path = (self.beside / address).resolve()
            if path.is_relative_to(self.beside.resolve()) and path.is_file():
                return json.loads(path.read_text(encoding="utf-8"))
        return self.documents[address]


def schema_open(
    schema: object, *, formats: bool = True, resources: SchemaResources | None = None
) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema (校验规则). Raises `SchemaInvalid`.

    formats: True checks `format` too, as every form of the city does; False keeps to the standard's
    default, where it is only a remark.
    """
    resources = resources or SchemaResources()
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=formats,
            formats=CITY_FORMATS,
            retriever=resources,
        )
    except jsonschema_rs.ValidationError as error:
        raise SchemaInvalid(reason=_schema_reason(error)) from error
    except (jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        raise SchemaInvalid(reason=_reference_reason(error)) from error


def schema_validate(
    schema: object,
    data: object,
    *,
    formats: bool = True,
    resources: SchemaResources | None = None,
) -> list[SchemaProblem]:
    """Check data against a schema (校验) and return every breach; [] when it is valid.

    Raises `SchemaInvalid`, `DataUncheckable`.

    >>> [one.message["en"] for one in schema_validate({"minimum": 18, "title": "Age"}, 17)]
    ['Age must be 18 or more.']
    """
    validator = schema_open(schema, formats=formats, resources=resources)
    try:
        return [_problem(error, schema) for error in validator.iter_errors(data)]
    except UnicodeError as error:
        raise DataUncheckable(reason="a text in it is not Unicode: half of a pair") from error
    except (ValueError, RecursionError) as error:
        raise DataUncheckable(reason=f"it is nested too deep: {error}") from error


def _problem(error: jsonschema_rs.ValidationError, schema: object) -> SchemaProblem:
    name, facts = error.kind.name, error.kind.as_dict()
    title = _title(schema, error)
    causes = tuple(_causes(facts.pop("context", None) or [], schema))
    inner = facts.pop("error", None)
    if isinstance(inner, jsonschema_rs.ValidationError):
        reason = _problem(inner, schema).message
        facts |= {"reason_zh": reason["zh"], "reason_en": reason["en"]}
    if name in COUNTED and hasattr(error.instance, "__len__"):
        facts["count"] = len(error.instance)
    if (
        name == "pattern" and "pattern" not in facts
    ):  # walked away from: it asks too many ways of reading
        facts["pattern"] = _walk(schema, error.schema_path)
    if name == "required":
        facts["property"] = _property_title(schema, error, facts["property"])
    if name == "format":
        facts["wanted"] = FORMATS.get(facts["format"], facts["format"])
    if name == "type":
        wanted = facts.get("types") or error.kind.value
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        facts["wanted"] = _either([TYPES.get(each, {"zh": each, "en": each}) for each in names])
    return SchemaProblem(
        keyword=name,
        instance_path=pointer(error.instance_path),
        schema_path=pointer(error.schema_path),
        message=sentence_make(name, title=title, facts=facts),
        causes=causes,
    )


def _causes(context: list[list], schema: object) -> Iterator[SchemaProblem]:
    told = 0
    for branch in context:
        for error in branch:
            if told == CAUSES_MAX:
                return
            told += 1
            yield _problem(error, schema)


def _either(names: list[dict[str, str]]) -> dict[str, str]:
    return {
        "zh": "或".join(one["zh"] for one in names),
        "en": " or ".join(one["en"] for one in names),
    }


def pointer(path: list[str | int]) -> str:
    """Return a path as a JSON Pointer (RFC 6901).

    >>> pointer(["a/b", 0])
    '/a~1b/0'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _title(schema: object, error: jsonschema_rs.ValidationError) -> dict[str, str]:
    title = _told(_walk(schema, error.schema_path[:-1]))
    if title:
        return title
    named = [part for part in error.instance_path if isinstance(part, str)]
    if not error.instance_path:
        return WHOLE
    name = named[-1] if named else ""
    if isinstance(error.instance_path[-1], int):
        number = error.instance_path[-1] + 1
        return {
            "zh": f"{name}第 {number} 项" if name else f"第 {number} 项",
            "en": f"Entry {number} of {name}" if name else f"Entry {number}",
        }
    return {"zh": name, "en": name}


def _property_title(
    schema: object, error: jsonschema_rs.ValidationError, name: str
) -> dict[str, str]:
    holder = _walk(schema, error.schema_path[:-1])
    properties = holder.get("properties") if isinstance(holder, dict) else None
    child = properties.get(name) if isinstance(properties, dict) else None
    return _told(child) or {"zh": name, "en": name}


def _told(schema: object) -> dict[str, str] | None:
    title = schema.get("title") if isinstance(schema, dict) else None
    if isinstance(title, str) and title.strip():
        return {"zh": title, "en": title}
    return None


def _walk(schema: object, path: list[str | int]) -> object:
    """Follow a path of keywords into a schema, through references within it."""
    root = schema
    for part in path:
        if part == "$ref":
            schema = _local(root, schema)
            continue
        try:
            schema = schema[part]
        except (KeyError, IndexError, TypeError):
            return None
    return schema


def _local(root: object, schema: object) -> object:
    target = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(target, str) or not target.startswith("#/"):
        return None
    parts = [part.replace("~1", "/").replace("~0", "~") for part in target[2:].split("/")]
    return _walk(root, parts) if "$ref" not in parts else None


def _schema_reason(error: jsonschema_rs.ValidationError) -> str:
    if error.kind.name == "$ref" or "registry" in error.message:
        return _reference_reason(error)
    return f"{error.message} (at {pointer(error.instance_path) or '/'})"


def _reference_reason(error: Exception) -> str:
    said = str(error).splitlines()[0].split(" and retrieving it failed")[0]
    if "ecursion" in said:
        return "it is nested too deep, or refers to itself without end"
    if "registry" not in said:
        return said
    return f"{said}. Nothing is fetched from the network: give the folder that has it with --refs"
