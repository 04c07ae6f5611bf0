"""Reads of several parties (多方申请查询): the applicant's list, one's own part, what the form takes over."""

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import QuerySet
from django.utils.translation import gettext

from yiwang.engines.api import DraftView, FormState, draft_get, form_get, form_state
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.parties.data import (
    Invitation,
    Joined,
    JointDraft,
    OwnPart,
    PartView,
    Presence,
)
from yiwang.hall.parties.errors import PartyUnknown
from yiwang.hall.parties.models import PartyCase, PartyPart
from yiwang.hall.parties.rules import (
    content_digest,
    deciding_fields,
    fields_of_pages,
    only,
    without,
)
from yiwang.identity.api import data_scope, field_equals, of_context
from yiwang.kernel.api import context_get, context_system, context_use, localized
from yiwang.sdk.errors import N_
from yiwang.sdk.packs import Party

PURPOSE = "多方申请"
OWN_PART = field_equals("ref", of_context("subject_ref"))
MISSING = N_("%(title)s: %(n)s must take part; invite them.")
UNCONFIRMED = N_("%(name)s has not confirmed yet.")
VOID = N_("%(name)s has to confirm again: something was changed since.")


def part_rows() -> QuerySet[PartyPart]:
    """Return all parts for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=PURPOSE):
        return PartyPart.objects.select_related("case")


def case_rows() -> QuerySet[PartyCase]:
    """Return all cases for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=PURPOSE):
        return PartyCase.objects.all()


def party_of(matter_version_id: int, key: str) -> Party:
    """Return what a matter says of a party (当事人定义)."""
    spec = matter_version_get(matter_version_id).spec
    return next(party for party in spec.parties if party.key == key)


def fields_of(form_version_id: int, parties: tuple[Party, ...]) -> frozenset[str]:
    """Return the fields that parties fill in (当事人字段)."""
    if not parties:
        return frozenset()
    pages = [page for party in parties for page in party.pages]
    return fields_of_pages(form_get(form_version_id).definition, pages)


def draft_of_other(draft_id: int) -> DraftView:
    """Read a draft of another party's, to compare and to join (读取他方草稿); never shown as a whole."""
    with context_use(context_system(PURPOSE)):
        return draft_get(draft_id)


def first_values(row: PartyCase) -> dict[str, object]:
    """Return what the applicant entered (申请人填报内容), without the parties' fields."""
    matter = matter_version_get(row.matter_version_id)
    values = draft_of_other(row.draft_id).values
    return without(values, fields_of(row.form_version_id, matter.spec.parties))


def own_values(part: PartyPart, party: Party) -> dict[str, object]:
    """Return what a party entered (当事人填报内容): the fields of their pages only."""
    if part.draft_id is None:
        return dict(part.values)
    version_id = part.case.form_version_id
    fields = fields_of(version_id, (party,))
    return only(draft_of_other(part.draft_id).values, fields)


def around_values(part: PartyPart) -> dict[str, object]:
    """Return what of the other pages decides on a part (条件所用内容): answers of the applicant and of single parties.

    Only what the form's conditions and checks look at, and never the party's own fields. Not to be shown.
    """
    case = part.case
    party = party_of(case.matter_version_id, part.key)
    found = first_values(case)
    others = taking_part(case).exclude(pk=part.pk).exclude(key=part.key)
    for row in others:
        other = party_of(case.matter_version_id, row.key)
        if other.max == 1:
            found |= own_values(row, other)
    definition = form_get(case.form_version_id).definition
    wanted = deciding_fields(definition) - fields_of_pages(definition, party.pages)
    return only(found, wanted)


def taking_part(case: PartyCase) -> QuerySet[PartyPart]:
    """Return the parts of a case whose parties did not withdraw (参加的当事人)."""
    return part_rows().filter(case=case, declined_at__isnull=True).order_by("pk")


def digest_now(part: PartyPart, party: Party, *, first: Mapping[str, object]) -> str:
    """Return the digest of what the party would confirm now (当前内容摘要)."""
    own = own_values(part, party)
    return content_digest(version_id=part.case.form_version_id, first=first, own=own)


