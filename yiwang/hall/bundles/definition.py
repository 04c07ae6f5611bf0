"""A bundle (一件事) as a pack declares it: its shape, its dataclasses, what it must satisfy. Pure.

title: {zh: …, en: …}
kind: person | enterprise
owner: administrative_approval                 # the department that leads (牵头部门)
questions: [{name: renovates, title: {zh, en}, options: [{value: "YES", zh, en}, …]}]
matters:
  - {key: waste, matter: urban_services.construction_waste, when: "renovates == 'YES'"}
  - {key: permit, matter: food_permit, after: {of: [waste], policy: ALL, basis: {zh, en}}}
shared:                                        # one question of several forms
  - {name: premises_address, fields: {waste: site_address, permit: premises_address}}
apart: [staff]                                 # called alike, yet different things
documents: [{key: layout, title: {zh, en}, materials: {permit: layout, hygiene: layout}}]
decision: {table: which_matters, question: 办理事项}   # instead of when: answers a list of keys
context: project                               # begun only from such a thing; when may ask context.…
one_form: true                                 # matters with the same form are asked its fields once
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

import jsonschema_rs

from yiwang.sdk.expressions import ExpressionError
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.joins import POLICIES, Join, join_load, join_problems
from yiwang.sdk.packs import PackFile, PackProblem

Text = dict[str, str]

_NON_EMPTY = {"type": "string", "minLength": 1}
_WORD = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40}
_REFERENCE = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"}


def _object(required: tuple[str, ...], /, **properties: dict) -> dict:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: dict, minimum: int = 0) -> dict:
    return {"type": "array", "items": items, "minItems": minimum}


def _mapping(values: dict) -> dict:
    return {
        "type": "object",
        "propertyNames": _WORD,
        "additionalProperties": values,
        "minProperties": 1,
    }


_TEXT = _object(("zh", "en"), zh=_NON_EMPTY, en=_NON_EMPTY)
_OPTION = _object(("value", "zh", "en"), value=_NON_EMPTY, zh=_NON_EMPTY, en=_NON_EMPTY)
_AFTER = _object(
    ("of",),
    of=_list(_WORD, 1),
    policy={"enum": list(POLICIES)},
    quorum={"type": "integer", "minimum": 1},
    veto=_list(_WORD, 1),
    basis=_TEXT,
)
BUNDLE_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Bundle (一件事)",
    **_object(
        ("title", "summary", "kind", "owner", "matters"),
        title=_TEXT,
        summary=_TEXT,
        aliases=_list(_NON_EMPTY),
        kind={"enum": ["person", "enterprise"]},
        owner=_WORD,
        life_events=_list(_WORD),
        context=_WORD,
        one_form={"type": "boolean"},
        questions=_list(
            _object(
                ("name", "title", "options"),
                name=_WORD,
                title=_TEXT,
                help=_TEXT,
                options=_list(_OPTION, 2),
            )
        ),
        matters=_list(
            _object(
                ("key", "matter"),
                key=_WORD,
                matter=_REFERENCE,
                when={"type": "string"},
                why=_TEXT,
                after=_AFTER,
                skip_if_held={"type": "boolean"},
            ),
            2,
        ),
        decision=_object(("table", "question"), table=_REFERENCE, question=_NON_EMPTY),
        shared=_list(_object(("name", "fields"), name=_WORD, fields=_mapping(_WORD), title=_TEXT)),
        apart=_list(_WORD),
        documents=_list(
            _object(("key", "materials"), key=_WORD, title=_TEXT, materials=_mapping(_WORD))
        ),
        source={"type": "string"},
        is_made={"type": "boolean"},
    ),
}
CONDITION_NAMES = frozenset({"applicant", "today", "context"})


@dataclass(frozen=True, slots=True)
class BundleMatter:
    """One matter of a bundle (事项). code: what the reference resolved to; after: what it waits for.

    skip_if_held: not applied for by those who hold its licences already.
    """

    key: str
    matter: str
    code: str = ""
    when: str = ""
    why: Text | None = None
    after: tuple[str, ...] = ()
    join: Join = field(default_factory=Join)
    basis: Text | None = None
    skip_if_held: bool = False


@dataclass(frozen=True, slots=True)
class SharedField:
    """One question of several forms (同一字段)."""

    name: str
    fields: Mapping[str, str]
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class SharedDocument:
    """One upload for several matters (共用材料): matter's key → its material."""

    key: str
    materials: Mapping[str, str]
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class BundleDefinition:
    """A bundle as declared (一件事定义)."""

    title: Text
    summary: Text
    kind: str
    owner: str
    matters: tuple[BundleMatter, ...]
    aliases: tuple[str, ...] = ()
    life_events: tuple[str, ...] = ()
    questions: tuple[Mapping, ...] = ()
    table: str = ""
    question: str = ""
    shared: tuple[SharedField, ...] = ()
    apart: tuple[str, ...] = ()
    documents: tuple[SharedDocument, ...] = ()
    source: str = ""
    context: str = ""
    one_form: bool = False

    def matter(self, key: str) -> BundleMatter:
        """Return one of its matters by its key."""
        return next(one for one in self.matters if one.key == key)


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(BUNDLE_SCHEMA)


