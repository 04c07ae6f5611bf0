"""What can go wrong at a window (窗口错误), each with what to do next."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class WindowNotFound(NotFound):
    """No such window, or it is closed."""

    code = "window_not_found"
    message = N_("There is no open window with this code.")


class WindowNotYours(Forbidden):
    """The clerk's post belongs to another department than the window."""

    code = "window_not_yours"
    message = N_("Your post does not serve this window. Choose one of your department's.")


class IdentityNotConfirmed(Invalid):
    """The registry does not say what the document says."""

    code = "identity_not_confirmed"
    message = N_(
        "The population registry does not confirm this name and number. Compare them with the document again."
    )


class NotTheirAgent(Invalid):
    """The person may not act for the enterprise."""

    code = "not_their_agent"
    message = N_(
        "This person is neither the legal representative nor an authorised agent of the enterprise."
    )


class VisitNotFound(NotFound):
    """No such visit, or another clerk's."""

    code = "visit_not_found"
    message = N_("No visit with this number can be shown to you.")


class VisitOver(Forbidden):
    """The visit has ended; so has what the clerk may do for the visitor."""

    code = "visit_over"
    message = N_(
        "This visit is over. Identify the visitor again before you do anything more for them."
    )


class MatterNotTaken(Forbidden):
    """The window does not take this matter."""

    code = "matter_not_taken"
    message = N_("This window does not take %(title)s. The guide says where to go.")


class MandateNotFound(NotFound):
    """The visitor holds no such authorisation."""

    code = "mandate_not_found"
    message = N_(
        "The visitor holds no such authorisation. Who sends them can give one in their space, with a code."
    )


class MandateEnded(Forbidden):
    """The authorisation expired or was taken back."""

    code = "mandate_ended"
    message = N_(
        "The authorisation by %(name)s ended on %(day)s. They can give a new one in their space."
    )


class MandateElsewhere(Forbidden):
    """The authorisation is for something else."""

    code = "mandate_elsewhere"
    message = N_("The authorisation by %(name)s is for %(scope)s. It does not cover %(title)s.")


class OriginalIncomplete(Invalid):
    """A paper without a name or a number of copies."""

    code = "original_incomplete"
    message = N_("Say which paper you keep and how many copies.")


class NothingToHandOver(Conflict):
    """No papers wait for this department."""

    code = "nothing_to_hand_over"
    message = N_("No papers for this department lie at the window.")


class HandOverNotFound(NotFound):
    """No such list, or neither from nor to the asker's department."""

    code = "hand_over_not_found"
    message = N_("No hand-over list with this number can be shown to you.")


class HandOverReceived(Conflict):
    """The list was signed for already."""

    code = "hand_over_received"
    message = N_("This hand-over list was signed for already.")


class RatingCodeWrong(NotFound):
    """No visit can be rated with this code."""

    code = "rating_code_wrong"
    message = N_(
        "No visit can be rated with this code. It stands on the receipt and holds for 15 days."
    )
