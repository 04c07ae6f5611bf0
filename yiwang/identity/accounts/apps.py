from django.apps import AppConfig


class IdentityAccountsConfig(AppConfig):
    name = "yiwang.identity.accounts"
    label = "identity_accounts"
    verbose_name = "账户"
