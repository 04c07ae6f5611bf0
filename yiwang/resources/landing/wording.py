"""How reasons, problems and notes read (措辞): in the active language, English outside a request."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from yiwang.resources.landing.data import FAILURES, REASONS, STOPS, BatchView


def reason_text(reason: str, titles: Mapping[str, str] | None = None) -> str:
    """Return a reason as a sentence (拒收原因): "KIND" or "KIND:field"; titles: {field: title}."""
    kind, _colon, name = reason.partition(":")
    if kind not in REASONS:
        return reason
    return _(REASONS[kind]) % {"field": (titles or {}).get(name) or name}


def problem_text(view: BatchView) -> str:
    """Return why a batch stopped or failed and what to do (停止或失败原因), "" when it did neither."""
    words = FAILURES.get(view.problem) or STOPS.get(view.problem)
    if not words:
        return view.problem
    return _(words) % view.problem_params
