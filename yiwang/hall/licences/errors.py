"""What can be wrong with a licence."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound


class LicenceTypeUnknown(NotFound):
    """No pack brought this type."""

    code = "licence_type_unknown"
    message = N_("There is no licence type %(key)s.")


class LicenceNotFound(NotFound):
    """No licence, or none that the asker may know of."""

    code = "licence_not_found"
    message = N_("This licence does not exist, or it is not yours. Check the address or the code.")


class LicenceStateWrong(Conflict):
    """The licence is not in a state that allows the act."""

    code = "licence_state_wrong"
    message = N_("The licence has been revoked or suspended already. Reload the page to see it.")


class LicenceHolderWrong(Invalid):
    """A licence for persons was to be issued to an enterprise, or the reverse."""

    code = "licence_holder_wrong"
    message = N_("A licence of the type %(key)s cannot be held by %(holder)s.")


class ReasonMissing(Invalid):
    """An act against the holder needs its reason and its legal basis."""

    code = "licence_reason_missing"
    message = N_("State the reason and the legal basis.")


class LicenceFieldUnknown(Invalid):
    """A change names something that does not stand on the licence."""

    code = "licence_field_unknown"
    message = N_("Nothing called %(names)s stands on this licence.")


class PresentationGone(NotFound):
    """The code has run out, was looked at often enough, or never existed."""

    code = "presentation_gone"
    message = N_(
        "This licence is no longer shown under this code. Ask its holder to show it again."
    )


class LicenceChecked(Conflict):
    """One check a year."""

    code = "licence_checked"
    message = N_("This licence has been checked for %(year)s already.")
