from django.apps import AppConfig


class EnginesApprovalsConfig(AppConfig):
    name = "yiwang.engines.approvals"
    label = "engines_approvals"
    verbose_name = "审批操作"

    def ready(self) -> None:
        from yiwang.engines.approvals.cases import SEE, hold_count  # noqa: PLC0415
        from yiwang.engines.approvals.queries import acting_count  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            "engines.approvals.act",
            {"zh": "退回、委派、加签等审批操作", "en": "Return, delegate, add signers"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            SEE,
            {"zh": "查看中止办理的案件", "en": "See which cases are suspended"},
            {"DEPARTMENT_HEAD", "SUPERVISOR"},
        )
        menu_register(
            "desk",
            N_("Work"),
            N_("For absent colleagues"),
            "engines_approvals:acting",
            permission="engines.approvals.act",
            count=lambda context: acting_count(context) or None,
            order=40,
            icon="person-workspace",
        )
        menu_register(
            "desk",
            N_("Work"),
            N_("Deputies"),
            "engines_approvals:deputies",
            permission="engines.approvals.act",
            order=50,
            icon="people",
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Suspended cases"),
            "engines_approvals:suspended",
            permission=SEE,
            count=lambda context: hold_count(context) or None,
            order=55,
            icon="pause-circle",
        )
        menu_register(
            "desk",
            N_("Rules of the city"),
            N_("Move running cases"),
            "engines_approvals:migrations",
            permission="engines.workflow.administer",
            order=65,
            icon="arrow-right-square",
        )
