"""What can be wrong with a rating."""

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class RatingNotFound(NotFound):
    """No rating or case, or none that the asker may know of."""

    code = "rating_not_found"
    message = N_("There is no such rating, or it is not your department's. Check the address.")


class NothingToRate(NotFound):
    """Nothing of one's own has been finished under this number."""

    code = "nothing_to_rate"
    message = N_("There is nothing finished of yours to rate under this number.")


class RatedAlready(Conflict):
    """One matter, one rating."""

    code = "rated_already"
    message = N_("You have rated this already. Thank you.")


class RatingIncomplete(Invalid):
    """No level was chosen."""

    code = "rating_incomplete"
    message = N_("Choose how satisfied you are; a bad rating also needs a word on what was wrong.")


class FollowUpTooEarly(Conflict):
    """A second word is given once, after the department has put things right."""

    code = "follow_up_too_early"
    message = N_("You can rate once more when the department has put it right, and only once.")


class CaseStateWrong(Conflict):
    """The case is not where this act would find it."""

    code = "rating_case_state_wrong"
    message = N_("This case has gone on meanwhile. Reload the page to see where it stands.")


class OwnAppeal(Forbidden):
    """The department that appeals does not decide."""

    code = "rating_own_appeal"
    message = N_("An appeal is decided by supervision, not by the department itself.")


class FindingNotFound(NotFound):
    """No finding or rule, or none that concerns the asker."""

    code = "gaming_finding_not_found"
    message = N_("There is no such finding, or it does not concern your department.")


class FindingStateWrong(Conflict):
    """The finding is not where this act would find it."""

    code = "gaming_finding_state_wrong"
    message = N_("This finding was decided or appealed meanwhile. Reload the page.")


class GamingReasonMissing(Invalid):
    """Nothing is decided about ratings without a reason."""

    code = "gaming_reason_missing"
    message = N_("Write the reason, at least a sentence.")


class GamingRuleInvalid(Invalid):
    """A threshold is no number, or beyond what makes sense."""

    code = "gaming_rule_invalid"
    message = N_("Some thresholds are not right: see beside them.")


class OwnDecision(Forbidden):
    """Who decided does not decide the appeal."""

    code = "gaming_own_decision"
    message = N_("An appeal is decided by somebody who neither left the ratings out nor appealed.")
