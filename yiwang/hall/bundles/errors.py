"""What can go wrong with a bundle (一件事错误), each with what to do next."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class BundleNotFound(NotFound):
    """No such bundle, draft or case, or not the asker's."""

    code = "bundle_not_found"
    message = N_("There is no such bundle that could be shown to you. Check the address.")


class BundleNotForYou(Forbidden):
    """A person's bundle asked by an enterprise, or the other way round."""

    code = "bundle_not_for_you"
    message = N_(
        "%(title)s is not for this kind of applicant. Citizens sign in for themselves; "
        "for an enterprise, sign in as its agent."
    )


class BundleBegunElsewhere(Conflict):
    """It belongs to something and is begun from its page."""

    code = "bundle_begun_elsewhere"
    message = N_("“%(title)s” is begun from the page of what it belongs to, such as your project.")


class NothingApplies(Invalid):
    """None of the matters applies to what was answered."""

    code = "bundle_nothing_applies"
    message = N_("With these answers none of the matters is needed. Check your answers.")


class BundleIncomplete(Invalid):
    """The one form or the documents still lack something."""

    code = "bundle_incomplete"
    message = N_("The application is not complete yet. Nothing was lost; see the marked entries.")


class BundleEnded(Conflict):
    """Everything of it is decided, or it was withdrawn."""

    code = "bundle_ended"
    message = N_("Everything of this bundle has been decided already; it cannot be withdrawn.")
