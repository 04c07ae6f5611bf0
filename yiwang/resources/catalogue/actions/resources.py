"""The working copy of a resource (编制件): registering, editing, discarding; and its deliveries."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from yiwang.identity.api import DepartmentView
from yiwang.kernel.api import (
    action,
    audit_record,
    code_table_get,
    context_get,
    serial_next,
    serial_reach,
)
from yiwang.resources.catalogue.data import Problem, ResourceSpec, ResourceView
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import (
    ResourceNotFound,
    department_of,
    own_department,
    resource_by_id,
    reviews_all,
)
from yiwang.resources.catalogue.rules import code_prefix, spec_check, spec_dump, spec_load
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid

REGISTER = "resources.catalogue.register"
SERIALS = "resources.catalogue:"  # and the prefix of the codes
State = Resource.State
EDITABLE = (State.DRAFT, State.REJECTED, State.PUBLISHED, State.WITHDRAWN)


class ResourceIncomplete(Invalid):
    """Something is wrong with an entry; `problems` say what and where."""

    code = "resource_incomplete"
    message = N_("The entry has %(count)s points to put right.")

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        fields: dict[str, list[str]] = {}
        for one in problems:
            fields.setdefault(".".join(map(str, one.keypath)), []).append(str(one))
        super().__init__(fields=fields, count=len(self.problems))


class ResourceStateMoved(Conflict):
    """The resource is in another state than the act needs."""

    code = "resource_state_moved"
    message = N_("The entry is in another state by now. Reload the page and look again.")


@action("resources.catalogue.register", permission=REGISTER)
def resource_register(
    spec: ResourceSpec, *, department_id: int, source: str = "", now: datetime
) -> ResourceView:
    """Register a resource of a department (信息资源登记) as a draft and issue its code.

    Raises Forbidden (not one's own department), Invalid (no name). The rest is checked on submission.
    """
    department = department_of(department_id)
    if department is None or not may_register(department_id):
        raise Forbidden()
    return resource_insert(
        spec,
        department=department,
        function=department.function,
        source=source,
        accounts=accounts_with([]),
    )


def resource_insert(
    spec: ResourceSpec,
    *,
    department: DepartmentView | None,
    function: str,
    source: str = "",
    accounts: list[int],
    code: str = "",
    pack_ref: str | None = None,
) -> ResourceView:
    """Write a new draft inside the caller's action (登记入库).

    code: one that another catalogue issued; by default a new one is. department: None while the
    city has none of this function yet.
    """
    spec = spec_load(spec_dump(spec))
    title_check(spec)
    level = department.level if department else "CITY"
    area = department.area_code if department else settings.CITY["area_code"]
    if code:
        number_keep(code)
    else:
        prefix = code_prefix(spec, function, level=level, area_code=area)
        code = f"{prefix}/{number_next(prefix):06d}"
    row = Resource.objects.create(
        code=code,
        department_id=department.id if department else None,
        function=function,
        level=level,
        area_code=area,
        draft=spec_dump(spec),
        draft_title=spec.title,
        draft_accounts=accounts,
        source=source,
        pack_ref=pack_ref,
    )
    audit_record(f"resource:{row.code}", detail={"title": spec.title, "source": source})
    return resource_by_id(row.pk)


@action("resources.catalogue.draft_put", permission=REGISTER)
def draft_put(resource_id: int, spec: ResourceSpec, *, now: datetime) -> ResourceView:
    """Write the working copy of a resource (编辑编制件); a published one becomes a revision.

    Raises ResourceNotFound (another department's), ResourceStateMoved (waits for review), Invalid.
    """
    row = own_resource(resource_id)
    if row.state not in EDITABLE:
        raise ResourceStateMoved()
    return draft_write(row, spec)


def draft_write(row: Resource, spec: ResourceSpec) -> ResourceView:
    """Write the working copy inside the caller's action; the same words change nothing."""
    spec = spec_load(spec_dump(spec))
    title_check(spec)
    content = spec_dump(spec)
    if row.draft != content:
        is_open = row.state in (State.DRAFT, State.REJECTED)
        Resource.objects.filter(pk=row.pk).update(
            draft=content,
            draft_title=spec.title,
            draft_accounts=accounts_with(row.draft_accounts if is_open else []),
            state=_state_after(row, content),
        )
    audit_record(f"resource:{row.code}", detail={"changed": row.draft != content})
    return resource_by_id(row.pk)


@action("resources.catalogue.draft_discard", permission=REGISTER)
def draft_discard(resource_id: int, *, now: datetime) -> ResourceView | None:
    """Give up what was being drafted (放弃编制): back to what is published, or nothing at all.

    Returns None when the resource was never in the catalogue: then it is gone.
    """
    row = own_resource(resource_id)
    if row.state not in (State.DRAFT, State.REJECTED):
        raise ResourceStateMoved()
    last = row.versions.order_by("-number").first()
    audit_record(f"resource:{row.code}", detail={"kept": last.number if last else None})
    if last is None:
        row.delete()
        return None
    Resource.objects.filter(pk=row.pk).update(
        draft=last.spec,
        draft_title=last.title,
        draft_accounts=[],
        reason="",
        state=State.PUBLISHED if row.current_version_id else State.WITHDRAWN,
    )
    return resource_by_id(row.pk)


@action("resources.catalogue.delivered")
def resource_delivered(resource_id: int, at: datetime) -> None:
    """Note that data of a resource arrived (数据到达), for its freshness; an older moment is nothing.

    Called by landing inside its own act. Raises `ResourceNotFound`.
    """
    rows = Resource.objects.filter(pk=resource_id)
    older = Q(last_delivered_at__isnull=True) | Q(last_delivered_at__lt=at)
    if not rows.filter(older).update(last_delivered_at=at) and not rows.exists():
        raise ResourceNotFound(code=resource_id)
    audit_record(f"resource:{resource_id}", detail={"delivered_at": at.isoformat()})


def may_register(department_id: int) -> bool:
    """Tell whether the acting person registers for a department: its own, or any as reviewer."""
    return reviews_all() or department_id in context_get().department_ids


def own_resource(resource_id: int) -> Resource:
    """Return the locked row of one's own department; raises `ResourceNotFound`."""
    context = context_get()
    rows = Resource.objects.select_for_update().filter(pk=resource_id)
    if context.population != "SYSTEM":
        rows = rows.filter(own_department.filter(context))
    row = rows.first()
    if row is None:
        raise ResourceNotFound(code=resource_id)
    return row


def spec_problems(spec: ResourceSpec) -> list[Problem]:
    """List what is wrong with a resource (合规检查), with what only the code tables can tell."""
    problems = spec_check(spec)
    editions: dict[str, set[str] | None] = {}
    for index, one in enumerate(spec.fields):
        if not one.code_table:
            continue
        if one.code_table not in editions:
            table = code_table_get(one.code_table)
            editions[one.code_table] = {each.edition for each in table.editions} if table else None
        known = editions[one.code_table]
        key = ("fields", index, "code_table")
        if known is None:
            words = N_("There is no code table %(table)s.")
            problems.append(Problem(key, words, {"table": one.code_table}))
        elif one.code_edition and one.code_edition not in known:
            words = N_("The code table %(table)s has no edition %(edition)s.")
            params = {"table": one.code_table, "edition": one.code_edition}
            problems.append(Problem(key, words, params))
    return problems


def _state_after(row: Resource, content: dict) -> str:
    """Words that are again those in force are no draft; what was sent back stays so until sent."""
    if row.current_version is not None and row.current_version.spec == content:
        return State.PUBLISHED
    return State.REJECTED if row.state == State.REJECTED else State.DRAFT


def title_check(spec: ResourceSpec) -> None:
    """A draft needs a name and a class, for its code; everything else may still be missing."""
    found = [p for p in spec_check(spec) if p.keypath in (("title",), ("category",))]
    if found:
        raise ResourceIncomplete(found)


def number_next(prefix: str) -> int:
    """Return the next number under a classification (顺序码), each once."""
    return serial_next(f"{SERIALS}{prefix}")


def number_keep(code: str) -> None:
    """Note a code that came from outside, so that its number is not given out again."""
    prefix, _, number = code.partition("/")
    serial_reach(f"{SERIALS}{prefix}", int(number))


def accounts_with(before: list[int]) -> list[int]:
    """Return who wrote a draft, the acting person among them."""
    account = context_get().account_id
    return sorted({*before, *([account] if account is not None else [])})