def bundle_check(file: PackFile) -> list[PackProblem]:
    """List what is wrong in a bundle's file by itself (一件事检查), each with its line."""
    problems = [
        file.problem(tuple(error.instance_path), error.message)
        for error in _validator().iter_errors(file.data)
    ]
    return problems or [*_keys(file), *_conditions(file), *_waits(file)]


def _keys(file: PackFile):
    matters = [one["key"] for one in file.data["matters"]]
    for index, key in enumerate(matters):
        if key in matters[:index]:
            yield file.problem(("matters", index, "key"), f"There is a matter {key} already.")
    names = [one["name"] for one in file.data.get("questions", ())]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield file.problem(("questions", index, "name"), f"{name} is asked already.")
    for sort, key in (("shared", "fields"), ("documents", "materials")):
        for index, one in enumerate(file.data.get(sort, ())):
            for part in one[key]:
                if part not in matters:
                    place = (sort, index, key, part)
                    yield file.problem(place, f"The bundle has no matter {part}.")


def _conditions(file: PackFile):
    known = CONDITION_NAMES | {one["name"] for one in file.data.get("questions", ())}
    for index, one in enumerate(file.data["matters"]):
        place = ("matters", index, "when")
        if not one.get("when"):
            continue
        if file.data.get("decision"):
            yield file.problem(
                place, "A decision table says which matters apply; when is not used."
            )
            continue
        try:
            unknown = expression_compile(one["when"]).names - known
        except ExpressionError as error:
            yield file.problem(place, str(error))
            continue
        for name in sorted(unknown):
            yield file.problem(
                place, f"{name} is neither a question nor applicant, today or context."
            )


def _waits(file: PackFile):
    matters = {one["key"]: one for one in file.data["matters"]}
    graph = {}
    for index, one in enumerate(file.data["matters"]):
        after = one.get("after") or {"of": []}
        graph[one["key"]] = after["of"]
        place = ("matters", index, "after")
        for key in after["of"]:
            if key not in matters:
                yield file.problem((*place, "of"), f"The bundle has no matter {key}.")
        for said in join_problems(_join(after), tuple(after["of"])):
            yield file.problem(place, said)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield file.problem(("matters",), f"They wait for each other in a circle: {circle}.")


def _join(after: Mapping) -> Join:
    return join_load({"policy": after.get("policy", "ALL"), **after})


def bundle_load(data: Mapping) -> BundleDefinition:
    """Build a definition from a file that `bundle_check` has passed, or from `bundle_dump`."""
    decision = data.get("decision") or {}
    return BundleDefinition(
        title=dict(data["title"]),
        summary=dict(data["summary"]),
        kind=data["kind"],
        owner=data["owner"],
        matters=tuple(_matter_load(one) for one in data["matters"]),
        aliases=tuple(data.get("aliases", ())),
        life_events=tuple(data.get("life_events", ())),
        questions=tuple(dict(one) for one in data.get("questions", ())),
        table=decision.get("table", ""),
        question=decision.get("question", ""),
        shared=tuple(
            SharedField(one["name"], dict(one["fields"]), one.get("title"))
            for one in data.get("shared", ())
        ),
        apart=tuple(data.get("apart", ())),
        documents=tuple(
            SharedDocument(one["key"], dict(one["materials"]), one.get("title"))
            for one in data.get("documents", ())
        ),
        source=data.get("source", ""),
        context=data.get("context", ""),
        one_form=bool(data.get("one_form")),
    )


def _matter_load(data: Mapping) -> BundleMatter:
    after = data.get("after") or {}
    return BundleMatter(
        key=data["key"],
        matter=data["matter"],
        code=data.get("code", ""),
        when=data.get("when", ""),
        why=data.get("why"),
        after=tuple(after.get("of", ())),
        join=_join(after) if after else Join(),
        basis=after.get("basis"),
        skip_if_held=bool(data.get("skip_if_held")),
    )


def bundle_dump(definition: BundleDefinition) -> dict:
    """Return a definition as the JSON that its version keeps; `bundle_load` reads it back."""
    data = asdict(definition)
    for one, matter in zip(data["matters"], definition.matters, strict=True):
        after = {key: value for key, value in asdict(matter.join).items() if value}
        one.pop("join")
        one["after"] = {"of": list(matter.after), "basis": matter.basis, **after}
        if not matter.after:
            one["after"] = None
        one.pop("basis")
    data["decision"] = {"table": data.pop("table"), "question": data.pop("question")}
    return data
