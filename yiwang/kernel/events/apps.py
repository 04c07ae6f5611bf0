from django.apps import AppConfig


class KernelEventsConfig(AppConfig):
    name = "yiwang.kernel.events"
    label = "kernel_events"
    verbose_name = "事件"
