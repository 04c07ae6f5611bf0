"""What the page of regular sources does (定期来源维护): keep, try, run now, pause.

`source_put` is the operators' act and takes any path of the machine. What comes from a page is held to
what the operators opened: folders below `SOURCE_DIRS`, secrets in variables that begin with YIWANG_SOURCE_.
"""

import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

from yiwang.kernel.api import action, audit_record
from yiwang.resources.landing.actions.sources import INBOX, folder_of, source_pull, source_put
from yiwang.resources.landing.data import SourceView
from yiwang.resources.landing.models import Source
from yiwang.resources.landing.probing import Probe, folder_probe, pull_probe
from yiwang.resources.landing.pulling import Pull, pull_check
from yiwang.resources.landing.queries import (
    OVERSEE,
    data_root,
    oversees_all,
    resource_to_send,
    resource_view,
    source_view,
)
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound

SECRETS = "YIWANG_SOURCE_"
_VARIABLE = re.compile(rf"{SECRETS}[A-Z0-9_]{{1,60}}")
_PORTS = {"postgresql": 5432, "mysql": 3306}


class SourceUnknown(NotFound):
    """No such source, or it belongs to a resource of another department."""

    code = "source_unknown"
    message = N_("This regular source does not exist.")


def source_settings(kind: str, form: dict[str, str]) -> dict[str, str]:
    """Return the settings that a form describes (来源设置); raises Invalid with the fields at fault."""
    faults: dict[str, list[str]] = {}
    if kind == Source.Kind.FOLDER:
        folder = form.get("folder", "").strip()
        if folder and not _is_open(data_root() / folder):
            faults["folder"] = [N_("The operators have not opened this folder for sources.")]
        found = {"folder": folder} if folder else {}
    else:
        found = _database_settings(form, faults)
    if faults:
        raise Invalid(fields=faults)
    return found


def _database_settings(form: dict[str, str], faults: dict[str, list[str]]) -> dict[str, str]:
    values = {name: text.strip() for name, text in form.items()}
    system, variable = values.get("system", ""), values.get("password_variable", "")
    if variable and not _VARIABLE.fullmatch(variable):
        faults["password_variable"] = [
            N_(
                "Give the name of a variable that begins with YIWANG_SOURCE_, not the password itself."
            )
        ]
    if not values.get("database"):
        faults["database"] = [N_("Name the database, or for SQLite the file.")]
    if system == "sqlite":
        if values.get("database") and not _is_open(Path(values["database"])):
            faults["database"] = [N_("The operators have not opened this folder for sources.")]
    elif system not in _PORTS:
        faults["system"] = [N_("Choose the kind of database.")]
    elif not values.get("host"):
        faults["host"] = [N_("Name the server.")]
    port = values.get("port", "")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        faults["port"] = [N_("A port is a number up to 65535.")]
    found = {
        "url": url_of(values) if not faults else "",
        "password_variable": variable,
        **{name: values.get(name, "") for name in ("table", "query", "watermark_column")},
    }
    if not faults:
        words = {
            "table": N_("Give either a table or a query. Names are letters, digits and _."),
            "query": N_("Give one query that begins with SELECT or WITH."),
            "watermark_column": N_("Give the name of a column: letters, digits and _."),
        }
        for name in pull_check(Pull(**found)):
            faults[name if name in words else "database"] = [
                words.get(name, N_("This address cannot be used."))
            ]
    return found


def url_of(values: dict[str, str]) -> str:
    """Return the address of a database from its parts (连接地址), never with a password."""
    if values["system"] == "sqlite":
        return f"sqlite:///{quote(values['database'])}"
    user = f"{quote(values['user'], safe='')}@" if values.get("user") else ""
    port = f":{values['port']}" if values.get("port") else ""
    database = quote(values["database"], safe="")
    return f"{values['system']}://{user}{values['host']}{port}/{database}"


