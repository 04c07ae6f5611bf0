"""Asking other agencies and experts, answering, concluding early (征求意见操作)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.engines.api import (
    attachment_put,
    clock_due_map,
    clock_pause,
    clock_resume,
    clock_start,
    clock_stop,
)
from yiwang.hall.consultations import data
from yiwang.hall.consultations.data import ConsultationView, PartyAsk
from yiwang.hall.consultations.errors import (
    AnswerIncomplete,
    ConsultationClosed,
    ConsultationNotFound,
    QuestionIncomplete,
)
from yiwang.hall.consultations.models import Consultation, ConsultationParty
from yiwang.hall.consultations.queries import ANSWER, ASK, asker_filter, panel_get, view_of
from yiwang.identity.api import account_get, department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.joins import Join, join_decide, join_load, join_problems

DAYS_MAX = 60
FILES = ["application/pdf", "image/jpeg", "image/png"]
FILE_BYTES = 20 * 1024 * 1024
BASIS = "《中华人民共和国行政许可法》第四十五条"


@action("hall.consultations.ask", permission=ASK)
def consultation_ask(  # noqa: PLR0913 - what a request consists of
    subject: str,
    *,
    title: Mapping[str, str],
    question: str,
    parties: Sequence[PartyAsk],
    days: int,
    join: Join = Join(),  # noqa: B008 - frozen
    ground: str = "",
    clock_subjects: Sequence[str] = (),
    branch: str = "",
    requirement: str = "",
    file=None,
    now: datetime,
) -> ConsultationView:
    """Ask departments or experts for their opinion (征求意见), within `days` working days.

    join: how the opinions become one; a veto names the parties' keys ("department_<id>", "expert_<account>").
    ground: "EXPERT_REVIEW" where only experts are asked: the clocks of `clock_subjects` stand still until
    they have answered (行政许可法第四十五条); asking another agency stops no clock. Who calls has checked
    that the subject is the asker's. Raises QuestionIncomplete, AttachmentRefused.
    """
    context = context_get()
    wanted = _parties(parties)
    _question_check(question, wanted, days=days, join=join, ground=ground)
    row = Consultation.objects.create(
        number=_number(now),
        subject=subject,
        branch=branch,
        requirement=requirement,
        title=dict(title),
        question=question.strip(),
        attachment_id=_file_keep(file, now=now),
        join={key: value for key, value in asdict(join).items() if value},
        ground=ground,
        clock_subjects=list(clock_subjects) if ground else [],
        days=days,
        department_id=context.department_id,
        department_name=context.department_name,
        asked_by_id=context.account_id,
        asked_by_name=context.name,
        asked_at=now,
    )
    ConsultationParty.objects.bulk_create(
        ConsultationParty(consultation=row, key=key, **values) for key, values in wanted.items()
    )
    _clocks_begin(row, now=now)
    for account_id in filter(None, (values.get("account_id") for values in wanted.values())):
        consultation_announce("consultation.asked", row, account_id=account_id)
    audit_record(
        subject, detail={"consultation": row.number, "parties": list(wanted), "ground": ground}
    )
    return view_of(row, now=now)


def _number(now: datetime) -> str:
    day = timezone.localtime(now).date()
    return f"ZQ{day:%Y%m%d}{serial_next(f'hall.consultations:{day:%Y%m%d}'):05d}"


def _parties(asked: Sequence[PartyAsk]) -> dict[str, dict]:
    """Name everybody who is asked once: departments, and each expert of a panel."""
    found: dict[str, dict] = {}
    for one in asked:
        if one.kind == data.DEPARTMENT:
            department = department_get(one.ref)
            name = {"zh": department.name, "en": department.name_en or department.name}
            values = {"kind": data.DEPARTMENT, "department_id": department.id, "name": name}
            found[f"department_{department.id}"] = values
            continue
        experts = panel_get(one.ref).experts if one.kind == data.PANEL else ()
        people = [(each.account_id, each.name) for each in experts]
        if one.kind == data.EXPERT:
            people = [(one.ref, account_get(one.ref).name)]
        for account_id, name in people:
            found[f"expert_{account_id}"] = {
                "kind": data.EXPERT,
                "account_id": account_id,
                "name": {"zh": name, "en": name},
            }
    return found


def _question_check(
    question: str, parties: Mapping[str, dict], *, days: int, join: Join, ground: str
) -> None:
    fields: dict[str, list[str]] = {}
    own = f"department_{context_get().department_id}"
    experts = all(one["kind"] == data.EXPERT for one in parties.values())
    if len(question.strip()) < 5:
        fields["question"] = [_("Say what you want to know.")]
    if not parties:
        fields["parties"] = [_("Choose at least one department or panel.")]
    elif own in parties:
        fields["parties"] = [_("Your own department need not be asked.")]
    if not 1 <= days <= DAYS_MAX:
        fields["days"] = [_("Between 1 and 60 working days.")]
    if join_problems(join, tuple(parties)):
        fields["policy"] = [_("This cannot be reached by those who are asked.")]
    if ground and (ground != data.EXPERT_REVIEW or not experts):
        fields["ground"] = [_("Only a review by experts alone pauses the time limit.")]
    if fields:
        raise QuestionIncomplete(fields=fields)


def _file_keep(file, *, now: datetime) -> int | None:
    if not file:
        return None
    kept = attachment_put(
        account_id=context_get().account_id, file=file, accept=FILES, max_bytes=FILE_BYTES, now=now
    )
    return kept.id


def _clocks_begin(row: Consultation, *, now: datetime) -> None:
    subject = f"consultation:{row.number}"
    clock_start(
        subject,
        kind="STEP",
        label={"zh": "答复期限", "en": "Time to answer"},
        amount=row.days,
        unit="WORKING_DAY",
        started_at=now,
        now=now,
        department_id=row.department_id,
    )
    row.due_at, row.warn_at = clock_due_map([subject]).get(subject, (None, None))
    row.save(update_fields=["due_at", "warn_at"])
    for paused in row.clock_subjects:
        clock_pause(
            paused,
            ground=row.ground,
            document=f"专家评审 {row.number}",
            note=f"{BASIS}；{row.question}",
            expected_days=row.days,
            now=now,
        )
    _dues_announce(row)


def _dues_announce(row: Consultation) -> None:
    """Let the desk's lists follow the clocks that were stopped or started."""
    if row.clock_subjects:
        event_publish("clock.due_changed", {"subjects": list(row.clock_subjects)}, key=row.subject)


