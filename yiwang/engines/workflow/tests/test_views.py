"""The diagram for the viewer: for those who may see the instance, and nobody else."""

import json

import pytest
from django.test import RequestFactory

from yiwang.engines.workflow import registry, views
from yiwang.engines.workflow.data import InstanceNotFound
from yiwang.engines.workflow.tests.models_of_processes import parallel, staff, start_process
from yiwang.kernel.api import RequestContext, context_use

pytestmark = pytest.mark.django_db
APPLICANT = RequestContext(population="CITIZEN", account_id=5)


@pytest.fixture
def instance_id(monkeypatch):
    rule = {"application:": lambda context, key: context.account_id == 5}
    monkeypatch.setattr(registry, "ACCESS", rule)
    return start_process(parallel(["a"]))


@pytest.mark.parametrize("context", [staff(1, 1, "REVIEWER"), staff(1, 2), APPLICANT])
def test_staff_concerned_and_the_applicant_see_the_diagram(instance_id, context):
    request = RequestFactory().get("/")
    with context_use(context):
        shown = json.loads(views.diagram(request, instance_id).content)
        xml = views.diagram_file(request, instance_id).content.decode()
    assert (shown["active"], shown["done"], shown["state"]) == (["accept"], ["s"], "RUNNING")
    assert shown["xml"] == xml
    assert 'bpmnElement="accept"' in xml


@pytest.mark.parametrize(
    "context",
    [
        staff(1, 99, "APPROVER"),
        RequestContext(),
        RequestContext(population="CITIZEN", account_id=6),
    ],
)
def test_others_are_told_that_there_is_no_such_instance(instance_id, context):
    with context_use(context):
        for view in (views.diagram, views.diagram_file):
            with pytest.raises(InstanceNotFound):
                view(RequestFactory().get("/"), instance_id)


def test_both_routes_say_who_may_open_them():
    for view in (views.diagram, views.diagram_file):
        assert view.route_policy.populations == {"CITIZEN", "AGENT", "STAFF"}
