from django.apps import AppConfig


class KernelCalendarConfig(AppConfig):
    name = "yiwang.kernel.calendar"
    label = "kernel_calendar"
    verbose_name = "工作日历"

    def ready(self) -> None:
        from yiwang.kernel.ui.menus import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        menu_register(
            "desk",
            N_("Reference"),
            N_("Working-day calendar"),
            "kernel_calendar:year",
            order=900,
            icon="calendar3",
        )
