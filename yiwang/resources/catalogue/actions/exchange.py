"""Taking a catalogue file in (目录导入): row by row, the same file twice changes nothing."""

from collections.abc import Sequence
from datetime import datetime

from yiwang.kernel.api import action, audit_record
from yiwang.resources.catalogue.actions.resources import (
    EDITABLE,
    REGISTER,
    accounts_with,
    draft_write,
    may_register,
    resource_insert,
    spec_problems,
)
from yiwang.resources.catalogue.data import ImportReport, ImportRow, Problem
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import provider_find
from yiwang.resources.catalogue.rules import code_valid, spec_dump
from yiwang.resources.catalogue.sheets import Entry
from yiwang.sdk.errors import N_


@action("resources.catalogue.import", permission=REGISTER)
def catalogue_import(entries: Sequence[Entry], *, name: str = "", now: datetime) -> ImportReport:
    """Take a file's entries in as drafts (导入目录) and say row by row what became of each.

    ACCEPTED is new, CHANGED wrote a draft or a revision, UNCHANGED nothing, REFUSED has the reasons.
    Nothing is published by an import. entries: of `sheets.file_read`.
    """
    seen: set[tuple[str, str]] = set()
    rows = []
    for entry in entries:
        key = (entry.code, "" if entry.code else f"{entry.provider}\n{entry.title}")
        if key in seen:
            rows.append(_refused(entry, Problem((), N_("The file has this resource twice."))))
            continue
        seen.add(key)
        rows.append(_taken(entry))
    report = ImportReport(tuple(rows))
    counts = {key: report.count(key) for key in ("ACCEPTED", "CHANGED", "UNCHANGED", "REFUSED")}
    audit_record(f"catalogue:{name or 'import'}", detail=counts)
    return report


def _taken(entry: Entry) -> ImportRow:
    if entry.spec is None:
        return _refused(entry, *entry.problems)
    existing = _existing(entry)
    if existing is None:
        return _new(entry)
    if not _is_own(existing):
        return _refused(entry, Problem((), N_("It belongs to another department.")))
    if existing.draft == spec_dump(entry.spec):
        return ImportRow(entry.line, existing.code, entry.title, "UNCHANGED")
    if existing.state not in EDITABLE:
        return _refused(entry, Problem((), N_("It waits for review; take it up again afterwards.")))
    if problems := spec_problems(entry.spec):
        return _refused(entry, *problems)
    draft_write(existing, entry.spec)
    return ImportRow(entry.line, existing.code, entry.title, "CHANGED")


def _existing(entry: Entry) -> Resource | None:
    rows = Resource.objects.select_for_update()
    if entry.code:
        return rows.filter(code=entry.code).first()
    department = provider_find(entry.provider)
    if department is None:
        return None
    return rows.filter(department_id=department.id, draft_title=entry.title).order_by("pk").first()


def _new(entry: Entry) -> ImportRow:
    department = provider_find(entry.provider)
    problems = []
    if department is None:
        words = N_("The city has no department “%(name)s”.")
        problems.append(Problem((), words, {"name": entry.provider}))
    elif not may_register(department.id):
        problems.append(Problem((), N_("It belongs to another department.")))
    if entry.code and not code_valid(entry.code):
        words = N_("%(code)s is not a resource code such as 301008320500/000001.")
        problems.append(Problem((), words, {"code": entry.code}))
    problems += spec_problems(entry.spec)
    if problems:
        return _refused(entry, *problems)
    view = resource_insert(
        entry.spec,
        department=department,
        function=department.function,
        source="import",
        accounts=accounts_with([]),
        code=entry.code,
    )
    return ImportRow(entry.line, view.code, entry.title, "ACCEPTED")


def _is_own(row: Resource) -> bool:
    return may_register(row.department_id)


def _refused(entry: Entry, *problems: Problem) -> ImportRow:
    return ImportRow(entry.line, entry.code, entry.title, "REFUSED", problems)
