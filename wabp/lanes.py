"""Lanes: one for each sender of ours on one channel, and what the provider said that stands in its way.

A lane that the provider shut stays shut until a message goes through again. Reads and writes rows; the caller commits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import channels
from wabp.models import Lane

# For how long approved forms stay away from a lane whose limit of people in 24 hours was reached.
FORMS_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class LaneName:
    """Which lane: a channel, and the number of ours that sends."""

    channel: str
    sender: str


def ours(session: Session) -> list[LaneName]:
    """Return all lanes of this installation."""
    senders = channels.senders_of(session)
    return [LaneName(channel, number) for channel, numbers in senders.items() for number in numbers]


def stop(session: Session, lane: LaneName, code: int | None, now: datetime) -> None:
    """Note that the provider takes nothing from this lane, since the first time that it said so."""
    row = _row(session, lane)
    if row.stopped_at is None:
        row.stopped_at, row.told_at = now, None
    row.stopped_code = code if code is not None else row.stopped_code


def reopen(session: Session, lane: LaneName) -> bool:
    """Note that a message went through. Returns whether the lane was stopped before."""
    row = session.get(Lane, (lane.channel, lane.sender))
    if row is None or row.stopped_at is None:
        return False
    row.stopped_at = row.stopped_code = row.told_at = None
    return True


def stopped(session: Session) -> dict[LaneName, Lane]:
    """Return the lanes that the provider shut."""
    rows = session.scalars(select(Lane).where(Lane.stopped_at.is_not(None)))
    return {LaneName(row.channel, row.sender): row for row in rows}


def rest_forms(session: Session, lane: LaneName, now: datetime) -> None:
    """Keep approved forms from a lane for a while: the provider's limit of people a day is reached."""
    _row(session, lane).forms_again_at = now + FORMS_REST


def forms_rest(session: Session, lane: LaneName, now: datetime) -> bool:
    """Tell whether no approved form may leave by a lane now."""
    row = session.get(Lane, (lane.channel, lane.sender))
    return row is not None and row.forms_again_at is not None and row.forms_again_at > now


def _row(session: Session, lane: LaneName) -> Lane:
    row = session.get(Lane, (lane.channel, lane.sender))
    if row is None:
        row = Lane(channel=lane.channel, sender=lane.sender)
        session.add(row)
        session.flush()
    return row
