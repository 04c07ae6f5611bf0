from django.apps import AppConfig


class KernelCodesConfig(AppConfig):
    name = "yiwang.kernel.codes"
    label = "kernel_codes"
    verbose_name = "代码表"

    def ready(self) -> None:
        from yiwang.kernel.ui.menus import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        menu_register(
            "desk",
            N_("Reference"),
            N_("Code tables"),
            "kernel_codes:index",
            order=901,
            icon="list-columns",
        )
