"""The sender: one loop per channel that claims, hands over and records, at the channel's pace.

It runs in a thread of its own with an event loop of its own. Every step that touches the database is one
short transaction, committed here; none is open while the provider is called.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from wabp import delivery, doubts, ledger
from wabp.gateway import SMS, WHATSAPP
from wabp.services import Services

log = logging.getLogger(__name__)

# How often an idle lane looks for work, and how often doubtful rows are looked up.
_IDLE_SECONDS = 0.1
_DOUBTS_SECONDS = 5.0
_SIMULATOR_SECONDS = 0.2
_AFTER_TROUBLE_SECONDS = 1.0

# A chunk is half a second of a lane's pace, so that an urgent alert never waits long behind info.
_CHUNK_SECONDS = 0.5
_LARGEST_CHUNK = 200
_RECORD_TRIES = 5


class Pace:
    """Keeps a lane under its messages or segments a second. Time is monotonic."""

    def __init__(self, per_second: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.chunk = max(1, min(_LARGEST_CHUNK, int(per_second * _CHUNK_SECONDS)))
        self._seconds_each = 1 / per_second
        self._monotonic = monotonic
        self._free_at = monotonic()

    def after(self, cost: int) -> float:
        """Return how many seconds to wait after handing over something of this cost."""
        now = self._monotonic()
        self._free_at = max(now - _CHUNK_SECONDS, self._free_at) + cost * self._seconds_each
        return max(0.0, self._free_at - now)


@dataclass(frozen=True)
class Sent:
    """One chunk that was handed over: what it cost, and how long the provider asked us to wait."""

    cost: int
    wait_seconds: float


async def send_chunk(services: Services, channel: str, limit: int) -> Sent | None:
    """Send up to `limit` waiting messages of a channel: claim, hand over, record. None when none waits."""
    chunk = await asyncio.to_thread(_claim, services, channel, limit)
    if chunk is None:
        return None
    outcomes = await delivery.hand_over(services.gateway, chunk)
    return Sent(chunk.cost, await _record(services, chunk, outcomes))


async def look_up_doubts(services: Services) -> None:
    """Ask the provider about rows whose hand-over nobody can prove, and settle them."""
    due = await asyncio.to_thread(_due, services)
    if due:
        looks = await doubts.look(services.gateway, due)
        await asyncio.to_thread(_settle, services, looks)


def _claim(services: Services, channel: str, limit: int) -> delivery.Chunk | None:
    now = services.clock()
    with services.reading() as session:
        if not ledger.something_waits(session, channel, now):
            return None
    with services.writing() as session:
        chunk = delivery.claim(session, services.sending, channel, limit, now)
        session.commit()
    return chunk


def _due(services: Services) -> list[doubts.Doubt]:
    with services.reading() as session:
        return doubts.doubts(session, services.sending, services.clock())


def _settle(services: Services, looks: doubts.Looks) -> None:
    with services.writing() as session:
        doubts.settle(session, looks, services.clock())
        session.commit()


async def _record(services: Services, chunk: delivery.Chunk, outcomes: delivery.Outcomes) -> float:
    """Record a chunk, trying again while the database is busy: what was sent must not stay in doubt."""
    for left in reversed(range(_RECORD_TRIES)):
        try:
            return await asyncio.to_thread(_record_once, services, chunk, outcomes)
        except SQLAlchemyError:
            if not left:
                raise
            log.exception("recording a chunk failed; trying again")
            await asyncio.sleep(_AFTER_TROUBLE_SECONDS)
    raise AssertionError("unreachable")


def _record_once(services: Services, chunk: delivery.Chunk, outcomes: delivery.Outcomes) -> float:
    with services.writing() as session:
        wait = delivery.record(session, chunk, outcomes, services.clock())
        session.commit()
    return wait


class Sender:
    """Sends what the ledger holds until it is stopped."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin sending in a thread."""
        self._thread.start()

    def stop(self, seconds: float = 15) -> None:
        """Finish the chunk at hand, then end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def run(self) -> None:
        """Send until stopped, in this thread."""
        asyncio.run(self._everything())

    async def _everything(self) -> None:
        settings = self._services.settings
        loops = [
            self._repeat(self._lane(WHATSAPP, Pace(settings.whatsapp_mps)), _IDLE_SECONDS),
            self._repeat(self._lane(SMS, Pace(settings.sms_sps)), _IDLE_SECONDS),
            self._repeat(self._look_up_doubts, _DOUBTS_SECONDS),
        ]
        if self._services.simulator is not None:
            loops.append(self._repeat(self._advance_simulator, _SIMULATOR_SECONDS))
        try:
            await asyncio.gather(*loops)
        finally:
            await self._services.gateway.close()

    async def _repeat(self, step: Callable[[], Coroutine[Any, Any, float | None]], idle: float) -> None:
        """Run a step again and again. Trouble is logged and waited out: a sender that ends sends nothing."""
        while not self._stopping.is_set():
            try:
                pause = await step()
            except Exception:
                log.exception("sender step failed")
                pause = _AFTER_TROUBLE_SECONDS
            await self._pause(idle if pause is None else pause)

    def _lane(self, channel: str, pace: Pace) -> Callable[[], Coroutine[Any, Any, float | None]]:
        async def step() -> float | None:
            sent = await send_chunk(self._services, channel, pace.chunk)
            return None if sent is None else max(sent.wait_seconds, pace.after(sent.cost))

        return step

    async def _look_up_doubts(self) -> float | None:
        await look_up_doubts(self._services)
        return None

    async def _advance_simulator(self) -> float | None:
        simulator = self._services.simulator
        assert simulator is not None
        await asyncio.to_thread(simulator.advance, self._services.clock())
        return None

    async def _pause(self, seconds: float) -> None:
        """Wait, but end early when asked to stop."""
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _IDLE_SECONDS))
