"""What can be wrong with a decision document."""

from yiwang.sdk.errors import N_, Conflict, NotFound


class DecisionNotMade(NotFound):
    """The application has no decision yet, or ended without one."""

    code = "decision_not_made"
    message = N_("There is no decision on this application, so there is no document of it.")


class PaperLacking(Conflict):
    """A document without what the law wants on it is not made."""

    code = "paper_lacking"
    message = N_("The decision document cannot be made: it lacks %(names)s.")
