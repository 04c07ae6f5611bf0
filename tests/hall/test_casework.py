"""An officer sees the bundle or project around an application, and opens only what is theirs."""

from tests.hall.test_applications import elder_card_submit
from tests.hall.test_bundles import RESIDENT, application_of, file_it, resident  # noqa: F401
from tests.hall.test_pack_journeys import item_of, officer_of
from tests.hall.test_projects import agent, project  # noqa: F401
from yiwang.hall.applications.queries.details import application_detail_get
from yiwang.hall.bundles.casework import bundle_part
from yiwang.hall.projects.casework import project_part
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.kernel.api import context_use


def test_an_officer_sees_what_else_is_in_the_bundle_and_opens_only_what_is_theirs(
    now,
    resident,  # noqa: F811
):
    filed = {"needs_insurance": "YES", "teaches": "NO", "trained": "YES"}
    receipt = file_it(RESIDENT, resident, now=now, **filed)
    permit = application_of(receipt.number, "permit")
    subsidy = application_of(receipt.number, "subsidy")
    with context_use(officer_of(item_of(permit, "accept"), now=now)):
        part = bundle_part(application_detail_get(permit, purpose="办理办件", now=now))
    names = part.names
    assert (names["number"], names["own"]) == (receipt.number, permit)
    assert {item.key: item.state for item in names["items"]} == {
        "permit": "FILED", "insurance": "WAITING", "subsidy": "FILED",
    }  # fmt: skip
    assert names["visible"] == {permit}
    assert subsidy not in names["visible"]


def test_an_officer_sees_the_other_approvals_of_the_project_and_no_link_to_a_project_of_others(
    city,
    now,
    project,  # noqa: F811
):
    number = elder_card_submit(city, now)
    officer = officer_of(item_of(number, "decide"), now=now)
    with context_use(officer):
        detail = application_detail_get(number, purpose="办理办件", now=now)
        assert (project_part(detail), bundle_part(detail)) == (None, None)
        row = Project.objects.get()
        first = ProjectApproval.objects.filter(project=row).order_by("pk")[0]
        first.state, first.application_number = "APPLIED", number
        first.save()
        names = project_part(detail).names
    assert names["may_open"] is False
    assert [one.state for one, _title in names["rows"]].count("APPLIED") == 1
    assert len(names["rows"]) == row.approvals.count() > 1
    assert names["visible"] == {number}
