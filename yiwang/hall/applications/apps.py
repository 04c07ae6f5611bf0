from django.apps import AppConfig


class HallApplicationsConfig(AppConfig):
    name = "yiwang.hall.applications"
    label = "hall_applications"
    verbose_name = "办件"
