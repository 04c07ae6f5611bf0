from django.apps import AppConfig


class HallMattersConfig(AppConfig):
    name = "yiwang.hall.matters"
    label = "hall_matters"
    verbose_name = "政务服务事项"

    def ready(self) -> None:
        from yiwang.engines.api import form_use_register  # noqa: PLC0415
        from yiwang.hall.matters import subscribers  # noqa: F401, PLC0415 - registers itself
        from yiwang.hall.matters.pack import matters_read, samples_read  # noqa: PLC0415
        from yiwang.hall.matters.queries import (  # noqa: PLC0415
            department_matter_count,
            department_matters_url,
            form_use_list,
        )
        from yiwang.identity.api import (  # noqa: PLC0415
            department_section_register,
            permission_register,
        )
        from yiwang.kernel.api import menu_register, pack_section_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        pack_section_register("matters", matters_read, order=40)
        form_use_register("hall.matters", form_use_list)
        pack_section_register("sample", samples_read, order=60, check_only=True)
        permission_register(
            "hall.matters.manage",
            title={"zh": "维护事项目录", "en": "Maintain the catalogue of matters"},
            roles={"DATA_STEWARD"},
        )
        department_section_register(
            "hall.matters",
            title={"zh": "政务服务事项", "en": "Services"},
            count=department_matter_count,
            url=department_matters_url,
        )
        menu_register(
            "portal", "", N_("Services"), "hall_matters:list", order=10, icon="list-check"
        )
