"""The dispatcher of one lane: claims ahead of the pace, hands over many at once, writes down in batches.

    feed    claims what waits, so that a little more than a second's worth is at hand
    launch  hands over in order, at the lane's pace: what is urgent overtakes what was claimed before it
    write   records what became of it, a few times a second

It works while its lease holds, until nothing waits or it is asked to stop. What was claimed and not handed over
then goes back to the queue.
"""

import asyncio
import heapq
import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from wabp import delivery, leading, leases
from wabp.gateway import NotNow, Outcome, Unknown
from wabp.lanes import LaneName
from wabp.pace import Breaker, Pace
from wabp.services import Services
from wabp.worker import steps

log = logging.getLogger(__name__)

# Claimed ahead: more would keep an urgent alert waiting, less would let the lane run dry.
_AHEAD_SECONDS = 0.5
_LARGEST_CLAIM = 500
# Requests under way at once, of all lanes of a process together. At 80 ms each this is 12,500 a second.
IN_FLIGHT = 1_000
# Results are gathered for this long, and written together.
_GATHER_SECONDS = 0.15
# A lane that has nothing to send stays open for this long: the next message often follows.
_LINGER_SECONDS = 1.0
_RETRY_SECONDS = 1.0
# For a longer pause than this, what was claimed goes back: it may be called off meanwhile.
_KEEP_SECONDS = 2.0
# How long a lane rests that the provider shut.
_SHUT_SECONDS = 30.0
# At the least this often it is seen whether there is room for more.
_NEWS_SECONDS = 0.1
_YIELD_EVERY = 25


