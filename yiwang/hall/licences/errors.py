"""What can be wrong with a licence."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound, YiwangError


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


class FontsMissing(YiwangError):
    """The fonts for typesetting have not been installed."""

    code = "fonts_missing"
    status = 503
    message = N_("The document cannot be typeset yet: run “yw assets” to install the fonts.")
