from django.apps import AppConfig


class HallSupervisionConfig(AppConfig):
    name = "yiwang.hall.supervision"
    label = "hall_supervision"
    verbose_name = "电子监察"

    def ready(self) -> None:
        from yiwang.hall.supervision.flow import flow_sweep  # noqa: PLC0415
        from yiwang.hall.supervision.subscribers import register  # noqa: PLC0415
        from yiwang.hall.supervision.sweep import board_count, supervision_sweep  # noqa: PLC0415
        from yiwang.kernel.api import sweep_register  # noqa: PLC0415

        register()
        sweep_register("hall.supervision.sweep", supervision_sweep, every_seconds=60)
        sweep_register("hall.supervision.board", board_count, every_seconds=60)
        sweep_register("hall.supervision.flow", flow_sweep, every_seconds=21_600)
        self._permissions()
        self._menus()

    def _permissions(self) -> None:
        from yiwang.hall.supervision.queries import REPLY, SUPERVISE, VIEW  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415

        permission_register(
            VIEW, {"zh": "查看电子监察", "en": "Look at electronic supervision"}, {"SUPERVISOR"}
        )
        permission_register(
            SUPERVISE,
            {
                "zh": "电子监察：规则、登记、决定、撤销",
                "en": "Supervise: rules, reports, decisions",
            },
            {"SUPERVISOR"},
        )
        permission_register(
            REPLY,
            {"zh": "答复和申诉监察牌", "en": "Answer supervision cards and appeal"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )

    def _menus(self) -> None:
        from yiwang.hall.supervision.queries import REPLY, VIEW, card_open_count  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        entries = (
            (N_("Supervision board"), "hall_supervision:board", 10, "speedometer2"),
            (N_("Supervision cards"), "hall_supervision:cards", 20, "card-list"),
            (N_("Supervision scores"), "hall_supervision:scores", 30, "award"),
            (N_("How cases really went"), "hall_supervision:flow", 35, "diagram-3"),
            (N_("Supervision rules"), "hall_supervision:rules", 40, "sliders"),
        )
        for title, name, order, icon in entries:
            menu_register(
                "desk", N_("Supervision"), title, name, permission=VIEW, order=order, icon=icon
            )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Cards to answer"),
            "hall_supervision:mine",
            permission=REPLY,
            count=lambda context: card_open_count(context) or None,
            order=15,
            icon="exclamation-square",
        )
