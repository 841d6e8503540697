"""The timed jobs (APScheduler). Each is safe to run twice and does its work in one short transaction."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from apscheduler.schedulers.background import BackgroundScheduler

from wabp import (
    accounts,
    alarms,
    channels,
    doubts,
    forgetting,
    inbox,
    ladder,
    lanes,
    ledger,
    limits,
    mail,
    phone_codes,
    polling,
    reactions,
    reminders,
    reverse_codes,
    sanctions,
    shredder,
    texts,
)
from wabp.gateway import CannotAsk
from wabp.gateway.inbound import Inbound
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


class Poller:
    """Reads the provider's books for what no hook told us. Remembers how far it read them, and when."""

    def __init__(self) -> None:
        self._looked = polling.Looked()

    def poll_books(self, services: Services) -> None:
        """Take what came in first: a STOP may be among it. Then raise rows by how their messages stand."""
        now = services.clock()
        with services.reading() as session:
            due = polling.due(session, self._looked, now)
        if due is None:
            return
        try:
            books = ask(services, services.gateway.books(due.since))
        except CannotAsk:
            log.warning("the provider's books could not be read")
            return
        with services.reading() as session:
            missing = polling.missing(session, books.inbound, due, now)
            news = polling.news(session, books.receipts)
        for inbound in missing:
            _take_missing(services, inbound)
        for start in range(0, len(news), polling.CHUNK):
            with services.writing() as session:
                polling.apply(session, news[start : start + polling.CHUNK], services.clock())
                session.commit()
        self._looked.note(now)
        if missing:
            log.warning("messages came in without their hook", extra={"count": len(missing)})
        if news:
            log.info("messages ended without their callback", extra={"count": len(news)})


def _take_missing(services: Services, inbound: Inbound) -> None:
    """Store a message, commit, then do what it asks, as its hook would have. What is left over is handled later."""
    now = services.clock()
    try:
        with services.writing() as session:
            stored = polling.store(session, inbound, now)
            session.commit()
        if stored is not None:
            with services.writing() as session:
                inbox.handle(session, stored, public_url=services.settings.public_url, now=now)
                session.commit()
    except Exception:
        # One that cannot be taken must not stand before all that came after it.
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


def urgent_by_sms(services: Services) -> None:
    """Let urgent alerts that wait for a WhatsApp number which is shut go by SMS."""
    with services.reading() as session:
        if not lanes.stopped(session):
            return
    with services.writing() as session:
        reactions.urgent_by_sms(session, services.clock())
        session.commit()


def try_whatsapp_again(services: Services) -> None:
    """Give WhatsApp another chance at people who had none a month ago."""
    with services.writing() as session:
        tried = channels.try_whatsapp_again(session, services.clock())
        session.commit()
    if tried:
        log.info("people whose WhatsApp is tried again", extra={"count": tried})


def tell_operator(services: Services) -> None:
    """Tell whoever runs this that a lane was shut, or is open again: always in the log, by mail where there is any."""
    with services.reading() as session:
        due, ours = alarms.due(session), lanes.ours(session)
    for alarm in due:
        now = services.clock()
        with services.writing() as session:
            told = alarms.note_told(session, alarm, now)
            session.commit()
        if not told:
            continue
        about = {"lane": alarms.label(ours, alarm.lane), "code": alarm.code}
        if alarm.since is None:
            log.warning("the provider takes messages from this lane again", extra=about)
        else:
            log.error("the provider takes nothing from this lane", extra=about)
        if not _mailed(services, alarm, now):
            with services.writing() as session:
                alarms.note_untold(session, alarm, now)
                session.commit()


def _mailed(services: Services, alarm: alarms.Alarm, now: datetime) -> bool:
    """Mail an alarm to everybody who is told. False when it reached none of them, so that it is tried again."""
    settings = services.settings
    if settings.smtp_url is None:
        return True
    with services.reading() as session:
        mails = [(to, alarms.mail_of(session, alarm, to)) for to in alarms.operators(session)]
    reached = 0
    for to, (subject, body) in mails:
        try:
            mail.send(settings.smtp_url, to.email, subject, body, public_url=settings.public_url, now=now)
            reached += 1
        except mail.CannotMail as trouble:
            log.warning("an alarm could not be mailed", extra={"code": str(trouble)})
    return reached > 0 or not mails


def start(services: Services, leads: Callable[[], bool]) -> BackgroundScheduler:
    """Start all jobs in threads of their own; each runs only while this process `leads`. Stop it with `shutdown`."""
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
        (Poller().poll_books, 60),
        (tell_operator, 10),
        (end_suspensions, 60),
        (urgent_by_sms, 2),
        (try_whatsapp_again, 3600),
        (forget_strangers, 3600),
        (forget_applications, 3600),
        (remind_officers, 3600),
        (forget_sign_ins, 3600),
    ]
    for job, seconds in jobs:
        name = job.__name__
        scheduler.add_job(_tick, "interval", args=[job, services, leads], seconds=seconds, id=name, name=name)
    scheduler.start()
    return scheduler


def _tick(job: Callable[[Services], None], services: Services, leads: Callable[[], bool]) -> None:
    # Asked each time: another process may have taken over while this one was frozen.
    if leads():
        job(services)
