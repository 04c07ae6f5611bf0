from django.apps import AppConfig


class HallMattersConfig(AppConfig):
    name = "yiwang.hall.matters"
    label = "hall_matters"
    verbose_name = "政务服务事项"

    def ready(self) -> None:
        from yiwang.hall.matters.pack import matters_read  # noqa: PLC0415
        from yiwang.kernel.api import pack_section_register  # noqa: PLC0415

        pack_section_register("matters", matters_read, order=40)
