"""What `yw catalogue inventory|import|export` does (目录命令): prints by `echo`, returns the exit code."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from django.utils import timezone

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.actions import catalogue_import, inventory_propose
from yiwang.resources.catalogue.data import ProposalView, ResourceFilter
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import entry_of_view, resource_views, view_of
from yiwang.resources.catalogue.sheets import FORMS, FileUnreadable, file_read, file_write

Echo = Callable[[str], object]


def inventory(source: str, *, as_json: bool = False, echo: Echo) -> int:
    """Look at a source and print what is proposed (盘点); the proposals wait on the desk."""
    with context_use(context_system(f"yw catalogue inventory {source}", name="yw")):
        proposals = inventory_propose(source, now=timezone.now())
    for view in proposals:
        if as_json:
            echo(_json(_proposal(view)))
            continue
        owner = view.function or "owner unknown"
        rows = "rows not counted" if view.rows is None else f"{view.rows:,} rows"
        echo(f"{view.name}  {rows}  {owner}  {view.state.lower()}")
        for field, found in zip(view.spec.fields, view.findings, strict=True):
            personal = f"{found.personal} {found.certain:.0%}" if found.personal else ""
            key = "key" if found.is_key else ""
            notes = "  ".join(filter(None, (personal, key)))
            echo(f"    {field.name}  {field.type}  level {field.level}  {notes}".rstrip())
    if not as_json:
        echo(f"{len(proposals)} proposals. Nothing is published; they wait at {_DESK}")
    return 0


def file_import(file: str, *, as_json: bool = False, echo: Echo) -> int:
    """Take a file in as drafts and print what became of each row (导入); 1 when any is refused."""
    path = Path(file)
    if not path.is_file():
        raise FileUnreadable()
    entries = file_read(path.name, path.read_bytes())
    with context_use(context_system(f"yw catalogue import {path.name}", name="yw")):
        report = catalogue_import(entries, name=path.name, now=timezone.now())
    for row in report.rows:
        reasons = [str(each) for each in row.reasons]
        if as_json:
            echo(_json(asdict(row) | {"reasons": reasons}))
        elif row.outcome != "UNCHANGED":
            echo(f"{row.line}: {row.outcome.lower()}  {row.code}  {row.title}  {' '.join(reasons)}")
    if not as_json:
        outcomes = ("ACCEPTED", "CHANGED", "UNCHANGED", "REFUSED")
        echo("  ".join(f"{each.lower()} {report.count(each)}" for each in outcomes))
    return 1 if report.count("REFUSED") else 0


def file_export(file: str, *, working: bool = False, echo: Echo) -> int:
    """Write the catalogue to a file (导出): what is published, or all working copies."""
    path = Path(file)
    form = path.suffix.lstrip(".").lower()
    if form not in FORMS:
        raise FileUnreadable()
    if working:
        rows = Resource.objects.select_related("current_version").order_by("code")
        views = [view_of(row) for row in rows]
    else:
        views = resource_views(ResourceFilter())
    path.write_bytes(file_write(form, (entry_of_view(view, working=working) for view in views)))
    echo(f"{len(views)} resources written to {path}")
    return 0


_DESK = "/resources/catalogue/proposals/"


def _proposal(view: ProposalView) -> dict:
    return {
        "name": view.name,
        "source": view.source,
        "state": view.state,
        "owner": view.function,
        "rows": view.rows,
        "title": view.spec.title,
        "columns": [asdict(found) for found in view.findings],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
