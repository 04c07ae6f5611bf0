"""What rooms above hold against a conclusion (办理结论前置检查): registered once, asked inside the act."""

from collections.abc import Callable

Hook = Callable[[str, str, str, str], None]
_hooks: list[Hook] = []


def conclusion_hook_register(hook: Hook) -> None:
    """Let `hook(number, branch_key, outcome, opinion)` refuse a conclusion by raising."""
    if hook not in _hooks:
        _hooks.append(hook)


def conclusion_hooks_ask(number: str, branch_key: str, outcome: str, opinion: str) -> None:
    """Ask all of them; what one raises stops the conclusion."""
    for hook in _hooks:
        hook(number, branch_key, outcome, opinion)
