"""One application with all that its pages show (办件详情)."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from yiwang.engines.api import (
    ClockView,
    FormState,
    clock_list,
    form_state,
    instance_diagram,
    process_nodes,
)
from yiwang.hall.applications.filing import Filing, filing_of
from yiwang.hall.applications.models import Application, Correction, Decision
from yiwang.hall.applications.queries.access import (
    OWN,
    application_rows,
    application_visible_get,
)
from yiwang.hall.applications.queries.holds import Hold, holds_of
from yiwang.hall.applications.rules import BRANCH_LABELS, END_STATES, OUTCOMES, STATE_LABELS
from yiwang.hall.deliveries.data import DeliveryView
from yiwang.hall.deliveries.queries import delivery_of
from yiwang.hall.licences.data import LicenceView
from yiwang.hall.licences.queries import licence_list_by_source
from yiwang.hall.matters.parts import parts_of
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.payments.data import BillView
from yiwang.hall.payments.queries import bill_of
from yiwang.hall.promises.data import PromiseView
from yiwang.hall.promises.queries import promise_list_of
from yiwang.hall.promises.rules import blocks_issue
from yiwang.hall.ratings.data import RatingCaseView, RatingView
from yiwang.hall.ratings.queries import case_of, rating_of
from yiwang.hall.receipts.queries import proof_exists
from yiwang.identity.api import department_get
from yiwang.kernel.api import context_get, localized
from yiwang.sdk.errors import N_

PHOTOS = "/resources/registries/photo/"


@dataclass(frozen=True, slots=True)
class BranchDetail:
    """A department's share as shown (部门办理情况)."""

    key: str
    title: dict
    department: str
    phone: str
    state: str
    label: str
    clocks: tuple[ClockView, ...]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the application's story (办理过程). `title` is a message id with `params`."""

    at: datetime
    title: str
    params: dict
    text: str = ""
    by: str = ""
    state: str = "done"


@dataclass(frozen=True, slots=True)
class ApplicationDetail:
    """An application with its clocks, departments, answers, documents, story and result."""

    application: Application
    state_label: str
    department: str
    phone: str
    clocks: tuple[ClockView, ...]
    branches: tuple[BranchDetail, ...]
    form: FormState
    materials: tuple
    promises: tuple[PromiseView, ...]
    has_proof: bool
    corrections: tuple[Correction, ...]
    holds: tuple[Hold, ...]
    decision: Decision | None
    licences: tuple[LicenceView, ...]
    bill: BillView | None
    delivery: DeliveryView | None
    rating: RatingView | None
    rating_case: RatingCaseView | None
    timeline: tuple[TimelineEntry, ...]
    active: tuple[str, ...]
    done: tuple[str, ...]
    steps: tuple[tuple[dict, str], ...]

    @property
    def filing(self) -> Filing:
        """Return how and by whom it was filed (申报方式)."""
        return filing_of(self.application)

    @property
    def is_open(self) -> bool:
        """Tell whether the application still waits for its answer."""
        return self.application.state not in END_STATES

    @property
    def may_choose_delivery(self) -> bool:
        """Tell whether there is a paper result whose way to the applicant is still to be chosen."""
        has_way = self.delivery is not None and self.delivery.state not in ("RETURNED", "CANCELLED")
        return bool(self.licences) and not has_way

    @property
    def unkept(self) -> list[PromiseView]:
        """Return the promises that keep anything from being issued (未履行承诺)."""
        return [one for one in self.promises if blocks_issue(one.kind, one.state, one.consequence)]

    @property
    def open_corrections(self) -> list[Correction]:
        """Return the notices that the applicant still has to answer."""
        return [row for row in self.corrections if row.answered_at is None and self.is_open]

    @property
    def hold(self) -> Hold | None:
        """Return the suspension that stands (当前中止)."""
        return next((one for one in self.holds if one.view.ended_at is None), None)

    @property
    def holders(self) -> list[BranchDetail]:
        """Return the departments in whose hands it is now (当前经办)."""
        return [row for row in self.branches if row.state in ("OPEN", "CORRECTION")]

    @property
    def accepting(self) -> str:
        """Return the name of the department that accepts it (受理机关): the lower one where it reviews first."""
        return self.holders[0].department if self.holders else self.department


