from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallDisclosureConfig(AppConfig):
    name = "yiwang.hall.disclosure"
    label = "hall_disclosure"
    verbose_name = "双公示"

    def ready(self) -> None:
        from yiwang.hall.disclosure import following  # noqa: PLC0415
        from yiwang.hall.disclosure.queries import (  # noqa: PLC0415
            ENTER,
            OVERSEE,
            PUBLISH,
            open_count,
        )
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        following.register()
        sweep_register("hall.disclosure.sweep", following.disclosure_sweep, every_seconds=3600)
        permission_register(
            ENTER,
            {"zh": "录入双公示信息", "en": "Enter licences and penalties to be published"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            PUBLISH,
            {"zh": "公示、停止公示", "en": "Publish licences and penalties, take them from view"},
            {"APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            OVERSEE,
            {"zh": "查看公示时效", "en": "See how timely departments publish"},
            {"SUPERVISOR", "DEPARTMENT_HEAD"},
        )
        menu_register(
            "portal",
            N_("Open government"),
            N_("Licences and penalties"),
            "hall_disclosure:list",
            order=61,
            icon="megaphone",
        )
        menu_register(
            "desk",
            N_("Open government"),
            N_("Publish licences and penalties"),
            "hall_disclosure:desk",
            permission=ENTER,
            count=lambda _context: open_count() or None,
            order=30,
            icon="megaphone",
        )
        menu_register(
            "desk",
            N_("Open government"),
            N_("How timely departments publish"),
            "hall_disclosure:board",
            permission=OVERSEE,
            order=40,
            icon="speedometer2",
        )