class Dispatcher:
    """Sends by one lane, as the only one while its lease holds.

    `database` keeps this process to one writer, and `places` all its lanes to as many requests as there are
    connections: who had to wait for one would hold a claim that grows old. A `probe` sends one message and ends:
    whether a lane that the provider shut is open again.
    """

    def __init__(
        self,
        services: Services,
        lane: LaneName,
        held: leases.Held,
        pace: Pace,
        database: asyncio.Lock,
        places: asyncio.Semaphore,
        *,
        probe: bool = False,
    ) -> None:
        self._services = services
        self._lane = lane
        self._held = held
        self._pace = pace
        self._breaker = Breaker(time.monotonic)
        self._database = database
        self.probe = probe
        self._ahead = max(1, int(pace.per_second * _AHEAD_SECONDS))
        self._batch = 1 if probe else min(_LARGEST_CLAIM, self._ahead)
        self._pending: list[tuple[tuple[int, int, int], delivery.Claim]] = []
        self._pending_cost = 0
        # The last priority among what is pending, or more than that.
        self._last = 0
        self._done: list[tuple[delivery.Claim, Outcome]] = []
        self._places = places
        self._under_way: set[asyncio.Task[None]] = set()
        self._news, self._fed, self._finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
        # What is known of the queue: the first priority that waits in it, None when nothing does.
        self._waits: int | None = 0
        self._paused_until = 0.0
        self._ending = self._closing = self._lost = False

    def hear(self, priority: int) -> None:
        """Be told that rows wait, the first of this priority. A probe wants one message and no more."""
        if self.probe:
            return
        self._waits = priority
        self._news.set()

    def stop(self) -> None:
        """End soon: nothing more is handed over."""
        self._ending = True
        for event in (self._news, self._fed):
            event.set()

    async def run(self) -> None:
        """Send until nothing waits, the lease is lost, or `stop`."""
        writing = asyncio.create_task(self._write())
        beating = asyncio.create_task(self._beat())
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._feed())
                both.create_task(self._launch())
        finally:
            self._put_back_pending()
            await asyncio.gather(*self._under_way)
            beating.cancel()
            self._closing = True
            self._finished.set()
            await writing
            if not self._lost:
                await self._in_thread(leading.give_back, self._services, self._held)

    # ---- feed ----

    async def _feed(self) -> None:
        idle_since: float | None = None
        while not self._ending:
            room, above = self._wish()
            claims = await self._claim(room, above) if room > 0 else []
            if claims:
                for claim in claims:
                    heapq.heappush(self._pending, (claim.order, claim))
                    self._pending_cost += claim.cost
                    self._last = max(self._last, claim.order[0])
                self._fed.set()
            # A pause is no idleness: the next dispatcher would know nothing of it, nor of the failures before.
            if claims or self._pending or self._under_way or (self._is_paused and not self.probe):
                idle_since = None
            elif idle_since is None:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _LINGER_SECONDS or self.probe:
                return self.stop()
            if not claims:
                await self._until_news()

    def _wish(self) -> tuple[int, int | None]:
        """Return how many rows to claim now, and above which priority: what is more urgent is always wanted."""
        if self._waits is None or self._is_paused or self._ending:
            return 0, None
        at_hand = len(self._pending) + len(self._under_way)
        room = min(self._ahead - self._pending_cost, IN_FLIGHT + self._batch - at_hand)
        if room >= max(1, self._batch // 2):
            return min(room, self._batch), None
        return (self._batch, self._last) if self._waits < self._last else (0, None)

    async def _claim(self, room: int, above: int | None) -> list[delivery.Claim]:
        known = self._waits
        try:
            claims: list[delivery.Claim] = await self._in_thread(
                steps.claim, self._services, self._held, self._lane, room, above
            )
        except leases.LeaseLost:
            self._lose()
            return []
        if self.probe and claims:
            self._waits = None
        elif len(claims) < room and self._waits == known:
            # Perhaps all is claimed: the next look tells.
            self._waits = above
        return claims

    async def _until_news(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(_NEWS_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass

    # ---- launch ----

    async def _launch(self) -> None:
        launched = 0
        while not self._ending:
            if not self._pending or self._is_paused:
                await self._until_fed()
                continue
            wait = self._pace.wait(self._pending[0][1].cost)
            if wait > 0:
                await asyncio.sleep(min(wait, 0.05))
                continue
            await self._places.acquire()
            if not self._pending or self._ending:
                self._places.release()
                continue
            _, claim = heapq.heappop(self._pending)
            self._pending_cost -= claim.cost
            self._pace.spend(claim.cost)
            if not self._pending:
                self._last = 0
            if self._wish()[0]:
                self._news.set()
            task = asyncio.create_task(self._hand_over(claim))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            launched += 1
            if launched % _YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def _until_fed(self) -> None:
        self._fed.clear()
        if self._is_paused:
            await asyncio.sleep(0.05)
            return
        if not self._pending:
            await self._fed.wait()

    async def _hand_over(self, claim: delivery.Claim) -> None:
        try:
            outcome = await delivery.hand_over(self._services.gateway, claim)
        finally:
            self._places.release()
        self._note(outcome)
        self._done.append((claim, outcome))
        self._finished.set()

    def _note(self, outcome: Outcome) -> None:
        """Learn from an outcome how fast, and whether, to go on."""
        if isinstance(outcome, NotNow) and outcome.too_fast:
            self._pace.slow_down()
            self._pause(outcome.wait_seconds)
        elif isinstance(outcome, NotNow | Unknown):
            waits = outcome.wait_seconds if isinstance(outcome, NotNow) else 0.0
            self._pause(max(waits, self._breaker.failed()))
        elif delivery.shuts(outcome):
            self._pause(_SHUT_SECONDS)
        else:
            self._breaker.went_well()

    @property
    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        if seconds > _KEEP_SECONDS:
            self._put_back_pending()

    def _put_back_pending(self) -> None:
        """Give back what was claimed and surely not handed over."""
        self._done += [(claim, NotNow(0)) for _, claim in self._pending]
        self._pending, self._pending_cost = [], 0
        self._waits = 0
        self._finished.set()

    # ---- write ----

    async def _write(self) -> None:
        while not (self._closing and not self._done):
            await self._finished.wait()
            self._finished.clear()
            if len(self._done) < _LARGEST_CLAIM and not self._closing:
                await asyncio.sleep(_GATHER_SECONDS)
            done, self._done = self._done, []
            await self._write_down(done)

    async def _write_down(self, done: list[tuple[delivery.Claim, Outcome]]) -> None:
        """Write down what became of messages. It is tried again while the database is away: no doubt must stay.

        What cannot be written for another reason is left to the looks into the provider's books, alone.
        """
        while done:
            try:
                await self._in_thread(steps.record, self._services, self._lane, done)
                if self._breaker.is_open:
                    await self._in_thread(steps.stop_lane, self._services, self._lane, None)
                return
            except (OperationalError, InterfaceError):
                log.exception("recording failed; trying again")
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                log.exception("an outcome could not be recorded", extra={"delivery": done[0][0].message.delivery_id})
                for one in done if len(done) > 1 else ():
                    await self._write_down([one])
                return

    # ---- the lease ----

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(leases.BEAT_SECONDS)
            try:
                if not await self._in_thread(leading.renew, self._services, self._held):
                    self._lose()
                    return
            except SQLAlchemyError:
                # Claiming asks for the lease as well, so a missed beat harms nothing.
                log.exception("a sign of life could not be written")

    def _lose(self) -> None:
        log.warning("another process sends by this lane now")
        self._lost = True
        self.stop()

    async def _in_thread(self, step: Callable[..., Any], *arguments: Any) -> Any:
        async with self._database:
            return await asyncio.to_thread(step, *arguments)
