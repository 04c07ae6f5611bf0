"""What can be wrong with the lists and their adjustments."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class EntryNotFound(NotFound):
    """No power of this code stands or stood on the lists."""

    code = "list_entry_not_found"
    message = N_("There is no power %(code)s on the lists. Search for it by name.")


class AdjustmentNotFound(NotFound):
    """No adjustment of this number, or none that the public may see yet."""

    code = "list_adjustment_not_found"
    message = N_("There is no such adjustment of the lists.")


class NothingToAdjust(Conflict):
    """The lists say what the catalogue says."""

    code = "lists_up_to_date"
    message = N_("The lists already say what the catalogue of matters says. Nothing was prepared.")


class AdjustmentOpen(Conflict):
    """One adjustment at a time."""

    code = "list_adjustment_open"
    message = N_("An adjustment is already being prepared. Publish or drop that one first.")


class AdjustmentMoved(Conflict):
    """The adjustment is not where this act would find it."""

    code = "list_adjustment_moved"
    message = N_("This adjustment has gone on meanwhile. Reload the page to see where it stands.")


class SamePerson(Forbidden):
    """Who prepared an adjustment does not publish it."""

    code = "list_same_person"
    message = N_("Who prepared an adjustment does not publish it. Ask a colleague.")


class AdjustmentIncomplete(Invalid):
    """Reason, legal ground or day is missing."""

    code = "list_adjustment_incomplete"


class NotYourPower(Forbidden):
    """The power belongs to another department."""

    code = "list_not_your_power"
    message = N_("This power belongs to another department.")


class FeeFileUnreadable(Invalid):
    """The file is no fee catalogue of this form."""

    code = "fee_file_unreadable"
    message = N_(
        "Line %(line)s of the fee catalogue cannot be read (%(reason)s). Nothing was changed; "
        "the columns are code, title, basis, standard, max_yuan."
    )
