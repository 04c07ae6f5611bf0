"""What people do in supervision (电子监察): rules, reports, answers, appeals, decisions, letters."""

import re
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone

from yiwang.hall.supervision.data import (
    APPEAL_DAYS,
    APPEALED,
    CANCELLED,
    CLOSED,
    LEVELS,
    OPEN,
    REPLIED,
    REPORTABLE,
    STATES,
    TRIGGERS,
    UPHELD,
    WARNING,
)
from yiwang.hall.supervision.errors import (
    CardClosed,
    CardNotFound,
    NotResponsible,
    ReasonNeeded,
    ReportInvalid,
    RuleInvalid,
)
from yiwang.hall.supervision.models import (
    SupervisionCard,
    SupervisionCardEvent,
    SupervisionFact,
    SupervisionLetter,
    SupervisionRule,
)
from yiwang.hall.supervision.queries import REPLY, SUPERVISE, card_may_reply
from yiwang.hall.supervision.sweep import working_due
from yiwang.identity.api import account_list_by_department, department_get, department_list
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, NotFound

TEXT_MAX = 2000
DAYS_MAX = 60
_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
_PAGES = ("new", "replay")
"""Names that stand for pages beside those of the rules."""
_ZONE = timezone.get_default_timezone()


@action("hall.supervision.rule_put", permission=SUPERVISE)
def rule_put(key: str, *, values: dict, valid_from: date | None, now: datetime) -> int:
    """Change a rule from a day on (修订监察规则), or begin a new one; returns the version's id.

    values: title, trigger, level, over_days, nodes, reply_days, points, basis, is_enabled. What was
    issued under earlier versions stays as it was. Raises `RuleInvalid`.
    """
    fields = _rule_problems(key, values, valid_from, today=now.astimezone(_ZONE).date())
    latest = (
        SupervisionRule.objects.select_for_update().filter(key=key, valid_to=None).first()
        if not fields
        else None
    )
    if latest is not None and valid_from < latest.valid_from:
        fields["valid_from"] = [N_("A later version is already planned.")]
    if fields:
        raise RuleInvalid(fields=fields)
    if latest is not None and latest.valid_from == valid_from and not latest.cards.exists():
        row = latest
        for name, value in values.items():
            setattr(row, name, value)
    elif latest is not None and latest.valid_from == valid_from:
        raise RuleInvalid(
            fields={
                "valid_from": [N_("Cards were issued under today's version: choose a later day.")]
            }
        )
    else:
        if latest is not None:
            SupervisionRule.objects.filter(pk=latest.pk).update(valid_to=valid_from)
        row = SupervisionRule(key=key, valid_from=valid_from, **values)
    row.changed_by = context_get().name
    row.save()
    audit_record(
        f"supervision_rule:{key}",
        detail={"valid_from": valid_from.isoformat(), "level": row.level, "points": row.points},
    )
    return row.pk


def _rule_problems(key: str, values: dict, valid_from: date | None, *, today: date) -> dict:
    title = values.get("title") or {}
    checks = {
        "key": (
            bool(_KEY.fullmatch(key)) and key not in _PAGES,
            N_("Use letters, digits and underscores, beginning with a letter."),
        ),
        "title": (bool(str(title.get("zh", "")).strip()), N_("Give the rule a Chinese title.")),
        "trigger": (values.get("trigger") in TRIGGERS, N_("Choose one of the classes.")),
        "level": (values.get("level") in LEVELS, N_("Choose a level.")),
        "valid_from": (
            valid_from is not None and valid_from >= today,
            N_("Give a day from today on, for example 2026-12-01."),
        ),
        **{
            name: (
                isinstance(values.get(name), int) and 0 <= values[name] <= DAYS_MAX,
                N_("Give a whole number from 0 to 60."),
            )
            for name in ("over_days", "reply_days", "points")
        },
    }
    return {name: [text] for name, (is_right, text) in checks.items() if not is_right}


