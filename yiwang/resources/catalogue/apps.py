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
        for title, page, permission, count, order, icon in (
            (N_("Our resources"), "mine", register, returned_count, 310, "database-add"),
            (N_("Review of the catalogue"), "reviews", review, review_count, 311, "check2-square"),
            (N_("Inventory proposals"), "proposals", register, proposal_count, 312, "binoculars"),
        ):
            menu_register(
                "desk", N_("Data"), title, f"{space}{page}", permission, count, order, icon
            )
