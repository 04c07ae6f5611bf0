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


class PartyDisputed(PartyIncomplete):
    """The part was filled in differently on two devices, and nobody has said which is right."""

    code = "party_disputed"
    message = N_(
        "Some entries were filled in differently on two devices. Compare them, choose what is right, then confirm."
    )


class PartyClosed(Forbidden):
    """The application was submitted; nothing can be changed any more."""

    code = "party_closed"
    message = N_("The application was submitted; your part can no longer be changed.")


class PartyPhoneWrong(Invalid):
    """A link goes to a mobile phone of the mainland."""

    code = "party_phone_wrong"
    message = N_("This is no mobile number. Eleven digits, beginning with 1.")


class PartyLinksTooMany(Conflict):
    """So many links were sent to this phone, or for this application, today."""

    code = "party_links_too_many"
    message = N_("No more links can be sent to this phone or for this application today.")


class PartyLinkNeedless(Conflict):
    """The party takes part by themselves already, or is no natural person."""

    code = "party_link_needless"
    message = N_("A link cannot be sent for this party.")


class PartyLinkGone(NotFound):
    """No link has this word, or it holds no longer: one answer for both."""

    code = "party_link_gone"
    message = N_(
        "This link does not hold, or no longer. Ask who invited you for a new one, or come to a window."
    )


class PartyCodeTooSoon(Conflict):
    """One code a minute, and not without end."""

    code = "party_code_too_soon"
    message = N_("A code was sent a moment ago. Wait a minute before you ask for another.")


class PartyCodesUsedUp(Conflict):
    """All the codes of a link were sent."""

    code = "party_codes_used_up"
    message = N_("No more codes can be sent for this link. Ask who invited you for a new one.")


class PartyEntryNeeded(Forbidden):
    """Who opens the part has not said who they are, or too long ago."""

    code = "party_entry_needed"
    message = N_("Prove once more who you are: open the link and ask for a code.")


class PartyPhoneUnknown(Invalid):
    """A link to an enterprise goes to the mobile phone of its registry entry; there is none."""

    code = "party_phone_unknown"
    message = N_(
        "A link needs the enterprise's credit code and a mobile phone in the register; one of them is missing or does "
        "not fit the name. They can take part signed in, or at a window."
    )
