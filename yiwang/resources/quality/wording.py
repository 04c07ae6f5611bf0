"""Rules in words (规则文字): what a reason means to the person who has to put it right."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yiwang.resources.quality.data import KINDS, Contract, Rule
from yiwang.sdk.errors import N_

_SAYS = {
    "TYPE": N_("%(field)s is not of its type"),
    "LENGTH": N_("%(field)s is longer than allowed"),
    "REQUIRED": N_("%(field)s is empty"),
    "CODE": N_("%(field)s is not in its code table"),
    "VALID": N_("%(field)s does not hold: its form or check digit is wrong"),
    "ROW": N_("%(field)s does not fit with the rest of the row"),
    "UNIQUE": N_("Several rows have the same %(field)s and differ"),
    "ACROSS": N_("Rows with the same %(field)s contradict one another"),
    "REFERENCE": N_("%(field)s is not there in the other resource"),
    "OVER_TIME": N_("%(field)s goes back behind what was sent before"),
    "VOLUME": N_("Far more or fewer rows than usual"),
    "FRESH": N_("%(field)s is older than promised"),
}
_OF = {kind.lower(): kind for kind in KINDS}


def rule_text(rule: Rule, contract: Contract) -> str:
    """Say in the reader's language what a rule asks (规则说明)."""
    is_english = (get_language() or "").startswith("en")
    written = (rule.message_en or rule.message) if is_english else rule.message
    if written:
        return written
    titles = {
        one.name: (one.title_en if is_english and one.title_en else one.title)
        for one in contract.fields
    }
    names = "、" if not is_english else ", "
    field = names.join(titles.get(name) or name for name in rule.fields) or rule.that
    return _(_SAYS[rule.kind]) % {"field": field}


def reason_text(contract: Contract, key: str) -> str:
    """Say what a reason of a row means (原因说明); the key itself when the contract lost the rule."""
    try:
        return rule_text(contract.rule(key), contract)
    except KeyError:
        kind, _colon, field = key.partition(":")
        if kind in _OF and field:
            return _(_SAYS[_OF[kind]]) % {"field": field}
        return key
