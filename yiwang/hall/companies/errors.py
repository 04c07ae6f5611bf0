"""What can be wrong with a name or a registration."""

from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound


class NameRefused(Invalid):
    """The name breaks a rule; the findings say which."""

    code = "company_name_refused"
    message = N_("This name cannot be had. The reasons stand below; nothing was reserved.")


class NameTaken(Conflict):
    """Somebody reserved the name in the meantime."""

    code = "company_name_taken"
    message = N_("Somebody has just reserved this name or one that sounds the same. Check again.")


class NamesTooMany(Conflict):
    """A person keeps only so many names."""

    code = "company_names_too_many"
    message = N_("You keep %(count)s names already. Give one up before you reserve another.")


class ReservationNotFound(NotFound):
    """No such reservation, or not one's own."""

    code = "name_reservation_not_found"
    message = N_("You have reserved no name under this number. Check the number.")


class ReservationEnded(Conflict):
    """The reservation has ended."""

    code = "name_reservation_ended"
    message = N_("This reservation has ended. Check the name again and reserve it anew.")


class ExtensionUsed(Conflict):
    """A reservation is extended so often and no more."""

    code = "name_extension_used"
    message = N_("This reservation has been extended already and ends on the day that it says.")


class FilingNotFound(NotFound):
    """No such filing, or the asker has no part in it."""

    code = "filing_not_found"
    message = N_("There is no such registration, or you have no part in it. Check the address.")


class FilingIncomplete(Invalid):
    """The form is not yet what the law asks for."""

    code = "filing_incomplete"
    message = N_("The registration is not complete yet; see what is said at each entry.")


class FilingSettled(Conflict):
    """What was confirmed or ended cannot be confirmed again."""

    code = "filing_settled"
    message = N_("You have answered already, or the registration has gone on. Reload the page.")


class FilingChanged(Conflict):
    """What you read is not what stands there now."""

    code = "filing_changed"
    message = N_(
        "The registration was changed while you read it. Read it again before you confirm."
    )


class FilingUnconfirmed(Conflict):
    """Not all parties confirmed what stands there now."""

    code = "filing_unconfirmed"
    message = N_(
        "Not all parties have confirmed what stands in the application now. Waiting for: %(names)s."
    )


class CompanyNotFound(NotFound):
    """No such company in the register, or not of the asker's departments."""

    code = "company_not_found"
    message = N_("There is no such company in your register. Check the code.")


class FollowUpSettled(Conflict):
    """It was done already."""

    code = "follow_up_settled"
    message = N_("This item was settled already.")


class CompanyEnded(Conflict):
    """What was struck off is neither changed nor cancelled again."""

    code = "company_ended"
    message = N_("“%(name)s” was struck off; nothing of it can be changed any more.")


class BranchFilesElsewhere(Conflict):
    """A branch has no filings of its own here."""

    code = "company_branch_files_elsewhere"
    message = N_("This is a branch. Its name follows its company and it ends with it.")


class CompanyBusy(Conflict):
    """Something stands in the way of the end of a company."""

    code = "company_busy"
    message = N_("The company cannot be struck off yet: %(reasons)s")


class NoticeNotFound(NotFound):
    """No such notice."""

    code = "cancellation_notice_not_found"
    message = N_("There is no such notice. Check the number.")


class NoticeClosed(Conflict):
    """The period of the notice is over, or the notice ended otherwise."""

    code = "cancellation_notice_closed"
    message = N_("This notice is closed; nothing can be said to it or taken back any more.")


class NoticeRunning(Conflict):
    """A company has one notice at a time."""

    code = "cancellation_notice_running"
    message = N_("A cancellation of this company is announced already.")


class NoticeRefused(Invalid):
    """The cancellation may not be announced yet."""

    code = "cancellation_notice_refused"
    message = N_("This cannot be announced yet; see what is said below.")


class ClaimIncomplete(Invalid):
    """A claim says who, how to reach them, and why."""

    code = "creditor_claim_incomplete"
    message = N_("Say who you are, how you can be reached, and what the company owes you.")


class ClaimSettled(Conflict):
    """A claim is answered once."""

    code = "creditor_claim_settled"
    message = N_("This claim was answered already, or it is not there.")


class CompanyUnknown(NotFound):
    """No such company in the register."""

    code = "company_unknown"
    message = N_("No company is registered under this code. Check the code.")


class NoBranch(Conflict):
    """What only a branch files."""

    code = "company_no_branch"
    message = N_("This is not a branch. Begin at the page of the branch.")


class RegisterUnchecked(Conflict):
    """The registrar has not settled yet what the registry and the company say differently."""

    code = "company_register_unchecked"
    message = N_(
        "Your registrar is checking what the registry has of the company. You are told when it is done."
    )


class AlreadyRegistered(Conflict):
    """The company stands in this register."""

    code = "company_already_registered"
    message = N_("This company stands in the register already. Begin at its page.")


class NotTakeable(Invalid):
    """Only companies in business are taken up, by who may speak for them."""

    code = "company_not_takeable"
    message = N_(
        "The registry has no company in business under this code that you represent. Check the code."
    )


class TakingIncomplete(Invalid):
    """What the registry does not have the company says."""

    code = "company_taking_incomplete"
    message = N_("Some entries are missing or do not fit together; see what is said at each.")


class DifferenceSettled(Conflict):
    """It was settled already, or is not one's own."""

    code = "register_difference_settled"
    message = N_("This point was settled already, or it is not there.")


class DifferenceUnexplained(Invalid):
    """Who settles a point says why."""

    code = "register_difference_unexplained"
    message = N_("Say what you compared and why you decide so.")


class FileTransferNotFound(NotFound):
    """No such hand-over, or not of the asker's department."""

    code = "file_transfer_not_found"
    message = N_("There is no such hand-over for your department. Check the number.")


class FileTransferClosed(Conflict):
    """It was answered or called off."""

    code = "file_transfer_closed"
    message = N_("This hand-over was answered already or called off.")


class FileTransferRefused(Invalid):
    """The answer lacks something."""

    code = "file_transfer_refused"
    message = N_("The answer is not complete; see what is said below.")


class FileNotHandedOver(Conflict):
    """The file of a company that moves has not come."""

    code = "company_file_not_handed_over"
    message = N_(
        "%(department)s has not handed the file over yet (%(number)s, due on %(day)s). Decide when it is there."
    )


class FileHandOverObjected(Conflict):
    """The old registrar objects."""

    code = "company_file_objected"
    message = N_(
        "%(department)s objects to the move: %(reason)s. Settle it with them, or refuse the application."
    )
