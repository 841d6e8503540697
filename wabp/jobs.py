"""The timed jobs (APScheduler). Each is safe to run twice and does its work in one short transaction."""

import logging
from collections.abc import Callable
from datetime import UTC, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from wabp import inbox, ledger
from wabp.services import Services

log = logging.getLogger(__name__)

# A message that is still unhandled after this long was left over by a crash.
_LEFT_OVER_AFTER = timedelta(seconds=10)


def expire(services: Services) -> None:
    """End rows whose time is over."""
    now = services.clock()
    with services.writing() as session:
        ended = ledger.expire(session, now)
        session.commit()
    if ended:
        log.info("expired rows", extra={"count": ended})


def handle_left_over(services: Services) -> None:
    """Handle messages that were stored when the process ended before it could."""
    now = services.clock()
    with services.reading() as session:
        waiting = inbox.unhandled(session, before=now - _LEFT_OVER_AFTER)
    for message_id in waiting:
        try:
            with services.writing() as session:
                inbox.handle(session, message_id, public_url=services.settings.public_url, now=now)
                session.commit()
        except Exception:
            # One that cannot be handled must not stand before all that came after it: a STOP may be among them.
            log.exception("a message could not be handled")


def forget_strangers(services: Services) -> None:
    """Remove people who wrote once and joined nothing."""
    with services.writing() as session:
        inbox.forget_strangers(session, now=services.clock())
        session.commit()


def start(services: Services) -> BackgroundScheduler:
    """Start all jobs in a thread of their own. Stop it with `shutdown`."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        daemon=True,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    jobs: list[tuple[Callable[[Services], None], int]] = [
        (expire, 10),
        (handle_left_over, 30),
        (forget_strangers, 3600),
    ]
    for job, seconds in jobs:
        scheduler.add_job(job, "interval", args=[services], seconds=seconds, id=job.__name__)
    scheduler.start()
    return scheduler
