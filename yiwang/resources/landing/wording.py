"""How reasons, problems and notes read (措辞): in the active language, English outside a request."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import override

from yiwang.resources.catalogue.data import ResourceSpec
from yiwang.resources.landing.data import FAILURES, REASONS, STOPS, BatchView
from yiwang.resources.quality.contracts import contract_of
from yiwang.resources.quality.data import ContractInvalid
from yiwang.resources.quality.wording import reason_text as quality_text

_NUMBERS = frozenset("NYBF")


def reason_text(reason: str, spec: ResourceSpec | None = None) -> str:
    """Return a reason as a sentence (拒收原因).

    reason: "KIND", "KIND:field" of the reader or the key of a rule of the contract.
    """
    if spec and any(rule.key == reason for rule in spec.quality):
        return _of_contract(reason, spec)
    kind, _colon, name = reason.partition(":")
    titles = {one.name: one.title or one.name for one in spec.fields} if spec else {}
    field = "、".join(titles.get(one, one) for one in name.split(","))
    if kind == "type":
        kind = _type_kind(name, spec)
    words = REASONS.get(kind) or REASONS["rule"]
    return _(words) % {"field": field or reason, "rule": reason}


def _of_contract(reason: str, spec: ResourceSpec) -> str:
    try:
        return quality_text(contract_of(spec), reason)
    except ContractInvalid:
        return reason


def _type_kind(name: str, spec: ResourceSpec | None) -> str:
    kinds = {one.name: one.type for one in spec.fields} if spec else {}
    kind = kinds.get(name, "N")
    return f"type:{'N' if kind in _NUMBERS else kind}"


def problem_text(view: BatchView, spec: ResourceSpec | None = None) -> str:
    """Return why a batch stopped or failed and what to do (停止或失败原因), "" when it did neither."""
    words = FAILURES.get(view.problem) or STOPS.get(view.problem)
    if not words:
        return view.problem
    params: Mapping[str, object] = view.problem_params
    if "rules" in params:
        params = {"rules": _joined(reason_text(key, spec) for key in params["rules"])}
    return _(words) % params


def problem_texts(view: BatchView) -> dict[str, str]:
    """Return why a batch stopped or failed in both languages (停止或失败原因), for who is told later."""
    found = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            found[key] = problem_text(view)
    return found


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)
