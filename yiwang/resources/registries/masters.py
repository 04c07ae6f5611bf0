"""Reads of versions (主数据版本查询)."""

from django.db import connection

from yiwang.resources.registries.data import (
    JobView,
    MasterDifference,
    MasterNotThere,
    MasterView,
)
from yiwang.resources.registries.models import (
    Enterprise,
    Person,
    Registry,
    RegistryChange,
    RegistryMaster,
    Versioned,
)
from yiwang.resources.registries.store import POPULATION, master_current


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


def master_compare(registry: str, older: int, newer: int, *, limit: int = 50) -> MasterDifference:
    """Compare two versions (版本比较): subjects new, gone, changed by field; the first of each by reference.

    Works for neighbours and for versions far apart. Raises MasterNotThere.
    """
    for number in (older, newer):
        if master_get(registry, number).state == RegistryMaster.State.PRUNED:
            raise MasterNotThere()
    model = Person if registry == POPULATION else Enterprise
    table = model._meta.db_table
    at_old = "o.from_master <= %s AND o.to_master > %s"
    at_new = "n.from_master <= %s AND n.to_master > %s"
    touched = "n.from_master > %s AND n.from_master <= %s AND n.to_master > %s"
    ended = "o.to_master > %s AND o.to_master <= %s AND o.from_master <= %s"
    names = subject_columns(registry)
    differ = ", ".join(
        f"SUM(CASE WHEN o.{name} IS DISTINCT FROM n.{name} THEN 1 ELSE 0 END)"
        if connection.vendor == "postgresql"
        else f"SUM(CASE WHEN o.{name} IS NOT n.{name} THEN 1 ELSE 0 END)"
        for name in names
    )
    with connection.cursor() as cursor:

        def ask(sql: str, params: list) -> list[tuple]:
            cursor.execute(sql, params)
            return cursor.fetchall()

        pair = f"FROM {table} n JOIN {table} o ON o.ref = n.ref WHERE {touched} AND {at_old}"
        span = [older, newer, newer, older, older]
        [(changed, *by_field)] = ask(f"SELECT COUNT(*), {differ} {pair}", span)
        new = (
            f"FROM {table} n WHERE {touched} AND NOT EXISTS"
            f" (SELECT 1 FROM {table} o WHERE o.ref = n.ref AND {at_old})"
        )
        gone = (
            f"FROM {table} o WHERE {ended} AND NOT EXISTS"
            f" (SELECT 1 FROM {table} n WHERE n.ref = o.ref AND {at_new})"
        )
        gone_params = [older, newer, older, newer, newer]
        [(came,)] = ask(f"SELECT COUNT(*) {new}", span)
        [(went,)] = ask(f"SELECT COUNT(*) {gone}", gone_params)
        lists = [
            [ref for (ref,) in ask(f"SELECT {side}.ref {part} ORDER BY 1 LIMIT {limit}", params)]
            for side, part, params in (
                ("n", new, span),
                ("n", pair, span),
                ("o", gone, gone_params),
            )
        ]
    fields = {name: int(count) for name, count in zip(names, by_field, strict=True) if count}
    return MasterDifference(registry, older, newer, came, changed, went, fields, *lists)


def subject_columns(registry: str) -> list[str]:
    """Return the columns of a registry whose changes are told (比较字段)."""
    model = Person if registry == POPULATION else Enterprise
    own = {field.name for field in Versioned._meta.get_fields()} | {"id", "ref"}
    return [field.name for field in model._meta.concrete_fields if field.name not in own]


def change_list(
    registry: str, *, after: int, limit: int = 100, offset: int = 0
) -> tuple[list[dict], int]:
    """List who came, went, merged or split since a version (主体变更): (rows, total), the oldest first.

    What changed only in its values is not here; ask for the subject.
    """
    rows = RegistryChange.objects.filter(
        registry=registry, master__gt=after, master__lte=master_current(registry)
    ).order_by("master", "id")
    valid = set(
        RegistryMaster.objects.filter(
            registry=registry,
            state__in=(RegistryMaster.State.PUBLISHED, RegistryMaster.State.PRUNED),
        ).values_list("number", flat=True)
    )
    rows = rows.filter(master__in=valid)
    found = rows.values("master", "kind", "ref", "other_ref", "rule")[offset : offset + limit]
    return list(found), rows.count()


def job_get(registry: str) -> JobView:
    """Return what the worker does for a registry, or did last (任务状态)."""
    row = Registry.objects.filter(name=registry).first() or Registry(name=registry)
    return JobView(
        registry=registry,
        state=row.job_state,
        stage=row.job_stage,
        done=row.job_done,
        total=row.job_total,
        problem=row.job_problem,
        at=row.job_at,
        name=row.job_name,
    )
