"""Data elements (数据元) and crosswalks between code lists (代码对照), in versions."""

from collections.abc import Mapping
from datetime import datetime

from django.db import models

from yiwang.kernel.api import action, audit_record, code_list, code_table_get
from yiwang.resources.catalogue.data import TYPES, CrosswalkView, ElementView
from yiwang.resources.catalogue.models import Crosswalk, DataElement
from yiwang.resources.catalogue.queries import crosswalk_view, reviews_all
from yiwang.resources.catalogue.rules import crosswalk_problems
from yiwang.sdk.errors import N_, Forbidden, Invalid

REVIEW = "resources.catalogue.review"


@action("resources.catalogue.crosswalk_put", permission=REVIEW)
def crosswalk_put(
    key: str,
    *,
    title: str,
    from_table: str,
    to_table: str,
    entries: Mapping[str, str],
    now: datetime,
) -> CrosswalkView:
    """Put a crosswalk in force (代码对照发布): the same pairs change nothing, others make a version.

    entries: code of from_table -> code of to_table. Tables that the city keeps (`yw codes`) must have
    the codes; a department's own list may be unknown. Raises Forbidden, Invalid.
    """
    if not reviews_all():
        raise Forbidden()
    problems = crosswalk_problems(
        entries, from_codes=_codes_of(from_table), to_codes=_codes_of(to_table)
    )
    if problems:
        raise Invalid(fields={"entries": [str(one) for one in problems]})
    values = {
        "title": title,
        "from_table": from_table,
        "to_table": to_table,
        "entries": dict(entries),
    }
    row = _version_put(Crosswalk, key, values, now=now)
    audit_record(f"crosswalk:{key}", detail={"version": row.number, "pairs": len(entries)})
    return crosswalk_view(row)


@action("resources.catalogue.element_put", permission=REVIEW)
def element_put(
    key: str,
    *,
    title: str,
    type: str,
    title_en: str = "",
    length: int = 0,
    level: int = 1,
    code_table: str = "",
    definition: str = "",
    now: datetime,
) -> ElementView:
    """Put a data element in force (数据元发布): the same words change nothing, others a version."""
    if not reviews_all():
        raise Forbidden()
    if type not in TYPES or not title:
        raise Invalid(fields={"type": [N_("A data element needs a name and a known type.")]})
    values = {
        "title": title,
        "title_en": title_en,
        "type": type,
        "length": length,
        "level": level,
        "code_table": code_table,
        "definition": definition,
    }
    row = _version_put(DataElement, key, values, now=now)
    audit_record(f"element:{key}", detail={"version": row.number})
    names = ElementView.__dataclass_fields__
    return ElementView(**{name: getattr(row, name) for name in names})


def _version_put(model: type[models.Model], key: str, values: dict, *, now: datetime):  # noqa: ANN202
    current = model.objects.select_for_update().filter(key=key, valid_to__isnull=True).first()
    if current and all(getattr(current, name) == value for name, value in values.items()):
        return current
    if current:
        model.objects.filter(pk=current.pk).update(valid_to=now)
    number = current.number + 1 if current else 1
    return model.objects.create(key=key, number=number, valid_from=now, **values)


def _codes_of(table: str) -> set[str] | None:
    if code_table_get(table) is None:
        return None
    return {row.code for row in code_list(table)}
