from django.apps import AppConfig


class ResourcesCatalogueConfig(AppConfig):
    name = "yiwang.resources.catalogue"
    label = "resources_catalogue"
    verbose_name = "信息资源目录"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, pack_section_register  # noqa: PLC0415
        from yiwang.resources.catalogue.pack import datasets_read  # noqa: PLC0415
        from yiwang.resources.catalogue.queries import (  # noqa: PLC0415
            proposal_count,
            returned_count,
            review_count,
        )
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        pack_section_register("datasets", datasets_read, order=50)
        register, review = "resources.catalogue.register", "resources.catalogue.review"
        for name, zh, en, role in (
            (register, "编制本部门信息资源目录", "Keep the department's catalogue", "DATA_STEWARD"),
            (review, "审核信息资源目录", "Review the catalogue of resources", "DATA_STEWARD"),
            (
                "resources.catalogue.inventory",
                "盘点数据源",
                "Take the inventory of data sources",
                "SYSTEM_ADMIN",
            ),
        ):
            permission_register(name, title={"zh": zh, "en": en}, roles={role})
        space = "resources_catalogue:"
        menu_register(
            "portal",
            N_("Open government"),
            N_("Data catalogue"),
            f"{space}browse",
            order=30,
            icon="database",
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Our resources"),
            f"{space}mine",
            permission=register,
            count=returned_count,
            order=310,
            icon="database-add",
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Review of the catalogue"),
            f"{space}reviews",
            permission=review,
            count=review_count,
            order=311,
            icon="check2-square",
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Inventory proposals"),
            f"{space}proposals",
            permission=register,
            count=proposal_count,
            order=312,
            icon="binoculars",
        )
