from django.apps import AppConfig


class HallLicencesConfig(AppConfig):
    name = "yiwang.hall.licences"
    label = "hall_licences"
    verbose_name = "证照"

    def ready(self) -> None:
        from yiwang.hall.licences.lifecycle import licences_expire  # noqa: PLC0415
        from yiwang.hall.licences.pack import licences_read  # noqa: PLC0415
        from yiwang.hall.licences.queries import REVOKE, TYPES, licence_count  # noqa: PLC0415
        from yiwang.hall.licences.subscribers import register  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import (  # noqa: PLC0415
            menu_register,
            pack_section_register,
            sweep_register,
        )
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        register()
        sweep_register("hall.licences.expiry", licences_expire, every_seconds=3600)
        pack_section_register("licences", licences_read, order=30)
        permission_register(
            REVOKE,
            {"zh": "暂扣、恢复和撤销证照", "en": "Suspend, give back and revoke licences"},
            {"APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            TYPES,
            {"zh": "维护证照类型", "en": "Maintain the types of licences"},
            {"SYSTEM_ADMIN"},
        )
        menu_register(
            "space",
            N_("My affairs"),
            N_("My licences"),
            "hall_licences:list",
            count=lambda context: licence_count(context.subject_ref) or None,
            order=20,
            icon="person-vcard",
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Licences issued"),
            "hall_licences:issued",
            permission=REVOKE,
            order=60,
            icon="patch-check",
        )
        menu_register(
            "portal",
            N_("Follow and verify"),
            N_("Licence verification"),
            "hall_licences:verify",
            order=60,
            icon="qr-code-scan",
        )
