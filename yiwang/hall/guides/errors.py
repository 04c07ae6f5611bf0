"""What can be wrong with guided questions."""

from yiwang.sdk.errors import N_, NotFound


class GuideUnknown(NotFound):
    """No pack in force has these questions."""

    code = "guide_unknown"
    message = N_("There are no guided questions at this address. Look for the matter by name.")
