from django.apps import AppConfig


class KernelCalendarConfig(AppConfig):
    name = "yiwang.kernel.calendar"
    label = "kernel_calendar"
    verbose_name = "工作日历"
