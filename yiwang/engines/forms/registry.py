"""What areas above tell the forms (登记): who else may open an attachment, who uses forms, what fills them.

attachment_access_register(lambda context, attachment_id: ...)
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from yiwang.kernel.api import RequestContext

AccessRule = Callable[[RequestContext, int], bool]
_rules: list[AccessRule] = []


def attachment_access_register(rule: AccessRule) -> None:
    """Add a rule: `rule(context, attachment_id)` tells whether this person may open the file."""
    if rule not in _rules:
        _rules.append(rule)


def attachment_access_permits(context: RequestContext, attachment_id: int) -> bool:
    """Tell whether any registered rule lets this person open the file."""
    return any(rule(context, attachment_id) for rule in _rules)


@dataclass(frozen=True, slots=True)
class FormUse:
    """Who works with which version of a form (表单使用情况): a matter, mostly."""

    form_version_id: int
    title: Mapping[str, str]
    url: str


UseList = Callable[[], Iterable[FormUse]]
_uses: dict[str, UseList] = {}


def form_use_register(name: str, function: UseList) -> None:
    """Register who uses forms: `function()` gives every use that is in force (登记表单使用方)."""
    _uses[name] = function


def form_uses() -> list[FormUse]:
    """Return every use of every form version, as the rooms above tell it (表单使用情况)."""
    return [use for function in _uses.values() for use in function()]


@dataclass(frozen=True, slots=True)
class PrefillSource:
    """A value of a registry that a field may be filled with (预填来源): "person.name".

    sample: a made value for previews; field_title: what it is called; holder: which department has it.
    """

    name: str
    title: Mapping[str, str]
    sample: object = ""
    field_title: Mapping[str, str] = field(default_factory=dict)
    holder: Mapping[str, str] = field(default_factory=dict)


_prefills: dict[str, PrefillSource] = {}


def prefill_register(sources: Iterable[PrefillSource]) -> None:
    """Register what registries can fill in (登记预填来源), with a made value for previews."""
    _prefills.update({each.name: each for each in sources})


_families: list[Callable[[], Iterable[PrefillSource]]] = []


def prefill_family_register(function: Callable[[], Iterable[PrefillSource]]) -> None:
    """Register sources that are read when somebody asks (登记预填来源): the types of licences change."""
    if function not in _families:
        _families.append(function)


def prefill_sources() -> dict[str, PrefillSource]:
    """Return what registries and licences can fill in, by name."""
    more = {each.name: each for function in _families for each in function()}
    return {**_prefills, **more}
