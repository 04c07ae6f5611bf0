"""Rules of passwords (口令规则). Length and the names of bad choices, no theatre of signs.

GB/T 22239-2019 8.1.4.1 a asks for complexity, OWASP ASVS 5.0 6.2.5 forbids composition rules and
asks for length and a list of common choices: length and the list are what both accept.
"""

import base64
import binascii

from yiwang.sdk.errors import N_

PASSWORD_MIN = 10
PASSWORD_MAX = 128
_COMMON = frozenset(
    (
        *("1234567890", "0123456789", "0987654321", "123456789a", "12345678910", "password12"),
        *("password123", "password1234", "qwertyuiop", "1q2w3e4r5t", "1qaz2wsx3edc", "abcdefghij"),
        *("admin12345", "administrator", "iloveyou12", "woaini1314", "woaini520520", "5201314520"),
    )
)


def password_faults(password: str, *, username: str = "") -> list[str]:
    """Return what is wrong with a new password, as message ids; empty when it may be used.

    >>> password_faults("粉墙黛瓦 1986 枕河")
    []
    """
    faults = []
    if len(password) < PASSWORD_MIN:
        faults.append(N_("Use at least 10 characters; several words are easier to remember."))
    if len(password) > PASSWORD_MAX:
        faults.append(N_("Use at most 128 characters."))
    lowered = password.casefold()
    if lowered in _COMMON or len(set(lowered)) < 4:
        faults.append(N_("This password is on every list of common ones. Choose another."))
    if len(username) >= 4 and username.casefold() in lowered:
        faults.append(N_("Do not use your user name in the password."))
    return faults


def totp_secret_fits(secret: str) -> bool:
    """Tell whether a key of one-time codes is Base32 of at least 112 bits (NIST SP 800-63B-4).

    >>> totp_secret_fits("JBSWY3DPEHPK3PXP")
    False
    """
    try:
        return len(base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)) >= 14
    except binascii.Error:
        return False
