"""What can be wrong with a delivery."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound, YiwangError


class DeliveryNotFound(NotFound):
    """No delivery, or none that the asker may know of."""

    code = "delivery_not_found"
    message = N_("There is no such delivery, or it is not yours. Check the address.")


class DeliveryStateWrong(Conflict):
    """The delivery is not where this act would find it."""

    code = "delivery_state_wrong"
    message = N_("The delivery has gone on meanwhile. Reload the page to see where it is.")


class ReceiverIncomplete(Invalid):
    """Name, telephone number or address is missing."""

    code = "receiver_incomplete"
    message = N_("Please complete who receives it and where.")


class LockerFull(Conflict):
    """All boxes are taken."""

    code = "locker_full"
    message = N_("All boxes of this locker are taken. Choose another locker or the counter.")


class PickupCodeWrong(Forbidden):
    """Not the code of this delivery."""

    code = "pickup_code_wrong"
    message = N_(
        "This is not the pick-up code. After five wrong codes it is locked; look it up once more."
    )


class PickupLocked(Forbidden):
    """Too many wrong codes."""

    code = "pickup_locked"
    message = N_(
        "The pick-up is locked after too many wrong codes. Bring an identity document to the counter."
    )


class CourierSilent(YiwangError):
    """The courier's service does not answer."""

    code = "courier_silent"
    status = 503
    message = N_("The courier's service does not answer. Nothing was handed over; try again later.")


class CourierUnknown(NotFound):
    """The city has no such courier."""

    code = "courier_unknown"
    message = N_("The city works with no such courier.")


class CourierSignatureWrong(Forbidden):
    """A message whose signature does not hold."""

    code = "courier_signature_wrong"
    status = 401
    message = N_("The signature of this message does not hold. Nothing was changed.")
