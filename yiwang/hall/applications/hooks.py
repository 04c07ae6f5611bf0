"""What rooms above do with a case (办件挂钩): registered once, asked or told inside the act."""

from collections.abc import Callable
from datetime import datetime

Hook = Callable[[str, str, str, str], None]
Ending = Callable[[str, str, datetime], None]
Effects = Callable[[str], list[str]]
_hooks: list[Hook] = []
_endings: list[Ending] = []
_effects: list[Effects] = []


def conclusion_hook_register(hook: Hook) -> None:
    """Let `hook(number, branch_key, outcome, opinion)` refuse a conclusion by raising."""
    if hook not in _hooks:
        _hooks.append(hook)


def conclusion_hooks_ask(number: str, branch_key: str, outcome: str, opinion: str) -> None:
    """Ask all of them; what one raises stops the conclusion."""
    for hook in _hooks:
        hook(number, branch_key, outcome, opinion)


def ending_hook_register(hook: Ending, *, effects: Effects) -> None:
    """Let `hook(number, state, now)` do its part when an application has come to its end state (办结).

    effects: `effects(number)` says in whole sentences what that would bring about now.
    """
    if hook not in _endings:
        _endings.append(hook)
        _effects.append(effects)


def ending_effects(number: str) -> list[str]:
    """Return what rooms above would do if an application ended now (办结的后果)."""
    return [said for effects in _effects for said in effects(number)]


def ending_hooks_tell(number: str, state: str, now: datetime) -> None:
    """Tell all of them, in the transaction of the act that ends the application."""
    for hook in _endings:
        hook(number, state, now)
