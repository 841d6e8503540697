"""Lanes: one for each sender of ours on one channel, and what the provider said that stands in its way.

A lane that the provider shut stays shut until a message goes through again. Reads and writes rows; the caller commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import channels
from wabp.gateway import SMS, WHATSAPP, trouble
from wabp.models import Lane

# For how long approved forms stay away from a lane whose limit of people in 24 hours was reached.
FORMS_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class LaneName:
    """Which lane: a channel, and the number of ours that sends."""

    channel: str
    sender: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lane stands: why and since when it is shut, and the limit of people in 24 hours that holds for it."""

    lane: LaneName
    stopped_at: datetime | None
    stopped_code: int | None
    forms_again_at: datetime | None
    daily_limit: int | None


def ours(session: Session) -> list[LaneName]:
    """Return all lanes of this installation."""
    senders = channels.senders_of(session)
    return [LaneName(channel, number) for channel, numbers in senders.items() for number in numbers]


def standings(session: Session) -> list[Standing]:
    """Return how each of our lanes stands."""
    rows = {LaneName(row.channel, row.sender): row for row in session.scalars(select(Lane))}
    return [
        Standing(lane, row.stopped_at, row.stopped_code, row.forms_again_at, row.daily_limit)
        if (row := rows.get(lane))
        else Standing(lane, None, None, None, None)
        for lane in ours(session)
    ]


# ---- shut and open ----


def stop(session: Session, lane: LaneName, code: int | None, now: datetime) -> None:
    """Note that the provider takes nothing from this lane, since the first time that it said so."""
    row = _row(session, lane)
    if row.stopped_at is None:
        row.stopped_at = now
    row.stopped_code = code if code is not None else row.stopped_code


def reopen(session: Session, lane: LaneName) -> bool:
    """Note that a message went through. Returns whether the lane was stopped before.

    Where the whole account had been shut out, all its lanes are open again.
    """
    row = session.get(Lane, (lane.channel, lane.sender))
    if row is None or row.stopped_at is None:
        return False
    again = [row]
    if row.stopped_code is not None and trouble.of(row.stopped_code).stops == "account":
        again += session.scalars(select(Lane).where(Lane.stopped_code == row.stopped_code))
    for one in again:
        one.stopped_at = one.stopped_code = None
    return True


def stopped(session: Session) -> dict[LaneName, Lane]:
    """Return the lanes that the provider shut."""
    rows = session.scalars(select(Lane).where(Lane.stopped_at.is_not(None)))
    return {LaneName(row.channel, row.sender): row for row in rows}


def open_senders(session: Session) -> dict[str, Sequence[str]]:
    """Return the numbers that the provider takes messages from, by channel; a channel that has none is not in it."""
    shut = stopped(session)
    return {
        channel: going
        for channel, numbers in channels.senders_of(session).items()
        if (going := [number for number in numbers if LaneName(channel, number) not in shut])
    }


def best_senders(session: Session) -> dict[str, Sequence[str]]:
    """Return the numbers to write from, by channel: those that are not shut, and all where every one is."""
    return {**channels.senders_of(session), **open_senders(session)}


def only_sms_goes(session: Session) -> bool:
    """Tell whether all our WhatsApp numbers are shut while SMS goes: then what is urgent goes by SMS."""
    going = open_senders(session)
    return SMS in going and WHATSAPP not in going and WHATSAPP in channels.senders_of(session)


# ---- approved forms ----


def rest_forms(session: Session, lane: LaneName, now: datetime) -> None:
    """Keep approved forms from a lane for a while: the provider's limit of people a day is reached."""
    _row(session, lane).forms_again_at = now + FORMS_REST


def forms_again_at(session: Session, lane: LaneName) -> datetime | None:
    """Return from when on approved forms may leave by a lane again; None when nothing was ever in their way."""
    row = session.get(Lane, (lane.channel, lane.sender))
    return None if row is None else row.forms_again_at


def set_daily_limit(session: Session, lane: LaneName, most: int | None) -> None:
    """Note how many people approved forms may reach in 24 hours; None for any number."""
    _row(session, lane).daily_limit = most


def _row(session: Session, lane: LaneName) -> Lane:
    row = session.get(Lane, (lane.channel, lane.sender))
    if row is None:
        row = Lane(channel=lane.channel, sender=lane.sender)
        session.add(row)
        session.flush()
    return row