def consultation_announce(
    topic: str, row: Consultation, *, account_id: int, **more: object
) -> None:
    """Tell somebody what happened to a request for opinions (征求意见动态)."""
    event_publish(
        topic,
        {
            "consultation_id": row.pk,
            "number": row.number,
            "subject": row.subject,
            "title": row.title,
            "department_name": row.department_name,
            "account_id": account_id,
            "result": row.result,
            **more,
        },
        key=row.number,
    )


@action("hall.consultations.answer")
def consultation_answer(
    party_id: int, *, opinion: str, answer: str, reason: str = "", file=None, now: datetime
) -> ConsultationView:
    """Answer for one's department or as an expert (答复意见), with reason and file, once.

    opinion: AGREE or REFUSE; a REFUSE needs its reason. When the opinions decide together, the rest need
    not answer any more. Raises ConsultationNotFound, ConsultationClosed, AnswerIncomplete.
    """
    context = context_get()
    row = _lock(ConsultationParty.objects.filter(pk=party_id).values("consultation_id"))
    party = row.parties.get(pk=party_id)
    _answer_allowed(party)
    if row.state != data.OPEN or party.state != data.WAITING:
        raise ConsultationClosed()
    _answer_check(opinion, answer, reason)
    party.state, party.opinion = data.ANSWERED, opinion
    party.answer, party.reason = answer.strip(), reason.strip()
    party.attachment_id = _file_keep(file, now=now)
    party.answered_by, party.answered_at = context.name, now
    party.save()
    consultation_announce("consultation.answered", row, account_id=row.asked_by_id, by=party.name)
    _conclude_if_decided(row, now=now)
    audit_record(
        row.subject,
        detail={"consultation": row.number, "party": party.key, "opinion": opinion},
    )
    return view_of(row, now=now)


def _lock(ids) -> Consultation:
    row = Consultation.objects.select_for_update().filter(pk__in=ids).first()
    if row is None:
        raise ConsultationNotFound()
    return row


def _answer_allowed(party: ConsultationParty) -> None:
    context = context_get()
    if party.account_id is not None:
        allowed = party.account_id == context.account_id
    else:
        allowed = party.department_id in context.department_ids and context.may(ANSWER)
    if not allowed:
        raise Forbidden()


def _answer_check(opinion: str, answer: str, reason: str) -> None:
    fields: dict[str, list[str]] = {}
    if opinion not in data.OPINIONS:
        fields["opinion"] = [_("Choose your opinion.")]
    if len(answer.strip()) < 2:
        fields["answer"] = [_("Write your answer.")]
    if opinion == "REFUSE" and not reason.strip():
        fields["reason"] = [_("Say why, so that the case file has it.")]
    if fields:
        raise AnswerIncomplete(fields=fields)


def _conclude_if_decided(row: Consultation, *, now: datetime) -> None:
    opinions = {key: said or None for key, said in row.parties.values_list("key", "opinion")}
    result = join_decide(join_load(row.join), opinions)
    if result is None:
        return
    row.result = result
    consultation_close(row, state=data.CONCLUDED, now=now)
    consultation_announce("consultation.concluded", row, account_id=row.asked_by_id)


def consultation_close(row: Consultation, *, state: str, now: datetime) -> None:
    """End a request (结束征求), in the caller's act: nobody else need answer, its clock stops, those that stood still run on."""
    row.state, row.closed_at = state, now
    row.save(update_fields=["state", "result", "closed_at", "note", "ending"])
    row.parties.filter(state=data.WAITING).update(state=data.ENDED)
    clock_stop(f"consultation:{row.number}", now=now)
    others = Consultation.objects.filter(subject=row.subject, state=data.OPEN, ground=row.ground)
    held = {each for other in others.exclude(pk=row.pk) for each in other.clock_subjects}
    for subject in row.clock_subjects:
        if subject not in held:
            clock_resume(subject, ground=row.ground, now=now)
    _dues_announce(row)


@action("hall.consultations.recall", permission=ASK)
def consultation_recall(consultation_id: int, *, reason: str, now: datetime) -> ConsultationView:
    """Take a request back (收回征求): with a reason; what was answered stays in the file."""
    row = _lock([consultation_id])
    if not Consultation.objects.filter(asker_filter(context_get()), pk=row.pk).exists():
        raise ConsultationNotFound()
    if row.state != data.OPEN:
        raise ConsultationClosed()
    if not reason.strip():
        raise QuestionIncomplete(fields={"reason": [_("Give the reason.")]})
    row.note = reason.strip()[:300]
    consultation_close(row, state=data.RECALLED, now=now)
    audit_record(row.subject, detail={"consultation": row.number, "recalled": row.note})
    return view_of(row, now=now)
