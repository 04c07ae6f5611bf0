"""The functions that FEEL has by itself (内置函数): their names, parameters and kinds, and how they are called."""

from collections.abc import Callable
from dataclasses import dataclass

from yiwang.engines.decisions.feel.values import Function, kind_of

FUNCTIONS: dict[str, "Builtin"] = {}
ANY_KIND = "any"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name, the kinds it takes, whether it may be left out."""

    name: str
    kinds: frozenset[str]
    is_optional: bool

    def fit(self, value: object) -> tuple[bool, object]:
        """Return whether a value may be given, and as what: lists of one and single values adapt."""
        if ANY_KIND in self.kinds:
            return True, value
        if value is None:
            return "null" in self.kinds, None
        if kind_of(value) in self.kinds:
            return True, value
        if "list" in self.kinds:
            return True, [value]
        if isinstance(value, list) and len(value) == 1 and kind_of(value[0]) in self.kinds:
            return True, value[0]
        return False, None


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function."""

    parameters: tuple[Parameter, ...]
    function: Callable[..., object]
    is_variadic: bool

    def fit(self, values: list[object]) -> list[object] | None:
        """Return the arguments as the function takes them; None when they do not fit."""
        if self.is_variadic:
            return (
                None
                if not values
                else [values[0] if len(values) == 1 and isinstance(values[0], list) else values]
            )
        least = sum(not one.is_optional for one in self.parameters)
        parameters = self.parameters
        if parameters and parameters[-1].name.startswith("*"):
            parameters += parameters[-1:] * (len(values) - len(parameters))
        if not least <= len(values) <= len(parameters):
            return None
        fitted = []
        for parameter, value in zip(parameters, values, strict=False):
            if value is None and parameter.is_optional:
                fitted.append(None)
                continue
            fits, made = parameter.fit(value)
            if not fits:
                return None
            fitted.append(made)
        return fitted

    def arrange(self, given: dict[str, object]) -> list[object] | None:
        """Put named arguments in order; None when a name is unknown or missing."""
        names = [one.name.removeprefix("*") for one in self.parameters]
        if set(given) - set(names):
            return None
        if any(
            name not in given and not one.is_optional
            for name, one in zip(names, self.parameters, strict=True)
        ):
            return None
        values = [given.get(name) for name in names]
        while values and names[len(values) - 1] not in given:
            values.pop()
        return values


@dataclass(slots=True)
class Builtin:
    """A function with its ways to be called."""

    signatures: list[Signature]

    def call(self, *values: object) -> object:
        """Call by place: the first way that fits; null when none does."""
        for signature in self.signatures:
            fitted = signature.fit(list(values))
            if fitted is not None:
                return signature.function(*fitted)
        return None

    def call_named(self, given: dict[str, object]) -> object:
        """Call by names: the first way that fits; null when none does."""
        for signature in self.signatures:
            values = signature.arrange(given)
            if values is None:
                continue
            if signature.is_variadic and len(values) == 1:
                values = values[0] if isinstance(values[0], list) else values
                return signature.function(values)
            fitted = signature.fit(values)
            if fitted is not None:
                return signature.function(*fitted)
        return None


def builtin(name: str, *parameters: str, is_variadic: bool = False) -> Callable:
    """Register a function under its name in FEEL. parameters: "name: kind|kind", optional ones "name?: kind"; the
    last may be "*name: kind", any number of times.
    is_variadic: takes one list or any number of values, handed over as a list.
    """

    def register(function: Callable) -> Callable:
        taken = tuple(_parameter(text) for text in parameters)
        signature = Signature(taken, function, is_variadic)
        FUNCTIONS.setdefault(name, Builtin([])).signatures.append(signature)
        return function

    return register


def _parameter(text: str) -> Parameter:
    name, _, kinds = text.partition(":")
    optional = name.endswith("?")
    return Parameter(
        name.removesuffix("?"), frozenset(kind.strip() for kind in kinds.split("|")), optional
    )


def functions() -> dict[str, Function]:
    """Return all functions by name, as values."""
    return {
        name: Function((), one.call, is_open=True, call_named=one.call_named)
        for name, one in FUNCTIONS.items()
    }
