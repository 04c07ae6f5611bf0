"""The inventory's proposals (盘点提议): kept, taken up by a person, or put aside."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from yiwang.identity.api import department_list
from yiwang.kernel.api import action, audit_record
from yiwang.resources.catalogue.actions.resources import (
    REGISTER,
    accounts_with,
    may_register,
    resource_insert,
)
from yiwang.resources.catalogue.data import Proposal, ProposalView, ResourceView
from yiwang.resources.catalogue.inference import proposal_of
from yiwang.resources.catalogue.models import ResourceProposal
from yiwang.resources.catalogue.queries import (
    ResourceNotFound,
    department_of,
    proposal_rows,
    proposal_view,
)
from yiwang.resources.catalogue.rules import spec_dump, spec_load
from yiwang.resources.catalogue.scanning import source_name, source_scan
from yiwang.sdk.errors import N_, Conflict, Forbidden

INVENTORY = "resources.catalogue.inventory"
State = ResourceProposal.State
_ENDINGS = ("管理委员会", "委员会", "管理局", "事务局", "中心", "局", "办公室", "支队", "馆", "会")


class ProposalDecided(Conflict):
    """Somebody has taken the proposal up or put it aside already."""

    code = "proposal_decided"
    message = N_("This proposal has been decided already.")


def inventory_propose(source: str, *, now: datetime) -> list[ProposalView]:
    """Look at a source and keep a proposal for each of its tables (无代理盘点).

    Nothing becomes a resource without a person's word. Again, open proposals are renewed, decided
    ones stay. The sample is taken outside of any transaction. Raises `SourceUnreadable`.
    """
    owners = owner_names()
    found = [proposal_of(table, owners) for table in source_scan(source)]
    return proposals_put(source_name(source), found, now=now)


@action("resources.catalogue.inventory", permission=INVENTORY)
def proposals_put(
    source: str, proposals: Sequence[Proposal], *, now: datetime
) -> list[ProposalView]:
    """Keep the proposals of a source (保存提议); returns those of this source, open and decided."""
    city = {row.function: row.id for row in department_list(level="CITY")}
    kept = set(ResourceProposal.objects.filter(source=source).exclude(state=State.OPEN)
               .values_list("name", flat=True))  # fmt: skip
    for one in proposals:
        if one.name[:200] in kept:
            continue
        ResourceProposal.objects.update_or_create(
            source=source,
            name=one.name[:200],
            defaults={
                "spec": spec_dump(one.spec),
                "findings": msgspec.to_builtins(list(one.findings)),
                "function": one.function,
                "department_id": city.get(one.function),
                "rows": one.rows,
                "created_at": now,
            },
        )
    audit_record(f"inventory:{source}", detail={"tables": len(proposals)})
    rows = ResourceProposal.objects.filter(source=source).order_by("name")
    return [proposal_view(row) for row in rows]


@action("resources.catalogue.proposal_accept", permission=REGISTER)
def proposal_accept(
    proposal_id: int, *, department_id: int | None = None, title: str = "", now: datetime
) -> ResourceView:
    """Take a proposal up as a draft of a department (采纳提议); it is then edited and submitted.

    department_id: by default the one that was guessed. Raises Forbidden, ProposalDecided,
    ResourceNotFound (another department's).
    """
    row = _open(proposal_id)
    department = department_of(department_id or row.department_id)
    if department is None or not may_register(department.id):
        raise Forbidden()
    spec = spec_load(row.spec | ({"title": title} if title else {}))
    view = resource_insert(
        spec,
        department=department,
        function=department.function,
        source=f"inventory:{row.source}#{row.name}"[:200],
        accounts=accounts_with([]),
    )
    _decide(row, State.ACCEPTED, resource_id=view.id)
    audit_record(f"proposal:{row.pk}", detail={"code": view.code})
    return view


@action("resources.catalogue.proposal_dismiss", permission=REGISTER)
def proposal_dismiss(proposal_id: int, *, now: datetime) -> None:
    """Put a proposal aside (不采纳); looking at the source again does not bring it back."""
    row = _open(proposal_id)
    _decide(row, State.DISMISSED)
    audit_record(f"proposal:{row.pk}", detail={"name": row.name})


def owner_names() -> dict[str, list[str]]:
    """Return what speaks for each function in a table's name: 苏州市民政局 gives 市民政局, 民政."""
    found: dict[str, list[str]] = {}
    for row in department_list(level="CITY"):
        short = row.short_name.removeprefix("市") or row.name
        stem = next((short.removesuffix(end) for end in _ENDINGS if short.endswith(end)), short)
        found[row.function] = [name for name in (row.name, short, stem) if len(name) > 1]
    return found


def _open(proposal_id: int) -> ResourceProposal:
    row = proposal_rows().select_for_update().filter(pk=proposal_id).first()
    if row is None:
        raise ResourceNotFound(code=proposal_id)
    if row.state != State.OPEN:
        raise ProposalDecided()
    return row


def _decide(row: ResourceProposal, state: str, **changes: object) -> None:
    rows = ResourceProposal.objects.filter(pk=row.pk, state=State.OPEN)
    if not rows.update(state=state, **changes):
        raise ProposalDecided()
