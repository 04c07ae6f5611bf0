"""Rows of approval practice: an item of the officer's own department, and another's."""

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _begun(world: World) -> tuple[int, int]:
    """Begin a case in the officer's own department and one in another; return their instances."""
    from yiwang.engines.workflow.actions import process_put, process_start
    from yiwang.engines.workflow.data import WorkCard
    from yiwang.engines.workflow.tests.models_of_processes import chain, process, user
    from yiwang.kernel.api import context_system, context_use

    xml = process(
        '<startEvent id="s"/>', user("decide"), '<endEvent id="e"/>', *chain("s", "decide", "e")
    )

    def begun(department_id: int) -> int:
        with context_use(context_system("test")):
            version = process_put("matrix.case", xml, title={"zh": "办件"}).version_id
            return process_start(
                version,
                business_key=f"matrix:{department_id}",
                card=WorkCard("matrix:1", "1", {"zh": "事", "en": "Case"}, "某", ""),
                variables={},
                departments={"owner": department_id},
                now=world.now,
            )

    return begun(world.own_department), begun(world.other_department)


def _item(world: World) -> Case:
    from yiwang.engines.workflow.models import WorkItem

    def address(instance: int) -> str:
        key = WorkItem.objects.values_list("pk", flat=True).get(instance=instance)
        return reverse("engines_approvals:item", args=[key])

    own, other = _begun(world)
    return Case(own=address(own), other=address(other))


def _case(world: World) -> Case:
    own, other = _begun(world)
    return Case(
        own=reverse("engines_approvals:case", args=[own]),
        other=reverse("engines_approvals:case", args=[other]),
    )


matrix_case("engines_approvals:item", _item)
matrix_case("engines_approvals:case", _case)
