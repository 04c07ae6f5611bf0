from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallCountersConfig(AppConfig):
    name = "yiwang.hall.counters"
    label = "hall_counters"
    verbose_name = "大厅"

    def ready(self) -> None:
        from yiwang.hall.counters import following, pack  # noqa: PLC0415
        from yiwang.hall.counters.queries import halls  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import (  # noqa: PLC0415
            menu_register,
            pack_section_register,
            sweep_register,
        )

        pack_section_register("priorities.yaml", pack.priorities_read, order=44)
        pack_section_register("halls", pack.halls_read, order=45)
        sweep_register(
            "hall.counters.appointments", following.appointments_follow, every_seconds=300
        )
        for name, title, roles in (
            (halls.SERVE, {"zh": "窗口叫号", "en": "Call at a window"}, {"WINDOW_CLERK"}),
            (
                halls.RECEIVE,
                {"zh": "大厅导办", "en": "Receive visitors of a hall"},
                {"WINDOW_CLERK", "DEPARTMENT_HEAD"},
            ),
            (halls.MANAGE, {"zh": "管理大厅", "en": "Manage a hall"}, {"DEPARTMENT_HEAD"}),
        ):
            permission_register(name, title, roles)
        menu_register(
            "portal",
            N_("Before you apply"),
            N_("Halls"),
            "hall_counters:halls",
            order=30,
            icon="building",
        )
        menu_register(
            "space",
            N_("My affairs"),
            N_("My appointments"),
            "hall_counters:mine",
            order=45,
            icon="calendar-check",
        )
        for title, route, permission, order, icon in (
            (N_("Window"), "hall_counters:windows", halls.SERVE, 10, "person-workspace"),
            (N_("Reception"), "hall_counters:desks", halls.RECEIVE, 20, "signpost-2"),
            (N_("Halls I manage"), "hall_counters:managed", halls.MANAGE, 30, "building-gear"),
        ):
            menu_register(
                "desk", N_("Hall"), title, route, permission=permission, order=order, icon=icon
            )
