"""Binding resources to the classes of a plan (数据源绑定) and building what a run reads (融合输入)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from yiwang.kernel.api import action, audit_record, context_get
from yiwang.resources.catalogue.queries import resource_get
from yiwang.resources.fusion.desk import BindingView
from yiwang.resources.fusion.feed import feed_classes, feed_forget, feed_write
from yiwang.resources.fusion.models import FusionSource
from yiwang.resources.fusion.permissions import BIND, is_bureau
from yiwang.resources.fusion.queries.sources import (
    binding_of,
    bindings,
    class_code,
    feed_folder,
    plan_get,
)
from yiwang.sdk.errors import Forbidden

Files = Callable[[str], Sequence[Path]]


@action("resources.fusion.source_bind", permission=BIND)
def source_bind(
    registry: str,
    number: int | str,
    resource_code: str,
    *,
    columns: Mapping[str, str] | None = None,
    now: datetime,
) -> BindingView:
    """Let a resource feed a class or tie of a registry (绑定数据源); again it takes the place of the other.

    number: 7 or "C07" for a class, "T01" for a tie. columns: column of the class → field of the resource
    where names and titles do not tell. Only the data bureau. Raises ClassUnknown, RegistryUnknown,
    ResourceNotFound, Forbidden.
    """
    if not is_bureau():
        raise Forbidden()
    code = class_code(registry, number)
    resource = resource_get(resource_code)
    FusionSource.objects.update_or_create(
        registry=registry,
        code=code,
        defaults={
            "resource_code": resource.code,
            "columns": dict(columns or {}),
            "bound_at": now,
            "bound_by": context_get().account_id,
        },
    )
    audit_record(f"fusion:{registry}/{code}", detail={"resource": resource.code})
    return binding_of(registry, code)


@action("resources.fusion.source_unbind", permission=BIND)
def source_unbind(registry: str, number: int | str, *, now: datetime) -> None:
    """Stop feeding a class (解除绑定); its rows leave with the next run. Only the data bureau."""
    if not is_bureau():
        raise Forbidden()
    code = class_code(registry, number)
    FusionSource.objects.filter(registry=registry, code=code).delete()
    audit_record(f"fusion:{registry}/{code}", detail={"resource": ""})


def feed_build(registry: str, *, files: Files | None = None) -> Path:
    """Bring the feed of a registry to what landing has in force (构建融合输入); returns its folder.

    Files only, nothing in the database; again it does nothing. files: resource code → Parquet files;
    by default landing's `feed_files`. Raises RegistryUnknown.
    """
    if files is None:
        from yiwang.resources.landing.queries import feed_files as files  # noqa: PLC0415
    classes = feed_classes(plan_get(registry))
    feed = feed_folder(registry)
    bound = {one.code: one for one in bindings(registry) if one.resource_code}
    for code, one in bound.items():
        # A resource that left the catalogue feeds on by its names until somebody unbinds it.
        columns = one.matched or {name: name for name in classes[code].columns}
        feed_write(classes[code], files(one.resource_code), feed, columns=columns)
    feed_forget(feed, {code: classes[code] for code in bound})
    return feed
