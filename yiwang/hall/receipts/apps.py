from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallReceiptsConfig(AppConfig):
    """Receipts (回执): what was submitted is kept, sealed, and can be proven later."""

    name = "yiwang.hall.receipts"
    label = "hall_receipts"
    verbose_name = "回执"

    def ready(self) -> None:
        """Register the sweep that seals and the public page."""
        from yiwang.hall.receipts.actions import submissions_seal  # noqa: PLC0415
        from yiwang.hall.receipts.histories import histories_seal  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        sweep_register("hall.receipts.seal", submissions_seal, every_seconds=60)
        sweep_register("hall.receipts.histories", histories_seal, every_seconds=3600)
        menu_register(
            "portal",
            N_("Follow and verify"),
            N_("Verify a receipt"),
            "hall_receipts:verify",
            order=45,
            icon="shield-check",
        )
