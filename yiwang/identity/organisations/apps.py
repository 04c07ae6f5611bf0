from django.apps import AppConfig


class IdentityOrganisationsConfig(AppConfig):
    name = "yiwang.identity.organisations"
    label = "identity_organisations"
    verbose_name = "机构"

    def ready(self) -> None:
        from yiwang.identity.access.permissions import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            "identity.organisations.manage",
            title={"zh": "维护机构", "en": "Maintain departments"},
            roles={"SYSTEM_ADMIN"},
        )
        menu_register(
            "portal",
            N_("Open government"),
            N_("Government departments"),
            "identity_organisations:list",
            order=60,
            icon="building",
        )
