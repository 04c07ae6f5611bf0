"""What can go wrong among several parties (多方申请错误)."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class PartyUnknown(NotFound):
    """No such part, or not the asker's."""

    code = "party_unknown"
    message = N_("No part of an application with this address is yours.")


class PartiesFull(Conflict):
    """The matter has no further place for such a party."""

    code = "parties_full"
    message = N_("%(title)s takes no more of these parties.")


class PartyNameMissing(Invalid):
    """An invitation names whom it is for."""

    code = "party_name_missing"
    message = N_("Write the full name of whom you invite, as in their document or register.")


class PartyNumberWrong(Invalid):
    """A number that cannot be one of a document: nothing was looked up."""

    code = "party_number_wrong"
    message = N_("This is no valid number. Compare it with the document, or leave it empty.")


class PartyCodeWrong(NotFound):
    """No open invitation has this code, or it is for somebody of another name or kind."""

    code = "party_code_wrong"
    message = N_("There is no open invitation for you with this code. Ask who invited you.")


class PartyTwice(Conflict):
    """The same subject takes part already."""

    code = "party_twice"
    message = N_("You take part in this application already.")


class PartyIncomplete(Invalid):
    """The part still lacks something."""

    code = "party_incomplete"
    message = N_("Your part is not complete yet; see the marked entries.")


class PartyClosed(Forbidden):
    """The application was submitted; nothing can be changed any more."""

    code = "party_closed"
    message = N_("The application was submitted; your part can no longer be changed.")
