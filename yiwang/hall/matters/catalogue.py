"""The importer of an open catalogue of matters (开放事项目录导入).

Entries of another district load as guides without an on-line form, so that search and browsing
work on real names in real number. Each says where it comes from.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from yiwang.engines.api import search_put_many
from yiwang.hall.matters.actions import digest_of, matter_put, search_entry
from yiwang.hall.matters.data import CatalogueCounts
from yiwang.hall.matters.models import Matter, MatterFacet, MatterVersion
from yiwang.hall.matters.queries import STAMP
from yiwang.hall.matters.rules import (
    CATALOGUE_DEPARTMENTS,
    UNMAPPED,
    catalogue_code,
    catalogue_item_type,
)
from yiwang.kernel.api import action, audit_record, stamp_renew
from yiwang.sdk.errors import N_, YiwangError
from yiwang.sdk.packs import MatterDefinition, definition_dump
from yiwang.sdk.text import clean

SOURCE = "catalogue:guangan@1"
SHIPPED = Path(__file__).parent / "data_files" / "guangan_district_matters_1135.csv.gz"
COLUMNS = (
    "department",
    "main_item",
    "name",
    "itemCode",
    "areaCode",
    "taskType",
    "deptCode",
    "link",
)
_NO_MAIN_ITEM = "未分类"


class CatalogueUnreadable(YiwangError):
    """The file is not a catalogue of this form."""

    code = "catalogue_unreadable"
    status = 422
    message = N_("%(path)s is not a catalogue of matters: the column %(column)s is missing.")


@action("hall.matters.catalogue_import", permission="hall.matters.manage")
def catalogue_import(path: Path | str = SHIPPED, *, now: datetime) -> CatalogueCounts:
    """Load an open catalogue (导入开放事项目录) as GUIDE_ONLY entries; again changes nothing.

    path: CSV or .csv.gz with the columns department, main_item, name, itemCode, areaCode, taskType,
    deptCode, link. Departments without a function here are loaded under "unmapped" and counted.
    """
    rows = list(_rows(Path(path)))
    known = {
        code: (key, digest)
        for code, key, digest in Matter.objects.exclude(local_task_code="").values_list(
            "local_task_code", "code", "current_version__digest"
        )
    }
    taken = set(Matter.objects.values_list("code", flat=True))
    fresh: list[tuple[MatterDefinition, dict[str, str]]] = []
    changed = unchanged = 0
    for row in rows:
        local_code = row["itemCode"]
        code, digest = known.get(local_code, ("", ""))
        definition = _definition(row, code or _code(row, taken))
        if not code:
            taken.add(definition.code)
            fresh.append((definition, row))
        elif digest == digest_of(definition, source_note=_note(row)):
            unchanged += 1
        else:
            matter_put(
                definition,
                source=SOURCE,
                source_note=_note(row),
                local_task_code=local_code,
                now=now,
            )
            changed += 1
    _insert(fresh, now=now)
    counts = CatalogueCounts(
        read=len(rows),
        added=len(fresh),
        changed=changed,
        unchanged=unchanged,
        unmapped=_unmapped(rows),
    )
    audit_record(f"catalogue:{SOURCE}", detail={"read": counts.read, "added": counts.added})
    return counts


def _rows(path: Path) -> Iterator[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for column in COLUMNS:
        if column not in (reader.fieldnames or ()):
            raise CatalogueUnreadable(path=path.name, column=column)
    seen: set[str] = set()
    for row in reader:
        cleaned = {name: clean(row[name] or "") for name in COLUMNS}
        if cleaned["name"] and cleaned["itemCode"] and cleaned["itemCode"] not in seen:
            seen.add(cleaned["itemCode"])
            yield cleaned


def _definition(row: dict[str, str], code: str) -> MatterDefinition:
    function, theme = CATALOGUE_DEPARTMENTS.get(row["department"], (UNMAPPED, "其他"))
    main_item = row["main_item"]
    return MatterDefinition(
        code=code,
        title={"zh": row["name"], "en": row["name"]},
        item_type=catalogue_item_type(row["taskType"]),
        department=function,
        level="DISTRICT",
        service_objects=(),
        project_type="9",
        aliases=() if main_item in ("", _NO_MAIN_ITEM, row["name"]) else (main_item,),
        themes=(theme,),
        handling_forms=("1",),
    )


def _note(row: dict[str, str]) -> dict[str, str]:
    return {
        "catalogue": "guangan",
        "department": row["department"],
        "main_item": "" if row["main_item"] == _NO_MAIN_ITEM else row["main_item"],
        "link": row["link"],
    }


def _code(row: dict[str, str], taken: set[str]) -> str:
    item_type = catalogue_item_type(row["taskType"])
    for attempt in range(1000):
        code = catalogue_code(row["itemCode"], item_type, attempt=attempt)
        if code not in taken:
            return code
    raise CatalogueUnreadable(path=row["itemCode"], column="itemCode")


def _insert(fresh: list[tuple[MatterDefinition, dict[str, str]]], *, now: datetime) -> None:
    """Write new entries in bulk: five statements instead of ten for each entry."""
    matters = Matter.objects.bulk_create(
        Matter(
            code=definition.code,
            local_task_code=row["itemCode"],
            kind=Matter.Kind.GUIDE_ONLY,
        )
        for definition, row in fresh
    )
    versions = MatterVersion.objects.bulk_create(
        MatterVersion(
            matter=matter,
            number=1,
            spec=definition_dump(definition),
            digest=digest_of(definition, source_note=_note(row)),
            title=definition.title["zh"],
            title_en="",
            department_function=definition.department,
            level=definition.level,
            item_type=definition.item_type,
            source=SOURCE,
            source_note=_note(row),
            valid_from=now,
        )
        for matter, (definition, row) in zip(matters, fresh, strict=True)
    )
    for matter, version in zip(matters, versions, strict=True):
        matter.current_version = version
    Matter.objects.bulk_update(matters, ["current_version"], batch_size=200)
    stamp_renew(STAMP)
    MatterFacet.objects.bulk_create(
        MatterFacet(matter=matter, facet=MatterFacet.Facet.THEME, value=theme)
        for matter, (definition, _) in zip(matters, fresh, strict=True)
        for theme in definition.themes
    )
    search_put_many(
        search_entry(definition, kind=Matter.Kind.GUIDE_ONLY) for definition, _ in fresh
    )


def _unmapped(rows: Iterable[dict[str, str]]) -> dict[str, int]:
    names = (row["department"] for row in rows)
    return dict(Counter(name for name in names if name not in CATALOGUE_DEPARTMENTS))
