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
