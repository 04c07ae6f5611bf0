from django.apps import AppConfig


class PortalSpacesConfig(AppConfig):
    """The spaces (市民空间, 企业空间, 政务空间)."""

    name = "yiwang.portal.spaces"
    label = "portal_spaces"
    verbose_name = "空间"
