"""What can go wrong with a promise, each with what to do next."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound


class PromiseNotFound(NotFound):
    """No such promise, or not the asker's."""

    code = "promise_not_found"
    message = N_("There is no promise that can be shown to you at this address.")


class PromiseStateWrong(Conflict):
    """The promise has ended, or is not that far yet."""

    code = "promise_state_wrong"
    message = N_("This promise has changed in the meantime. Reload the page to see how it stands.")


class PromiseReasonMissing(Invalid):
    """A conclusion needs its words."""

    code = "promise_reason_missing"
    message = N_("Write what was found, so that it can be understood later.")


class PromiseUnkept(Conflict):
    """Something was to be issued although a promise stands against it."""

    code = "promise_unkept"
    message = N_(
        "Nothing can be issued yet: “%(item)s” was promised and is not there, or the promise was broken. "
        "See the promises of this application; nothing was changed."
    )


class CommitmentBarred(Conflict):
    """Who broke a commitment may not make another for the same matter."""

    code = "commitment_barred"
    message = N_(
        "A commitment for this matter was found untrue before (%(number)s), so the document itself is "
        "needed. Please upload it."
    )
