"""What can be wrong with asking for opinions (征求意见错误)."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class ConsultationNotFound(NotFound):
    """No consultation, or none that the asker may know of."""

    code = "consultation_not_found"
    message = N_("There is no such request for an opinion, or it does not concern you.")


class ConsultationClosed(Conflict):
    """It has been answered or taken back meanwhile."""

    code = "consultation_closed"
    message = N_("This request for an opinion is closed. Nothing was changed.")


class QuestionIncomplete(Invalid):
    """Question, parties, limit or ground are missing or do not fit."""

    code = "question_incomplete"
    message = N_("The request is not complete. See the marked entries.")


class AnswerIncomplete(Invalid):
    """An answer without opinion or reason."""

    code = "answer_incomplete"
    message = N_("An answer needs an opinion and its reason.")


class OpinionsOutstanding(Invalid):
    """A step is concluded while opinions asked for it are still open."""

    code = "opinions_outstanding"
    message = N_(
        "Opinions asked for with %(number)s are still outstanding. Wait for them or take the request back first."
    )


class ReviewNeeded(Invalid):
    """A step that needs a review by experts is concluded without it."""

    code = "review_needed"
    message = N_("This step needs %(title)s first. Ask the panel from this page.")


class PanelMissing(Conflict):
    """The panel that a matter names is not there, or too small."""

    code = "panel_missing"
    message = N_(
        "The panel %(panel)s is not set up, or has fewer experts than must agree. Ask the department that keeps it."
    )


class OverrideReasonMissing(Invalid):
    """A conclusion against the opinions needs its reason."""

    code = "override_reason_missing"
    message = N_(
        "The opinions of %(number)s were against it. Say in your opinion why you decide otherwise."
    )


class PanelForbidden(Forbidden):
    """A panel of another department."""

    code = "panel_forbidden"
    message = N_("This panel is kept by another department.")