def _is_as_confirmed(part: PartyPart, party: Party, *, first: Mapping[str, object]) -> bool:
    """Tell whether a confirmation still holds (确认是否有效): nothing was changed, and no device typed something else."""
    if part.draft_id is not None and draft_of_other(part.draft_id).conflicts:
        return False
    return digest_now(part, party, first=first) == part.digest


def part_view(
    part: PartyPart, party: Party, *, first: Mapping[str, object] | None = None
) -> PartView:
    """Turn a part's row into what all sides see. first: the applicant's entries while it is a draft."""
    if part.declined_at is not None:
        state = "DECLINED"
    elif part.confirmed_at is None:
        state = "JOINED" if part.ref else "INVITED"
    elif first is None or _is_as_confirmed(part, party, first=first):
        state = "CONFIRMED"
    else:
        state = "VOID"
    return PartView(
        id=part.pk,
        key=part.key,
        title=part.title,
        name=part.name,
        code="" if part.ref or part.declined_at else part.code,
        state=state,
        invited_at=part.invited_at,
        confirmed_at=part.confirmed_at,
        digest=part.digest,
        confirmed_by=part.confirmed_by,
        by_link=part.confirmed_link_id is not None,
        signed_name=part.signed_name or "",
        signed_as=part.signed_as or "",
        by_number=part.by_number,
    )


def parties_of_draft(draft: JointDraft) -> list[PartView]:
    """List the parties of one's draft (当事人列表) and where each stands."""
    known = {party.key: party for party in draft.parties}
    first = without(draft.values, fields_of(draft.form_version_id, draft.parties))
    rows = part_rows().filter(case__draft_id=draft.draft_id).order_by("pk")
    return [part_view(row, known[row.key], first=first) for row in rows if row.key in known]


def parties_of_application(number: str) -> list[PartView]:
    """List the parties of a submitted application (当事人列表), for those who may see it."""
    rows = part_rows().filter(case__number=number, declined_at__isnull=True).order_by("pk")
    return [part_view(row, party_of(row.case.matter_version_id, row.key)) for row in rows]


def parties_join(draft: JointDraft) -> Joined:
    """Return what the parties add to a draft, and what keeps it from being submitted (合并当事人内容)."""
    mine = part_rows().filter(case__draft_id=draft.draft_id, declined_at__isnull=True)
    rows = list(mine.order_by("pk"))
    first = without(draft.values, fields_of(draft.form_version_id, draft.parties))
    values: dict[str, object] = {}
    lists: dict[str, list] = {}
    skipped: set[str] = set()
    errors: dict[str, list[str]] = {}
    owners: dict[str, str] = {}
    for party in draft.parties:
        parts = [row for row in rows if row.key == party.key]
        entered = [own_values(row, party) for row in parts]
        if party.max == 1 and parts:
            values |= entered[0]
            owners |= dict.fromkeys(fields_of(draft.form_version_id, (party,)), parts[0].name)
        else:
            skipped |= fields_of(draft.form_version_id, (party,))
            lists[f"{party.key}_parties"] = entered
        if said := _problems(party, parts, first=first):
            errors[f"party:{party.key}"] = said
    return Joined(values, lists, frozenset(skipped), errors, owners)


def parties_around(draft: JointDraft) -> dict[str, object]:
    """Return what of the single parties' pages decides on the applicant's (条件所用内容); not to be shown."""
    known = {party.key: party for party in draft.parties if party.max == 1}
    found: dict[str, object] = {}
    for row in part_rows().filter(case__draft_id=draft.draft_id, declined_at__isnull=True):
        if row.key in known:
            found |= own_values(row, known[row.key])
    return only(found, deciding_fields(form_get(draft.form_version_id).definition))


def _problems(party: Party, parts: list[PartyPart], *, first: Mapping[str, object]) -> list[str]:
    said = []
    if len(parts) < party.min:
        names = {"title": localized(party.title), "n": party.min}
        said.append(gettext(MISSING) % names)
    if not party.signs:
        return said
    for part in parts:
        state = part_view(part, party, first=first).state
        if state == "VOID":
            said.append(gettext(VOID) % {"name": part.name})
        elif state != "CONFIRMED":
            said.append(gettext(UNCONFIRMED) % {"name": part.name})
    return said


# --- one's own part ------------------------------------------------------------------------------


