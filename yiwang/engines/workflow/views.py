"""The diagram of an instance, for the viewer on officers' and applicants' pages."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from yiwang.engines.workflow.data import InstanceNotFound
from yiwang.engines.workflow.queries import instance_diagram, instance_may_see
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get


def _diagram(instance_id: int) -> dict[str, object]:
    if not instance_may_see(instance_id, context_get()):
        raise InstanceNotFound()
    return instance_diagram(instance_id)


@allow()
def diagram(request: HttpRequest, instance_id: int) -> JsonResponse:
    """Return the diagram and where the instance stands, to those who may see it."""
    response = JsonResponse(_diagram(instance_id))
    response["Cache-Control"] = "private, no-store"
    return response


@allow()
def diagram_file(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Return the BPMN file alone, as viewers and other tools read it."""
    response = HttpResponse(_diagram(instance_id)["xml"], content_type="application/xml")
    response["Cache-Control"] = "private, no-store"
    return response
