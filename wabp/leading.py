"""Leading: of all processes that could do something, one does it; the others stand by and take over when it is gone.

`take`, `renew` and `give_back` are the steps with a lease (`wabp.leases`), each one short transaction; the lanes of the
sender use them too. `Leader` is for the timed jobs: who was frozen and wakes up finds the lease gone before its next
job, as jobs ask `leads` each time.
"""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from wabp import leases
from wabp.services import Services

log = logging.getLogger(__name__)

# How often to look whether the one who leads is gone: with leases.STALE_SECONDS far below ten seconds.
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 5.0


def take(services: Services, watch: leases.Watch, purpose: str) -> leases.Held | None:
    """Become the one who does it. None while another process is."""
    with services.reading() as session:
        if not leases.is_free(session, watch, purpose):
            return None
    with services.writing() as session:
        held = leases.take(session, watch, purpose)
        session.commit()
    return held


def renew(services: Services, held: leases.Held) -> bool:
    """Show that we live. False when the lease is somebody else's by now."""
    with services.writing() as session:
        ours = leases.renew(session, held)
        session.commit()
    return ours


def give_back(services: Services, held: leases.Held) -> None:
    """Let the next process have the lease at once."""
    with services.writing() as session:
        leases.give_back(session, held)
        session.commit()


class Leader:
    """Tries to lead from `start` to `stop`, in a thread of its own."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._watch = leases.Watch(leases.this_holder())
        self._held: leases.Held | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, name="leading", daemon=True)

    def start(self) -> None:
        """Begin: lead at once when nobody does."""
        self._step()
        self._thread.start()

    def stop(self) -> None:
        """End, and let the next one lead at once."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        held, self._held = self._held, None
        if held is None:
            return
        try:
            give_back(self._services, held)
        except SQLAlchemyError:
            log.warning("the lease of the timed jobs could not be given back", exc_info=True)

    def leads(self) -> bool:
        """Ask the database whether this process leads now."""
        held = self._held
        if held is None:
            return False
        with self._services.reading() as session:
            return leases.is_held(session, held, lock=False)

    def _keep_on(self) -> None:
        while not self._stopping.wait(leases.BEAT_SECONDS if self._held else _LOOK_SECONDS):
            self._step()

    def _step(self) -> None:
        """Show that we live, or look whether we can lead. Trouble is waited out."""
        try:
            if self._held is None:
                self._try_to_lead()
            elif not renew(self._services, self._held):
                self._held = None
                log.warning("another process runs the timed jobs now")
        except SQLAlchemyError:
            log.exception("nobody can tell who runs the timed jobs")

    def _try_to_lead(self) -> None:
        held = take(self._services, self._watch, leases.of_scheduler())
        if held is not None:
            self._held = held
            log.info("this process runs the timed jobs now", extra={"count": held.epoch})