@action("hall.supervision.report", permission=SUPERVISE)
def violation_report(
    trigger: str,
    *,
    department_id: int | None,
    description: str,
    number: str = "",
    officer_id: int | None = None,
    occurred_at: datetime,
    now: datetime,
) -> int:
    """Record a violation that somebody found (登记违规事实); the sweep issues the card."""
    checks = {
        "trigger": (trigger in REPORTABLE, N_("Choose one of the classes.")),
        "department_id": (
            department_id is not None and _department_exists(department_id),
            N_("Choose the department."),
        ),
        "description": (bool(description.strip()), N_("Describe what happened.")),
        "occurred_at": (occurred_at <= now, N_("It cannot have happened in the future.")),
    }
    fields = {name: [text] for name, (is_right, text) in checks.items() if not is_right}
    if fields:
        raise ReportInvalid(fields=fields)
    context = context_get()
    fact_id = fact_add(
        trigger,
        source=f"person:{context.account_id}:{now.isoformat()}",
        department_id=department_id,
        officer_id=officer_id,
        number=number.strip()[:80],
        description=description.strip(),
        occurred_at=occurred_at,
        now=now,
    )
    audit_record(f"supervision_fact:{fact_id}", detail={"reported": trigger})
    return fact_id


def _department_exists(department_id: int) -> bool:
    return bool(department_list(ids=[department_id]))


@action("hall.supervision.fact")
def fact_add(  # noqa: PLR0913 - what a fact consists of
    trigger: str,
    *,
    source: str,
    department_id: int,
    description: str,
    occurred_at: datetime,
    now: datetime,
    officer_id: int | None = None,
    case_key: str = "",
    number: str = "",
    title: dict | None = None,
    step: dict | None = None,
) -> int:
    """Record a violation once (监察事实): `source` says where it came from; again it is the same row."""
    row, is_new = SupervisionFact.objects.get_or_create(
        source=source[:120],
        defaults={
            "trigger": trigger,
            "case_key": case_key or (f"application:{number}" if number else ""),
            "number": number,
            "title": title or {},
            "step": step or {},
            "department_id": department_id,
            "officer_id": officer_id,
            "description": description[:1000],
            "occurred_at": occurred_at,
            "recorded_at": now,
            "recorded_by": context_get().name,
        },
    )
    audit_record(
        f"supervision_fact:{row.pk}",
        detail={"trigger": trigger, "department_id": department_id, "source": source},
        outcome="DONE" if is_new else "UNCHANGED",
    )
    return row.pk


@action("hall.supervision.reply", permission=REPLY)
def card_reply(card_id: int, *, text: str, now: datetime) -> None:
    """Answer a card (答复): what happened and what is done about it. Late answers are kept as late.

    Raises `NotResponsible`, `CardClosed`, `ReasonNeeded`.
    """
    card = _card_mine(card_id, states=(OPEN,))
    card.reply, card.replied_at, card.state = _words(text, "text"), now, REPLIED
    card.save(update_fields=["reply", "replied_at", "state"])
    _note(card, "REPLY", text, now=now)


@action("hall.supervision.appeal", permission=REPLY)
def card_appeal(card_id: int, *, text: str, now: datetime) -> None:
    """Appeal against a card (申诉): the supervisor decides within five working days."""
    card = _card_mine(card_id, states=(OPEN, REPLIED))
    card.appeal, card.appealed_at, card.state = _words(text, "text"), now, APPEALED
    card.decide_by = working_due(now, APPEAL_DAYS)
    card.save(update_fields=["appeal", "appealed_at", "state", "decide_by"])
    _note(card, "APPEAL", text, now=now)


@action("hall.supervision.decide", permission=SUPERVISE)
def card_decide(card_id: int, *, upheld: bool, text: str, now: datetime) -> None:
    """Decide an appeal (申诉决定): the card is upheld, or cancelled with its points, with reasons."""
    card = _card_locked(card_id, states=(APPEALED,))
    _decide(card, UPHELD if upheld else CANCELLED, text, now=now)


@action("hall.supervision.cancel", permission=SUPERVISE)
def card_cancel(card_id: int, *, text: str, now: datetime) -> None:
    """Cancel a card that should not have been issued (撤销), with the reason; it counts no more."""
    card = _card_locked(card_id, states=(OPEN, REPLIED, APPEALED, UPHELD, CLOSED))
    _decide(card, CANCELLED, text, now=now)


@action("hall.supervision.settle", permission=SUPERVISE)
def card_settle(card_id: int, *, text: str, now: datetime) -> None:
    """Accept the answer to a card (办结): it stays in the score, nothing more is to do."""
    card = _card_locked(card_id, states=(REPLIED, UPHELD))
    _decide(card, CLOSED, text, now=now)


