"""A decision model (决策模型): the DMN file as elements by id, its types, its names. DMN 1.1 to 1.5 are read alike.

Source: OMG Decision Model and Notation. Namespaces differ by version, so elements are known by their local name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element  # noqa: S405 - only the class; parsing is defusedxml's

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from yiwang.engines.decisions.feel.nodes import Scope
from yiwang.engines.decisions.feel.scope import everything, function_names
from yiwang.engines.decisions.feel.syntax import FeelInvalid, Types, parse_tests
from yiwang.engines.decisions.feel.types import ALIASES, ANY, SIMPLE, Type
from yiwang.sdk.errors import N_, YiwangError

MAX_BYTES = 20 << 20
KINDS = frozenset({"decision", "inputData", "businessKnowledgeModel", "decisionService"})
PLAIN = ("typeRef",)


class DecisionModelInvalid(YiwangError):
    """A file is not a decision model, or an expression in it is not FEEL."""

    code = "decision_model_invalid"
    status = 422
    message = N_("%(file)s: %(reason)s")


class DecisionUnknown(YiwangError):
    """A model has no decision, service or knowledge model of the name."""

    code = "decision_unknown"
    status = 404
    message = N_("The model has no decision “%(name)s”. It has: %(names)s.")


@dataclass(slots=True)
class Item:
    """An element of the requirements graph (需求图元素).

    kind: a local name of `KINDS`. type_ref: of its variable. requires: references of what it needs.
    """

    id: str
    name: str
    kind: str
    element: Element
    type_ref: str
    requires: tuple[str, ...]


@dataclass(slots=True)
class Model:
    """A read model. root: its XML. items: by id. types: declared ones by name. imports: prefix → model."""

    root: Element
    name: str
    namespace: str
    items: dict[str, Item]
    types: Types
    known: frozenset[str]
    imports: dict[str, "Model"] = field(default_factory=dict)

    def item_named(self, name: str, kinds: frozenset[str] = KINDS) -> Item:
        """Return the element of a name. Raises DecisionUnknown."""
        for item in self.items.values():
            if item.name == name and item.kind in kinds:
                return item
        names = ", ".join(item.name for item in self.items.values() if item.kind in kinds)
        raise DecisionUnknown(name=name, names=names)

    def find(self, reference: str) -> "tuple[Model, Item, str] | None":
        """Return (model, element, prefix) that a reference means: `#id`, or `namespace#id` of an import."""
        namespace, _, id_ = reference.rpartition("#")
        if namespace in ("", self.namespace) and id_ in self.items:
            return self, self.items[id_], ""
        for prefix, model in self.imports.items():
            if model.namespace == namespace and id_ in model.items:
                return model, model.items[id_], prefix
        return None

    def type_of(self, reference: str | None) -> Type | None:
        """Return a declared or simple type by its reference; None for none and for unknown ones."""
        if not reference:
            return None
        return self.types.get(reference) or simple_type(reference)


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the children of the given local names; all without names."""
    return (child for child in element if not names or local(child) in names)


def child(element: Element, *names: str) -> Element | None:
    """Return the first child of one of the local names."""
    return next(children(element, *names), None)


def text_in(element: Element | None, name: str = "text") -> str:
    """Return the text of a child, "" when there is none."""
    found = None if element is None else child(element, name)
    return (found.text or "") if found is not None else ""


def simple_type(reference: str) -> Type | None:
    """Return a type of FEEL by a reference such as `number` or `feel:number`."""
    name = reference.rpartition(":")[2].rpartition("}")[2].strip()
    name = ALIASES.get(name, name)
    if name == "context":
        return Type("context")
    return Type(name) if name in SIMPLE else None


def model_read(
    content: bytes, *, file: str = "", siblings: dict[str, "Model"] | None = None
) -> Model:
    """Read a DMN file (读取决策模型). siblings: models by namespace that it may import.

    Raises DecisionModelInvalid.
    """
    if len(content) > MAX_BYTES:
        raise DecisionModelInvalid(file=file, reason=f"larger than {MAX_BYTES >> 20} MB")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise DecisionModelInvalid(file=file, reason=f"not XML: {error}") from error
    if local(root) != "definitions":
        raise DecisionModelInvalid(file=file, reason="not a DMN model: <definitions> is missing")
    imports = _imports(root, siblings or {})
    names = {element.get("name", "") for element in root.iter()} | set(imports)
    for model in imports.values():
        names |= model.known
    known = frozenset(" ".join(name.split()) for name in names if name) | function_names()
    model = Model(
        root=root,
        name=root.get("name", ""),
        namespace=root.get("namespace", ""),
        items=_items(root),
        types=Types(),
        known=frozenset(name for name in known if not name.isidentifier()),
        imports=imports,
    )
    _types_read(root, model)
    return model


