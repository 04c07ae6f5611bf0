from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallConsultationsConfig(AppConfig):
    """Asking other agencies and experts (征求意见): permissions, menus, the follow-up, parts of case pages."""

    name = "yiwang.hall.consultations"
    label = "hall_consultations"
    verbose_name = "征求意见"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.engines.api import attachment_access_register  # noqa: PLC0415
        from yiwang.hall.applications.hooks import (  # noqa: PLC0415
            conclusion_hook_register,
            ending_hook_register,
        )
        from yiwang.hall.consultations import (  # noqa: PLC0415
            casework,
            ending,
            following,
            joining,
            queries,
        )
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import sweep_register  # noqa: PLC0415

        handlers = {"REVIEWER", "APPROVER", "DEPARTMENT_HEAD"}
        permission_register(
            queries.ASK,
            {"zh": "向其他部门和专家征求意见", "en": "Ask departments and experts"},
            handlers,
        )
        permission_register(
            queries.ANSWER,
            {"zh": "代表部门答复征求意见", "en": "Answer for the department"},
            handlers,
        )
        permission_register(
            queries.PANELS,
            {"zh": "维护专家组", "en": "Keep panels of experts"},
            {"DEPARTMENT_HEAD"},
        )
        conclusion_hook_register(casework.conclusion_check)
        ending_hook_register(ending.consultations_end, effects=ending.consultations_effects)
        part_register("work", joining.join_part, order=5)
        part_register("work", casework.review_part, order=6)
        part_register("work", casework.work_part, order=30)
        part_register("application", casework.applicant_part, order=40)
        attachment_access_register(queries.attachment_is_visible)
        sweep_register(
            "hall.consultations.follow", following.consultations_follow, every_seconds=300
        )
        self._menus()

    def _menus(self) -> None:
        from yiwang.hall.consultations import queries  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415

        menu_register(
            "desk",
            N_("Opinions"),
            N_("Requests for opinions"),
            "hall_consultations:asked",
            order=10,
            icon="chat-square-quote",
            count=queries.waiting_count,
        )
        menu_register(
            "desk",
            N_("Opinions"),
            N_("Panels of experts"),
            "hall_consultations:panels",
            permission=queries.PANELS,
            order=20,
            icon="people",
        )
