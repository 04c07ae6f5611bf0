"""From a batch with mistakes to the steward's digest: what landing and quality announce reaches a person."""

from datetime import UTC, datetime, timedelta

import pytest

from yiwang.hall.messages.digests import digest_lines, digest_sweep
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.resources.catalogue.tests.test_pages import world  # noqa: F401
from yiwang.resources.landing import actions as landing
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import HEAD
from yiwang.resources.landing.tests.test_pages import sent, upload  # noqa: F401
from yiwang.resources.quality.models import QualityException

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_refused_rows_and_a_failed_file_stand_in_the_steward_s_digest(
    world,  # noqa: F811
    sent,  # noqa: F811
    settings,
    tmp_path,
):
    settings.DATA_DIR = tmp_path
    good = "".join(f"B{n},张三,,1,2024-01-01,1\n" for n in range(20))
    upload(world.steward, sent, HEAD + good + "C1,李四,32050619580312002X,1,2024-01-01,1\n")
    upload(world.steward, sent, "没有,表头\n1,2\n", name="坏.csv")
    with context_use(context_system("test")):
        for pk in Batch.objects.order_by("pk").values_list("pk", flat=True):
            landing.batch_process(pk, now=NOW)
        later = NOW + timedelta(days=3660)
        while event_relay(now=later):
            pass
        assert digest_sweep(now=later) >= 1
    exception = QualityException.objects.get()
    lines = digest_lines(world.account_id("DATA_STEWARD"), f"{later:%Y-%m-%d}")
    assert {line.kind for line in lines} == {"EXCEPTION_NEW", "BATCH_STOPPED"}
    new = next(line for line in lines if line.kind == "EXCEPTION_NEW")
    assert new.link == f"/resources/quality/exceptions/{exception.pk}/"
    assert f"（{exception.number}）：1 行" in new.text["zh"]
    stopped = next(line for line in lines if line.kind == "BATCH_STOPPED")
    assert "第 2 批未入库：前 " in stopped.text["zh"]
    assert "No heading was found" in stopped.text["en"]
    world.steward.get(new.link)
    assert world.steward.get(stopped.link).status_code == 200
