"""Where the value of a field came from (字段来源): told by what the form's state says, never by the value."""

from yiwang.engines.api import FieldState, FormState
from yiwang.hall.reuse.data import ORIGINS


def origins_of(state: FormState) -> dict[str, str]:
    """Return the origin of every answered field of a form (填报来源).

    Left out: fields left empty, hidden ones, and boxes one must tick (a statement can only be the
    person's own). A repeating group counts as one field.
    """
    return {
        each.key: _origin(each)
        for page in state.pages
        for each in page.fields
        if each.widget != "hidden"
        and each.is_filled
        and not (each.widget == "checkbox" and each.required)
    }


def _origin(each: FieldState) -> str:
    if each.source is None or not each.source.source:
        return "TYPED"
    return (
        "CHANGED" if each.edited else each.source.kind if each.source.kind in ORIGINS else "TYPED"
    )
