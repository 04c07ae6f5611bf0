"""Reads: the packs on disk and what became of them."""

from pathlib import Path

from django.conf import settings

from yiwang.kernel.packs.data import PackState
from yiwang.kernel.packs.models import PackInstallation
from yiwang.sdk.packs import Pack, PackError, PackProblem, pack_read


def pack_folder_list(*, templates: bool = False) -> dict[str, Path]:
    """List the packs' folders by id (应用包目录); those that start with _ are templates."""
    found: dict[str, Path] = {}
    for root in map(Path, settings.PACK_DIRS):
        if not root.is_dir():
            continue
        for path in sorted(root.iterdir()):
            is_pack = path.is_dir() and not path.name.startswith((".", "__"))
            if is_pack and path.name.startswith("_") is templates:
                found.setdefault(path.name, path)
    return found


def pack_source_list() -> tuple[dict[str, Pack], dict[str, tuple[PackProblem, ...]]]:
    """Read every pack on disk: those that can be read, and the problems of those that cannot."""
    packs: dict[str, Pack] = {}
    broken: dict[str, tuple[PackProblem, ...]] = {}
    for name, path in pack_folder_list().items():
        try:
            packs[name] = pack_read(path)
        except PackError as error:
            broken[name] = error.problems
    return packs, broken


def pack_state_list() -> list[PackState]:
    """List how every pack stands after the last load (应用包状态)."""
    return [pack_state_of(row) for row in PackInstallation.objects.order_by("pack")]


def pack_state_of(row: PackInstallation, *, changed: bool = False) -> PackState:
    """Turn a row into the value that leaves this app."""
    return PackState(
        pack=row.pack,
        title=row.title,
        owner=row.owner,
        version=row.version,
        loaded_version=row.loaded_version,
        state=row.state,
        problems=tuple(PackProblem(**problem) for problem in row.problems),
        changed=changed,
    )


def pack_health() -> dict[str, int]:
    """Count packs on disk by state for /healthz, for example {"LOADED": 6, "FAILED": 1}."""
    counts: dict[str, int] = {}
    rows = PackInstallation.objects.exclude(state=PackInstallation.State.MISSING)
    for state in rows.values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return counts
