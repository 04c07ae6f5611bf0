"""What the pages of the designer share (公用): sentences, choices of versions, findings with their place."""

from collections.abc import Iterable, Mapping

from django.urls import reverse
from django.utils.translation import gettext as _

from yiwang.engines.formdesigner.data import FormUnknown
from yiwang.engines.formdesigner.rules.check import Finding
from yiwang.engines.formdesigner.rules.difference import Change
from yiwang.engines.forms.rules.problems import Problem
from yiwang.kernel.api import localized


def said(message: str, params: Mapping[str, object]) -> str:
    """Put a message and what goes into it into a sentence of the active language."""
    return _(message) % {key: _shown(value) for key, value in params.items()}


def _shown(value: object) -> object:
    if isinstance(value, Problem):
        return _(value.message) % value.params
    return localized(value) if isinstance(value, Mapping) else value


def finding_rows(key: str, findings: Iterable[Finding]) -> list[dict]:
    """Return findings as the page shows them: text, blocks, href of the place."""
    return [
        {
            "text": said(each.message, each.params),
            "blocks": each.blocks,
            "place": each.place,
            "href": place_href(key, each.place),
        }
        for each in findings
    ]


def place_href(key: str, place: str) -> str:
    """Return the page on which a part of the draft is edited."""
    kind, colon, name = place.partition(":")
    if not place or kind == "pages":
        return reverse("engines_formdesigner:draft", args=[key])
    if not colon:
        return reverse("engines_formdesigner:field", args=[key, place])
    if kind == "page":
        return reverse("engines_formdesigner:page", args=[key, name])
    return reverse("engines_formdesigner:rule", args=[key, kind, name])


def change_rows(changes: Iterable[Change], touched: Mapping[str, int] | None = None) -> list[dict]:
    """Return changes as the page shows them; touched: field -> open drafts that hold a value there."""
    return [
        {
            "kind": each.kind,
            "text": said(each.message, each.params),
            "harder": each.harder,
            "drafts": (touched or {}).get(each.field.partition(".")[0], 0) if each.harder else 0,
        }
        for each in changes
    ]


def number_of(text: str) -> int:
    """Read the number of a version from the address; anything else is unknown."""
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise FormUnknown()
    return int(text)
