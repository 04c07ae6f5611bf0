from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallBundlesConfig(AppConfig):
    """Bundles (一件事): reads packs, follows applications, announces its menus."""

    name = "yiwang.hall.bundles"
    label = "hall_bundles"
    verbose_name = "一件事"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.hall.bundles import casework, subscribers  # noqa: PLC0415
        from yiwang.hall.bundles.actions.submission import receipt_rebuild  # noqa: PLC0415
        from yiwang.hall.bundles.pack import bundles_read  # noqa: PLC0415
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.hall.receipts.registry import rebuild_register  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, pack_section_register  # noqa: PLC0415

        subscribers.register()
        rebuild_register(receipt_rebuild)
        part_register("work", casework.bundle_part, order=10)
        pack_section_register("bundles", bundles_read, order=50)
        permission_register(
            "hall.bundles.put",
            {"zh": "载入一件事", "en": "Put bundles in force"},
            {"SYSTEM_ADMIN"},
        )
        menu_register(
            "portal", "", N_("One-thing bundles"), "hall_bundles:list", order=30, icon="boxes"
        )
        menu_register("space", "", N_("My bundles"), "hall_bundles:mine", order=22, icon="boxes")
