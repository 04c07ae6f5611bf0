"""A form definition (表单定义): JSON Schema 2020-12 + ui + conditions, read and checked once.

Everything the running form needs is worked out here, so that a fault shows when the pack loads and
never to the person who fills in: names that do not exist, expressions that do not compile, and
conditions that would chase each other in a circle.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

import jsonschema_rs

from yiwang.engines.forms.data import Option, Text
from yiwang.engines.forms.rules.formats import FORMATS
from yiwang.engines.forms.rules.problems import FormInvalid, Problem
from yiwang.sdk import expressions
from yiwang.sdk.errors import N_

# Names an expression may use besides the form's own fields; the caller of the form gives them.
OUTER_NAMES = frozenset({"applicant", "agent", "today", "matter"})
WIDGETS = frozenset(
    {
        "text",
        "textarea",
        "number",
        "date",
        "select",
        "radio",
        "checkbox",
        "checkboxes",
        "phone",
        "email",
        "id_number",
        "uscc",
        "area",
        "photo",
        "file",
        "hidden",
        "rows",
    }
)
CHOICES = frozenset({"select", "radio", "checkboxes", "area"})
SCHEMA_KEYS = frozenset(
    {"$schema", "$id", "$defs", "type", "title", "description", "properties", "required"}
    | {"additionalProperties"}
)
FORM_KEYS = frozenset(
    {"key", "title", "schema", "ui", "conditions", "checks", "is_made", "source", "block"}
)
FIELD_KEYS = frozenset(
    {"title", "help", "hint", "widget", "prefill", "locked", "options", "code_table", "level"}
    | {"autocomplete", "fields", "accept", "max_mb", "block", "conditions"}
)
CONDITION_KEYS = frozenset({"when", "show", "require", "lock", "options"})
ROW_CONDITION_KEYS = CONDITION_KEYS - {"lock"}
# A field takes a part of a block; a cell also a column of a group of a block: family.members.name.
BLOCK = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z0-9_]*){1,2}")
# A group of more rows is a file; measured in docs/areas/engines.md.
GROUP_LIMIT = 10_000
GROUP_DEFAULT = 200


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field (字段). kind: string, integer, number, boolean, list or rows."""

    key: str
    title: Text
    kind: str
    widget: str
    schema: dict
    validator: jsonschema_rs.Draft202012Validator
    help: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    required: bool = False
    locked: bool = False
    prefill: str = ""
    options: tuple[Option, ...] = ()
    code_table: str = ""
    level: str = ""
    autocomplete: str = ""
    accept: tuple[str, ...] = ()
    max_mb: int = 5
    fields: tuple["FieldDefinition", ...] = ()
    block: str = ""
    group_validator: jsonschema_rs.Draft202012Validator | None = None
    row: "FormDefinition | None" = None
    """The cells with the conditions between them, of a group that has such."""

    @property
    def has_options(self) -> bool:
        """Tell whether a value must be one of a list."""
        return bool(self.options or self.code_table or self.widget == "area")

    @property
    def row_limit(self) -> int:
        """Return how many rows a group takes; more than its own limit may be typed, and is told."""
        return min(GROUP_LIMIT, max(GROUP_DEFAULT, _count(self.schema.get("maxItems"))))


