"""What can go wrong with a receipt."""

from yiwang.sdk.errors import N_, NotFound


class ReceiptNotFound(NotFound):
    """No record of this number, or not the asker's."""

    code = "receipt_not_found"
    message = N_("There is no proof of submission under this number that can be shown to you.")