def url_parts(url: str) -> dict[str, str]:
    """Return the parts of an address as a form shows them.

    >>> url_parts("mysql://reader@10.1.2.3:3307/tax")["host"]
    '10.1.2.3'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].rpartition(":")[0] if parts.port else parts.hostname
    return {
        "system": parts.scheme,
        "user": unquote(parts.username or ""),
        "host": host or "",
        "port": str(parts.port or ""),
        "database": unquote(parts.path[1:]),
    }


def _is_open(path: Path) -> bool:
    """Tell whether the operators opened a place for sources (允许的目录)."""
    whole = path.resolve()
    roots = [data_root() / INBOX, *map(Path, settings.SOURCE_DIRS)]
    return any(whole.is_relative_to(root.resolve()) for root in roots)


@action("resources.landing.source_keep", permission=OVERSEE)
def source_keep(
    resource_code: str,
    *,
    kind: str,
    form: dict[str, str],
    mode: str,
    every_seconds: int,
    now: datetime,
) -> SourceView:
    """Keep a regular source from the page (保存定期来源); one of each kind for a resource. Raises Invalid."""
    _overseer()
    found = source_settings(kind, form)
    view = source_put(
        resource_code, kind=kind, settings=found, mode=mode, every_seconds=every_seconds, now=now
    )
    audit_record(f"source:{view.id}", detail={"kind": kind, "every_seconds": every_seconds})
    return view


@action("resources.landing.source_try", permission=OVERSEE)
def source_try(resource_code: str, *, kind: str, form: dict[str, str]) -> Probe:
    """Try a source without keeping anything (测试连接). Raises Invalid."""
    _overseer()
    found = source_settings(kind, form)
    resource = resource_to_send(resource_code)
    audit_record(f"resource:{resource.pk}", detail={"kind": kind})
    if kind == Source.Kind.FOLDER:
        folder = found.get("folder") or f"{INBOX}/{resource_code.replace('/', '-')}"
        return folder_probe(data_root() / folder)
    return pull_probe(Pull(**found), _headings(resource.pk))


@action("resources.landing.source_test", permission=OVERSEE)
def source_test(source_id: int) -> Probe:
    """Try a source that is kept (测试连接)."""
    _overseer()
    row = _row(source_id)
    audit_record(f"source:{source_id}")
    if row.kind == Source.Kind.FOLDER:
        return folder_probe(folder_of(row))
    return pull_probe(Pull(**row.settings), _headings(row.resource_id))


@action("resources.landing.source_run_now", permission=OVERSEE)
def source_run_now(source_id: int, *, now: datetime) -> None:
    """Let a source run now and not at its time (立即执行): as a job, its result stands on the page."""
    _overseer()
    row = _row(source_id)
    source_pull.enqueue(row.pk)
    audit_record(f"source:{source_id}")


@action("resources.landing.source_pause", permission=OVERSEE)
def source_pause(source_id: int, *, is_active: bool, now: datetime) -> None:
    """Pause a source or let it go on (暂停或恢复); it goes on at once, from where it was."""
    _overseer()
    row = _row(source_id)
    Source.objects.filter(pk=row.pk).update(is_active=is_active, next_at=now)
    audit_record(f"source:{source_id}", detail={"is_active": is_active})


def source_get(source_id: int) -> SourceView:
    """Return a source of a resource that the acting person sends or oversees; raises `SourceUnknown`."""
    return source_view(_row(source_id))


def _row(source_id: int) -> Source:
    rows = Source.objects.select_related("resource__current_version")
    row = rows.filter(pk=source_id).first() if 0 < source_id < 2**62 else None
    if row is None:
        raise SourceUnknown()
    resource_to_send(row.resource.code)
    return row


def _headings(resource_id: int) -> list[tuple[str, ...]]:
    fields = resource_view(resource_id).spec.fields
    return [(one.title or one.name, one.name, one.title_en) for one in fields]


def _overseer() -> None:
    """The city's data bureau alone sets up what the server reads by itself."""
    if not oversees_all():
        raise Forbidden()


def probe_facts(probe: Probe) -> dict:
    """Return a trial's result as plain values (for pages and programs)."""
    return asdict(probe)
