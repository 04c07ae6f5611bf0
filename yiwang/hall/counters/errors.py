"""What can be in the way at a hall (大厅的错误)."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class HallNotFound(NotFound):
    """No such hall, or not one of the asker's."""

    code = "hall_not_found"
    message = N_("There is no such hall. Choose one from the list of halls.")


class HallClosed(Conflict):
    """Tickets are given while the hall is open."""

    code = "hall_closed"
    message = N_("The hall gives no tickets now. Look at its opening hours or book a time.")


class QueueClosed(Conflict):
    """The queue takes nobody now."""

    code = "queue_closed"
    message = N_("This queue takes nobody at present. Choose another one or ask at the desk.")


class QueueNotChosen(Conflict):
    """A ticket is for something."""

    code = "queue_not_chosen"
    message = N_("Choose what the visitor comes for; then the ticket is given.")


class SlotFull(Conflict):
    """All places of the slot are taken."""

    code = "slot_full"
    message = N_("This time has just been taken. Please choose another one.")


class SlotNotOffered(Conflict):
    """The hall has no such slot."""

    code = "slot_not_offered"
    message = N_("The hall offers no appointment at this time. Please choose one from the list.")


class AppointmentNotFound(NotFound):
    """No such appointment, or not the asker's."""

    code = "appointment_not_found"
    message = N_("There is no such appointment. Look at the number or ask at the desk.")


class AppointmentStateWrong(Conflict):
    """What is over can neither be moved nor cancelled."""

    code = "appointment_state_wrong"
    message = N_("This appointment is over or was cancelled. Reload the page to see it.")


class AppointmentTwice(Conflict):
    """One person is in one place at one time."""

    code = "appointment_twice"
    message = N_("You already have an appointment at this time.")


class AppointmentsTooMany(Conflict):
    """So many open appointments a person may hold."""

    code = "appointments_too_many"
    message = N_(
        "You have %(count)s open appointments already. Cancel one before you book another."
    )


class BookingBlocked(Forbidden):
    """Appointments were not kept too often."""

    code = "booking_blocked"
    message = N_(
        "Several appointments were not kept, so booking is closed for you until %(until)s. "
        "You can still take a ticket at the hall."
    )


class CheckInTooEarly(Conflict):
    """Nobody checks in hours before the slot."""

    code = "check_in_too_early"
    message = N_("It is too early. You can check in from %(from_)s.")


class TicketNotFound(NotFound):
    """No such ticket, or not the asker's."""

    code = "ticket_not_found"
    message = N_("There is no such ticket. Tickets are valid on their own day only.")


class TicketTwice(Conflict):
    """One person, one ticket at a time in a hall."""

    code = "ticket_twice"
    message = N_("You already have a ticket in this hall: %(label)s.")


class TicketStateWrong(Conflict):
    """The ticket has moved on meanwhile."""

    code = "ticket_state_wrong"
    message = N_("The ticket has moved on meanwhile. Reload the page to see where it is.")


class TicketInHand(Conflict):
    """One ticket at a time at a window."""

    code = "ticket_in_hand"
    message = N_("Ticket %(label)s is still at your window. Finish, transfer or skip it first.")


class NobodyWaits(NotFound):
    """Nobody waits whom this window may call."""

    code = "nobody_waits"
    status = 404
    message = N_("Nobody is waiting for your window.")


class WindowNotFound(NotFound):
    """No such window, or not one of the asker's department."""

    code = "window_not_found"
    message = N_("There is no such window, or it belongs to another department.")


class WindowNotOpen(Conflict):
    """Only the clerk at an open window calls."""

    code = "window_not_open"
    message = N_("Open the window first: it is closed, paused or taken by somebody else.")


class WindowTaken(Conflict):
    """Somebody else sits there, or the clerk sits elsewhere."""

    code = "window_taken"
    message = N_("The window is taken, or you have another one open. Close that one first.")


class KioskNotPaired(Forbidden):
    """The machine is not one of the hall's."""

    code = "kiosk_not_paired"
    message = N_("This machine is not set up. Ask the staff of the hall.")


class PairingCodeWrong(Forbidden):
    """Not a pairing code, or one used already."""

    code = "pairing_code_wrong"
    message = N_("This is not a pairing code that is in force. Make a new one at the desk.")


class CapacityTaken(Conflict):
    """Places that were promised are not taken away."""

    code = "capacity_taken"
    message = N_("%(taken)s places are booked at this time already; it cannot hold fewer.")


class VisitIncomplete(Invalid):
    """Something is missing or wrong in a form of the hall."""

    code = "visit_incomplete"
    message = N_("Please check what you entered.")
