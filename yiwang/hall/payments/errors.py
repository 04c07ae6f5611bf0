"""What can be wrong with a payment."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound, YiwangError


class BillNotFound(NotFound):
    """No bill, or none that the asker may know of."""

    code = "bill_not_found"
    message = N_("There is no such bill, or it is not yours. Check the address.")


class BillNotDue(Conflict):
    """The bill has been paid or cancelled."""

    code = "bill_not_due"
    message = N_("This bill has been paid or cancelled. Nothing more is to be paid.")


class ProviderUnknown(NotFound):
    """The city has no such way to pay."""

    code = "payment_provider_unknown"
    message = N_("The city does not offer this way to pay. Choose another one.")


class ProviderSilent(YiwangError):
    """The provider did not answer, or not in a way that can be understood."""

    code = "payment_provider_silent"
    status = 503
    message = N_(
        "The payment service does not answer. Nothing was charged. Wait a minute and try again."
    )


class SignatureWrong(Forbidden):
    """A notification whose signature does not hold: somebody else sent it, or it was changed."""

    code = "payment_signature_wrong"
    status = 401
    message = N_("The signature of this notification does not hold. Nothing was changed.")


class RefundTooLarge(Invalid):
    """More would go back than was paid."""

    code = "refund_too_large"
    message = N_("At most %(amount)s yuan can still be refunded.")


class RefundStateWrong(Conflict):
    """The refund was decided before, or the one who asked for it wants to decide it."""

    code = "refund_state_wrong"
    message = N_("This refund has been decided already. Reload the page to see it.")


class RefundOwn(Forbidden):
    """Two persons are needed."""

    code = "refund_own"
    message = N_("A refund is approved by somebody else than who asked for it.")


class StatementUnavailable(YiwangError):
    """The provider has no statement of the day yet, or does not answer."""

    code = "statement_unavailable"
    status = 503
    message = N_("The statement of %(day)s is not available yet. It is asked for again by itself.")


class DifferenceClosed(Conflict):
    """The difference was resolved before."""

    code = "difference_closed"
    message = N_("This difference has been resolved already. Reload the page to see how.")
