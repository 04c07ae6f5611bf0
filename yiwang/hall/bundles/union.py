"""One form out of several (合并表单): every question once, every form gets its answers. Pure.

Two fields are one when they are prefilled from the same registry field (the data element 数据元),
or when the bundle says so. A field stays conditional exactly as in its own form, and is asked only
while its matter applies (`matter.applies.<part>`, given by the caller).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.substitution import substitute

QUESTIONS_PAGE, LAST_PAGE = "questions", "last"
COMMON, OWN, LAST = 0, 1, 2
LAST_TITLE = {"zh": "补充信息", "en": "Further details"}
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems")
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems")
LIMITS = {**dict.fromkeys(LOWER, max), **dict.fromkeys(UPPER, min)}

Text = dict[str, str]
Source = tuple[str, str]
"""(part, field): a field of one of the forms."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One of the forms (成员表单). always: it applies whatever is answered; else by `matter.applies.<key>`."""

    key: str
    title: Text
    definition: Mapping
    always: bool = True

    @property
    def properties(self) -> Mapping:
        return self.definition["schema"]["properties"]

    def ui(self, name: str) -> Mapping:
        return (self.definition["ui"].get("fields") or {}).get(name) or {}

    @property
    def pages(self) -> Sequence[Mapping]:
        return self.definition["ui"]["pages"]


@dataclass(frozen=True, slots=True)
class Shared:
    """One question of several forms, as the bundle says (同一字段): part → its field."""

    name: str
    fields: Mapping[str, str]
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Union:
    """The one form (合并后的表单). fields: name → the fields of the forms that it answers."""

    definition: dict
    fields: dict[str, tuple[Source, ...]]
    asked_before: int
    problems: tuple[str, ...] = ()

    @property
    def asked(self) -> int:
        """Return how many questions the one form has, without those about the bundle itself."""
        return len(self.fields)


def projected(
    fields: Mapping[str, Sequence[Source]], part: str, values: Mapping[str, object]
) -> dict[str, object]:
    """Return what one form gets of the answers (字段分发).

    >>> projected({"address": [("food", "premises_address"), ("water", "site")]}, "water", {"address": "x"})
    {'site': 'x'}
    """
    return {
        own: values[name]
        for name, sources in fields.items()
        if name in values
        for key, own in sources
        if key == part
    }


def collected(
    fields: Mapping[str, Sequence[Source]], part: str, found: Mapping[str, object]
) -> dict[str, object]:
    """Return what is said about one form's fields by the names of the one form (字段回溯).

    found: by HTML name, so "staff.0.phone" keeps its row.
    """
    names = {own: name for name, sources in fields.items() for key, own in sources if key == part}
    result = {}
    for html, said in found.items():
        own, dot, rest = html.partition(".")
        if own in names:
            result[names[own] + dot + rest] = said
    return result


def union_make(
    key: str,
    title: Text,
    *,
    questions: Sequence[Mapping],
    parts: Sequence[FormPart],
    shared: Sequence[Shared] = (),
    apart: Sequence[str] = (),
) -> Union:
    """Make one form of several (合并表单); what cannot be one is said in `problems`.

    questions: fields about the bundle itself, [{name, title, help, options}], a page of their own.
    apart: names whose fields are different things although they are called the same.
    """
    return _Maker(key, title, questions, parts, shared, apart).make()


