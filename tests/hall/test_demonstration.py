"""A newcomer finds life in the hall of the demonstration city, all of it made by the acts of real life."""

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.models import BundleCase
from yiwang.hall.consultations.models import ExpertPanel
from yiwang.hall.demonstration import CASES, hall_demo_load
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.hall.lists.fees import fee_differences
from yiwang.hall.lists.models import ListAdjustment
from yiwang.hall.projects.models import Project
from yiwang.hall.ratings.models import Rating
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_system, context_use


def test_the_hall_of_the_made_city_has_lists_records_cases_ratings_projects_and_a_bundle(city, now):
    with context_use(context_system("测试")), data_scope(purpose="测试"):
        steps = list(hall_demo_load(now))
        states = application_rows("测试").order_by("pk").values_list("state", flat=True)
        assert list(states)[: len(CASES)] == ["APPROVED", "HANDLING", "APPROVED", "APPROVED"]
        assert Rating.objects.count() == 3
        assert BundleCase.objects.get().state == "OPEN"
        assert Project.objects.count() == 2
        assert sorted(ListAdjustment.objects.values_list("number", "state")) == [
            (1, "PUBLISHED"),
            (2, "PUBLISHED"),
        ]
        records = DisclosureRecord.objects.values_list("kind", "state")
        assert sorted(records) == [("CF", "PUBLISHED")] * 2 + [("XK", "PUBLISHED")] * 2
        assert fee_differences() == []
        panel = ExpertPanel.objects.get(key="building_design")
        accounts = panel.experts.values_list("account__username", flat=True)
        assert set(accounts) <= city.accounts.keys()
        assert panel.experts.count() == 5
    assert len(steps) == 12
