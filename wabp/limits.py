"""Limits on what costs money or can be guessed: counted in the database, so a restart resets nothing.

Counts a sliding window of attempts by kind and by a keyed hash of whom they are about. In the caller's
transaction: an attempt that is rolled back did not happen.
"""

from collections.abc import Sequence
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


def spend_each(
    session: Session, kind: str, key: object, most: Sequence[tuple[int, timedelta]], *, now: datetime
) -> timedelta | None:
    """Note one attempt and return None, or return the window that was full already.

    Exact however many ask at once: whoever asks about the same key waits for the other's transaction.
    """
    _one_at_a_time(session, kind, key)
    for number, within in most:
        if used(session, kind, key, within, now=now) >= number:
            return within
    count(session, kind, key, now=now)
    return None


def forget(session: Session, *, now: datetime) -> None:
    """Remove attempts that no limit counts any more."""
    session.execute(delete(Attempt).where(Attempt.at <= now - KEPT))


def _one_at_a_time(session: Session, kind: str, key: object) -> None:
    # SQLite has one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(_digest(session, kind, key)[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _digest(session: Session, kind: str, key: object) -> bytes:
    return vault_of(session).fingerprint(f"limit {kind}", str(key)).digest