def model_open(path: Path) -> Model:
    """Read a DMN file with what it imports from the same folder. Raises DecisionModelInvalid."""
    content = path.read_bytes()
    return model_read(content, file=path.name, siblings=_siblings(path, content, seen={path}))


def _siblings(path: Path, content: bytes, *, seen: set[Path]) -> dict[str, Model]:
    """Read the models of the same folder that a file imports, and those they import."""
    if b"<import" not in content and b":import" not in content:
        return {}
    found = {}
    for other in sorted(path.parent.glob("*.dmn")):
        if other in seen:
            continue
        text = other.read_bytes()
        try:
            root = ElementTree.fromstring(text)
        except (ElementTree.ParseError, DefusedXmlException, ValueError):
            continue
        if root.get("namespace", "").encode() in content:
            inner = _siblings(other, text, seen=seen | {other})
            found[root.get("namespace", "")] = model_read(text, file=other.name, siblings=inner)
    return found


def _imports(root: Element, siblings: dict[str, Model]) -> dict[str, Model]:
    return {
        one.get("name", ""): siblings[one.get("namespace", "")]
        for one in children(root, "import")
        if one.get("namespace", "") in siblings
    }


def _items(root: Element) -> dict[str, Item]:
    items = {}
    for element in children(root, *KINDS):
        variable = child(element, "variable")
        name = element.get("name", "")
        items[element.get("id", name)] = Item(
            id=element.get("id", name),
            name=" ".join(name.split()),
            kind=local(element),
            element=element,
            type_ref=(variable.get("typeRef", "") if variable is not None else "")
            or text_in(variable, "typeRef"),
            requires=tuple(_references(element)),
        )
    return items


def _references(element: Element) -> Iterator[str]:
    for requirement in children(element, "informationRequirement", "knowledgeRequirement"):
        for target in requirement:
            if href := target.get("href"):
                yield href


def _types_read(root: Element, model: Model) -> None:
    """Fill the declared types; those that name later ones are filled in on a second pass."""
    definitions = list(children(root, "itemDefinition"))
    for prefix, imported in model.imports.items():
        for name, one in imported.types.items():
            model.types[f"{prefix}.{name}" if prefix else name] = one
    for _round in range(2 + len(definitions) // 2):
        before = len(model.types)
        for element in definitions:
            model.types[element.get("name", "")] = _item_type(element, model)
        if len(model.types) == before and _round > 1:
            break


def _item_type(element: Element, model: Model) -> Type:
    made = _item_base(element, model)
    allowed = child(element, "allowedValues", "typeConstraint")
    if allowed is not None:
        made = _constrained(made, text_in(allowed), model)
    if element.get("isCollection") == "true":
        return Type("list", made)
    return made


def _item_base(element: Element, model: Model) -> Type:
    if components := list(children(element, "itemComponent")):
        fields = tuple((one.get("name", ""), _item_type(one, model)) for one in components)
        return Type("context", fields=fields, is_open=False)
    function = child(element, "functionItem")
    if function is not None:
        parameters = tuple(
            model.type_of(one.get("typeRef")) or ANY for one in children(function, "parameters")
        )
        result = model.type_of(function.get("outputTypeRef")) or ANY
        return Type("function", item=result, parameters=parameters, is_open=False)
    reference = text_in(element, "typeRef").strip() or element.get("typeRef", "")
    return model.type_of(reference) or ANY


def _constrained(base: Type, text: str, model: Model) -> Type:
    try:
        tests = parse_tests(text, model.known)
    except FeelInvalid as error:
        raise DecisionModelInvalid(file=model.name, reason=str(error)) from error

    def allowed(value: object) -> object:
        within = base.allowed is None or base.allowed(value) is True
        return within and tests.evaluate(Scope({"?": value}, everything()))

    return Type(base.name, base.item, base.fields, base.parameters, allowed, base.is_open)
