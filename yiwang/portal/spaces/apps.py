from django.apps import AppConfig


class PortalSpacesConfig(AppConfig):
    name = "yiwang.portal.spaces"
    label = "portal_spaces"
    verbose_name = "空间"
