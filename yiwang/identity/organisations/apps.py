from django.apps import AppConfig


class IdentityOrganisationsConfig(AppConfig):
    name = "yiwang.identity.organisations"
    label = "identity_organisations"
    verbose_name = "机构"
