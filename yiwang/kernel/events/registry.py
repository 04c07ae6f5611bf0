"""Who subscribes to what: filled while the apps start, the same in every process."""

from collections.abc import Callable
from dataclasses import dataclass

from yiwang.kernel.events.data import EventView
from yiwang.kernel.events.rules import topic_matches


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber (订阅). outside: it acts on the outside world, see `subscriber`."""

    topic: str
    name: str
    function: Callable[[EventView], object]
    outside: bool


_subscriptions: dict[str, Subscription] = {}


def subscriber(topic: str, *, name: str, outside: bool = False) -> Callable[[Callable], Callable]:
    """Subscribe a function `(event: EventView)` to `topic` (or `area.*`) under a stable `name`.

    By default the function runs inside the transaction that marks the delivery, so its database
    effects happen exactly once. With `outside=True` it runs outside any transaction, for effects on
    the world (mail, files, slow rendering): at least once, so it must be idempotent, and it must
    not hold the database while it waits. Deliveries come in no particular order, also for one key.
    """

    def decorate(function: Callable[[EventView], object]) -> Callable[[EventView], object]:
        known = _subscriptions.get(name)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"The subscriber name {name} is taken by {known.function}.")
        _subscriptions[name] = Subscription(topic, name, function, outside)
        return function

    return decorate


def subscription_get(name: str) -> Subscription | None:
    """Return the subscription of that name, None when this process knows none."""
    return _subscriptions.get(name)


def subscription_forget(name: str) -> None:
    """Take a subscription out again: for tests and for a pack that is unloaded."""
    _subscriptions.pop(name, None)


def subscription_list(topic: str) -> list[Subscription]:
    """List who is to be told about `topic`, by name."""
    return sorted(
        (s for s in _subscriptions.values() if topic_matches(s.topic, topic)),
        key=lambda subscription: subscription.name,
    )
