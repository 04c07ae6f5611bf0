"""Pure rules of the catalogue: codes, checks, comparison of versions, freshness."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from yiwang.resources.catalogue import data
from yiwang.resources.catalogue.data import Change, FieldSpec, Problem, ResourceSpec
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

CODE = re.compile(r"[123][0-9]{2}[0-9]{3}[0-9]+/[0-9]{1,10}")
# 目: the numbers under which departments stand in codes (made for this city; the guide leaves them
# to each place). A function that is not here stands under 999.
FUNCTIONS = tuple(
    "general_office development_reform education science industry ethnic_religious public_security "
    "civil_affairs justice finance human_resources natural_resources ecology housing "
    "urban_management transport water agriculture commerce culture_tourism health veterans "
    "emergency audit foreign_affairs state_assets market_supervision intellectual_property sports "
    "statistics medical_insurance forestry civil_defence petitions administrative_approval data tax "
    "meteorology tobacco fire_rescue post archives housing_fund public_resources disabled women "
    "trade_unions red_cross street_office".split()
)
OTHER_FUNCTION = 999
TITLE_MAX, TEXT_MAX, NAME_MAX, FIELDS_MAX = 200, 2000, 100, 500
LENGTH_MAX = 10_000_000
# How long after a delivery a resource is fresh; half as long again it is late, then overdue.
# Real time has an hour: what delivers without pause is never silent for so long.
CYCLE_TIMES = {
    "REALTIME": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(days=7),
    "MONTHLY": timedelta(days=31),
    "QUARTERLY": timedelta(days=92),
    "YEARLY": timedelta(days=366),
}
LATE = 1.5
# 不予共享 must name a law, regulation or policy: in book-title marks or by its kind.
_LEGAL = re.compile(r"《[^》]{2,}》|法第|条例|规定|办法|Law|Act|Regulation|Decree", re.IGNORECASE)


def code_prefix(spec: ResourceSpec, function: str, *, level: str, area_code: str) -> str:
    """Return the classification part of a resource's code: 类 1 + 项 2 + 目 3 + 细目.

    项 is the base registry, the theme, or the level of the department (01 city, 02 district,
    03 street); 目 the department's number; 细目 its area.

    >>> code_prefix(ResourceSpec("甲", "乙"), "civil_affairs", level="CITY", area_code="320500")
    '301008320500'
    """
    items = {
        "BASE": (1, _place(data.BASES, spec.base)),
        "THEME": (2, _place(data.THEMES, spec.theme)),
        "DEPARTMENT": (3, _place(("CITY", "DISTRICT", "STREET"), level)),
    }
    kind, item = items[spec.category]
    number = FUNCTIONS.index(function) + 1 if function in FUNCTIONS else OTHER_FUNCTION
    return f"{kind}{item:02d}{number:03d}{area_code}"


def code_valid(code: str) -> bool:
    """Tell whether a resource code (信息资源代码) has the form 类1项2目3细目n/顺序n.

    >>> code_valid("301008320500/12"), code_valid("401008320500/12"), code_valid("301008320500")
    (True, False, False)
    """
    return bool(CODE.fullmatch(code))


def code_parts(code: str) -> tuple[str, str, str, str, str]:
    """Part a valid code into 类, 项, 目, 细目 and 顺序.

    >>> code_parts("301008320500/000012")
    ('3', '01', '008', '320500', '000012')
    """
    prefix, _, number = code.partition("/")
    return prefix[0], prefix[1:3], prefix[3:6], prefix[6:], number


def _place(table: Iterable[str], key: str) -> int:
    keys = list(table)
    return keys.index(key) + 1 if key in keys else 99


def spec_load(content: Mapping) -> ResourceSpec:
    """Build a specification from plain JSON, its texts cleaned; raises `msgspec.ValidationError`."""
    spec = msgspec.convert(dict(content), ResourceSpec)
    cleaned = {name: clean(value) for name, value in _texts(spec)}
    return replace(
        spec,
        **cleaned,
        matters=tuple(filter(None, map(clean, spec.matters))),
        related=tuple(filter(None, map(clean, spec.related))),
        fields=tuple(_cleaned(one) for one in spec.fields),
        quality=tuple(_cleaned(one) for one in spec.quality),
    )


def spec_dump(spec: ResourceSpec) -> dict:
    """Turn a specification into plain JSON; `spec_load` turns it back.

    A rule's settings that are the usual ones are left out, so that words kept from before rules had
    settings are still the same words.
    """
    content = msgspec.json.decode(
        msgspec.json.encode(spec)
    )  # lists, not tuples, as the database has
    content["quality"] = [
        {name: value for name, value in rule.items() if value != _RULE_USUAL.get(name, _NEVER)}
        for rule in content["quality"]
    ]
    return content


_NEVER = object()
_RULE_USUAL = {
    name: value
    for name, value in msgspec.json.decode(msgspec.json.encode(data.QualityRule(""))).items()
    if name not in ("key", "that", "message")
}


def _texts(value: object) -> Iterator[tuple[str, str]]:
    for one in dataclass_fields(value):
        text = getattr(value, one.name)
        if isinstance(text, str):
            yield one.name, text


def _cleaned(value):  # noqa: ANN001, ANN202 - any of the dataclasses
    return replace(value, **{name: clean(text) for name, text in _texts(value)})


def spec_check(spec: ResourceSpec) -> list[Problem]:
    """List what is wrong with a resource (目录合规检查), each with the key it stands at."""
    return [*_words_check(spec), *_codes_check(spec), *_sharing_check(spec), *_fields_check(spec)]


def _words_check(spec: ResourceSpec) -> Iterator[Problem]:
    if not spec.title:
        yield Problem(("title",), N_("Give the resource a name."))
    if not spec.summary:
        yield Problem(("summary",), N_("Say in a sentence what the resource holds."))
    for name, text in _texts(spec):
        limit = TITLE_MAX if name.startswith("title") else TEXT_MAX
        if len(text) > limit:
            words = N_("This is longer than %(limit)s characters. Please shorten it.")
            yield Problem((name,), words, {"limit": limit})


_CODED = {
    "category": data.CATEGORIES,
    "theme": data.THEMES,
    "sharing": data.SHARINGS,
    "sharing_mode": {"": "", **data.MODES},
    "opening": data.OPENINGS,
    "format": data.FORMATS,
    "cycle": data.CYCLES,
    "channel": data.CHANNELS,
    "base": {"": "", **data.BASES},
}


def _codes_check(spec: ResourceSpec) -> Iterator[Problem]:
    for name, table in _CODED.items():
        if getattr(spec, name) not in table:
            words = N_("“%(value)s” is not in the list.")
            yield Problem((name,), words, {"value": getattr(spec, name)})
    if spec.category == "BASE" and not spec.base:
        yield Problem(("base",), N_("Say to which base registry it belongs."))
    for index, code in enumerate(spec.related):
        if not code_valid(code):
            words = N_("%(code)s is not a resource code such as 301008320500/000001.")
            yield Problem(("related", index), words, {"code": code})


def _sharing_check(spec: ResourceSpec) -> Iterator[Problem]:
    if spec.sharing == "2" and not spec.sharing_condition:
        yield Problem(("sharing_condition",), N_("Say on what condition it is shared."))
    if spec.sharing in ("1", "2") and not spec.sharing_mode:
        yield Problem(("sharing_mode",), N_("Say how it is shared."))
    if spec.sharing == "3" and not _LEGAL.search(spec.sharing_reason):
        words = N_("Not sharing needs the law or regulation that says so, for example 《…》第十条.")
        yield Problem(("sharing_reason",), words)
    if spec.opening == "CONDITIONAL" and not spec.opening_condition:
        yield Problem(("opening_condition",), N_("Say on what condition it is open."))
    if spec.opening == "CLOSED" and not spec.opening_reason:
        yield Problem(("opening_reason",), N_("Say why it is not open."))
    if spec.opening == "UNCONDITIONAL" and spec.sharing == "3":
        words = N_("What is not shared among departments cannot be open to everyone.")
        yield Problem(("opening",), words)


def _fields_check(spec: ResourceSpec) -> Iterator[Problem]:
    if not spec.fields:
        yield Problem(("fields",), N_("List at least one field."))
    if len(spec.fields) > FIELDS_MAX:
        words = N_("A resource has at most %(limit)s fields.")
        yield Problem(("fields",), words, {"limit": FIELDS_MAX})
    seen: set[str] = set()
    for index, one in enumerate(spec.fields):
        for name, message, params in _field_check(spec, one, seen):
            yield Problem(("fields", index, name), message, params)
        seen.add(one.name)


def _field_check(spec: ResourceSpec, one: FieldSpec, seen: set[str]) -> Iterator[tuple]:
    listed = N_("“%(value)s” is not in the list.")
    is_named = one.name and len(one.name) <= NAME_MAX and not {"/", "\n"} & set(one.name)
    may_be_open = spec.opening != "CLOSED" and one.level < 3
    rules = (
        (is_named, "name", N_("A field needs a name of at most 100 characters, without /.")),
        (one.name not in seen, "name", N_("The field %(value)s is there twice.")),
        (one.title, "title", N_("Say what the field is called in Chinese.")),
        (one.type in data.TYPES, "type", listed),
        (0 <= one.length <= LENGTH_MAX, "length", N_("A length is a whole number of 0 or more.")),
        (one.level in data.LEVELS, "level", N_("A protection level is one of 1 to 4.")),
        (one.sharing in data.SHARINGS, "sharing", listed),
        (one.sharing != "3" or one.reason, "reason", N_("Say why the field is not shared.")),
        (
            may_be_open or not one.is_open,
            "is_open",
            N_("A field can be open only if the resource is and its level is 1 or 2."),
        ),
        (
            one.level != 4 or one.sharing != "1",
            "sharing",
            N_("A field of level 4 is not shared without condition."),
        ),
        (
            one.code_table or not one.code_edition,
            "code_table",
            N_("Name the code table of this edition."),
        ),
    )
    for holds, name, message in rules:
        if not holds:
            params = {"value": getattr(one, name)} if "%(value)s" in message else {}
            yield name, message, params


# --- comparison of versions ---------------------------------------------------------------------


def spec_flatten(spec: ResourceSpec) -> dict[str, object]:
    """Lay a specification out as path -> value; `spec_raise` builds it again.

    >>> spec_flatten(ResourceSpec("甲", "乙", fields=(FieldSpec("a", "子"),)))["fields/a/title"]
    '子'
    """
    flat: dict[str, object] = {}
    for one in dataclass_fields(ResourceSpec):
        value = getattr(spec, one.name)
        if one.name in ("fields", "quality"):
            attribute = "name" if one.name == "fields" else "key"
            flat[one.name] = tuple(getattr(item, attribute) for item in value)
            for item in value:
                for part in dataclass_fields(item):
                    path = f"{one.name}/{getattr(item, attribute)}/{part.name}"
                    flat[path] = getattr(item, part.name)
        else:
            flat[one.name] = value
    return flat


def spec_raise(flat: Mapping[str, object]) -> ResourceSpec:
    """Build a specification from its paths."""
    values: dict[str, object] = {}
    for one in dataclass_fields(ResourceSpec):
        if one.name in ("fields", "quality"):
            kind = FieldSpec if one.name == "fields" else data.QualityRule
            values[one.name] = tuple(
                kind(
                    **{p.name: flat[f"{one.name}/{name}/{p.name}"] for p in dataclass_fields(kind)}
                )
                for name in flat[one.name]
            )
        else:
            values[one.name] = flat[one.name]
    return ResourceSpec(**values)


def spec_compare(before: ResourceSpec, after: ResourceSpec) -> tuple[Change, ...]:
    """List what is different between two versions (版本比对), field by field, in a stable order."""
    old, new = spec_flatten(before), spec_flatten(after)
    paths = [*old, *(path for path in new if path not in old)]
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in paths
        if path not in old or path not in new or old[path] != new[path]
    )


def change_apply(spec: ResourceSpec, changes: Iterable[Change]) -> ResourceSpec:
    """Carry changes out: `change_apply(a, spec_compare(a, b)) == b`."""
    flat = spec_flatten(spec)
    for change in changes:
        if change.after is None:
            flat.pop(change.path, None)
        else:
            flat[change.path] = change.after
    return spec_raise(flat)


def change_invert(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Turn changes round, so that they lead back."""
    return tuple(Change(one.path, one.after, one.before) for one in changes)


