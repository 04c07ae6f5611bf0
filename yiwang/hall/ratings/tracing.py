"""What is kept to notice ratings that were made up (评价踪迹): digests under the city's key, never the thing itself."""

import unicodedata

from django.utils.crypto import salted_hmac

from yiwang.hall.ratings.data import TEXT_MIN


def masked(kind: str, value: str) -> str:
    """Return a name for a value that says only whether two are the same (摘要): 32 hexadecimal digits."""
    return salted_hmac(f"hall.ratings.{kind}", value, algorithm="sha256").hexdigest()[:32]


def device_of(address: str, user_agent: str) -> str | None:
    """Return the digest of what a rating was given with (设备摘要), None where neither is known."""
    return masked("device", f"{address}\n{user_agent[:200]}") if address or user_agent else None


def text_digest(text: str) -> str | None:
    """Return the digest of what somebody wrote (内容摘要), blanks and punctuation apart; None for a few words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(each for each in plain if each.isalnum())
    return masked("text", letters) if len(letters) >= TEXT_MIN else None
