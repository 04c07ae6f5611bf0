"""The city's own versions of the templates (消息模板维护): the last one holds, the shipped text stays the default."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db.models import Max

from yiwang.hall.messages.errors import TemplateInvalid, TemplateUnknown
from yiwang.hall.messages.models import TemplateVersion
from yiwang.hall.messages.rules import Template, template_faults
from yiwang.hall.messages.shipped import TEMPLATES
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_

MANAGE = "hall.messages.templates"


def template_get(name: str) -> Template:
    """Return a template as it holds now (消息模板). Raises `TemplateUnknown`."""
    shipped = TEMPLATES.get(name)
    if shipped is None:
        raise TemplateUnknown(template=name)
    row = TemplateVersion.objects.filter(name=name).order_by("-version").first()
    return _of_row(shipped, row)


def template_list() -> list[Template]:
    """List every template as it holds now (消息模板列表), in the order of the shipped file."""
    last = {row.name: row for row in TemplateVersion.objects.order_by("version")}
    return [_of_row(shipped, last.get(name)) for name, shipped in TEMPLATES.items()]


def version_list(name: str) -> list[TemplateVersion]:
    """List the versions of a template (模板版本), the last one first."""
    return list(TemplateVersion.objects.filter(name=name).order_by("-version"))


def _of_row(shipped: Template, row: TemplateVersion | None) -> Template:
    if row is None:
        return shipped
    if row.is_shipped:
        return replace(shipped, version=row.version)
    return replace(
        shipped,
        kind=row.kind,
        group=row.group,
        is_urgent=row.is_urgent,
        channels=tuple(row.channels),
        title=row.title,
        body=row.body,
        sms=row.sms,
        version=row.version,
    )


@action("hall.messages.template_change", permission=MANAGE)
def template_change(
    name: str, values: Mapping[str, object], *, version: int, reason: str, now: datetime
) -> int:
    """Change a template (修改模板); version: the one that was looked at. Returns the new version.

    values: kind, group, is_urgent, channels, title, body, sms. Raises `TemplateInvalid`, `TemplateUnknown`.
    """
    shipped = TEMPLATES.get(name)
    if shipped is None:
        raise TemplateUnknown(template=name)
    faults = template_faults(replace(shipped, **values), shipped)
    if not 2 <= len(reason.strip()) <= 200:
        faults["reason"] = [N_("Say why, 2 to 200 characters.")]
    if faults:
        raise TemplateInvalid(fields=faults)
    return _version_add(name, version, {**values, "reason": reason.strip()}, now=now)


@action("hall.messages.template_restore", permission=MANAGE)
def template_restore(name: str, *, version: int, now: datetime) -> int:
    """Go back to the shipped text (恢复默认模板), as a version of its own. Raises `TemplateUnknown`."""
    shipped = TEMPLATES.get(name)
    if shipped is None:
        raise TemplateUnknown(template=name)
    values = {
        "kind": shipped.kind,
        "group": shipped.group,
        "is_urgent": shipped.is_urgent,
        "channels": shipped.channels,
        "title": dict(shipped.title),
        "body": dict(shipped.body),
        "sms": dict(shipped.sms),
        "is_shipped": True,
        "reason": "恢复默认",
    }
    return _version_add(name, version, values, now=now)


def _version_add(name: str, version: int, values: Mapping, *, now: datetime) -> int:
    last = TemplateVersion.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0
    if last != version:
        raise TemplateInvalid(
            fields={"": [N_("Someone changed this template in the meantime. Look at it again.")]}
        )
    TemplateVersion.objects.create(
        name=name,
        version=last + 1,
        changed_by=context_get().name,
        changed_at=now,
        **{**values, "channels": list(values["channels"])},
    )
    audit_record(
        f"template:{name}",
        detail={"version": last + 1, "reason": values["reason"], "title": values["title"]},
    )
    return last + 1
