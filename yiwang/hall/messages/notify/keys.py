"""Keys and tokens of the API (密钥与令牌), pure: JWT with HS256, whose issuer is the service.

A key's secret is made from the installation's own secret and the key's id whenever it is needed: a copy of the database
opens nothing. A new installation secret makes all keys void.
"""

import base64
import binascii
import hashlib
import hmac
import json
import uuid

LEEWAY_SECONDS = 30
KINDS = ("live", "team", "test")


class TokenProblem(Exception):
    """Why a token does not hold, in the words of the API."""

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.message, self.status = message, status


CLOCK = "Error: Your system clock must be accurate to within 30 seconds"
GENERAL = (
    "Invalid token: make sure your API token matches the example at "
    "https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)


def secret_make(key_id: uuid.UUID, installation: str) -> str:
    """Return a key's secret (密钥) as a UUID, which is what the clients cut from the end of a key."""
    digest = hmac.new(installation.encode(), b"notify-key:" + key_id.bytes, hashlib.sha256).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def key_text(name: str, service_id: uuid.UUID, secret: str) -> str:
    """Return the whole key (完整密钥) as a client takes it: name, service and secret.

    >>> key_text("main", uuid.UUID(int=1), "s")
    'main-00000000-0000-0000-0000-000000000001-s'
    """
    return f"{name}-{service_id}-{secret}"


def token_of(header: str | None) -> str:
    """Return the token of an Authorization header. Raises `TokenProblem`."""
    if not header:
        raise TokenProblem("Unauthorized: authentication token must be provided", 401)
    if header[:7].title() != "Bearer ":
        raise TokenProblem("Unauthorized: authentication bearer scheme must be used", 401)
    return header[7:].strip()


def issuer_of(token: str) -> uuid.UUID:
    """Return who says that they signed (签发方), unproven. Raises `TokenProblem`."""
    _header, claims, _signed, _signature = _parts(token)
    issuer = claims.get("iss")
    if issuer is None:
        raise TokenProblem("Invalid token: iss field not provided")
    try:
        return uuid.UUID(str(issuer))
    except ValueError:
        raise TokenProblem("Invalid token: service id is not the right data type") from None


def is_signed_by(token: str, secret: str) -> bool:
    """Tell whether a secret signed a token (验签). Raises `TokenProblem` for another algorithm."""
    header, _claims, signed, signature = _parts(token)
    if header.get("alg") != "HS256":
        raise TokenProblem("Invalid token: algorithm used is not HS256")
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return hmac.compare_digest(signature, expected)


def age_check(token: str, *, now: float) -> None:
    """Raise `TokenProblem` unless the token was made within thirty seconds of `now` (Unix seconds)."""
    _header, claims, _signed, _signature = _parts(token)
    if "iat" not in claims:
        raise TokenProblem("Invalid token: iat field not provided")
    issued = claims["iat"]
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise TokenProblem(GENERAL)
    if abs(now - issued) > LEEWAY_SECONDS + 1:
        raise TokenProblem(CLOCK)


def _parts(token: str) -> tuple[dict, dict, bytes, bytes]:
    try:
        signed, _, signature = token.rpartition(".")
        head, _, body = signed.partition(".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        found = _decoded(signature)
    except (ValueError, binascii.Error):
        raise TokenProblem(GENERAL) from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenProblem(GENERAL)
    return header, claims, signed.encode(), found


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_make(secret: str, service_id: uuid.UUID, *, issued_at: int) -> str:
    """Make a token (生成令牌) as the clients do: for the examples on the page and for tests."""
    head = _encoded({"typ": "JWT", "alg": "HS256"})
    body = _encoded({"iss": str(service_id), "iat": issued_at})
    signed = f"{head}.{body}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_text(digest)}"


def _encoded(value: dict) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
