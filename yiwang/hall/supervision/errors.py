"""What can be refused in supervision (电子监察)."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class CardNotFound(NotFound):
    """There is no such card, or it is not this person's."""

    code = "supervision_card_not_found"
    message = N_("There is no such supervision card among those you may see.")


class CardClosed(Conflict):
    """The card is no longer in a state in which this may be done."""

    code = "supervision_card_closed"
    message = N_("This can no longer be done with the card: it is %(state)s.")


class ReasonNeeded(Invalid):
    """Cancelling, appealing, answering and deciding need words (须说明理由)."""

    code = "supervision_reason_needed"
    message = N_("Give the reason: it is kept with the card.")


class NotResponsible(Forbidden):
    """Only who is responsible, or the head of the department, may answer a card."""

    code = "supervision_not_responsible"
    message = N_("Only the responsible officer or the head of the department may answer this card.")


class RuleInvalid(Invalid):
    """A rule cannot be kept as it was given (监察规则有误)."""

    code = "supervision_rule_invalid"
    message = N_("The rule cannot be kept like this.")


class ReportInvalid(Invalid):
    """A violation cannot be recorded as it was given."""

    code = "supervision_report_invalid"
    message = N_("The violation cannot be recorded like this.")
