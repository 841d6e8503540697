"""Passwords and codes: which passwords are good enough, and how both are kept and compared.

Kept as argon2id hashes. A password is compared as it was typed: nothing is cut, trimmed or folded.
"""

import re
import secrets
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from wabp.errors import BadInput

SHORTEST, LONGEST = 12, 128
# On zxcvbn's scale of 0 to 4: more than a hundred million guesses.
_LEAST_SCORE = 3
# It takes no more than this; what a longer password begins with decides.
_SCORED = 72
# Words that everybody tries first at a police service, in the languages of its offices.
_LOCAL_WORDS = (
    *("politie", "police", "polizei", "politiezone", "wijk", "buurt", "quartier", "wabp"),
    *("inspecteur", "wijkinspecteur", "wijkagent", "buurtgroep", "wachtwoord", "motdepasse", "passwort"),
)
# So many letters and digits must be left when names and local words are taken away: they must not be the main part.
_LEAST_REST = 8

# OWASP's choice for little memory: as many at once as there are threads that serve pages fit a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def require_good(typed: str, about: Iterable[str]) -> None:
    """Raise BadInput unless a password is good enough. `about` is what belongs to its owner: names, e-mail, zone."""
    from zxcvbn import zxcvbn

    if not SHORTEST <= len(typed) <= LONGEST:
        raise BadInput("password_length", field="password", shortest=SHORTEST, longest=LONGEST)
    words = _words(about)
    rest = re.sub("|".join(map(re.escape, words)), "", typed.casefold())
    if rest != typed.casefold() and sum(map(str.isalnum, rest)) < _LEAST_REST:
        raise BadInput("password_local", field="password")
    if zxcvbn(typed[:_SCORED], user_inputs=words)["score"] < _LEAST_SCORE:
        raise BadInput("password_weak", field="password")


def kept(typed: str) -> str:
    """Return what is kept of a password, or of a code that was sent."""
    return _HASHER.hash(typed)


def is_right(hashed: str | None, typed: str) -> bool:
    """Tell whether something typed is what was kept. Without anything kept it takes as long, and is wrong."""
    nobody = _nobody()
    try:
        return _HASHER.verify(hashed or nobody, typed) and hashed is not None
    except VerificationError:
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def _words(about: Iterable[str]) -> list[str]:
    """Return the words to try first, longest first; parts of names too, but none of one or two letters."""
    given = [text.casefold() for text in about]
    parts = [part for text in given for part in re.split(r"[\W_]+", text)]
    return sorted({word for word in (*given, *parts, *_LOCAL_WORDS) if len(word) > 2}, key=len, reverse=True)