@dataclass(slots=True)
class _Maker:
    key: str
    title: Text
    questions: Sequence[Mapping]
    parts: Sequence[FormPart]
    shared: Sequence[Shared]
    apart: Sequence[str]
    problems: list[str] = field(default_factory=list)
    by_key: dict[str, FormPart] = field(default_factory=dict)
    names: dict[Source, str] = field(default_factory=dict)
    fields: dict[str, tuple[Source, ...]] = field(default_factory=dict)

    def make(self) -> Union:
        self.by_key = {part.key: part for part in self.parts}
        self.names = self.name_all()
        grouped: dict[str, list[Source]] = {}
        for source, name in self.names.items():
            grouped.setdefault(name, []).append(source)
        self.fields = {name: tuple(sources) for name, sources in grouped.items()}
        schemas = {name: self.schema_of(name) for name in self.fields}
        ui_fields = {name: self.ui_of(name, schemas[name]) for name in self.fields}
        self.twice_find()
        conditions = self.conditions()
        definition = {
            "key": self.key,
            "title": dict(self.title),
            "schema": {
                "type": "object",
                "required": [one["name"] for one in self.questions] + self.required_always(),
                "properties": {**_question_schemas(self.questions), **schemas},
            },
            "ui": {
                "pages": self.pages(conditions),
                "fields": {**_question_ui(self.questions), **ui_fields},
            },
            "conditions": conditions,
        }
        before = sum(len(part.properties) for part in self.parts)
        return Union(definition, self.fields, before, tuple(self.problems))

    # --- which fields are one ------------------------------------------------------------------

    def name_all(self) -> dict[Source, str]:
        """Give every field of every form its name in the one form (字段归并)."""
        taken = {one["name"] for one in self.questions} | {one.name for one in self.shared}
        said = {
            (part, own): one.name
            for one in self.shared
            for part, own in one.fields.items()
            if self.known(part, own, one.name)
        }
        elements: dict[str, str] = {}
        names: dict[Source, str] = {}
        for part in self.parts:
            for own in part.properties:
                name = said.get((part.key, own))
                element = _element(part.ui(own))
                if name is None and own not in self.apart:
                    name = self.same_element(elements.get(element), part, names)
                if name is None:
                    name = own if own not in taken else f"{part.key}_{own}"
                    taken.add(name)
                if element and own not in self.apart:
                    elements.setdefault(element, name)
                names[part.key, own] = name
        return names

    def same_element(
        self, name: str | None, part: FormPart, names: Mapping[Source, str]
    ) -> str | None:
        """Return the question of a data element, unless this form has it in another field already."""
        taken = any(key == part.key and given == name for (key, _own), given in names.items())
        return None if taken else name

    def known(self, part: str, own: str, name: str) -> bool:
        if part in self.by_key and own in self.by_key[part].properties:
            return True
        self.problems.append(f"shared {name}: {part} has no field {own}.")
        return False

    def twice_find(self) -> None:
        """Find questions that are worded alike in two forms and are still two (重复字段)."""
        seen: dict[str, tuple[str, Source]] = {}
        for (part, own), name in self.names.items():
            words = str(self.by_key[part].ui(own).get("title", {}).get("zh", ""))
            before = seen.setdefault(words, (name, (part, own)))
            if before[0] != name and own not in self.apart:
                other = ".".join(before[1])
                self.problems.append(
                    f"{part}.{own} and {other} both ask for {words}: "
                    "put them under shared, or the name under apart."
                )

    # --- one field -----------------------------------------------------------------------------

    def schema_of(self, name: str) -> dict:
        """Merge the schemas of one question: what it accepts, every one of its forms accepts."""
        merged: dict = {}
        for part, own in self.fields[name]:
            schema = dict(self.by_key[part].properties[own])
            if merged and merged.get("type") != schema.get("type"):
                self.problems.append(f"{name}: {part}.{own} is of another type.")
                continue
            merged = _merge(merged, schema) if merged else schema
        if "enum" in merged and not merged["enum"]:
            self.problems.append(f"{name}: its forms have no choice in common.")
        return merged

    def ui_of(self, name: str, schema: Mapping) -> dict:
        uis = [self.by_key[part].ui(own) for part, own in self.fields[name]]
        merged = {key: value for ui in reversed(uis) for key, value in ui.items() if value}
        prefills = {found for ui in uis if (found := _element(ui))}
        if len(prefills) > 1:
            self.problems.append(f"{name}: filled from {', '.join(sorted(prefills))} at once.")
        for one in self.shared:
            if one.name == name and one.title:
                merged["title"] = dict(one.title)
        if "options" in merged and "enum" in schema:
            allowed = schema["enum"]
            merged["options"] = [one for one in merged["options"] if one["value"] in allowed]
        merged["locked"] = any(ui.get("locked") for ui in uis)
        if not prefills:
            merged.pop("prefill", None)
        if "conditions" in merged:
            merged["conditions"] = self.row_conditions(name)
        return merged

    def row_conditions(self, name: str) -> list[dict]:
        """Say the conditions inside the rows of a group in terms of the one form."""
        found = []
        for part, own in self.fields[name]:
            ui = self.by_key[part].ui(own)
            terms = {
                field: term
                for field, term in self.terms(self.by_key[part]).items()
                if field not in (ui.get("fields") or {})
            }
            found += [
                {**one, "when": substitute(str(one["when"]), terms)}
                for one in ui.get("conditions") or ()
            ]
        return found

    # --- when it is asked ----------------------------------------------------------------------

    def required_always(self) -> list[str]:
        return sorted(
            {
                self.names[part.key, own]
                for part in self.parts
                if part.always
                for own in _required(part) - _conditional(part)
            }
        )

    def unconditional(self) -> set[str]:
        """Return what is asked whatever is answered."""
        return {
            self.names[part.key, own]
            for part in self.parts
            if part.always
            for own in set(part.properties) - _conditional(part)
        }

    def conditions(self) -> list[dict]:
        always = self.unconditional()
        found = []
        for part in self.parts:
            hidden = _conditional(part)
            if not part.always:
                plain = [self.names[part.key, own] for own in part.properties if own not in hidden]
                required = _required(part) - hidden
                found.append(
                    {
                        "when": _applies(part),
                        "show": sorted({name for name in plain if name not in always}),
                        "require": sorted({self.names[part.key, own] for own in required}),
                    }
                )
            for condition in part.definition.get("conditions") or ():
                found.append(self.condition(part, condition, always))
        return [{key: value for key, value in one.items() if value} for one in found]

    def condition(self, part: FormPart, condition: Mapping, always: set[str]) -> dict:
        when = substitute(str(condition["when"]), self.terms(part))
        if not part.always:
            when = f"{_applies(part)} and ({when})"
        renamed = {
            key: sorted({self.names[part.key, own] for own in _names(condition.get(key))})
            for key in ("show", "require", "lock")
        }
        shown = _required(part) & set(_names(condition.get("show")))
        needed = {self.names[part.key, own] for own in shown}
        renamed["require"] = sorted({*renamed["require"], *needed})
        renamed["show"] = [name for name in renamed["show"] if name not in always]
        options = {
            self.names[part.key, own]: list(values)
            for own, values in (condition.get("options") or {}).items()
        }
        return {"when": when, **renamed, "options": options}

    def terms(self, part: FormPart) -> dict[str, str]:
        """Say each field of a form in terms of the one form: hidden there, it is null there."""
        terms: dict[str, str] = {"matter": "null"}
        waiting = list(part.properties)
        shows = _shows(part)
        for _round in range(len(waiting) + 1):
            for own in list(waiting):
                whens = shows.get(own, [])
                needed = {n for when in whens for n in _roots(when)} & set(part.properties)
                if needed - terms.keys():
                    continue
                name = self.names[part.key, own]
                if whens:
                    shown = " or ".join(f"({substitute(when, terms)})" for when in whens)
                    name = f"{name} if {shown} else null"
                terms[own] = name
                waiting.remove(own)
        return terms

    # --- where it is asked ---------------------------------------------------------------------

    def pages(self, conditions: Sequence[Mapping]) -> list[dict]:
        """Put first what several forms need, then what only one needs, last what the answers there decide."""
        stages = self.stages(conditions)
        common: dict[str, dict] = {}
        own_pages: list[dict] = []
        last: dict = {"key": LAST_PAGE, "title": dict(LAST_TITLE), "fields": []}
        placed: set[str] = set()
        for part in self.parts:
            for page in part.pages:
                own = {"key": f"{part.key}_{page['key']}", "fields": []}
                own["title"] = _joined(part.title, page["title"])
                for each in page.get("fields") or ():
                    name = self.names[part.key, each]
                    if name in placed:
                        continue
                    placed.add(name)
                    key = f"common_{page['key']}"
                    first = {"key": key, "title": dict(page["title"]), "fields": []}
                    target = (
                        last
                        if stages[name] == LAST
                        else own
                        if stages[name] == OWN
                        else common.setdefault(key, first)
                    )
                    target["fields"].append(name)
                if own["fields"]:
                    own_pages.append(own)
        first = []
        if self.questions:
            names = [one["name"] for one in self.questions]
            words = {"zh": "您的情况", "en": "Your situation"}
            first = [{"key": QUESTIONS_PAGE, "title": words, "fields": names}]
        return first + list(common.values()) + own_pages + ([last] if last["fields"] else [])

    def stages(self, conditions: Sequence[Mapping]) -> dict[str, int]:
        """Say where each field is asked: never before an answer that decides on it."""
        deciders: dict[str, set[str]] = {name: set() for name in self.fields}
        for condition in conditions:
            names = _roots(condition["when"]) & self.fields.keys()
            for sort in ("show", "require", "lock", "options"):
                for name in condition.get(sort) or ():
                    deciders[name] |= names
        stages = {
            name: COMMON if len(sources) > 1 else OWN for name, sources in self.fields.items()
        }
        changed = True
        while changed:
            changed = False
            for name, by in deciders.items():
                latest = max((stages[one] for one in by - {name}), default=COMMON)
                late = latest == LAST or (stages[name] == COMMON and latest == OWN)
                if late and stages[name] != LAST:
                    stages[name], changed = LAST, True
        return stages


