"""The second factor: codes of six digits that an app computes from a shared secret and the time (TOTP, RFC 6238)."""

import hmac
from datetime import datetime

import pyotp

_SECONDS = 30
# A phone's clock may be one step behind or ahead.
_STEPS = (0, -1, 1)


def new_secret() -> str:
    """Return a fresh secret: 160 random bits in base32."""
    return pyotp.random_base32()


def address(secret: str, name: str) -> str:
    """Return the address that an app reads from a QR code."""
    return pyotp.TOTP(secret, interval=_SECONDS).provisioning_uri(name=name, issuer_name="wabp")


def step_of(secret: str, typed: str, moment: datetime) -> int | None:
    """Return the time step that a code belongs to, or None when it is not one of now.

    Whoever takes the code keeps the step, and takes none at or before it again.
    """
    code = "".join(typed.split())
    totp = pyotp.TOTP(secret, interval=_SECONDS)
    present = int(moment.timestamp()) // _SECONDS
    found = None
    for away in _STEPS:
        if hmac.compare_digest(totp.generate_otp(present + away).encode(), code.encode("utf-8", "replace")):
            found = present + away
    return found
