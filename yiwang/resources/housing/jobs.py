"""What runs by itself (定时): the day moves on, leases begin and end."""

from datetime import datetime

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.housing.actions import housing_sweep


def sweep(*, now: datetime) -> int:
    """Project the dwellings whose state changes today (每日状态推移)."""
    with context_use(context_system("housing registry", name="housing sweep")):
        return housing_sweep(now=now)
