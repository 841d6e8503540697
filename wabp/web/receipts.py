"""Receipts in groups: those that wait at the same time are committed together, and each is answered after that.

There is no thread and no timer of its own. Of the requests that wait, one writes for all who came before it, and the
first of those who came meanwhile writes next (ADR 0013). Nothing is answered as kept that was not committed.
"""

import logging
import threading
import time
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from wabp import delivery
from wabp.gateway.inbound import Receipt
from wabp.services import Services

log = logging.getLogger(__name__)

# The provider gives up after 15 seconds. Whoever waits for others' writing must answer before that.
PATIENCE_SECONDS = 8.0


class NotKept(Exception):
    """The receipt was not committed, or nobody knows in time: the provider has to be told so."""


class _Waiting:
    """One receipt, and the request that waits for it until `turn` opens: then it is done, or it writes next."""

    __slots__ = ("done", "kept", "named", "turn")

    def __init__(self, named: tuple[int, int, Receipt]) -> None:
        self.named = named
        self.done = self.kept = False
        # A lock that is taken from the start does what an event does, at less cost for each call.
        self.turn = threading.Lock()
        self.turn.acquire()


class Receipts:
    """Keeps receipts for one process, whichever of its threads they come in by."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._guard = threading.Lock()
        self._queue: list[_Waiting] = []
        self._writing = False

    def keep(self, row_id: int, attempt: int, receipt: Receipt) -> None:
        """Return when the receipt is committed. Raises NotKept."""
        mine = _Waiting((row_id, attempt, receipt))
        with self._guard:
            self._queue.append(mine)
            writes, self._writing = not self._writing, True
        if not writes:
            self._wait(mine)
        if not mine.done:
            self._write_queue()
        if not mine.kept:
            raise NotKept

    def _wait(self, mine: _Waiting) -> None:
        if mine.turn.acquire(timeout=PATIENCE_SECONDS):
            return
        with self._guard:
            if mine.turn.acquire(blocking=False):
                return
            if mine in self._queue:
                self._queue.remove(mine)
        raise NotKept

    def _write_queue(self) -> None:
        """Write for all who wait, then let the first of those who came meanwhile write next."""
        self._let_others_in()
        with self._guard:
            group, self._queue = self._queue, []
        try:
            self._write(group)
        finally:
            with self._guard:
                if self._queue:
                    self._queue[0].turn.release()
                else:
                    self._writing = False
            for waiting in group:
                waiting.done = True
                waiting.turn.release()

    def _let_others_in(self) -> None:
        """Give way to threads that are on their way here, as long as that brings somebody: one commit is for all."""
        waiting = 0
        while len(self._queue) > waiting:
            waiting = len(self._queue)
            time.sleep(0)

    def _write(self, group: Sequence[_Waiting]) -> None:
        """Commit a group. When it fails, one by one: what cannot be kept must not take the others along."""
        if self._commit(group) is None or len(group) == 1:
            return
        for waiting in group:
            if isinstance(self._commit([waiting]), OperationalError | InterfaceError):
                # The database is away or locked. Whoever is left would wait as long again, in vain.
                return

    def _commit(self, group: Sequence[_Waiting]) -> Exception | None:
        """Commit, and return what went wrong."""
        try:
            with self._services.writing() as session:
                delivery.apply(session, [waiting.named for waiting in group], self._services.clock())
                session.commit()
        except DBAPIError as problem:
            log.error("the database did not answer", extra={"code": type(problem.orig).__name__})
            return problem
        except Exception as problem:
            log.exception("receipts could not be kept", extra={"count": len(group)})
            return problem
        for waiting in group:
            waiting.kept = True
        return None
