"""What the API answers when something is wrong (接口错误): the same shapes, codes and words as Notify's."""


class ApiProblem(Exception):
    """An answer with an error: {"status_code", "errors": [{"error", "message"}]}."""

    kind = "BadRequestError"
    status = 400

    def __init__(self, *messages: str, status: int | None = None) -> None:
        super().__init__(*messages)
        self.messages = messages
        self.status = status or self.status

    def body(self) -> dict:
        """Return the answer's body."""
        errors = [{"error": self.kind, "message": message} for message in self.messages]
        return {"status_code": self.status, "errors": errors}


class BadRequest(ApiProblem):
    """What is asked for cannot be done."""


class Unvalid(ApiProblem):
    """What was sent has the wrong shape."""

    kind = "ValidationError"


class AuthProblem(ApiProblem):
    """Who calls is not known."""

    kind = "AuthError"
    status = 403


class RateProblem(ApiProblem):
    """Too many calls in a minute."""

    kind = "RateLimitError"
    status = 429


class DayProblem(ApiProblem):
    """Too many messages on a day."""

    kind = "TooManyRequestsError"
    status = 429


class NoResult(ApiProblem):
    """There is no such thing, or it is another service's."""

    kind = "NoResultFound"
    status = 404

    def __init__(self) -> None:
        super().__init__("No result found")
