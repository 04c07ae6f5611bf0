from django.apps import AppConfig


class PortalSitesConfig(AppConfig):
    name = "yiwang.portal.sites"
    label = "portal_sites"
    verbose_name = "网站群"
