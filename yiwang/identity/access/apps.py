from django.apps import AppConfig


class IdentityAccessConfig(AppConfig):
    name = "yiwang.identity.access"
    label = "identity_access"
    verbose_name = "授权"
