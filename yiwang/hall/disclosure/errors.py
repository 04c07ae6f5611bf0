"""What can be wrong with a record of the double publicity."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class RecordNotFound(NotFound):
    """No record, or none that the asker may know of."""

    code = "disclosure_not_found"
    message = N_("There is no such published record. It may have been taken from view.")


class RecordMoved(Conflict):
    """The record is not where this act would find it."""

    code = "disclosure_moved"
    message = N_("This record has gone on meanwhile. Reload the page to see where it stands.")


class RecordNotYours(Forbidden):
    """The record would be another department's."""

    code = "disclosure_not_yours"
    message = N_("A department publishes its own decisions only.")


class NotPublishedYet(Invalid):
    """What is wrong must be put right first."""

    code = "disclosure_has_errors"
    message = N_("This record cannot be published yet: put right what is marked.")


class ReasonNeeded(Invalid):
    """Corrections and hiding are told with a reason."""

    code = "disclosure_reason"
    message = N_("Say why; the reason stays with the record.")


class TooEarly(Conflict):
    """The shortest time of publication is not over."""

    code = "disclosure_too_early"
    message = N_(
        "This penalty must stay published until %(day)s. After that day it may be taken from view."
    )


class FileUnreadable(Invalid):
    """The file is not a table of this kind."""

    code = "disclosure_file"
    message = N_(
        "The file could not be read. Send CSV in UTF-8 or GB18030 whose first line has the field "
        "codes or their Chinese names."
    )


class FileTooLong(Invalid):
    """More lines than one file may have."""

    code = "disclosure_file_long"
    message = N_("One file may have %(limit)s lines. Send the rest as another file.")
