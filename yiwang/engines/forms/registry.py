"""Who else may open an attachment (附件查看授权): areas above register what they know.

attachment_access_register(lambda context, attachment_id: ...)
"""

from collections.abc import Callable

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
