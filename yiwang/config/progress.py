"""Progress bars of long work (进度) for people at a terminal; plain lines elsewhere."""

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from yiwang.config.demo import city_build

console = Console(highlight=False)


def demo_build(*, persons: int, enterprises: int | None = None, fresh: bool = False) -> None:
    """Build the demonstration city with a bar for each stage; finished stages are skipped."""
    if fresh:
        city_clear()
    call_command("migrate", verbosity=0, interactive=False)
    columns = (
        TextColumn("  {task.description:<28}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, int] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        city_build(
            persons=persons,
            enterprises=enterprises or max(20, persons // 10),
            now=timezone.now(),
            report=report,
        )


def city_clear() -> None:
    """Delete the city's database and files, so that the next build starts from nothing."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        connection.close()
        name = settings.DATABASES["default"]["NAME"]
        for suffix in ("", "-wal", "-shm"):
            path = settings.DATA_DIR / f"{name}{suffix}"
            path.unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
        connection.close()
    for marker in settings.DATA_DIR.glob("demo-*.json"):
        marker.unlink()
