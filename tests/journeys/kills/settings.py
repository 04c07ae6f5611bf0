"""Settings of the city whose processes are killed: its own clock, a payment provider outside it, a matter with a fee."""

from pathlib import Path

from django.utils import timezone

from tests.journeys.kills.clock import CityClock
from yiwang.config.settings import *  # noqa: F403
from yiwang.config.settings import DATA_DIR, INSTALLED_APPS, PACK_DIRS

timezone.now = CityClock(DATA_DIR).now
INSTALLED_APPS = [*INSTALLED_APPS, "tests.journeys.kills"]
PACK_DIRS = [*PACK_DIRS, Path(__file__).parent / "packs"]
PAYMENT_PROVIDERS = ["remote"]
PASSWORD_HASHERS = ["tests.city.QuickHasher"]