def _decide(card: SupervisionCard, state: str, text: str, *, now: datetime) -> None:
    card.decision = _words(text, "text")
    card.decided_at, card.decided_by, card.state = now, context_get().name, state
    card.save(update_fields=["decision", "decided_at", "decided_by", "state"])
    _note(card, {UPHELD: "UPHOLD", CANCELLED: "CANCEL", CLOSED: "SETTLE"}[state], text, now=now)
    if card.officer_id is not None:
        event_publish(
            "supervision.decided",
            {
                "account_id": card.officer_id,
                "card_id": card.pk,
                "state": state,
                "number": card.code,
                "title": {"zh": card.title_zh, "en": card.title_en or card.title_zh},
                "reason": card.decision,
                "link": reverse("hall_supervision:card", args=[card.pk]),
            },
            key=str(card.pk),
        )


def _card_mine(card_id: int, *, states: tuple[str, ...]) -> SupervisionCard:
    card = _card_locked(card_id, states=None)
    if not card_may_reply(card, context_get()):
        raise NotResponsible()
    _state_require(card, states)
    if card.level == WARNING:
        raise CardClosed(state={"zh": "提醒，无须答复", "en": "a reminder that asks for no answer"})
    return card


def _card_locked(card_id: int, *, states: tuple[str, ...] | None) -> SupervisionCard:
    card = SupervisionCard.objects.select_for_update().filter(pk=card_id).first()
    if card is None:
        raise CardNotFound()
    if states is not None:
        _state_require(card, states)
    return card


_STATES_ZH = {
    OPEN: "待答复",
    REPLIED: "已答复",
    APPEALED: "申诉待决定",
    UPHELD: "维持",
    CLOSED: "已办结",
    CANCELLED: "已撤销",
}


def _state_require(card: SupervisionCard, states: tuple[str, ...]) -> None:
    if card.state not in states:
        raise CardClosed(state={"zh": _STATES_ZH[card.state], "en": STATES[card.state].lower()})


def _words(text: str, field: str) -> str:
    if not text.strip():
        raise ReasonNeeded(fields={field: [N_("Write at least a sentence.")]})
    return text.strip()[:TEXT_MAX]


def _note(card: SupervisionCard, kind: str, text: str, *, now: datetime) -> None:
    SupervisionCardEvent.objects.create(
        card=card, kind=kind, at=now, actor_name=context_get().name, text=text.strip()[:TEXT_MAX]
    )
    audit_record(f"supervision_card:{card.pk}", detail={"state": card.state})


@action("hall.supervision.letter", permission=SUPERVISE)
def letter_issue(
    department_id: int,
    *,
    text: str,
    basis: str = "",
    quarter: str = "",
    reply_days: int = 10,
    now: datetime,
) -> int:
    """Send a supervision letter (监察建议书) to a department; its heads are told."""
    fields = {}
    if not _department_exists(department_id):
        fields["department_id"] = [N_("Choose the department.")]
    if not text.strip():
        fields["text"] = [N_("Write at least a sentence.")]
    if fields:
        raise ReportInvalid(fields=fields)
    letter = SupervisionLetter.objects.create(
        department_id=department_id,
        text=text.strip()[: 2 * TEXT_MAX],
        basis=basis.strip()[:300],
        quarter=quarter,
        issued_at=now,
        issued_by=context_get().name,
        reply_due_at=working_due(now, reply_days),
    )
    department = department_get(department_id)
    for head in account_list_by_department(
        department_id, role="DEPARTMENT_HEAD", on=now.astimezone(_ZONE).date()
    ):
        event_publish(
            "supervision.letter",
            {
                "account_id": head.id,
                "letter_id": letter.pk,
                "number": f"{letter.pk}",
                "title": {"zh": department.name, "en": department.name_en or department.name},
                "link": reverse("hall_supervision:letter", args=[letter.pk]),
            },
            key=str(letter.pk),
        )
    audit_record(f"supervision_letter:{letter.pk}", detail={"department_id": department_id})
    return letter.pk


@action("hall.supervision.letter_reply", permission=REPLY)
def letter_reply(letter_id: int, *, text: str, now: datetime) -> None:
    """Report what was changed after a letter (整改报告), by the head of the department."""
    letter = SupervisionLetter.objects.select_for_update().filter(pk=letter_id).first()
    if letter is None:
        raise NotFound()
    context = context_get()
    if "DEPARTMENT_HEAD" not in context.roles or letter.department_id not in context.department_ids:
        raise NotResponsible()
    letter.reply, letter.replied_at, letter.replied_by = _words(text, "text"), now, context.name
    letter.save(update_fields=["reply", "replied_at", "replied_by"])
    audit_record(f"supervision_letter:{letter.pk}", detail={"replied": True})