@dataclass(frozen=True, slots=True)
class Condition:
    """When `when` is true, fields are shown, required, locked or restricted to options (条件)."""

    when: object
    show: frozenset[str]
    require: frozenset[str]
    lock: frozenset[str]
    options: dict[str, tuple]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule across fields (校验规则): `that` must be true, else `message` stands at `field`."""

    that: object
    names: frozenset[str]
    field: str
    message: Text


@dataclass(frozen=True, slots=True)
class PageDefinition:
    """One page (页)."""

    key: str
    title: Text
    fields: tuple[str, ...]
    help: Text


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """A whole form, or the cells of one row. order: fields so that whatever decides on one comes before it.

    triggers: fields on which something depends; outer: of a row, the form's fields that decide on cells.
    """

    key: str
    title: Text
    fields: dict[str, FieldDefinition]
    pages: tuple[PageDefinition, ...]
    conditions: tuple[Condition, ...]
    checks: tuple[Check, ...]
    order: tuple[str, ...]
    conditional: frozenset[str]
    triggers: frozenset[str]
    outer: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, raw: dict) -> "FormDefinition":
        """Read a definition in the pack's format; raise `FormInvalid` with every fault and its path.

        >>> form = FormDefinition.parse({"key": "a", "title": {"zh": "表", "en": "Form"},
        ...     "schema": {"type": "object", "properties": {"n": {"type": "string"}}},
        ...     "ui": {"pages": [{"key": "p", "title": {"zh": "页", "en": "Page"}, "fields": ["n"]}],
        ...            "fields": {"n": {"title": {"zh": "姓名", "en": "Name"}}}}})
        >>> form.fields["n"].widget
        'text'
        """
        return _Reader(raw).read()


class _Reader:
    """Reads one definition and gathers its problems."""

    def __init__(self, raw: dict) -> None:
        self.raw = raw if isinstance(raw, dict) else {}
        self.problems: list[Problem] = []
        self.fields: dict[str, FieldDefinition] = {}

    def fault(self, path: str, message: str, **params: object) -> None:
        self.problems.append(Problem(path, message, params))

    def read(self) -> FormDefinition:
        raw = self.raw
        key = str(raw.get("key") or "?")
        self.unknown(raw, FORM_KEYS, "")
        if key == "?":
            self.fault("key", N_("is missing"))
        schema = self.mapping(raw, "schema")
        ui = self.mapping(raw, "ui")
        self.unknown(ui, frozenset({"pages", "fields"}), "ui")
        self.fields = self.read_fields(schema, ui.get("fields") or {}, "schema", "ui.fields")
        self.read_rows(schema, ui.get("fields") or {})
        pages = self.read_pages(ui)
        conditions = self.read_conditions(
            self.raw.get("conditions"), "conditions", self.fields, CONDITION_KEYS
        )
        checks = self.read_checks()
        order = self.read_order(conditions, self.fields, "conditions")
        title = self.text(raw.get("title"), "title")
        if raw.get("block") and not str(raw["block"]).isidentifier():
            self.fault("block", N_("is not a usable name"))
        if self.problems:
            raise FormInvalid(key, self.problems)
        return FormDefinition(
            key=key,
            title=title,
            fields=self.fields,
            pages=pages,
            conditions=tuple(condition for condition, _ in conditions),
            checks=checks,
            order=order,
            conditional=frozenset().union(*(condition.show for condition, _ in conditions)),
            triggers=frozenset().union(
                *(names for _, names in conditions),
                *(each.row.outer for each in self.fields.values() if each.row),
            )
            & set(self.fields),
        )

    # --- small readers -------------------------------------------------------------------------

    def mapping(self, raw: dict, name: str) -> dict:
        value = raw.get(name)
        if not isinstance(value, dict):
            self.fault(name, N_("must be a mapping"))
            return {}
        return value

    def unknown(self, raw: dict, known: frozenset[str], path: str) -> None:
        for name in raw:
            if name not in known:
                self.fault(f"{path}.{name}".lstrip("."), N_("is not a known key"))

    def text(self, value: object, path: str, *, needed: bool = True) -> Text:
        if value is None and not needed:
            return {}
        if not isinstance(value, dict) or not value.get("zh") or not value.get("en"):
            self.fault(path, N_("needs zh and en"))
            return {}
        return {"zh": str(value["zh"]), "en": str(value["en"])}

    def names(
        self, value: object, path: str, fields: Mapping[str, FieldDefinition] | None = None
    ) -> frozenset[str]:
        known = self.fields if fields is None else fields
        names = [value] if isinstance(value, str) else list(value or ())
        for name in names:
            if name not in known:
                self.fault(
                    path, N_("names '%(name)s', which is not a field of the schema"), name=name
                )
        return frozenset(names) & frozenset(known)

    def expression(
        self, text: object, path: str, cells: Mapping[str, FieldDefinition] | None = None
    ) -> tuple[object, frozenset[str]]:
        try:
            compiled = expressions.compile(str(text))
        except expressions.ExpressionError as error:
            self.fault(path, N_("is no expression: %(reason)s"), reason=error)
            return None, frozenset()
        names = frozenset(name.split(".")[0] for name in compiled.names)
        for name in sorted(names - self.fields.keys() - OUTER_NAMES - (cells or {}).keys()):
            self.fault(
                path, N_("uses '%(name)s', which is neither a field nor a given name"), name=name
            )
        return compiled, names

    # --- fields --------------------------------------------------------------------------------

    def read_fields(
        self, schema: dict, ui: dict, schema_path: str, ui_path: str, *, nested: bool = False
    ) -> dict[str, FieldDefinition]:
        self.unknown(schema, SCHEMA_KEYS, schema_path)
        if schema.get("type") != "object":
            self.fault(f"{schema_path}.type", N_("must be object"))
        properties = schema.get("properties") or {}
        required = set(schema.get("required") or ())
        for name in sorted(required - properties.keys()):
            self.fault(
                f"{schema_path}.required",
                N_("names '%(name)s', which is not a property"),
                name=name,
            )
        for name in ui:
            if name not in properties:
                self.fault(f"{ui_path}.{name}", N_("is not a property of the schema"))
        fields = {}
        for name, each in properties.items():
            if not name.isidentifier() or name in OUTER_NAMES or name.startswith("_"):
                self.fault(f"{schema_path}.properties.{name}", N_("is not a usable name"))
            found = self.read_field(
                name,
                each,
                ui.get(name) or {},
                f"{schema_path}.properties.{name}",
                f"{ui_path}.{name}",
                required=name in required,
                nested=nested,
            )
            if found:
                fields[name] = found
        if not fields:
            self.fault(f"{schema_path}.properties", N_("has no field"))
        return fields

    def read_field(
        self, name: str, schema: dict, ui: dict, path: str, ui_path: str, *, required, nested
    ) -> FieldDefinition | None:
        if not isinstance(schema, dict) or not isinstance(ui, dict):
            self.fault(path, N_("must be a mapping"))
            return None
        self.unknown(ui, FIELD_KEYS, ui_path)
        kind = self.kind(schema, path, nested=nested)
        options = self.read_options(ui.get("options"), schema, kind, ui_path)
        widget = ui.get("widget") or _widget(schema, kind, options, ui)
        if widget not in WIDGETS:
            self.fault(f"{ui_path}.widget", N_("'%(name)s' is not a widget"), name=widget)
        if widget in CHOICES - {"area"} and not options and not ui.get("code_table"):
            self.fault(
                f"{ui_path}.options", N_("is missing: a choice needs options or a code_table")
            )
        rows: dict[str, FieldDefinition] = {}
        if kind == "rows":
            rows = self.read_fields(
                {**schema["items"]},
                ui.get("fields") or {},
                f"{path}.items",
                f"{ui_path}.fields",
                nested=True,
            )
        validator = self.validator(schema, path)
        return FieldDefinition(
            key=name,
            title=self.text(ui.get("title"), f"{ui_path}.title"),
            kind=kind,
            widget=widget,
            schema=schema,
            validator=validator,
            help=self.text(ui.get("help"), f"{ui_path}.help", needed=False),
            hint=self.text(ui.get("hint"), f"{ui_path}.hint", needed=False),
            required=required,
            locked=bool(ui.get("locked")),
            prefill=str(ui.get("prefill") or ""),
            options=options,
            code_table=str(ui.get("code_table") or ""),
            level=str(ui.get("level") or ""),
            autocomplete=str(ui.get("autocomplete") or ""),
            accept=tuple(ui.get("accept") or ()),
            max_mb=int(ui.get("max_mb") or 5),
            fields=tuple(rows.values()),
            block=self.block(ui.get("block"), f"{ui_path}.block"),
            group_validator=self.group_validator(schema, path) if kind == "rows" else None,
        )

    def kind(self, schema: dict, path: str, *, nested: bool) -> str:
        kind = schema.get("type")
        if kind in ("string", "integer", "number", "boolean"):
            return kind
        items = schema.get("items")
        if kind == "array" and isinstance(items, dict):
            if items.get("type") == "object" and not nested:
                return "rows"
            if items.get("type") in ("string", "integer"):
                return "list"
        self.fault(f"{path}.type", N_("'%(name)s' cannot be asked for in a form here"), name=kind)
        return "string"

    def validator(self, schema: dict, path: str) -> jsonschema_rs.Draft202012Validator | None:
        whole = {**schema, "$defs": (self.raw.get("schema") or {}).get("$defs") or {}}
        try:
            return jsonschema_rs.Draft202012Validator(
                whole, validate_formats=True, formats=FORMATS, offline=True,
                ignore_unknown_formats=False,
            )  # fmt: skip
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            reason = str(error).splitlines()[0]
            self.fault(path, N_("is not a JSON Schema: %(reason)s"), reason=reason)
            return None

    def group_validator(self, schema: dict, path: str) -> jsonschema_rs.Draft202012Validator | None:
        """Check the array itself; its rows are judged one by one, in `groups.py`."""
        if _count(schema.get("maxItems")) > GROUP_LIMIT:
            self.fault(
                f"{path}.maxItems",
                N_("is more than the %(limit)s rows a group may have"),
                limit=GROUP_LIMIT,
            )
        return self.validator({key: each for key, each in schema.items() if key != "items"}, path)

    def block(self, value: object, path: str) -> str:
        """Read which part of which reusable block a field takes: "address.line"."""
        text = str(value or "")
        if text and not BLOCK.fullmatch(text):
            self.fault(path, N_("must name a block and its field, as address.line"))
        return text

    def read_options(self, raw: object, schema: dict, kind: str, path: str) -> tuple[Option, ...]:
        if raw is None:
            return ()
        options = []
        allowed = (schema.get("items") or {}) if kind == "list" else schema
        for number, each in enumerate(raw if isinstance(raw, list) else ()):
            place = f"{path}.options[{number}]"
            if not isinstance(each, dict) or "value" not in each:
                self.fault(place, N_("needs value, zh and en"))
                continue
            options.append(Option(each["value"], self.text(each, place)))
            if "enum" in allowed and each["value"] not in allowed["enum"]:
                self.fault(place, N_("'%(name)s' is not in the schema's enum"), name=each["value"])
        missing = set(map(str, allowed.get("enum") or ())) - {str(o.value) for o in options}
        for value in sorted(missing):
            self.fault(f"{path}.options", N_("lacks '%(name)s' of the schema's enum"), name=value)
        return tuple(options)

    # --- pages, conditions, checks -------------------------------------------------------------

    def read_pages(self, ui: dict) -> tuple[PageDefinition, ...]:
        pages, seen = [], set()
        for number, each in enumerate(ui.get("pages") or ()):
            path = f"ui.pages[{number}]"
            if not isinstance(each, dict) or not each.get("key"):
                self.fault(path, N_("needs key, title and fields"))
                continue
            self.unknown(each, frozenset({"key", "title", "fields", "help"}), path)
            names = tuple(each.get("fields") or ())
            self.names(names, f"{path}.fields")
            for name in names:
                if name in seen:
                    self.fault(f"{path}.fields", N_("asks for '%(name)s' a second time"), name=name)
                seen.add(name)
            help_text = self.text(each.get("help"), f"{path}.help", needed=False)
            title = self.text(each.get("title"), f"{path}.title")
            pages.append(PageDefinition(each["key"], title, names, help_text))
        if not pages:
            self.fault("ui.pages", N_("is missing"))
        for name in sorted(self.fields.keys() - seen):
            self.fault("ui.pages", N_("no page asks for '%(name)s'"), name=name)
        if len({page.key for page in pages}) < len(pages):
            self.fault("ui.pages", N_("two pages have the same key"))
        return tuple(pages)

    def read_conditions(
        self, raw: object, place: str, fields: Mapping[str, FieldDefinition], keys: frozenset[str]
    ) -> list[tuple[Condition, frozenset[str]]]:
        """Read conditions on `fields`, of the form or of the rows of a group."""
        found = []
        for number, each in enumerate(raw or ()):
            path = f"{place}[{number}]"
            if not isinstance(each, dict) or "when" not in each:
                self.fault(path, N_("needs when"))
                continue
            self.unknown(each, keys, path)
            when, names = self.expression(each["when"], f"{path}.when", fields)
            options = each.get("options") or {}
            self.names(list(options), f"{path}.options", fields)
            condition = Condition(
                when=when,
                show=self.names(each.get("show"), f"{path}.show", fields),
                require=self.names(each.get("require"), f"{path}.require", fields),
                lock=self.names(each.get("lock"), f"{path}.lock", fields),
                options={name: tuple(values) for name, values in options.items()},
            )
            found.append((condition, names))
        return found

    def read_rows(self, schema: dict, ui: dict) -> None:
        """Read the conditions inside the rows of each group, once all fields are known."""
        for name, each in list(self.fields.items()):
            raw = (ui.get(name) or {}).get("conditions")
            if each.kind == "rows" and raw:
                self.fields[name] = self.read_row(each, raw, schema["properties"][name])
            elif raw:
                self.fault(f"ui.fields.{name}.conditions", N_("only a group has rows"))

    def read_row(self, group: FieldDefinition, raw: object, schema: dict) -> FieldDefinition:
        path = f"ui.fields.{group.key}.conditions"
        cells = {each.key: each for each in group.fields}
        conditions = self.read_conditions(raw, path, cells, ROW_CONDITION_KEYS)
        used = frozenset().union(*(names for _, names in conditions))
        outer = (used - cells.keys()) & self.fields.keys()
        if group.key in outer:
            self.fault(path, N_("must not speak of the group itself"))
        conditional = frozenset().union(*(condition.show for condition, _ in conditions))
        row = FormDefinition(
            key=group.key,
            title=group.title,
            fields=cells,
            pages=(),
            conditions=tuple(condition for condition, _ in conditions),
            checks=(),
            order=self.read_order(conditions, cells, path),
            conditional=conditional,
            triggers=used & cells.keys(),
            outer=outer - {group.key},
        )
        items = dict(schema["items"])
        # What a hidden cell must have is asked of shown ones only, in `groups.py`.
        items["required"] = [
            name for name in items.get("required") or () if name not in conditional
        ]
        validator = self.validator({**schema, "items": items}, f"schema.properties.{group.key}")
        return replace(group, row=row, validator=validator)

    def read_checks(self) -> tuple[Check, ...]:
        checks = []
        for number, each in enumerate(self.raw.get("checks") or ()):
            path = f"checks[{number}]"
            if not isinstance(each, dict) or "that" not in each:
                self.fault(path, N_("needs that, field and message"))
                continue
            that, names = self.expression(each["that"], f"{path}.that")
            self.names(each.get("field") or "?", f"{path}.field")
            message = self.text(each.get("message"), f"{path}.message")
            used = names & self.fields.keys()
            checks.append(Check(that, used, str(each.get("field")), message))
        return tuple(checks)

    def read_order(
        self,
        conditions: list[tuple[Condition, frozenset[str]]],
        fields: Mapping[str, FieldDefinition],
        path: str,
    ) -> tuple[str, ...]:
        """Sort the fields; a circle of conditions has no fixed point one could rely on."""
        graph = {name: set(each.row.outer) if each.row else set() for name, each in fields.items()}
        for condition, names in conditions:
            for name in condition.show:
                graph[name] |= names & fields.keys()
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            self.fault(
                path,
                N_("are circular: whether a field shows depends on %(circle)s"),
                circle=circle,
            )
            return ()


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _widget(schema: dict, kind: str, options: tuple[Option, ...], ui: dict) -> str:
    by_kind = {
        "boolean": "checkbox",
        "integer": "number",
        "number": "number",
        "rows": "rows",
        "list": "checkboxes",
    }
    if options or ui.get("code_table"):
        return "checkboxes" if kind == "list" else "radio" if 0 < len(options) <= 5 else "select"
    if kind in by_kind:
        return by_kind[kind]
    by_format = {
        "date": "date",
        "mobile-phone": "phone",
        "phone": "phone",
        "id-number": "id_number",
        "uscc": "uscc",
        "email": "email",
    }
    found = by_format.get(schema.get("format", ""))
    return found or ("textarea" if schema.get("maxLength", 0) > 200 else "text")
