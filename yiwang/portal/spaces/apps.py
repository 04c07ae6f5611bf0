from django.apps import AppConfig


class PortalSpacesConfig(AppConfig):
    """The spaces (市民空间, 企业空间, 政务空间)."""

    name = "yiwang.portal.spaces"
    label = "portal_spaces"
    verbose_name = "空间"

    def ready(self) -> None:
        """Put the first entries into the menus."""
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.portal.spaces.desk import open_count  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        menu_register("space", "", N_("Overview"), "portal_spaces:mine", order=0, icon="house")
        menu_register(
            "space",
            N_("My affairs"),
            N_("Acting for others"),
            "portal_spaces:delegations",
            order=60,
            icon="people",
        )
        menu_register(
            "desk", "", N_("To do"), "portal_spaces:desk", count=open_count, order=0, icon="inbox"
        )
        menu_register(
            "desk", "", N_("Finished work"), "portal_spaces:done", order=1, icon="check2-square"
        )
