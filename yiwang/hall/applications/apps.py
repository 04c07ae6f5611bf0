from django.apps import AppConfig


class HallApplicationsConfig(AppConfig):
    """Applications (办件): announces its services, permissions, access rules and menus."""

    name = "yiwang.hall.applications"
    label = "hall_applications"
    verbose_name = "办件"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.engines.api import (  # noqa: PLC0415
            InstanceOwner,
            attachment_access_register,
            instance_access_register,
            instance_owner_register,
            prefill_family_register,
            service_register,
        )
        from yiwang.hall.applications import parts, subscribers  # noqa: F401, PLC0415
        from yiwang.hall.applications.actions import process  # noqa: PLC0415
        from yiwang.hall.applications.actions.holding import application_changed  # noqa: PLC0415
        from yiwang.hall.applications.actions.materials import material_follow  # noqa: PLC0415
        from yiwang.hall.applications.queries.access import (  # noqa: PLC0415
            attachment_is_visible,
            instance_is_visible,
        )
        from yiwang.hall.applications.queries.ended import acts_ended  # noqa: PLC0415
        from yiwang.hall.applications.queries.holds import (  # noqa: PLC0415
            suspension_grounds,
            termination_effects,
        )
        from yiwang.hall.applications.queries.prefill import licence_sources  # noqa: PLC0415
        from yiwang.hall.applications.queries.receipts import submission_rebuild  # noqa: PLC0415
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.hall.promises.registry import supply_register  # noqa: PLC0415
        from yiwang.hall.ratings.registry import acts_register  # noqa: PLC0415
        from yiwang.hall.receipts.registry import rebuild_register  # noqa: PLC0415

        service_register("hall.applications.accepted", process.application_accepted)
        service_register("hall.applications.issue", process.application_issue)
        service_register("hall.applications.refuse", process.application_refuse)
        service_register("hall.applications.not_accepted", process.application_not_accepted)
        acts_register("applications", acts_ended)
        prefill_family_register(licence_sources)
        supply_register("application:", material_follow)
        rebuild_register(submission_rebuild)
        instance_access_register("application:", instance_is_visible)
        instance_owner_register(
            "application:",
            InstanceOwner(application_changed, suspension_grounds, termination_effects),
        )
        attachment_access_register(attachment_is_visible)
        part_register("application", parts.urge_part, order=5)
        part_register("work", parts.urged_part, order=5)
        part_register("work", parts.rulings_part, order=8)
        self._permissions()
        self._menus()

    def _permissions(self) -> None:
        from yiwang.hall.applications.queries.urges import SEE  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415

        permission_register(
            "hall.applications.handle",
            {"zh": "办理办件", "en": "Handle applications"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            "hall.applications.fill",
            {"zh": "填报申请", "en": "Fill in applications"},
            {"CITIZEN", "AGENT", "WINDOW_CLERK"},
        )
        permission_register(
            "hall.applications.extend",
            {"zh": "批准延长办理期限", "en": "Extend the limit of an application"},
            {"DEPARTMENT_HEAD"},
        )
        permission_register(
            SEE,
            {"zh": "查看催办情况", "en": "See what applicants urge"},
            {"SUPERVISOR", "DEPARTMENT_HEAD"},
        )

    def _menus(self) -> None:
        from yiwang.hall.applications.queries.urges import SEE  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        menu_register(
            "desk",
            N_("Supervision"),
            N_("Urged by applicants"),
            "hall_applications:urges",
            permission=SEE,
            order=50,
            icon="bell",
        )
        menu_register(
            "portal",
            N_("Follow and verify"),
            N_("Follow an application"),
            "hall_applications:track",
            order=40,
            icon="signpost-2",
        )
        menu_register(
            "space", "", N_("My applications"), "hall_applications:mine", order=20, icon="folder"
        )
