from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallPromisesConfig(AppConfig):
    """Promises (承诺): documents that may follow, commitments that replace them."""

    name = "yiwang.hall.promises"
    label = "hall_promises"
    verbose_name = "承诺"

    def ready(self) -> None:
        """Register the sweep, the permissions and the menus."""
        from yiwang.hall.promises import queries, sweeps  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        sweep_register("hall.promises.follow", sweeps.promises_follow, every_seconds=300)
        permission_register(
            queries.CHECK,
            {"zh": "核查承诺和补交材料", "en": "Check promises and what is handed in"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            queries.BREAK,
            {"zh": "认定承诺未履行或不实", "en": "Conclude that a promise was broken"},
            {"APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            queries.BAR_RULES,
            {"zh": "设定承诺限制规则", "en": "Set what broken promises bar from"},
            {"SUPERVISOR"},
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("What broken promises bar from"),
            "hall_promises:bar_rules",
            permission=queries.BAR_RULES,
            order=60,
            icon="slash-circle",
        )
        menu_register(
            "space",
            N_("My affairs"),
            N_("My promises"),
            "hall_promises:mine",
            order=45,
            icon="pencil-square",
        )
        menu_register(
            "desk",
            N_("Follow-up"),
            N_("Promises"),
            "hall_promises:desk",
            permission=queries.CHECK,
            count=lambda context: queries.promise_work_count(context) or None,
            order=12,
            icon="pencil-square",
        )
