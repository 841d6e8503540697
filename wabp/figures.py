"""Figures of the machinery, read only: how much waits, how fast it goes, what stands still. Nothing about anybody.

What a look costs is bounded: by what waits, by a day's rows, and by a sample of the last hour's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from wabp import lanes, leases, ledger
from wabp.models import Delivery, Lease

A_DAY, AN_HOUR = timedelta(hours=24), timedelta(hours=1)
PRIORITIES = {ledger.PRIORITY_URGENT: "urgent", ledger.PRIORITY_ANSWER: "answer", ledger.PRIORITY_INFO: "info"}
QUANTILES = (0.5, 0.95, 0.99)

# The newest rows of the last hour, for the seconds from stage to stage.
_SAMPLE = 10_000
_STAGES = ("accepted", "sent", "delivered")
# In the very words of the partial indexes.
_WAITING = text("delivery.state = 'queued' AND delivery.not_before IS NULL")
_HELD = text("delivery.state = 'queued' AND delivery.not_before IS NOT NULL")
_IN_DOUBT = text("delivery.state in ('sending', 'unknown')")


@dataclass(frozen=True)
class Waiting:
    """What waits on one channel at one priority, and the seconds for which the oldest of it does."""

    channel: str
    priority: str
    count: int
    oldest_seconds: float


@dataclass(frozen=True)
class Timekeeper:
    """Who runs the timed jobs: whether somebody holds that lease, how often it changed hands, and their last beat."""

    present: bool
    epoch: int
    beat: int


@dataclass(frozen=True)
class Figures:
    """One look. `seconds` is by stage, priority and quantile; `stopped` counts lanes by channel."""

    waiting: Sequence[Waiting]
    held: int
    states: Mapping[str, int]
    in_doubt: Mapping[str, int]
    seconds: Mapping[tuple[str, str, float], float]
    lanes: Mapping[str, int]
    stopped: Mapping[str, int]
    timekeeper: Timekeeper


def look(session: Session, now: datetime) -> Figures:
    """Return all figures at one moment."""
    ours = lanes.ours(session)
    shut = lanes.stopped(session)
    channels = sorted({lane.channel for lane in ours})
    return Figures(
        waiting=_waiting(session, now),
        held=session.scalar(select(func.count()).select_from(Delivery).where(_HELD)) or 0,
        states=_by_state(session, now - A_DAY),
        in_doubt=_in_doubt(session),
        seconds=_seconds(session, now - AN_HOUR),
        lanes={channel: sum(lane.channel == channel for lane in ours) for channel in channels},
        stopped={channel: sum(lane.channel == channel for lane in ours if lane in shut) for channel in channels},
        timekeeper=timekeeper(session),
    )


def timekeeper(session: Session) -> Timekeeper:
    """Return who runs the timed jobs. That a beat goes on is seen by looking twice."""
    lease = session.get(Lease, leases.of_scheduler(), populate_existing=True)
    return Timekeeper(False, 0, 0) if lease is None else Timekeeper(lease.holder is not None, lease.epoch, lease.beat)


def _waiting(session: Session, now: datetime) -> list[Waiting]:
    # Row numbers rise with time, and the index of what waits holds them.
    groups = session.execute(
        select(Delivery.channel, Delivery.priority, func.count(), func.min(Delivery.id))
        .where(_WAITING)
        .group_by(Delivery.channel, Delivery.priority)
        .order_by(Delivery.channel, Delivery.priority)
    ).all()
    first_ids = [first for *_, first in groups]
    firsts = session.execute(select(Delivery.id, Delivery.created_at).where(Delivery.id.in_(first_ids)))
    written = {int(row_id): moment for row_id, moment in firsts}
    return [
        Waiting(channel, PRIORITIES[priority], count, max(0.0, (now - written[first]).total_seconds()))
        for channel, priority, count, first in groups
    ]


def _by_state(session: Session, since: datetime) -> dict[str, int]:
    rows = session.execute(
        select(Delivery.state, func.count()).where(Delivery.id >= _first_since(session, since)).group_by(Delivery.state)
    )
    return dict.fromkeys(ledger.RANKS, 0) | {str(state): int(count) for state, count in rows}


def _in_doubt(session: Session) -> dict[str, int]:
    rows = session.execute(select(Delivery.state, func.count()).where(_IN_DOUBT).group_by(Delivery.state))
    return {"sending": 0, "unknown": 0} | {str(state): int(count) for state, count in rows}


def _seconds(session: Session, since: datetime) -> dict[tuple[str, str, float], float]:
    rows = session.execute(
        select(
            Delivery.priority, Delivery.created_at, Delivery.accepted_at, Delivery.sent_at, Delivery.delivered_at
        )
        .where(Delivery.id >= _first_since(session, since))
        .order_by(Delivery.id.desc())
        .limit(_SAMPLE)
    )
    taken: dict[tuple[str, str], list[float]] = {}
    for priority, *moments in rows:
        for stage, (begun, ended) in zip(_STAGES, pairwise(moments), strict=True):
            if begun is not None and ended is not None:
                gaps = taken.setdefault((stage, PRIORITIES[priority]), [])
                gaps.append(max(0.0, (ended - begun).total_seconds()))
    return {
        (stage, priority, quantile): _quantile(sorted(gaps), quantile)
        for (stage, priority), gaps in taken.items()
        for quantile in QUANTILES
    }


def _quantile(ordered: Sequence[float], quantile: float) -> float:
    return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]


def _first_since(session: Session, moment: datetime) -> int:
    """Return the number of the first row written since a moment, by halving: there is no index on moments."""
    low = session.scalar(select(func.min(Delivery.id))) or 0
    high = (session.scalar(select(func.max(Delivery.id))) or 0) + 1
    if high == 1:
        return 0
    while low < high:
        middle = (low + high) // 2
        found, written = session.execute(
            select(Delivery.id, Delivery.created_at).where(Delivery.id >= middle).order_by(Delivery.id).limit(1)
        ).one()
        if written < moment:
            low = int(found) + 1
        else:
            high = middle
    return low