def application_detail_get(number: str, *, purpose: str, now: datetime) -> ApplicationDetail:
    """Get an application one may see, with everything its page shows."""
    return _detail(application_visible_get(number, purpose=purpose), now=now)


def application_receipt_get(number: str, *, purpose: str) -> tuple[Application, str]:
    """Get what the receipt (回执) shows: one's application and the name of its department."""
    application = application_visible_get(number, purpose=purpose)
    return application, department_get(application.department_id).name


def _detail(application: Application, *, now: datetime) -> ApplicationDetail:
    owner = department_get(application.department_id)
    subject = f"application:{application.number}"
    corrections = tuple(application.corrections.order_by("pk"))
    holds = holds_of(application)
    decision = Decision.objects.filter(application=application).first()
    diagram = instance_diagram(application.instance_id)
    return ApplicationDetail(
        application=application,
        state_label=STATE_LABELS[application.state],
        department=owner.name,
        phone=owner.phone,
        clocks=tuple(
            clock_list(subject, now=now) + clock_list(f"{subject}/acceptance", now=now)
            if application.accepted_at is None
            else clock_list(subject, now=now)
        ),
        branches=_branches(application, now=now),
        form=form_state(application.form_version_id, readable(application.form_data)),
        materials=tuple(application.materials.order_by("pk")),
        promises=tuple(promise_list_of(subject)),
        has_proof=proof_exists(application.number),
        corrections=corrections,
        holds=holds,
        decision=decision,
        licences=tuple(licence_list_by_source(subject)),
        bill=bill_of(subject),
        delivery=delivery_of(subject),
        rating=rating_of(subject) if application.state in END_STATES else None,
        rating_case=case_of(subject) if application.state in END_STATES else None,
        timeline=tuple(_timeline(application, corrections, holds, decision)),
        active=tuple(diagram["active"]),
        done=tuple(diagram["done"]),
        steps=tuple(_steps(application, diagram)),
    )


def readable(data: dict) -> dict:
    """Let an officer open the registry's photo: its address then carries the stated purpose."""
    context = context_get()
    if context.population != "STAFF":
        return data
    purpose = quote(context.purpose)
    return {
        key: f"{value.partition('?')[0]}?purpose={purpose}"
        if isinstance(value, str) and value.startswith(PHOTOS)
        else value
        for key, value in data.items()
    }


def _steps(application: Application, diagram: dict) -> list[tuple[dict, str]]:
    """List the people's steps of the process with where each stands: done, current or upcoming."""
    matter = matter_version_get(application.matter_version_id)
    states = {
        **dict.fromkeys(diagram["done"], "done"),
        **dict.fromkeys(diagram["active"], "current"),
    }
    return [
        (node["name"], states.get(node["id"], "upcoming"))
        for node in process_nodes(matter.process_version_id)
    ]


def _branches(application: Application, *, now: datetime) -> tuple[BranchDetail, ...]:
    rows = list(application.branches.order_by("pk"))
    others = [row for row in rows if row.key != "owner"]
    shown = others if len(others) > 1 else rows  # who reviews first stands beside who decides
    details = []
    for row in shown:
        department = department_get(row.department_id)
        subject = f"application:{application.number}/{row.key}"
        details.append(
            BranchDetail(
                key=row.key,
                title=row.title,
                department=department.name,
                phone=department.phone,
                state=row.state,
                label=BRANCH_LABELS[row.state],
                clocks=tuple(clock_list(subject, now=now)) if row.key != "owner" else (),
            )
        )
    return tuple(details)