def _merge(one: Mapping, other: Mapping) -> dict:
    """Return a schema that accepts what both accept."""
    merged, rest = dict(one), {}
    for key, value in other.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key in LIMITS:
            merged[key] = LIMITS[key](merged[key], value)
        elif key == "enum":
            merged[key] = [each for each in merged[key] if each in value]
        else:
            rest[key] = value
    if rest:
        merged["allOf"] = [*merged.get("allOf", ()), rest]
    return merged


def _question_schemas(questions: Sequence[Mapping]) -> dict:
    return {
        one["name"]: {"type": "string", "enum": [each["value"] for each in one["options"]]}
        for one in questions
    }


def _question_ui(questions: Sequence[Mapping]) -> dict:
    return {
        one["name"]: {
            "title": dict(one["title"]),
            "widget": "radio",
            "options": [dict(each) for each in one["options"]],
            **({"help": dict(one["help"])} if one.get("help") else {}),
        }
        for one in questions
    }


def _applies(part: FormPart) -> str:
    return f"matter.applies.{part.key}"


def _names(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _element(ui: Mapping) -> str:
    """Return the data element of a field (数据元), "" when only its own form knows what it is."""
    found = str(ui.get("prefill") or "")
    return "" if found.startswith("earlier.") else found


def _shows(part: FormPart) -> dict[str, list[str]]:
    shows: dict[str, list[str]] = {}
    for condition in part.definition.get("conditions") or ():
        for own in _names(condition.get("show")):
            shows.setdefault(own, []).append(str(condition["when"]))
    return shows


def _required(part: FormPart) -> set[str]:
    return set(part.definition["schema"].get("required") or ())


def _conditional(part: FormPart) -> set[str]:
    return set(_shows(part))


def _roots(text: str) -> frozenset[str]:
    return expression_compile(text).names


def _joined(one: Mapping[str, str], other: Mapping[str, str]) -> Text:
    return {"zh": f"{one['zh']}：{other['zh']}", "en": f"{one['en']}: {other['en']}"}
