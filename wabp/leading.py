"""Leading: of all processes that keep time, one runs the jobs; the others stand by and take over when it is gone.

It beats on a lease in the database (`wabp.leases`). Who was frozen and wakes up finds the lease gone before its next
job: jobs ask `leads` each time.
"""

import logging
import threading

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from wabp import leases
from wabp.models import Lease
from wabp.services import Services

log = logging.getLogger(__name__)

# How often to look whether the one who leads is gone: with leases.STALE_SECONDS far below ten seconds.
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 5.0


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
            with self._services.writing() as session:
                leases.give_back(session, held)
                session.commit()
        except SQLAlchemyError:
            log.warning("the lease of the timed jobs could not be given back", exc_info=True)

    def leads(self) -> bool:
        """Ask the database whether this process leads now."""
        held = self._held
        if held is None:
            return False
        with self._services.reading() as session:
            return session.scalar(select(Lease.epoch).where(Lease.purpose == held.purpose)) == held.epoch

    def _keep_on(self) -> None:
        while not self._stopping.wait(leases.BEAT_SECONDS if self._held else _LOOK_SECONDS):
            self._step()

    def _step(self) -> None:
        """Show that we live, or look whether we can lead. Trouble is waited out."""
        try:
            if self._held is None:
                self._try_to_lead()
            elif not self._renewed(self._held):
                self._held = None
                log.warning("another process runs the timed jobs now")
        except SQLAlchemyError:
            log.exception("nobody can tell who runs the timed jobs")

    def _try_to_lead(self) -> None:
        with self._services.reading() as session:
            if not leases.is_free(session, self._watch, leases.of_scheduler()):
                return
        with self._services.writing() as session:
            held = leases.take(session, self._watch, leases.of_scheduler())
            session.commit()
        if held is not None:
            self._held = held
            log.info("this process runs the timed jobs now", extra={"count": held.epoch})

    def _renewed(self, held: leases.Held) -> bool:
        with self._services.writing() as session:
            ours = leases.renew(session, held)
            session.commit()
        return ours
