"""The root of every expected error (错误): a stable code, a sentence for the person, an HTTP status.

Messages are English source strings marked with `N_`; the interface translates them (`zh_Hans`) and
fills in `params`. A message says what happened and what to do.
"""

from collections.abc import Callable, Mapping


def N_(message: str) -> str:  # noqa: N802 - the gettext convention for "mark, translate later"
    """Mark a message for translation without translating it now."""
    return message


class YiwangError(Exception):
    """Something expected went wrong; `code` is stable, `message % params` is for the person.

    >>> class MatterClosed(YiwangError):
    ...     code, status = "matter_closed", 409
    ...     message = "The matter %(title)s is closed."
    >>> str(MatterClosed(title="居住证"))
    'The matter 居住证 is closed.'
    """

    code = "error"
    status = 400
    message = N_("The request could not be carried out.")

    def __init__(self, message: str | None = None, **params: object) -> None:
        if message is not None:
            self.message = message
        self.params = params
        super().__init__(self.message, params)

    def __str__(self) -> str:
        return self.text(lambda message: message, "en")

    def text(self, translate: Callable[[str], str], language: str) -> str:
        """Return the sentence in a language (错误提示); params may be {zh, en}.

        >>> YiwangError("%(what)s is closed.", what={"zh": "窗口", "en": "The window"}).text(str, "en")
        'The window is closed.'
        """
        message = translate(self.message)
        if not self.params:
            return message
        return message % {
            name: value.get(language) or value.get("zh", "")
            if isinstance(value, Mapping)
            else value
            for name, value in self.params.items()
        }


class NotFound(YiwangError):
    """What was asked for does not exist, or the asker may not know that it does."""

    code = "not_found"
    status = 404
    message = N_(
        "Nothing was found at this address. Check the number, or start from the home page."
    )


class Forbidden(YiwangError):
    """The person is known but may not do this."""

    code = "forbidden"
    status = 403
    message = N_("Your post does not allow this. Ask your department's administrator.")


class SignInNeeded(YiwangError):
    """Nobody is signed in, or the session has ended."""

    code = "sign_in_needed"
    status = 401
    message = N_("Please sign in first. What you typed is kept.")


class Conflict(YiwangError):
    """The state has moved on since the person looked."""

    code = "conflict"
    status = 409
    message = N_("Someone changed this in the meantime. Reload the page and look again.")


class Invalid(YiwangError):
    """What was sent does not satisfy the rules; `fields` maps a field to its sentences."""

    code = "invalid"
    status = 422
    message = N_("Some entries need your attention.")

    def __init__(
        self, message: str | None = None, *, fields: dict[str, list[str]] | None = None, **params
    ) -> None:
        super().__init__(message, **params)
        self.fields = fields or {}
