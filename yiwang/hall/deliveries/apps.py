from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallDeliveriesConfig(AppConfig):
    name = "yiwang.hall.deliveries"
    label = "hall_deliveries"
    verbose_name = "递送"

    def ready(self) -> None:
        from yiwang.hall.deliveries import following, queries  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        sweep_register("hall.deliveries.follow", following.deliveries_follow, every_seconds=300)
        sweep_register(
            "hall.deliveries.practice", following.practice_messages_push, every_seconds=60
        )
        permission_register(
            queries.HAND_OVER,
            {"zh": "交付办理结果", "en": "Hand results out"},
            {"WINDOW_CLERK", "DEPARTMENT_HEAD"},
        )
        permission_register(
            queries.LOCKERS,
            {"zh": "维护自助取件柜", "en": "Set lockers up"},
            {"SYSTEM_ADMIN"},
        )
        menu_register(
            "space",
            N_("My affairs"),
            N_("My deliveries"),
            "hall_deliveries:mine",
            order=40,
            icon="box-seam",
        )
        menu_register(
            "desk",
            N_("Handing out"),
            N_("Deliveries"),
            "hall_deliveries:desk",
            permission=queries.HAND_OVER,
            order=10,
            icon="box-seam",
        )
        menu_register(
            "desk",
            N_("Handing out"),
            N_("Lockers"),
            "hall_deliveries:lockers",
            permission=queries.LOCKERS,
            order=20,
            icon="grid-3x3",
        )
