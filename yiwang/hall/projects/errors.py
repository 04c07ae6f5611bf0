"""What can be wrong with a project."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound


class ProjectNotFound(NotFound):
    """No such project, or not of the asker's."""

    code = "project_not_found"
    message = N_("No project of yours has this code. Check the code.")


class ProjectIncomplete(Invalid):
    """The project's facts lack something."""

    code = "project_incomplete"
    message = N_("The project is not described completely yet; see what is said at each entry.")


class ApprovalBlocked(Conflict):
    """What must be granted before is not."""

    code = "project_approval_blocked"
    message = N_("This can be applied for when these are granted: %(names)s.")


class ApprovalUnderway(Conflict):
    """It was applied for already."""

    code = "project_approval_underway"
    message = N_("This approval has been applied for already, or is granted.")


class ProjectEnded(Conflict):
    """Ended or completed: nothing is applied for, changed or reported any more."""

    code = "project_ended"
    message = N_("This project is ended or completed. Nothing was changed.")


class ReportRefused(Invalid):
    """A report with figures that cannot be, or one that is not due."""

    code = "project_report_refused"
    message = N_("The report is not complete yet; see what is said at each entry.")


class ChangeRefused(Invalid):
    """A change without content, reason or with values that cannot be."""

    code = "project_change_refused"
    message = N_("The change is not complete yet; see what is said at each entry.")


class ChangeBlocked(Conflict):
    """What would be needed again is being handled."""

    code = "project_change_blocked"
    message = N_(
        "These approvals are being handled: %(names)s. Withdraw the applications or wait for their answer first."
    )


class StageNotTogether(Conflict):
    """A stage that cannot be applied for as a whole (any more)."""

    code = "project_stage_not_together"
    message = N_("The approvals of this stage cannot be applied for together now.")


class YearsRefused(Invalid):
    """The plan by years does not add up."""

    code = "project_years_refused"
    message = N_("The plan by years is not complete; see what is said at each year.")
