"""What rooms above do with a case (办件挂钩): registered once, asked or told inside the act."""

from collections.abc import Callable
from datetime import datetime

Hook = Callable[[str, str, str, str], None]
Ending = Callable[[str, str, datetime], None]
_hooks: list[Hook] = []
_endings: list[Ending] = []


def conclusion_hook_register(hook: Hook) -> None:
    """Let `hook(number, branch_key, outcome, opinion)` refuse a conclusion by raising."""
    if hook not in _hooks:
        _hooks.append(hook)


def conclusion_hooks_ask(number: str, branch_key: str, outcome: str, opinion: str) -> None:
    """Ask all of them; what one raises stops the conclusion."""
    for hook in _hooks:
        hook(number, branch_key, outcome, opinion)


def ending_hook_register(hook: Ending) -> None:
    """Let `hook(number, state, now)` do its part when an application has come to its end state (办结)."""
    if hook not in _endings:
        _endings.append(hook)


def ending_hooks_tell(number: str, state: str, now: datetime) -> None:
    """Tell all of them, in the transaction of the act that ends the application."""
    for hook in _endings:
        hook(number, state, now)