def _correction_entries(correction: Correction) -> list[TimelineEntry]:
    asked = TimelineEntry(
        correction.requested_at,
        N_("Correction asked for; the clock is paused"),
        {},
        text="；".join(item["what"] for item in correction.items),
        by=correction.department_name,
        state="warning",
    )
    if not correction.answered_at:
        return [asked]
    answered = TimelineEntry(
        correction.answered_at,
        N_("Correction answered; the clock goes on"),
        {},
        text=correction.answer_note,
    )
    return [asked, answered]


def _hold_entries(hold: Hold, *, by: str) -> list[TimelineEntry]:
    view = hold.view
    ground = localized(hold.ground)
    begun = TimelineEntry(
        view.suspended_at,
        N_("Handling suspended; the time limits stand still"),
        {},
        text=f"{ground} · {view.reason}" if ground else view.reason,
        by=by,
        state="warning",
    )
    if view.end != "RESUMED":
        return [begun]
    title = N_("Handling resumed; the time limits run on")
    return [begun, TimelineEntry(view.ended_at, title, {}, text=view.end_reason, by=by)]


def _timeline(application: Application, corrections, holds, decision) -> list[TimelineEntry]:
    entries = [TimelineEntry(application.submitted_at, N_("Application submitted"), {})]
    opinions = list(application.opinions.order_by("at", "pk"))
    if application.accepted_at:
        accepted = next((row for row in opinions if row.outcome == "ACCEPT"), None)
        entries.append(
            TimelineEntry(
                application.accepted_at,
                N_("Application accepted"),
                {},
                text=accepted.opinion if accepted else "",
                by=accepted.department_name if accepted else "",
            )
        )
    for opinion in opinions:
        if opinion.outcome == "ACCEPT":
            continue
        refuses = OUTCOMES[opinion.outcome]["refuses"]
        entries.append(
            TimelineEntry(
                opinion.at,
                OUTCOMES[opinion.outcome]["label"],
                {},
                text=opinion.reason or opinion.opinion,
                by=opinion.department_name,
                state="danger" if refuses else "done",
            )
        )
    for correction in corrections:
        entries.extend(_correction_entries(correction))
    by = department_get(application.department_id).name if holds else ""
    for hold in holds:
        entries.extend(_hold_entries(hold, by=by))
    for at, note in sorted(set(application.urges.values_list("at", "note"))):
        entries.append(TimelineEntry(at, N_("Urged by the applicant"), {}, text=note))
    if application.state == "WITHDRAWN":
        entries.append(TimelineEntry(application.decided_at, N_("Application withdrawn"), {}))
    if decision is not None:
        entries.append(
            TimelineEntry(
                decision.decided_at,
                N_("Decision: %(label)s"),
                {"label": STATE_LABELS[decision.outcome]},
                text=decision.document_number,
                by=decision.department_name,
                state="done" if decision.outcome == "APPROVED" else "danger",
            )
        )
    return sorted(entries, key=lambda entry: entry.at)


def application_track(number: str, query_code: str, *, now: datetime) -> dict | None:
    """Follow an application by number and code (办件查询) without an account; no personal data.

    Returns {number, title, state, state_label, department, phone, submitted_at, decided_at, clocks, branches,
    steps, parts} or None when number and code do not belong together.
    """
    application = (
        application_rows("凭办件编号和查询码查询进度")
        .filter(number=number.strip(), query_code=query_code.strip().upper())
        .first()
    )
    if application is None:
        return None
    detail = _detail(application, now=now)
    return {
        "number": application.number,
        "title": application.title,
        "state": application.state,
        "state_label": detail.state_label,
        "department": detail.department,
        "phone": detail.phone,
        "submitted_at": application.submitted_at,
        "decided_at": application.decided_at,
        "clocks": detail.clocks,
        "branches": detail.branches,
        "steps": detail.steps,
        "parts": parts_of("track", detail),
    }


def own_application_rows():
    """Return one's own applications for a list (我的办件), newest first."""
    return application_rows("查看本人办件").filter(OWN.filter(context_get())).order_by("-pk")
