"""The sender: sees what waits, and lets a dispatcher send by each lane that has work.

It runs in a thread of its own with an event loop of its own. Several processes may do this at once: each lane is
one's at a time (`wabp.leases`), and the ledger is the truth for all of them.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from wabp import leases
from wabp.gateway import WHATSAPP
from wabp.lanes import LaneName
from wabp.pace import Pace
from wabp.services import Services
from wabp.worker import steps
from wabp.worker.dispatcher import IN_FLIGHT, Dispatcher

log = logging.getLogger(__name__)

# How often to look whether something waits: always where nobody rings, else while this process sends.
_LOOK_SECONDS = 0.05
LOOK_WITH_BELL_SECONDS = 1.0
# However often somebody rings, no sooner than this.
_SOONEST_SECONDS = 0.01
_ADOPT_SECONDS = 60.0
_SIMULATOR_SECONDS = 0.2
_AFTER_TROUBLE_SECONDS = 1.0
# How often to try a lane again that the provider shut, with one message.
_PROBE_SECONDS = 30.0

Step = Callable[[], Coroutine[Any, Any, None]]


class Sender:
    """Sends what the ledger holds until it is stopped. `look_seconds` is how often it looks while it has no work."""

    def __init__(self, services: Services, look_seconds: float = _LOOK_SECONDS) -> None:
        self._services = services
        self._look_seconds = look_seconds
        self._watch = leases.Watch(leases.this_holder())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="sender", daemon=True)
        self._dispatchers: dict[LaneName, Dispatcher] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._paces: dict[LaneName, Pace] = {}
        self._probe_at: dict[LaneName, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin sending in a thread."""
        self._thread.start()

    def ring(self) -> None:
        """Let it look at the ledger now. May be called from any thread, at any time."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                # A loop that just ended looks no more.
                self._loop.call_soon_threadsafe(self._rung.set)

    def stop(self, seconds: float = 15) -> None:
        """Finish what was handed over, then end."""
        self._stopping.set()
        self.ring()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def run(self) -> None:
        """Send until stopped, in this thread."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._everything())

    async def _everything(self) -> None:
        self._database = asyncio.Lock()
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        loops = [self._repeat(self._look_and_wait, 0.0), self._repeat(self._adopt, _ADOPT_SECONDS)]
        if self._services.simulator is not None:
            loops.append(self._repeat(self._advance_simulator, _SIMULATOR_SECONDS))
        try:
            await self._services.gateway.open()
            await asyncio.gather(*loops)
        finally:
            for dispatcher in self._dispatchers.values():
                dispatcher.stop()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._services.gateway.close()

    async def _repeat(self, step: Step, seconds: float) -> None:
        """Run a step again and again. Trouble is logged and waited out: a sender that ends sends nothing."""
        while not self._stopping.is_set():
            pause = seconds
            try:
                await step()
            except Exception:
                log.exception("sender step failed")
                pause = max(seconds, _AFTER_TROUBLE_SECONDS)
            await self._pause(pause)

    async def _look_and_wait(self) -> None:
        await self._look()
        try:
            async with asyncio.timeout(_LOOK_SECONDS if self._dispatchers else self._look_seconds):
                await self._rung.wait()
                await asyncio.sleep(_SOONEST_SECONDS)
        except TimeoutError:
            pass
        self._rung.clear()

    async def _look(self) -> None:
        outlook = await asyncio.to_thread(steps.look, self._services)
        for lane, priority in outlook.waiting.items():
            shut = lane in outlook.stopped
            if dispatcher := self._dispatchers.get(lane):
                if shut and not dispatcher.probe:
                    dispatcher.stop()
                else:
                    dispatcher.hear(priority)
            elif not shut or self._may_probe(lane):
                await self._open(lane, probe=shut)

    def _may_probe(self, lane: LaneName) -> bool:
        return time.monotonic() >= self._probe_at.get(lane, 0.0)

    async def _open(self, lane: LaneName, *, probe: bool) -> None:
        """Let a dispatcher send by a lane, unless another process does."""
        async with self._database:
            held = await asyncio.to_thread(steps.take_lane, self._services, self._watch, lane)
        if held is None:
            return
        if probe:
            self._probe_at[lane] = time.monotonic() + _PROBE_SECONDS
        dispatcher = Dispatcher(self._services, lane, held, self._pace(lane), self._database, self._places, probe=probe)
        self._dispatchers[lane] = dispatcher
        task = asyncio.create_task(self._dispatch(lane, dispatcher))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dispatch(self, lane: LaneName, dispatcher: Dispatcher) -> None:
        try:
            await dispatcher.run()
        except Exception:
            log.exception("a dispatcher failed")
            await asyncio.sleep(_AFTER_TROUBLE_SECONDS)
        finally:
            del self._dispatchers[lane]

    def _pace(self, lane: LaneName) -> Pace:
        if lane not in self._paces:
            settings = self._services.settings
            most = settings.whatsapp_mps if lane.channel == WHATSAPP else settings.sms_sps
            self._paces[lane] = Pace(most, time.monotonic)
        return self._paces[lane]

    async def _adopt(self) -> None:
        async with self._database:
            await asyncio.to_thread(steps.adopt, self._services)

    async def _advance_simulator(self) -> None:
        simulator = self._services.simulator
        assert simulator is not None
        await asyncio.to_thread(simulator.advance, self._services.clock())

    async def _pause(self, seconds: float) -> None:
        """Wait, but end early when asked to stop."""
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.1))
