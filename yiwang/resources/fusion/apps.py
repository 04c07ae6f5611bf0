from django.apps import AppConfig


class FusionConfig(AppConfig):
    name = "yiwang.resources.fusion"
    label = "resources_fusion"
    verbose_name = "融合"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, subscriber  # noqa: PLC0415
        from yiwang.resources.fusion.actions.lineage import batch_traced, master_traced  # noqa: PLC0415
        from yiwang.resources.fusion.permissions import (  # noqa: PLC0415
            BIND,
            DESK,
            LINEAGE,
            PERMISSIONS,
            RUN,
        )
        from yiwang.resources.fusion.queries.reviews import waiting_count  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        for name, (zh, en, roles) in PERMISSIONS.items():
            permission_register(name, title={"zh": zh, "en": en}, roles=roles)
        space = "resources_fusion:"
        for title, name, permission, count, order, icon in (
            (N_("Sources of the registries"), "sources", BIND, None, 330, "plug"),
            (N_("Fusion runs"), "runs", RUN, None, 331, "shuffle"),
            (N_("Uncertain pairs"), "reviews", DESK, waiting_count, 332, "people"),
            (N_("Data lineage"), "lineage", LINEAGE, None, 333, "diagram-3"),
        ):
            menu_register(
                "desk",
                N_("Data"),
                title,
                f"{space}{name}",
                permission=permission,
                count=count,
                order=order,
                icon=icon,
            )
        subscriber("landing.batch_finished", name="resources.fusion.lineage", outside=True)(
            batch_traced
        )
        subscriber("registries.published", name="resources.fusion.published", outside=True)(
            master_traced
        )
