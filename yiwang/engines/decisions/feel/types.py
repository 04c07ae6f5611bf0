"""Types of FEEL (类型): what `instance of` asks, and what a value becomes where a type is declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from yiwang.engines.decisions.feel.temporal import Date, DateTime, Time
from yiwang.engines.decisions.feel.values import Function, Range, kind_of

SIMPLE = frozenset(
    {
        "Any",
        "Null",
        "number",
        "string",
        "boolean",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
    }
)
ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type (类型): name of a simple one, or list, context, function, range with what is inside.

    item: of a list or range, result of a function. fields: of a context, by name. parameters: of a function.
    allowed: a test of values that the type admits, given by an item definition.
    """

    name: str
    item: "Type | None" = None
    fields: tuple[tuple[str, "Type"], ...] = ()
    parameters: tuple["Type", ...] = ()
    allowed: Callable[[object], object] | None = None
    is_open: bool = True  # a context type without stated fields


ANY = Type("Any")
NULL = Type("Null")


def conforms(value: object, wanted: Type, *, is_strict: bool = True) -> bool:
    """Tell whether a value, not null, is of a type (符合类型); null is only of Null.

    is_strict: the values that the type allows count too; `instance of` does not ask for them.

    >>> conforms("a", Type("string")), conforms([1], Type("list", ANY)), conforms(None, ANY)
    (True, True, False)
    """
    if value is None:
        return wanted.name == "Null"
    if is_strict and wanted.allowed is not None and wanted.allowed(value) is not True:
        return False
    if wanted.name == "Any":
        return True
    check = CHECKS.get(wanted.name)
    return check(value, wanted) if check else kind_of(value) == wanted.name


def _is_list(value: object, wanted: Type) -> bool:
    inner = wanted.item or ANY
    return isinstance(value, list) and all(item is None or conforms(item, inner) for item in value)


def _is_context(value: object, wanted: Type) -> bool:
    return isinstance(value, Mapping) and all(
        name in value and (value[name] is None or conforms(value[name], inner))
        for name, inner in wanted.fields
    )


def _is_range(value: object, wanted: Type) -> bool:
    inner = wanted.item or ANY
    return isinstance(value, Range) and all(
        end is None or conforms(end, inner) for end in (value.low, value.high)
    )


def _is_function(value: object, wanted: Type) -> bool:
    if not isinstance(value, Function):
        return False
    if wanted.is_open and not wanted.parameters and wanted.item in (None, ANY):
        return not value.names or not wanted.parameters
    return type_conforms(type_of_function(value), wanted)


CHECKS: dict[str, Callable[[object, Type], bool]] = {
    "list": _is_list,
    "context": _is_context,
    "range": _is_range,
    "function": _is_function,
}


def type_of_function(value: Function) -> Type:
    """Return the type that a function was declared with."""
    return Type(
        "function",
        item=value.result if isinstance(value.result, Type) else ANY,
        parameters=tuple(one if isinstance(one, Type) else ANY for one in value.types),
        is_open=False,
    )


def type_conforms(given: Type, wanted: Type) -> bool:
    """Tell whether every value of one type is of the other (类型相容), after the specification's table 52."""
    if wanted.name == "Any" or given.name == "Null":
        return True
    if given.name != wanted.name:
        return False
    if wanted.name in ("list", "range"):
        return type_conforms(given.item or ANY, wanted.item or ANY)
    if wanted.name == "context":
        own = dict(given.fields)
        return all(name in own and type_conforms(own[name], one) for name, one in wanted.fields)
    if wanted.name == "function":
        return (
            len(given.parameters) == len(wanted.parameters)
            and all(
                type_conforms(asked, taken)
                for asked, taken in zip(wanted.parameters, given.parameters, strict=True)
            )
            and type_conforms(given.item or ANY, wanted.item or ANY)
        )
    return True


def coerce(value: object, wanted: Type | None) -> object:
    """Make a value fit a declared type (隐式转换), or give null.

    A list of one where no list is wanted gives its member; a single value where a list is wanted becomes a
    list; a day where a moment is wanted becomes its midnight in UTC.

    >>> coerce(["a"], Type("string")), coerce("a", Type("list", Type("string"))), coerce("a", Type("number"))
    ('a', ['a'], None)
    """
    if wanted is None or value is None or conforms(value, wanted):
        return value
    if isinstance(value, Function) and wanted.name == "function":
        # What a function gives is known only when it is called; how it is called must fit.
        return value if value.is_open or len(value.names) == len(wanted.parameters) else None
    if wanted.name == "list" and not isinstance(value, list):
        member = coerce(value, wanted.item or ANY)
        return [member] if member is not None else None
    if wanted.name != "list" and isinstance(value, list) and len(value) == 1:
        return None if isinstance(value[0], list) else coerce(value[0], wanted)
    if wanted.name == "date and time" and isinstance(value, Date):
        return DateTime(value, Time(Decimal(0), 0))
    return None
