"""What `yw lineage list|export` does (血缘命令): prints by `echo`, returns the exit code."""

import json
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from yiwang.resources.fusion.lineage import lineage_read
from yiwang.resources.fusion.queries.sources import lineage_folder

Echo = Callable[[str], object]


def lineage_list(*, limit: int, job: str = "", as_json: bool = False, echo: Echo) -> int:
    """Print the latest events (列出血缘事件), the newest first; job: only of jobs that contain it."""
    found = (one for one in lineage_read(lineage_folder()) if job in one["job"]["name"])
    shown = 0
    for one in islice(found, limit):
        shown += 1
        echo(json.dumps(one, ensure_ascii=False) if as_json else _line(one))
    if not shown and not as_json:
        echo("No run has left an event yet.")
    return 0


def lineage_export(file: str, *, echo: Echo) -> int:
    """Write all events to a file (导出血缘事件), the oldest first, one JSON object a line."""
    path = Path(file)
    events = list(lineage_read(lineage_folder()))
    with path.open("w", encoding="utf-8") as out:
        for one in reversed(events):
            out.write(json.dumps(one, ensure_ascii=False) + "\n")
    echo(f"{len(events)} events written to {path}")
    return 0


def _line(event: dict) -> str:
    return (
        f"{event['eventTime']}  {event['eventType']:<8}  {event['job']['name']}  "
        f"{_names(event.get('inputs', ()))} -> {_names(event.get('outputs', ()))}  "
        f"{event['run']['runId']}"
    )


def _names(datasets: Iterable[dict]) -> str:
    names = [one["name"] for one in datasets]
    return ", ".join(names) if len(names) < 4 else f"{len(names)} data sets"
