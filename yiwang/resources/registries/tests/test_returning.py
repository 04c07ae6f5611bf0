"""A value sent back: refused without a reason or by others, once at a time, settled by the row's change."""

import pytest

from yiwang.kernel.api import EventView, context_system, context_use
from yiwang.resources.landing.queries import row_origin
from yiwang.resources.landing.tests.conftest import (
    HEAD,
    NOW,
    ROWS,
    city,
    data_dir,
    feed_rows,
    published,
    resource,
    staff,
    system,
)
from yiwang.resources.landing.tests.conftest import land as land_fixture
from yiwang.resources.quality.models import QualityException
from yiwang.resources.registries.returning import ReturnedAlready, returned_prove, value_return
from yiwang.sdk.errors import Forbidden, Invalid

__all__ = ["city", "data_dir", "published", "resource", "system"]
pytestmark = pytest.mark.django_db
land = land_fixture


def back(code, row_no, reason="电话与居住证不同，请核实"):
    with context_use(context_system("test")):
        return value_return(
            code,
            row_no,
            field="phone",
            title={"zh": "电话", "en": "Phone"},
            line=2,
            batch_number=1,
            reason=reason,
            now=NOW,
        )


def finished(code, batch_id):
    with context_use(context_system("test")):
        payload = {"batch_id": batch_id, "resource_code": code, "state": "LANDED"}
        returned_prove(EventView(1, "landing.batch_finished", "", payload, NOW))


def test_only_a_change_of_that_very_row_settles_it(resource, land):
    land(HEAD + ROWS)
    row_no = feed_rows(resource.code, "row_no")[0]
    assert row_origin(resource.code, row_no).line == 2
    exception = QualityException.objects.get(pk=back(resource.code, row_no))
    assert (exception.state, exception.origin, exception.rows_open) == ("OPEN", "STEWARD", 1)
    assert exception.title.endswith("电话（第 1 批第 2 行）")
    again = land(HEAD + ROWS + "\n", name="再次.csv")
    finished(resource.code, again.id)
    exception.refresh_from_db()
    assert exception.state == "OPEN"
    changed = land(HEAD + ROWS.replace("沈月琴", "沈月芹"), name="更正.csv")
    finished(resource.code, changed.id)
    exception.refresh_from_db()
    assert (exception.state, exception.ending) == ("CLOSED", "PROVED")


def test_a_row_is_sent_back_once_at_a_time_with_a_reason(resource, land):
    land(HEAD + ROWS)
    with pytest.raises(Invalid):
        back(resource.code, 1, reason=" ")
    assert not QualityException.objects.filter(origin="STEWARD").exists()
    back(resource.code, 1)
    with pytest.raises(ReturnedAlready):
        back(resource.code, 1)
    assert QualityException.objects.filter(origin="STEWARD").count() == 1


def test_a_department_sends_nothing_back_to_another(resource, land, city):
    land(HEAD + ROWS)
    with staff(city), pytest.raises(Forbidden):
        value_return(
            resource.code, 1, field="x", title={"zh": "x", "en": "x"}, line=2, batch_number=1,
            reason="存疑请核实", now=NOW,
        )  # fmt: skip
    assert not QualityException.objects.filter(origin="STEWARD").exists()
