"""What stands in the way of publishing a form, and what one should look at again (表单校验).

Beyond what loading a form refuses (`FormDefinition.parse`): fields that no answer ever shows, sources
and code tables that nobody has, texts in the wrong language. A field counts as unreachable only when every
combination of the answers that decide on it was tried; what depends on dates, free text or the applicant
is not judged.
"""

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from yiwang.engines.forms.data import Option
from yiwang.engines.forms.rules.conditions import decide
from yiwang.engines.forms.rules.definition import OUTER_NAMES, FieldDefinition, FormDefinition
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.sdk.errors import N_

COMBINATIONS = 2_048
EARLIER = "earlier"
"""Filled from the last granted case of the same matter: `earlier.<field>`."""
PAGE_FIELDS = 20
CHINESE = re.compile(r"[㐀-鿿]")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
TEXT = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found (校验结果). place: a field, page:<key>, conditions:<n>, checks:<n> or ""."""

    place: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What the city has: registry fields that prefill, code tables; empty means it is not known."""

    prefills: Collection[str] = ()
    code_table: Callable[[str], bool] = lambda name: True
    options: Callable[[FieldDefinition], tuple[Option, ...]] = lambda each: each.options


def form_check(raw: dict, known: Known) -> list[Finding]:
    """Return everything that stands in the way of publishing, then what one should look at (校验)."""
    try:
        form = FormDefinition.parse(raw)
    except FormInvalid as error:
        return [
            Finding(
                place_of(each.path), N_("%(path)s %(fault)s"), {"path": each.path, "fault": each}
            )
            for each in error.problems
        ]
    found = [*_unreachable(form, known), *_sources(form, known), *_texts(form), *_pages(form)]
    return sorted(found, key=lambda one: not one.blocks)


def place_of(path: str) -> str:
    """Return the part of the form in which a fault's path lies.

    >>> place_of("ui.fields.staff.fields.phone.title"), place_of("conditions[2].when")
    ('staff.phone', 'conditions:2')
    >>> place_of("ui.fields.staff.conditions[0].when")
    'rows.staff:0'
    """
    found = re.match(r"ui\.fields\.(\w+)\.conditions\[(\d+)\]", path)
    if found:
        return f"rows.{found.group(1)}:{found.group(2)}"
    found = re.match(r"(conditions|checks|ui\.pages)\[(\d+)\]", path)
    if found:
        return f"{found.group(1).replace('ui.pages', 'pages')}:{found.group(2)}"
    found = re.match(
        r"(?:ui\.fields|schema\.properties)\.(\w+)(?:\.(?:fields|items\.properties)\.(\w+))?", path
    )
    return ".".join(filter(None, found.groups())) if found else ""


# --- fields that nobody ever sees ----------------------------------------------------------------


def _unreachable(form: FormDefinition, known: Known) -> Iterator[Finding]:
    for prefix, one in (
        ("", form),
        *((f"{each.key}.", _row(form, each)) for each in _groups(form)),
    ):
        for name in sorted(one.conditional):
            if name in one.fields and _is_reachable(one, name, known) is False:
                yield Finding(
                    prefix + name,
                    N_("%(title)s can never be seen: no answer makes its condition true"),
                    {"title": one.fields[name].title},
                )


def _groups(form: FormDefinition) -> list[FieldDefinition]:
    return [each for each in form.fields.values() if each.row]


def _row(form: FormDefinition, group: FieldDefinition) -> FormDefinition:
    """Return a row as a form of its own, with the fields outside that decide on its cells."""
    outer = {name: form.fields[name] for name in sorted(group.row.outer)}
    fields = {**outer, **group.row.fields}
    return replace(group.row, fields=fields, order=(*outer, *group.row.order))


def _is_reachable(form: FormDefinition, name: str, known: Known) -> bool | None:
    """Tell whether some answers show a field; None when not all of them can be tried."""
    deciding = _deciding(form, name)
    if deciding & OUTER_NAMES:
        return None
    literals = [*_literals(form)]
    choices: dict[str, list] = {}
    for each in sorted(deciding):
        values = _values(form.fields[each], literals, known)
        if values is None:
            return None
        choices[each] = values
    total = 1
    for values in choices.values():
        total *= len(values)
    if total > COMBINATIONS:
        return None
    return any(
        name in decide(form, dict(zip(choices, answers, strict=True)), names={}, sources={}).shown
        for answers in itertools.product(*choices.values())
    )


