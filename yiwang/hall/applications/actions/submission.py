"""From draft to application (提交): one transaction writes everything, or nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from yiwang.engines.api import (
    WorkCard,
    draft_difference_errors,
    process_start,
)
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.drafts import draft_submitted
from yiwang.hall.applications.actions.fees import fee_bill
from yiwang.hall.applications.actions.filing import filed_columns, filing_finish
from yiwang.hall.applications.actions.limits import acceptance_start
from yiwang.hall.applications.actions.materials import materials_keep, promises_of_lines
from yiwang.hall.applications.checks import SubmissionCase, submission_errors
from yiwang.hall.applications.data import MaterialLine, Receipt
from yiwang.hall.applications.errors import NoDepartment, SubmissionIncomplete
from yiwang.hall.applications.models import Application, ApplicationBranch
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.applications.queries.joint import submitted_state
from yiwang.hall.applications.queries.materials import material_line_list
from yiwang.hall.applications.rulings import routing_in, rulings_of
from yiwang.hall.licences.lifecycle import use_add
from yiwang.hall.licences.queries import licence_find
from yiwang.hall.matters.data import MatterView, Ruling
from yiwang.hall.matters.deciding import rulings_keep
from yiwang.hall.parties.actions import parties_submitted
from yiwang.hall.receipts.actions import submission_keep
from yiwang.hall.reuse.actions import origins_keep
from yiwang.hall.reuse.origins import origins_of
from yiwang.identity.api import DepartmentView, department_find
from yiwang.kernel.api import (
    action,
    audit_record,
    code_get,
    context_get,
    event_publish,
    row_change,
    row_insert,
    rows_insert,
    serial_next_parallel,
)
from yiwang.sdk.errors import Conflict, YiwangError
from yiwang.sdk.identifiers import spoken_code
from yiwang.sdk.packs import FIRST_REVIEW, PARALLEL

ON_THE_SPOT = "1"
"""GB/T 39046 A.6, 即办件: it is accepted by being decided, so its fee is billed when it is submitted."""


def application_submit(draft_id: int, *, now: datetime) -> Receipt:
    """Submit a draft (提交申请) and return the receipt; again and again gives the same receipt.

    The draft's id is the submission key: 32 submissions at once make one application.
    Raises SubmissionIncomplete (fields), NotEligible, WrongApplicant, NoDepartment.
    """
    try:
        return _application_submit(draft_id, now=now)
    except (IntegrityError, YiwangError):
        # A submission of the same draft has come first, now or long ago: then its receipt is the answer.
        existing = _receipt_of(f"draft:{draft_id}")
        if existing is None:
            raise
        return existing


def application_submit_within(draft_id: int, *, now: datetime) -> Receipt:
    """Submit a draft as a part of another act (并入其他操作提交): what fails fails that act or its savepoint whole."""
    return _application_submit(draft_id, now=now)


def _receipt_of(submission_key: str) -> Receipt | None:
    account_id = context_get().account_id
    row = (
        application_rows("查看本人提交回执")
        .filter(Q(account_id=account_id) | Q(filed_by_id=account_id), submission_key=submission_key)
        .values("number", "query_code", "receipt_hash", "submitted_at")
        .first()
    )
    return Receipt(**row, is_new=False) if row else None


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything that is known before the rows are written."""

    context: DraftContext
    form_data: dict
    materials: list[MaterialLine]
    departments: dict[str, DepartmentView]
    origins: dict[str, str]
    rulings: tuple[Ruling, ...]
    now: datetime

    @property
    def matter(self) -> MatterView:
        return self.context.matter

    @property
    def accepting(self) -> DepartmentView:
        """Return who accepts it (受理机关): the lower organ where one reviews first."""
        first = self.matter.spec.first_review
        return self.departments[first.key if first else "owner"]

    @property
    def is_reviewed_first(self) -> bool:
        """Tell whether a lower organ reviews it before the owner decides (是否下级初审)."""
        return self.accepting != self.departments["owner"]


@action("hall.applications.submit")
def _application_submit(draft_id: int, *, now: datetime) -> Receipt:
    case = _case_gather(draft_id, now=now)
    application = _rows_write(case)
    _process_begin(case, application)
    if case.matter.spec.project_type == ON_THE_SPOT:
        fee_bill(application, case.matter, now=now)
    filing_finish(application, case.context, now=now)
    if case.matter.spec.parties:
        parties_submitted(draft_id, application.number)
    draft_submitted(case.context.draft)
    event_publish(
        "application.submitted",
        {
            "number": application.number,
            "matter_code": application.matter_code,
            "account_id": application.account_id,
            "title": application.title,
            "department_id": application.department_id,
        },
        key=application.number,
    )
    audit_record(
        f"application:{application.number}",
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"matter": application.matter_code, "receipt_hash": application.receipt_hash},
    )
    return Receipt(
        number=application.number,
        query_code=application.query_code,
        receipt_hash=application.receipt_hash,
        submitted_at=now,
        is_new=True,
    )


def _case_gather(draft_id: int, *, now: datetime) -> _Case:
    context = draft_context_get(draft_id)
    names = context.applicant.names(timezone.localtime(now).date())
    state = submitted_state(context, names=names)
    form_data, errors = dict(state.values), state.errors | draft_difference_errors(context.draft)
    lines = material_line_list(context, form_data=form_data, now=now)
    for line in lines:
        if not line.is_satisfied:
            errors.setdefault(f"material:{line.key}", []).append(line.why["zh"])
    if not errors:
        found = SubmissionCase(draft_id, context.matter.code, context.applicant, form_data, now)
        errors = submission_errors(found)
    if errors:
        raise SubmissionIncomplete(fields=errors)
    rulings = rulings_of(context.matter, context.applicant, form=form_data, now=now)
    area_code = form_data.get("area_code") or context.applicant.area_code
    departments = departments_of(context.matter, area_code=area_code, routing=routing_in(rulings))
    return _Case(context, form_data, lines, departments, origins_of(state), rulings, now)


