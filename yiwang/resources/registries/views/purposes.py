"""Why somebody looks (使用目的): stated once, kept for half an hour, written into every audit row."""

import time

from django.http import HttpRequest
from django.utils.translation import gettext as _

from yiwang.kernel.api import choices_of
from yiwang.sdk.errors import N_, Invalid
from yiwang.sdk.text import clean

PURPOSES = {
    "CASE": N_("Handling an application"),
    "MATERIAL": N_("Checking a material that somebody handed in"),
    "QUALITY": N_("Checking the quality of data"),
    "SUPERVISION": N_("Supervision and inspection"),
    "OTHER": N_("Another duty by law"),
}
KEPT_SECONDS = 30 * 60
KEY = "registries.purpose"
NOTE_MAX = 120


def purpose_read(post) -> str:
    """Return the stated purpose as audit rows keep it: its words, a dot, the case. Raises Invalid."""
    kind, note = post.get("purpose", ""), clean(post.get("note", ""))[:NOTE_MAX]
    wrong = {}
    if kind not in PURPOSES:
        wrong["purpose"] = [N_("Choose what you need the data for.")]
    if not note:
        wrong["note"] = [N_("Write the number of the case, or what it is about.")]
    if wrong:
        raise Invalid(fields=wrong)
    return f"{PURPOSES[kind]} · {note}"


def purpose_keep(request: HttpRequest, purpose: str) -> None:
    """Keep a purpose for the pages that follow."""
    request.session[KEY] = [purpose, int(time.time())]


def purpose_kept(request: HttpRequest) -> str:
    """Return the purpose stated within the last half hour, "" otherwise."""
    purpose, at = request.session.get(KEY, ("", 0))
    return purpose if time.time() - at < KEPT_SECONDS else ""


def purpose_text(purpose: str) -> str:
    """Write a purpose for people (使用目的文字)."""
    head, dot, note = purpose.partition(" · ")
    return f"{_(head)}{dot}{note}" if head else ""


def options() -> list[tuple[str, str]]:
    """Return the purposes of a select."""
    return choices_of(PURPOSES)
