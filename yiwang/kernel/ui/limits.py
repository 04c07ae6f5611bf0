"""How often somebody may ask a public page. Counted in the cache: no row is written for a look."""

from django.core.cache import cache
from django.utils.timezone import now as _now


def rate_exceeded(key: str, *, per_minute: int) -> bool:
    """Count one try of `key` and say whether this minute has had too many (限频).

    key: the room's name and whom it counts: "hall.licences.verify:203.0.113.7". Each process of a city without a
    shared cache counts for itself.
    """
    name = f"rate:{key}:{_now():%H%M}"
    cache.add(name, 0, timeout=120)
    try:
        return cache.incr(name) > per_minute
    except ValueError:  # evicted between the two calls
        return False
