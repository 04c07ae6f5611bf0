from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallWindowsConfig(AppConfig):
    """Windows (综合窗口): announces who answers for visits, permissions, menus and the sweep."""

    name = "yiwang.hall.windows"
    label = "hall_windows"
    verbose_name = "综合窗口"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.hall.applications.filing import (  # noqa: PLC0415
            VisitDoor,
            visit_door_register,
        )
        from yiwang.hall.counters import visits  # noqa: PLC0415
        from yiwang.hall.windows import actions, queries  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        visit_door_register(VisitDoor(queries.visit_check, queries.visit_page, actions.taking_add))
        visits.visit_door_register(
            visits.VisitDoor(queries.visit_of_ticket, actions.visit_of_ticket_end)
        )
        sweep_register("hall.windows.visits", actions.visits_sweep, every_seconds=300)
        for name, zh, en, roles in (
            (queries.SERVE, "综合窗口受理", "Serve at a window", {"WINDOW_CLERK"}),
            (
                queries.RECEIVE,
                "签收材料交接单",
                "Sign for papers from windows",
                {"WINDOW_CLERK", "REVIEWER"},
            ),
            (queries.MANAGE, "设置服务窗口", "Set windows up", {"SYSTEM_ADMIN"}),
            (
                queries.STATISTICS,
                "查看窗口统计",
                "See what windows do",
                {"SUPERVISOR", "DEPARTMENT_HEAD"},
            ),
        ):
            permission_register(name, {"zh": zh, "en": en}, roles)
        for title, url_name, permission, order, icon in (
            (N_("At the window"), "desk", queries.SERVE, 10, "person-badge"),
            (N_("Papers"), "papers", queries.RECEIVE, 20, "files"),
            (N_("Windows in figures"), "statistics", queries.STATISTICS, 30, "bar-chart"),
            (N_("Set windows up"), "manage", queries.MANAGE, 40, "shop-window"),
        ):
            menu_register(
                "desk",
                N_("Windows"),
                title,
                f"hall_windows:{url_name}",
                permission=permission,
                order=order,
                icon=icon,
            )
        menu_register(
            "portal",
            N_("Before you apply"),
            N_("Windows near you"),
            "hall_windows:near",
            order=60,
            icon="shop-window",
        )
