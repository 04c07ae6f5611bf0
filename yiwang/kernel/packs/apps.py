from django.apps import AppConfig


class KernelPacksConfig(AppConfig):
    name = "yiwang.kernel.packs"
    label = "kernel_packs"
    verbose_name = "应用包"

    def ready(self) -> None:
        from yiwang.kernel.codes.pack import codes_read  # noqa: PLC0415
        from yiwang.kernel.packs.queries import pack_health  # noqa: PLC0415
        from yiwang.kernel.packs.registry import pack_section_register  # noqa: PLC0415
        from yiwang.kernel.ui.health import health_probe_register  # noqa: PLC0415
        from yiwang.kernel.ui.menus import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        pack_section_register("codes", codes_read, order=5)
        health_probe_register("packs", pack_health)
        menu_register(
            "desk",
            N_("Administration"),
            N_("Packs"),
            "kernel_packs:index",
            permission="kernel.packs.read",
            order=940,
            icon="box-seam",
        )
