"""What `yw registries versions|prune` does (基础库命令): prints by `echo`, returns the exit code."""

import json
from collections.abc import Callable
from dataclasses import asdict

from django.utils import timezone

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.registries.data import RegistryUnknown
from yiwang.resources.registries.masters import master_list
from yiwang.resources.registries.pruning import registry_prune
from yiwang.resources.registries.writing import MODELS

Echo = Callable[[str], object]


def versions_print(registry: str, *, as_json: bool = False, echo: Echo) -> int:
    """Print the versions of a registry (列出主数据版本), the newest first."""
    if registry not in MODELS:
        raise RegistryUnknown(registry=registry)
    for one in master_list(registry):
        if as_json:
            echo(json.dumps(asdict(one), ensure_ascii=False, default=str))
            continue
        at = f"{timezone.localtime(one.published_at):%Y-%m-%d %H:%M}" if one.published_at else "-"
        mark = "*" if one.is_current else " "
        echo(
            f"{mark} {one.number:>5}  {one.state:<11}  {at:<16}  {one.counts.get('subjects', 0):>12,}"
        )
    return 0


def versions_prune(
    registry: str, *, keep: int, reason: str, as_json: bool = False, echo: Echo
) -> int:
    """Remove old versions (清理历史版本) and print what went."""
    with context_use(context_system("yw registries prune")):
        view = registry_prune(registry, keep=keep, reason=reason, now=timezone.now())
    if as_json:
        echo(json.dumps(asdict(view)))
        return 0
    echo(
        f"{len(view.versions)} versions before version {view.floor} removed: {view.rows:,} rows, "
        f"{view.ties:,} ties; {view.kept:,} rows of subjects that left are kept"
    )
    return 0