# --- freshness ----------------------------------------------------------------------------------


def freshness(
    cycle: str, *, delivered_at: datetime | None, published_at: datetime | None, now: datetime
) -> str:
    """Return the light of a resource (更新红黄绿灯): GREEN, YELLOW, RED or NONE.

    Counted from the last delivery. One that never delivered is RED once the late time has passed
    since it was published, NONE before. On demand nothing is promised: NONE.
    """
    promised = CYCLE_TIMES.get(cycle)
    if promised is None or (delivered_at is None and published_at is None):
        return "NONE"
    if delivered_at is None:
        return "RED" if now - published_at > promised * LATE else "NONE"
    age = now - delivered_at
    if age <= promised:
        return "GREEN"
    return "YELLOW" if age <= promised * LATE else "RED"


def crosswalk_problems(
    entries: Mapping[str, str], *, from_codes: set[str] | None, to_codes: set[str] | None
) -> list[Problem]:
    """List what is wrong with a crosswalk: codes that the code tables do not have, or nothing there.

    from_codes, to_codes: the codes of a table that the city keeps, None where it does not.
    """
    problems = []
    if not entries:
        problems.append(Problem(("entries",), N_("A crosswalk needs at least one pair.")))
    for known, codes in ((from_codes, entries.keys()), (to_codes, set(entries.values()))):
        for code in sorted(set(codes) - known) if known is not None else ():
            words = N_("The code table has no code %(code)s.")
            problems.append(Problem(("entries", code), words, {"code": code}))
    return problems
