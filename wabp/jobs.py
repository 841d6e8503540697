"""The timed jobs (APScheduler). Each is safe to run twice and does its work in one short transaction."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, timedelta
from typing import Any, TypeVar

from apscheduler.schedulers.background import BackgroundScheduler

from wabp import (
    accounts,
    doubts,
    forgetting,
    inbox,
    ladder,
    ledger,
    limits,
    mail,
    phone_codes,
    reminders,
    reverse_codes,
    sanctions,
    shredder,
    texts,
)
from wabp.services import Services

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

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


def settle_doubts(services: Services) -> None:
    """Ask the provider about rows whose hand-over nobody can prove, and settle them."""
    with services.reading() as session:
        due = doubts.doubts(session, services.sending, services.clock())
    if not due:
        return
    looks = ask(services, doubts.look(services.gateway, due))
    with services.writing() as session:
        doubts.settle(session, looks, services.clock())
        session.commit()


def climb(services: Services) -> None:
    """Send by SMS what nothing says was delivered by WhatsApp in time, chunk after chunk."""
    settled = ladder.CHUNK
    while settled == ladder.CHUNK:
        with services.reading() as session:
            due = ladder.due(session, services.sending, services.clock())
        if not due:
            return
        answers = ask(services, ladder.ask(services.gateway, due))
        with services.writing() as session:
            settled = ladder.settle(session, answers, services.clock())
            session.commit()


def ask(services: Services, question: Coroutine[Any, Any, Answer]) -> Answer:
    """Run one question to the provider on a loop of its own. No session may be open."""

    async def asked() -> Answer:
        try:
            return await question
        finally:
            await services.gateway.close()

    return asyncio.run(asked())


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


def end_suspensions(services: Services) -> None:
    """Let residents back in whose suspension is over."""
    with services.writing() as session:
        sanctions.end_over(session, now=services.clock())
        session.commit()


def forget_strangers(services: Services) -> None:
    """Remove people who wrote once and joined nothing, requests that are over, and codes of pages."""
    now = services.clock()
    with services.writing() as session:
        forgetting.requests(session, now=now)
        forgetting.strangers(session, now=now)
        reverse_codes.forget(session, now=now)
        session.commit()


def forget_sign_ins(services: Services) -> None:
    """Remove what signing in left behind: old codes, sign-ins that ended long ago, counts of no use any more."""
    now = services.clock()
    with services.writing() as session:
        phone_codes.forget(session, now=now)
        accounts.forget_sign_ins(session, now=now)
        limits.forget(session, now=now)
        session.commit()


def forget_applications(services: Services) -> None:
    """Remove applications that nobody works on any more, and what is left of those that ended."""
    with services.writing() as session:
        shredder.forget(session, now=services.clock())
        session.commit()


def remind_officers(services: Services) -> None:
    """Mail officers that something waits, once a day. No session is open while the mail server thinks."""
    now, settings = services.clock(), services.settings
    if settings.smtp_url is None:
        return
    with services.reading() as session:
        due = reminders.to_remind(session, now=now)
    for reminder in due:
        subject = texts.say("founding.mail.subject", reminder.language)
        body = texts.say("founding.mail.body", reminder.language, link=f"{settings.public_url}/applications")
        try:
            mail.send(settings.smtp_url, reminder.email, subject, body, public_url=settings.public_url, now=now)
        except mail.CannotMail as trouble:
            # Without the address. The next tick tries again.
            log.warning("a reminder could not be mailed", extra={"code": str(trouble)})
            continue
        with services.writing() as session:
            reminders.note_reminded(session, reminder.account_id, now=now)
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
        (settle_doubts, 5),
        (climb, 2),
        (handle_left_over, 30),
        (end_suspensions, 60),
        (forget_strangers, 3600),
        (forget_applications, 3600),
        (remind_officers, 3600),
        (forget_sign_ins, 3600),
    ]
    for job, seconds in jobs:
        scheduler.add_job(job, "interval", args=[services], seconds=seconds, id=job.__name__)
    scheduler.start()
    return scheduler
