"""What goes wrong with messages, and how a channel says whose fault it is."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound, YiwangError


class TemplateUnknown(YiwangError):
    """A message was to be sent from a template that does not exist: a defect of the caller."""

    code = "message_template_unknown"
    status = 500
    message = N_("There is no message template %(template)s.")


class TemplateInvalid(Invalid):
    """A changed template would not read right."""

    code = "message_template_invalid"


class ChoiceInvalid(Invalid):
    """A preference that cannot be kept."""

    code = "message_choice_invalid"


class SendingLeft(Conflict):
    """Only what waits for a later time can be called off."""

    code = "sending_left"
    message = N_(
        "This message can no longer be called off: it has left, or was called off already."
    )


class SendingNotFailed(Conflict):
    """Only what has failed for good is sent again."""

    code = "sending_not_failed"
    message = N_("This sending has not failed, or was sent again already. Reload the page.")


class ReceiptRefused(YiwangError):
    """A receipt whose signature does not hold, or which is too old."""

    code = "receipt_refused"
    status = 401
    message = N_("The signature of this receipt does not hold.")


class ChannelUnknown(NotFound):
    """A channel that the city does not have."""

    code = "channel_unknown"


class ServiceInvalid(Invalid):
    """A department's sending system, its template or its key cannot be kept like this."""

    code = "notify_service_invalid"


class SendingProblem(Exception):
    """Why a channel could not send: the queue decides by the class what happens next."""


class ChannelDown(SendingProblem):
    """The provider does not answer or takes nothing now: nobody's message is at fault."""


class RecipientBusy(SendingProblem):
    """This receiver cannot be reached now (mailbox full, phone off): try again later."""


class RecipientRefused(SendingProblem):
    """This receiver can never be reached under this address."""
