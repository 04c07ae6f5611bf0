"""What can go wrong with an application (办件错误), each with what to do next."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class ApplicationNotFound(NotFound):
    """No such application, or not the asker's."""

    code = "application_not_found"
    message = N_("No application with this number can be shown to you. Check the number.")


class MatterNotOnline(Conflict):
    """The matter has no on-line form."""

    code = "matter_not_online"
    message = N_("%(title)s cannot be applied for on line. The guide says where to go.")


class WrongApplicant(Forbidden):
    """A person's matter asked by an enterprise, or the other way round."""

    code = "wrong_applicant"
    message = N_(
        "%(title)s is not for this kind of applicant. Citizens sign in for themselves; "
        "for an enterprise, sign in as its agent."
    )


class NotEligible(Forbidden):
    """The applicant does not meet the matter's conditions."""

    code = "not_eligible"
    message = N_("You do not meet the condition for %(title)s: %(condition)s")


class SubmissionIncomplete(Invalid):
    """The form or the materials still lack something."""

    code = "submission_incomplete"
    message = N_("The application is not complete yet. Nothing was lost; see the marked entries.")


class ChoiceNotOffered(Conflict):
    """The matter does not let this document follow, or be replaced."""

    code = "material_choice_not_offered"
    message = N_("The document %(title)s cannot be provided in this way. Please upload it.")


class NoDepartment(Conflict):
    """The city's tree names nobody for this matter and place."""

    code = "no_department"
    message = N_(
        "No department is set up to handle %(title)s in %(area)s. "
        "Call 12345; the city's administrator has to add it."
    )


class FeeUnpaid(Conflict):
    """Something was to be issued before its fee was paid."""

    code = "fee_unpaid"
    message = N_(
        "The applicant has not paid the %(amount)s yuan yet. Decide when it is paid; nothing was changed."
    )


class FeeUndecided(Conflict):
    """No rule of the fee table applies to what was entered."""

    code = "fee_undecided"
    message = N_(
        "No rule of the fee table of %(title)s applies to this application, so it cannot be accepted "
        "yet. The department's administrator has to complete the table."
    )


class ReasonMissing(Invalid):
    """A refusal without reason or legal basis is not allowed (行政许可法 art. 38)."""

    code = "reason_missing"
    message = N_("A refusal needs its reason and its legal basis, so that the applicant knows why.")


class ApprovalDocumentMissing(Invalid):
    """A joint decision is put off by the head of the government only (行政许可法 art. 42)."""

    code = "approval_document_missing"
    message = N_(
        "This limit is that of several departments together: say the number of the document in which "
        "the head of the government approved the extension."
    )


class CorrectionItemsMissing(Invalid):
    """A correction notice must say what is missing, all of it."""

    code = "correction_items_missing"
    message = N_("Say at least one thing that must be put right, and in which field or document.")


class CorrectionAnswered(Conflict):
    """The notice has been answered already."""

    code = "correction_answered"
    message = N_("This correction was answered already; the department is looking at it.")


class AlreadyEnded(Conflict):
    """The application has its answer, or was withdrawn."""

    code = "application_ended"
    message = N_("This application has ended (%(state)s); it can no longer be changed.")


class UrgedBefore(Conflict):
    """The applicant urged a short while ago."""

    code = "application_urged_before"
    message = N_(
        "You urged this application on %(last)s. The officers see it; you may do so again after %(after)s."
    )


class NothingToUrge(Conflict):
    """Nobody has the application in hand at the moment."""

    code = "application_nothing_to_urge"
    message = N_(
        "At the moment no department has a step of this application in hand, so nobody could be urged."
    )


class WaitsForYou(Conflict):
    """The application waits for the applicant."""

    code = "application_waits_for_applicant"
    message = N_(
        "The department waits for your correction. Answer it, and the application goes on by itself."
    )


class HandlingSuspended(Conflict):
    """The department in charge has suspended the application (中止办理)."""

    code = "application_suspended"
    message = N_(
        "The department has suspended the handling; its page says why. It goes on when the ground has fallen away."
    )
