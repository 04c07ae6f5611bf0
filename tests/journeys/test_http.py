"""The three main journeys over HTTP, without scripts, on a running city."""

import pytest

from yiwang.config.check import journeys_walk

pytestmark = pytest.mark.xdist_group("live")


def test_the_three_journeys_hold_over_http(live_city):
    said: list[str] = []

    code = journeys_walk(live_city.base, data_dir=live_city.folder, echo=said.append)

    assert code == 0, "\n".join(said)
    assert said[-1] == "\nAll 33 steps held."
