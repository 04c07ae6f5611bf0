from django.apps import AppConfig


class EnginesClocksConfig(AppConfig):
    name = "yiwang.engines.clocks"
    label = "engines_clocks"
    verbose_name = "时限"

    def ready(self) -> None:
        from yiwang.engines.clocks.actions import (  # noqa: PLC0415
            clock_recalculate,
            clock_silence_sweep,
        )
        from yiwang.kernel.api import subscriber, sweep_register  # noqa: PLC0415

        sweep_register("engines.clocks.silence", clock_silence_sweep, every_seconds=60)

        # Outside a transaction: it may move many clocks, a chunk at a time, and it is idempotent.
        subscriber("calendar.changed", name="engines.clocks.recalculate", outside=True)(
            clock_recalculate
        )