def departments_of(
    matter: MatterView, *, area_code: str, routing: Ruling | None = None
) -> dict[str, DepartmentView]:
    """Find who handles a matter at a place (承办部门): {"owner": …, branch key: …}.

    routing: what the matter's table said; where nobody reviews first, the owner does that step too.
    """
    owner = (matter.department_function, matter.level)
    wanted = {"owner": routing.owner(matter) if routing else owner}
    for branch in matter.branches:
        skipped = branch.role == FIRST_REVIEW and routing and not routing.reviews_first
        wanted[branch.key] = wanted["owner"] if skipped else (branch.department, branch.level)
    found = {}
    for key, (function, level) in wanted.items():
        department = department_find(function, area_code=area_code, level=level)
        if department is None:
            raise NoDepartment(title=matter.title, area=_area_title(area_code))
        found[key] = department
    return found


def _area_title(area_code: str) -> dict[str, str]:
    area = code_get("divisions", area_code)
    if area is None:
        return {"zh": area_code, "en": area_code}
    return {"zh": area.name, "en": area.name_en or area.name}


def _rows_write(case: _Case) -> Application:
    owner = case.departments["owner"]
    number = _number_next(case.matter, owner, now=case.now)
    application = Application(
        number=number,
        query_code=spoken_code(),
        submission_key=f"draft:{case.context.draft.id}",
        **filed_columns(case.context, now=case.now),
        applicant_ref=case.context.applicant.ref,
        applicant_name=case.context.applicant.name,
        applicant_number=case.context.applicant.number,
        matter_version_id=case.matter.version_id,
        matter_code=case.matter.code,
        title=case.matter.title,
        department_id=owner.id,
        area_code=owner.area_code,
        form_version_id=case.context.draft.form_version_id,
        form_data=case.form_data,
        state="SUBMITTED",
        receipt_hash=_submission_keep(case, number),
        submitted_at=case.now,
    )
    row_insert(application)
    _branches_write(case, application)
    _licences_used(case)
    rulings_keep(f"application:{number}", case.rulings, now=case.now)
    materials_keep(application, case.materials)
    promises_of_lines(application, case.context, case.materials, now=case.now)
    origins_keep(
        number,
        matter_code=case.matter.code,
        matter_version_id=case.matter.version_id,
        form_version_id=case.context.draft.form_version_id,
        origins=case.origins,
        now=case.now,
    )
    return application


def _submission_keep(case: _Case, number: str) -> str:
    """Keep what is submitted as it is, for good, and return its digest (提交存证)."""
    applicant = case.context.applicant
    handed_in = [line for line in case.materials if line.source != "MISSING"]
    content = rules.receipt_content(
        number=number,
        matter_code=case.matter.code,
        matter_version=case.matter.number,
        applicant={"name": applicant.name, "number": applicant.number},
        form=case.form_data,
        materials={line.key: line.digest or line.source_ref for line in handed_in},
        submitted_at=case.now,
    )
    return submission_keep(
        number, title=case.matter.title, content=content, holder_ref=applicant.ref, now=case.now
    )


def _licences_used(case: _Case) -> None:
    """Let the holder see that their licence served as a document (用证记录)."""
    for line in case.materials:
        if line.source != "LICENCE":
            continue
        licence_id = licence_find(line.source_ref.removeprefix("licence:"))
        if licence_id is not None:
            purpose = case.matter.title["zh"]
            use_add(licence_id, kind="REUSED", purpose=purpose, by="", now=case.now)


def _branches_write(case: _Case, application: Application) -> None:
    rows = [
        ApplicationBranch(
            application=application,
            key=branch.key,
            title=branch.title,
            department_id=case.departments[branch.key].id,
            licence_type=branch.licence or "",
            state="OPEN" if branch.role == FIRST_REVIEW else "WAITING",
        )
        for branch in case.matter.branches
        if branch.role == PARALLEL or case.is_reviewed_first
    ]
    rows.append(
        ApplicationBranch(
            application=application,
            key="owner",
            title=case.matter.title,
            department_id=case.departments["owner"].id,
            state="WAITING" if case.is_reviewed_first else "OPEN",
        )
    )
    rows_insert(rows)


def _number_next(matter: MatterView, owner: DepartmentView, *, now: datetime) -> str:
    task_code = rules.task_code_make(owner.uscc, owner.level, matter.code[:12])
    day = timezone.localtime(now).date()
    return rules.number_make(
        task_code, day, serial_next_parallel(f"hall.applications:{task_code}{day:%Y%m%d}")
    )


def _process_begin(case: _Case, application: Application) -> None:
    subject = f"application:{application.number}"
    accepting = case.accepting.id
    due = acceptance_start(application, case.matter, department_id=accepting, now=case.now)
    routing = routing_in(case.rulings)
    application.instance_id = process_start(
        case.matter.process_version_id,
        business_key=subject,
        card=WorkCard(
            subject=subject,
            number=application.number,
            title=application.title,
            applicant_name=application.applicant_name,
            url=f"/hall/applications/{application.number}/",
        ),
        variables={
            "form": case.form_data,
            "applicant": case.context.applicant.values(),
            **({"routing": dict(routing.value)} if routing else {}),
        },
        departments={key: department.id for key, department in case.departments.items()},
        now=case.now,
        due=due,
    )
    changes = {"instance_id": application.instance_id}
    row_change(Application, known={"id": application.pk}, changes=changes, otherwise=Conflict)
