from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallPartiesConfig(AppConfig):
    """Several parties on one application (多方申请)."""

    name = "yiwang.hall.parties"
    label = "hall_parties"
    verbose_name = "多方申请"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.hall.parties import parts, subscribers  # noqa: F401, PLC0415
        from yiwang.hall.parties.entering import links_sweep  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        for page in ("application", "work"):
            part_register(page, parts.application_part, order=30)
        sweep_register("hall.parties.links", links_sweep, every_seconds=600)
        menu_register(
            "space",
            N_("My affairs"),
            N_("Applications with others"),
            "hall_parties:mine",
            order=55,
            icon="people-fill",
        )
