"""The steps of sending that touch the database: each one short transaction, none open while the provider is called."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, select

from wabp import delivery, lanes, leading, leases, ledger
from wabp.lanes import LaneName
from wabp.services import Services


@dataclass(frozen=True)
class Outlook:
    """What there is to do: the first priority that waits in each lane with work, and lanes that are shut."""

    waiting: dict[LaneName, int]
    stopped: frozenset[LaneName]


def look(services: Services) -> Outlook:
    """See what waits; rows that were held until now are let go first."""
    now = services.clock()
    with services.reading() as session:
        names = tuple(lanes.ours(session))
        first_held, *firsts = session.connection().execute(_firsts(names)).one()
        waiting = {lane: first for lane, first in zip(names, firsts, strict=True) if first is not None}
        stopped = frozenset(lanes.stopped(session)) if waiting else frozenset()
    if first_held is not None and first_held <= now:
        with services.writing() as session:
            ledger.let_go(session, now)
            session.commit()
        return look(services)
    return Outlook(waiting, stopped)


@cache
def _firsts(names: tuple[LaneName, ...]) -> Select[Any]:
    """Return the query for what is first of what is held, and of what waits in each lane: asked many times a second."""
    firsts: list[Any] = [ledger.first_priority(lane.channel, lane.sender) for lane in names]
    return select(ledger.first_held(), *firsts)


def take_lane(services: Services, watch: leases.Watch, lane: LaneName) -> leases.Held | None:
    """Become the one who sends by a lane. None while another process is."""
    return leading.take(services, watch, leases.of_lane(lane.channel, lane.sender))


def claim(
    services: Services, held: leases.Held | None, lane: LaneName, limit: int, above: int | None = None
) -> list[delivery.Claim]:
    """Claim up to `limit` messages of a lane. Raises LeaseLost when another process sends by it now."""
    with services.writing() as session:
        if held is not None and not leases.is_held(session, held):
            raise leases.LeaseLost
        claims = delivery.claim(session, services.sending, lane, limit, services.clock(), above=above)
        session.commit()
    return claims


def record(services: Services, lane: LaneName, outcomes: delivery.Outcomes) -> None:
    """Write down what became of messages; a lane by which one went through, and none was shut out, is open."""
    with services.writing() as session:
        delivery.record(session, outcomes, services.clock())
        became = [outcome for _, outcome in outcomes]
        if any(map(delivery.went_through, became)) and not any(map(delivery.shuts, became)):
            lanes.reopen(session, lane)
        session.commit()


def stop_lane(services: Services, lane: LaneName, code: int | None) -> None:
    """Note that nothing goes out by a lane."""
    with services.writing() as session:
        lanes.stop(session, lane, code, services.clock())
        session.commit()


def adopt(services: Services) -> None:
    """Take over rows that wait for a number which is not ours any more."""
    with services.writing() as session:
        for channel, numbers in services.settings.senders.items():
            ledger.adopt(session, channel, numbers)
        session.commit()
