"""Where two devices filled in one draft differently (填写差异): both values side by side, and the person's choice."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from yiwang.engines.forms.actions import draft_lock, draft_values_put
from yiwang.engines.forms.data import (
    DifferenceOption,
    DifferenceView,
    DraftView,
    FieldState,
    ValueConflict,
)
from yiwang.engines.forms.models import Draft
from yiwang.engines.forms.queries import definition_get, draft_view, form_rows, options_get
from yiwang.engines.forms.rules.definition import FieldDefinition
from yiwang.engines.forms.rules.merge import differences_digest, offers_of, rows_both
from yiwang.engines.forms.rules.state import value_display
from yiwang.kernel.api import action, audit_record, localized
from yiwang.sdk.errors import N_, Conflict

KEPT, BOTH = "kept", "both"
ROWS_SHOWN = 50


class DifferencesChanged(Conflict):
    """One of the devices saved again while the person was choosing."""

    code = "differences_changed"
    message = N_("Something was filled in again meanwhile: look at the values once more.")


def draft_difference_list(draft: DraftView) -> list[DifferenceView]:
    """List where a draft was filled in differently (填写差异清单), in the order of the form.

    Fields that are hidden now are in the list too: nothing that was typed goes without a word.
    """
    definition = definition_get(draft.form_version_id)
    titles = {name: page.title for page in definition.pages for name in page.fields}
    return [
        _difference(draft, field, draft.conflicts[name], titles.get(name, definition.title))
        for name, field in definition.fields.items()
        if name in draft.conflicts
    ]


def draft_difference_digest(draft: DraftView) -> str:
    """Return what stands for the differences of a draft (差异摘要), for the page that shows them to post."""
    return differences_digest(
        {name: [each.kept, each.offers] for name, each in draft.conflicts.items()}
    )


@action("engines.forms.draft_settle")
def draft_settle(
    draft_id: int, *, choices: Mapping[str, str], seen: str, now: datetime
) -> DraftView:
    """Settle the differences of a draft (确认填写差异) as the person chose; what was not chosen stays open.

    choices: field -> "kept", the place of an offered value ("0" is the newest), or "both" for the rows of two
    versions of a group; seen: the digest of what the page showed. Raises `DifferencesChanged`.
    """
    draft = draft_lock(draft_id)
    if draft_difference_digest(draft_view(draft)) != seen:
        raise DifferencesChanged()
    chosen = {
        name: value
        for name in draft.others
        if (value := _chosen(draft, name, choices.get(name, ""))) is not _OPEN
    }
    draft_values_put(draft, chosen, now=now)
    draft.others = {name: raw for name, raw in draft.others.items() if name not in chosen}
    draft.save()
    audit_record(
        f"draft:{draft.pk}", detail={"settled": sorted(chosen), "open": sorted(draft.others)}
    )
    return draft_view(draft)


_OPEN = object()


def _chosen(draft: Draft, name: str, choice: str) -> object:
    """Return the value that a choice stands for; _OPEN when it says nothing that there is."""
    offers = offers_of(draft.others[name])
    if choice == KEPT:
        return draft.values.get(name)
    if choice == BOTH:
        field = definition_get(draft.form_version_id).fields.get(name)
        rows = _both(field, draft.values.get(name), offers[0]["value"])
        return _OPEN if rows is None else rows
    is_place = choice.isdecimal() and len(choice) < 3 and int(choice) < len(offers)
    return offers[int(choice)]["value"] if is_place else _OPEN


def _both(field: FieldDefinition | None, kept: object, other: object) -> list | None:
    if field is None or field.kind != "rows" or not (kept and other):
        return None
    return rows_both(kept, other, limit=field.row_limit)


def _difference(
    draft: DraftView, field: FieldDefinition, conflict: ValueConflict, page_title: Mapping
) -> DifferenceView:
    offered = [
        _option(draft, field, str(place), value, at)
        for place, (value, at) in enumerate(conflict.offers)
    ]
    return DifferenceView(
        field=field.key,
        title=field.title,
        page_title=dict(page_title),
        options=(_option(draft, field, KEPT, conflict.kept, ""), *offered),
        may_both=len(offered) == 1 and _both(field, conflict.kept, conflict.other) is not None,
    )


def _option(
    draft: DraftView, field: FieldDefinition, choice: str, value: object, at: str
) -> DifferenceOption:
    moment = datetime.fromisoformat(at) if at else None
    if field.kind == "rows":
        table = form_rows(draft.form_version_id, field.key, {field.key: value})
        shown = tuple(tuple(row) for row in table[: ROWS_SHOWN + 1])
        return DifferenceOption(choice, {}, moment, shown, len(table) - 1)
    options = options_get(field) if field.has_options else ()
    shown_as = FieldState(field.key, field.key, field.title, field.widget, value=value)
    address = shown_as.image_url if field.widget in ("photo", "file") else ""
    text = value_display(field, value, options) if shown_as.is_filled or value is False else {}
    return DifferenceOption(choice, text, moment, address=address)


def draft_difference_errors(draft: DraftView) -> dict[str, list[str]]:
    """Return what keeps a draft from being submitted while values differ (填写差异未确认): field -> sentences."""
    fields = definition_get(draft.form_version_id).fields
    return {
        name: [
            gettext("“%(title)s” was filled in differently on two devices: compare and choose.")
            % {"title": localized(fields[name].title)}
        ]
        for name in draft.conflicts
        if name in fields
    }


def draft_way_on(saved: DraftView, target: str, *, page: str = "") -> str:
    """Return where to go on after a save (下一步): to `target`, first past what this save put aside.

    page: the address of the page of differences, where it is not the one for who has signed in.
    """
    if not saved.disputed:
        return target
    query = urlencode({"back": target})
    return (page or reverse("engines_forms:differences", args=[saved.id])) + f"?{query}"