def own_row(part_id: int, *, lock: bool = False) -> PartyPart:
    """Return the row of the acting subject's part, for this room. Raises PartyUnknown."""
    rows = part_rows().filter(OWN_PART.filter(context_get()), pk=part_id)
    row = (rows.select_for_update() if lock else rows).first()
    if row is None or not context_get().subject_ref:
        raise PartyUnknown()
    return row


def own_part_get(part_id: int, *, at: Presence | None = None) -> OwnPart:
    """Return one's own part (我的部分): what one entered, and where the application stands.

    at: at a window, or come by a link: where it is typed.
    """
    row = own_row(part_id)
    return own_part_view(row, at=at, around=around_of(row))


def around_of(row: PartyPart) -> dict[str, object]:
    """Return what of the other pages decides on a part (条件所用内容), also once it was submitted."""
    if row.case.state == "DRAFT":
        return around_values(row)
    return dict((row.case.around or {}).get(str(row.pk), {}))


def invitation_list() -> list[Invitation]:
    """List the invitations that were meant for the acting subject by number (收到的邀请), newest first."""
    ref = context_get().subject_ref
    if not ref:
        return []
    rows = part_rows().filter(meant_ref=ref, ref="", declined_at__isnull=True, case__state="DRAFT")
    rows = rows.order_by("-pk")[:50]
    return [Invitation(row.pk, row.title, row.case.title, row.case.applicant_name) for row in rows]


def own_part_list() -> list[OwnPart]:
    """List the applications in which the acting subject takes part (我参与的申请), newest first."""
    context = context_get()
    if not context.subject_ref:
        return []
    rows = part_rows().filter(OWN_PART.filter(context)).order_by("-pk")[:100]
    return [own_part_view(row) for row in rows]


def own_part_view(
    row: PartyPart, *, at: Presence | None = None, around: Mapping[str, object] | None = None
) -> OwnPart:
    """Turn a part's row into what the party sees; its draft only where it is typed: on line, at the visit, by link."""
    party = party_of(row.case.matter_version_id, row.key)
    is_draft = row.case.state == "DRAFT"
    first = first_values(row.case) if is_draft and row.confirmed_at else None
    return OwnPart(
        part=part_view(row, party, first=first),
        case_title=row.case.title,
        applicant_name=row.case.applicant_name,
        case_state=row.case.state,
        document_number=row.case.document_number,
        number=row.case.number,
        party=party,
        form_version_id=row.case.form_version_id,
        draft_id=row.draft_id if is_typed_at(row, at) else None,
        values=own_values(row, party),
        around=around or {},
    )


def is_typed_at(row: PartyPart, at: Presence | None) -> bool:
    """Tell whether a part's draft is the one of this place (填报场所): on line, this visit, or by link."""
    by_link = at is not None and at.link_id is not None
    return row.visit_id == (at.visit_id if at else None) and (row.link_id is not None) == by_link


def own_state(own: OwnPart, draft: DraftView | None = None) -> FormState:
    """Work out the party's pages (我的部分表单): only theirs are shown, asked and judged.

    Conditions between pages hold here as they will when it is submitted: see `around_values`.
    """
    values = {**own.around, **(draft.values if draft else own.values)}
    sources = draft.sources if draft else {}
    state = form_state(own.form_version_id, values, sources=sources)
    return pages_only(state, own.party.pages)


def read_state(part_id: int) -> FormState | None:
    """Return the applicant's pages that the party reads before confirming (确认前阅读), None for none."""
    row = own_row(part_id)
    party = party_of(row.case.matter_version_id, row.key)
    if not party.reads or row.case.state != "DRAFT":
        return None
    definition = form_get(row.case.form_version_id).definition
    own = only(own_values(row, party), deciding_fields(definition))
    state = form_state(row.case.form_version_id, {**own, **first_values(row.case)})
    return pages_only(state, party.reads)


def pages_only(state: FormState, pages: tuple[str, ...]) -> FormState:
    """Return a form's state with some of its pages (部分页面)."""
    fields = fields_of_pages(form_get(state.version_id).definition, pages)
    return replace(
        state,
        pages=tuple(page for page in state.pages if page.key in pages),
        values=only(state.values, fields),
        errors={key: said for key, said in state.errors.items() if key.split(".")[0] in fields},
    )
