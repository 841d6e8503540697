"""Limits on what costs money or can be guessed: counted in the database, so a restart resets nothing.

Counts a sliding window of attempts by kind and by a keyed hash of whom they are about. In the caller's
transaction: an attempt that is rolled back did not happen.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wabp.models import Attempt, vault_of

# Attempts are of no use to any limit after this long.
KEPT = timedelta(days=2)


def used(session: Session, kind: str, key: object, within: timedelta, *, now: datetime) -> int:
    """Return how often something was tried for a key in the last while."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Attempt)
            .where(Attempt.kind == kind, Attempt.key_digest == _digest(session, kind, key), Attempt.at > now - within)
        )
        or 0
    )


def count(session: Session, kind: str, key: object, *, now: datetime) -> None:
    """Note one attempt."""
    session.add(Attempt(kind=kind, key_digest=_digest(session, kind, key), at=now))
    session.flush()


def spend(session: Session, kind: str, key: object, most: int, within: timedelta, *, now: datetime) -> bool:
    """Note one attempt and return True, or return False when there were `most` of them already."""
    if used(session, kind, key, within, now=now) >= most:
        return False
    count(session, kind, key, now=now)
    return True


def forget(session: Session, *, now: datetime) -> None:
    """Remove attempts that no limit counts any more."""
    session.execute(delete(Attempt).where(Attempt.at <= now - KEPT))


def _digest(session: Session, kind: str, key: object) -> bytes:
    return vault_of(session).fingerprint(f"limit {kind}", str(key)).digest