def _deciding(form: FormDefinition, name: str) -> set[str]:
    """Return every name that decides, directly or through others, whether a field shows."""
    found: set[str] = set()
    queue = [name]
    while queue:
        shown = queue.pop()
        for condition in form.conditions:
            if shown in condition.show:
                new = set(condition.when.names) - found
                found |= new
                queue += new & form.fields.keys()
    return found


def _literals(form: FormDefinition) -> Iterator[object]:
    for condition in form.conditions:
        text = condition.when.text
        for single, double in TEXT.findall(text):
            yield single or double
        for number in NUMBER.findall(TEXT.sub("", text)):
            yield float(number) if "." in number else int(number)


def _values(each: FieldDefinition, literals: list, known: Known) -> list | None:
    """Return answers enough to decide any comparison with the literals; None: cannot be said."""
    if each.kind == "boolean":
        return [None, False, True]
    numbers = [value for value in literals if isinstance(value, (int, float))]
    if each.kind in ("integer", "number"):
        near = {0, *(n + by for n in numbers for by in (-1, 0, 1))}
        return [None, *(v for v in sorted(near) if not _breaks(each, v))]
    options = [option.value for option in (known.options(each) if each.has_options else ())]
    if each.kind == "list":
        return [None, *([one] for one in options), options] if options else None
    if each.kind == "rows":
        most = each.row_limit
        lengths = {0, 1, *(n + by for n in numbers for by in (-1, 0, 1) if isinstance(n, int))}
        return [[{}] * n for n in sorted(lengths) if 0 <= n <= min(most, 500)]
    if options:
        return [None, *options]
    if each.schema.get("format") == "date" or each.schema.get("pattern"):
        return None
    return [None, "?", *(value for value in literals if isinstance(value, str))]


def _breaks(each: FieldDefinition, value: object) -> bool:
    return each.validator is not None and not each.validator.is_valid(value)


# --- sources, texts, pages -----------------------------------------------------------------------


def _all(form: FormDefinition) -> Iterable[tuple[str, FieldDefinition]]:
    for name, each in form.fields.items():
        yield name, each
        for cell in each.fields:
            yield f"{name}.{cell.key}", cell


def _sources(form: FormDefinition, known: Known) -> Iterator[Finding]:
    for path, each in _all(form):
        title = {"title": each.title}
        if each.code_table and not known.code_table(each.code_table):
            params = {**title, "name": each.code_table}
            yield Finding(path, N_("%(title)s: the city has no code table %(name)s"), params)
        kind, _, field = each.prefill.partition(".")
        is_known = field in form.fields if kind == EARLIER else each.prefill in known.prefills
        if each.prefill and known.prefills and not is_known:
            params = {**title, "name": each.prefill}
            yield Finding(
                path, N_("%(title)s: neither a registry nor a licence has %(name)s"), params
            )
        if each.locked and (not each.prefill or kind == EARLIER):
            text = N_("%(title)s is locked, but no registry fills it; it will be asked for")
            yield Finding(path, text, title, blocks=False)


def _texts(form: FormDefinition) -> Iterator[Finding]:
    yield from _languages("", form.title)
    for page in form.pages:
        yield from _languages(f"page:{page.key}", page.title)
    seen: dict[tuple, str] = {}
    for path, each in _all(form):
        yield from _languages(path, each.title)
        for option in each.options:
            yield from _languages(path, option.title)
        place = (path.rpartition(".")[0], each.title.get("zh"))
        if place in seen:
            params = {"title": each.title}
            yield Finding(
                path, N_("%(title)s: another field has the same title"), params, blocks=False
            )
        seen[place] = path


def _languages(place: str, said: Mapping[str, str]) -> Iterator[Finding]:
    if CHINESE.search(said.get("en", "")):
        yield Finding(
            place, N_("The English of %(title)s is Chinese"), {"title": said}, blocks=False
        )
    zh = said.get("zh", "")
    if zh and not CHINESE.search(zh) and re.search(r"[A-Za-z]{4}", zh):
        yield Finding(
            place, N_("The Chinese of %(title)s is not Chinese"), {"title": said}, blocks=False
        )


def _pages(form: FormDefinition) -> Iterator[Finding]:
    for page in form.pages:
        params = {"title": page.title, "count": len(page.fields)}
        if not page.fields:
            yield Finding(
                f"page:{page.key}", N_("The page %(title)s asks for nothing"), params, blocks=False
            )
        if len(page.fields) > PAGE_FIELDS:
            text = N_("The page %(title)s asks for %(count)s fields; people give up on long pages")
            yield Finding(f"page:{page.key}", text, params, blocks=False)
