"""Reads of versions (主数据版本查询)."""

from yiwang.resources.registries.data import MasterNotThere, MasterView
from yiwang.resources.registries.models import RegistryMaster
from yiwang.resources.registries.store import master_current


def master_get(registry: str, number: int) -> MasterView:
    """Return a version of a registry (主数据版本). Raises MasterNotThere."""
    row = RegistryMaster.objects.filter(registry=registry, number=number).first()
    if row is None:
        raise MasterNotThere()
    return master_view(row, master_current(registry))


def master_list(registry: str) -> list[MasterView]:
    """List the versions of a registry, the newest first (主数据版本列表)."""
    current = master_current(registry)
    rows = RegistryMaster.objects.filter(registry=registry).order_by("-number")
    return [master_view(row, current) for row in rows]


def master_view(row: RegistryMaster, current: int) -> MasterView:
    """Turn a row into what may cross areas."""
    return MasterView(
        registry=row.registry,
        number=row.number,
        base=row.base,
        run=row.run,
        state=row.state,
        is_current=row.number == current,
        counts=dict(row.counts),
        done=row.done,
        total=row.total,
        problem=row.problem,
        started_at=row.started_at,
        published_at=row.published_at,
        published_by=row.published_by,
        published_name=row.published_name,
        reason=row.reason,
    )
