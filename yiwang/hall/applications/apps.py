from django.apps import AppConfig


class HallApplicationsConfig(AppConfig):
    """Applications (办件): announces its services, permissions, access rules and menus."""

    name = "yiwang.hall.applications"
    label = "hall_applications"
    verbose_name = "办件"
