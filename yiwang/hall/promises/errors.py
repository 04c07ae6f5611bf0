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


class PromiseBarred(Conflict):
    """Who did not keep a promise may not hand a document in later for a time."""

    code = "promise_barred"
    message = N_(
        "A document promised before did not follow (%(number)s), so this one is needed now. Please upload it. "
        "Under My promises you see until when, and can appeal."
    )


class BarAppealed(Conflict):
    """One appeals once, and only what is there and not decided is decided."""

    code = "promise_bar_appealed"
    message = N_("There is nothing to appeal or decide here any more. Reload the page.")


class BarOwnDecision(Conflict):
    """Who found the promise broken does not decide the appeal."""

    code = "promise_bar_own_decision"
    message = N_("Another officer than who found the promise broken decides the appeal.")


class BarRuleInvalid(Invalid):
    """Days, scope or kinds are missing or beyond what makes sense."""

    code = "promise_bar_rule_invalid"
    message = N_("The rule is not complete: see beside the fields.")


class PromiseHeld(Conflict):
    """The case is suspended: nothing can be held against who promised until it goes on."""

    code = "promise_held"
    message = N_(
        "Handling of the application is suspended and the time of its promises stands still: nothing is broken before "
        "it is resumed."
    )
