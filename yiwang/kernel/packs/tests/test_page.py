"""The page of the packs shows administrators what is wrong and where."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory

from yiwang.kernel.audit.context import RequestContext, context_use
from yiwang.kernel.packs.models import PackInstallation
from yiwang.kernel.packs.views import index

pytestmark = pytest.mark.django_db
ADMIN = RequestContext(
    population="STAFF", account_id=1, permissions=frozenset({"kernel.packs.read"})
)


def shown() -> str:
    with context_use(ADMIN):
        return index(RequestFactory().get("/kernel/packs/")).content.decode()


def test_a_failed_pack_is_shown_with_file_and_line():
    PackInstallation.objects.create(
        pack="flood_control",
        title={"zh": "防汛", "en": "Flood control"},
        version="1.1.0",
        loaded_version="1.0.0",
        state="FAILED",
        problems=[
            {
                "pack": "flood_control",
                "file": "matters/a.yaml",
                "line": 7,
                "message": "It is <bad>.",
            }
        ],
        loaded_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    text = shown()
    for expected in (
        "防汛",
        "1.1.0",
        "1.0.0",
        "flood_control/matters/a.yaml:7",
        "It is &lt;bad&gt;.",
    ):
        assert expected in text


def test_a_city_without_packs_says_so():
    assert 'class="empty"' in shown()


def test_nobody_else_gets_in(client):
    assert client.get("/kernel/packs/").status_code == 302
    assert not index.route_policy.permits(RequestContext(population="STAFF"))
    assert not index.route_policy.permits(
        RequestContext(population="CITIZEN", permissions=ADMIN.permissions)
    )
    assert index.route_policy.permits(ADMIN)
