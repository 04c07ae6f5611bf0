from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallProjectsConfig(AppConfig):
    name = "yiwang.hall.projects"
    label = "hall_projects"
    verbose_name = "投资项目"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.hall.applications.checks import submission_check_register  # noqa: PLC0415
        from yiwang.hall.bundles.contexts import context_register  # noqa: PLC0415
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.hall.projects import queries, subscribers  # noqa: PLC0415
        from yiwang.hall.projects.actions.applying import (  # noqa: PLC0415
            stage_facts,
            submission_check,
        )
        from yiwang.hall.projects.actions.following import projects_watch  # noqa: PLC0415
        from yiwang.hall.projects.casework import project_part  # noqa: PLC0415
        from yiwang.hall.projects.tables import project_plan  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        subscribers.register()
        context_register("project", stage_facts)
        for approval in project_plan().approvals:
            submission_check_register(approval.matter, submission_check)
        part_register("work", project_part, order=11)
        sweep_register("hall.projects.watch", projects_watch, 3600)
        permission_register(
            queries.READ,
            {"zh": "查看投资项目", "en": "Read investment projects"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD", "SUPERVISOR"},
        )
        menu_register(
            "space",
            "",
            N_("Approval of investment projects"),
            "hall_projects:mine",
            order=26,
            icon="building-gear",
        )
        menu_register(
            "desk",
            N_("Registers"),
            N_("Approval of investment projects"),
            "hall_projects:desk",
            permission=queries.READ,
            order=61,
            icon="building-gear",
        )
