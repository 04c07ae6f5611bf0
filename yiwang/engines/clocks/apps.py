from django.apps import AppConfig


class EnginesClocksConfig(AppConfig):
    name = "yiwang.engines.clocks"
    label = "engines_clocks"
    verbose_name = "时限"

    def ready(self) -> None:
        from yiwang.engines.clocks.actions import clock_recalculate  # noqa: PLC0415
        from yiwang.kernel.api import subscriber  # noqa: PLC0415

        # Outside a transaction: it may move many clocks, a chunk at a time, and it is idempotent.
        subscriber("calendar.changed", name="engines.clocks.recalculate", outside=True)(
            clock_recalculate
        )
