"""`wabp doctor`: looks at the parts that stop a street from being warned, and names the cure for each."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from wabp import alarms, db, figures, lanes, leases, rules, templates
from wabp.errors import Problem
from wabp.gateway import CannotAsk
from wabp.models import Zone
from wabp.services import Services
from wabp.settings import Settings, is_loopback
from wabp.texts import LANGUAGES

# No clock of this product's time can be before its first version was written.
_EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)

Verdict = Literal["ok", "note", "wrong"]
# Without these all works, with more work for people.
_NOTES = frozenset({"mail", "scheduler"})
_PROVIDER_SECONDS = 5


def judge(build: Callable[[], Services]) -> Iterator[tuple[Verdict, str, str | None]]:
    """Yield (verdict, part, cure) for each part. A note leaves something to people, but stops no warning."""
    for part, cure in _examine(build):
        kind: Verdict = "ok" if cure is None else "note" if part in _NOTES else "wrong"
        yield kind, part, cure


def _examine(build: Callable[[], Services]) -> Iterator[tuple[str, str | None]]:
    try:
        services = build()
    except Problem as problem:
        yield "settings", problem.say("en")
        return
    except OSError as problem:
        yield "settings", f"{problem.filename}: {problem.strerror}; check the folder and its rights"
        return
    yield "settings", None
    sane = services.clock() > _EARLIEST
    yield "clock", None if sane else "the clock of this machine is wrong; switch on time synchronisation"
    try:
        with services.reading() as session:
            session.execute(text("SELECT 1"))
        yield "database", None
        db.require_current_schema(services.app)
        yield "schema", None
    except Problem as problem:
        yield "schema", problem.say("en")
        return
    except SQLAlchemyError as problem:
        yield "database", f"cannot be opened ({type(problem).__name__}); check WABP_DATABASE_URL"
        return
    yield "rulebooks", _unread_rulebook(services)
    if services.settings.simulated:
        yield "gateway", None
    else:
        yield from _provider(services)
    yield "lanes", _shut_lanes(services)
    yield "scheduler", _absent_scheduler(services)
    if services.settings.broker_url:
        yield "broker", _broker(services.settings)
    mail = "no WABP_SMTP_URL, so officers get no mail that an application waits; look at the applications page yourself"
    yield "mail", None if services.settings.smtp_url else mail


def _unread_rulebook(services: Services) -> str | None:
    """Return the cure for the first zone whose own rulebook cannot be read: until then its country's holds alone."""
    with services.reading() as session:
        for zone in session.scalars(select(Zone).where(Zone.rulebook.is_not(None)).order_by(Zone.slug)):
            try:
                rules.read_rulebook(zone.rulebook or "", zone.slug)
            except ValueError as problem:
                return f"{problem}; correct it and run `wabp rulebook use FILE --zone {zone.slug}`"
    return None


def _provider(services: Services) -> Iterator[tuple[str, str | None]]:
    settings = services.settings
    reachable = settings.public_url.startswith("https://") or is_loopback(_host(settings.public_url))
    cure = "set WABP_PUBLIC_URL to the https address that the provider calls"
    yield "public URL", None if reachable else cure
    sender = "set WABP_WHATSAPP_FROM to reach people by WhatsApp; now everybody gets SMS"
    yield "WhatsApp sender", None if settings.whatsapp_from else sender
    yield "SMS sender", None if settings.sms_from else "set WABP_SMS_FROM: without it nobody can fall back to SMS"
    with services.reading() as session:
        have = templates.approved(session)
    missing = [f"{kind}/{code}" for kind in templates.KINDS for code in LANGUAGES if (kind, code) not in have]
    yield "credentials", _credentials(services)
    note = f"add approved forms with `wabp template add` for {', '.join(missing)}"
    yield "templates", note if missing and settings.whatsapp_from else None


def _credentials(services: Services) -> str | None:
    """Ask the provider for the last minute's messages: what it answers tells whether it knows us."""

    async def books() -> None:
        try:
            async with asyncio.timeout(_PROVIDER_SECONDS):
                await services.gateway.books(services.clock() - timedelta(minutes=1))
        finally:
            await services.gateway.close()

    try:
        asyncio.run(books())
    except (CannotAsk, TimeoutError):
        cure = "check WABP_TWILIO_ACCOUNT_SID and WABP_TWILIO_AUTH_TOKEN, and that this machine reaches the provider"
        return f"the provider's list of messages cannot be read; {cure}"
    return None


def _shut_lanes(services: Services) -> str | None:
    with services.reading() as session:
        ours, shut = lanes.ours(session), lanes.stopped(session)
    said = [
        f"{alarms.label(ours, lane)} since {row.stopped_at:%d %b %H:%M} UTC ({row.stopped_code or 'no answer'})"
        for lane, row in sorted(shut.items())
        if lane in ours
    ]
    return f"the provider takes nothing from {', '.join(said)}; look in the provider's console" if said else None


def _absent_scheduler(services: Services) -> str | None:
    """Nobody holds the lease of the timed jobs, or who did stopped beating. Where nothing runs, nothing is missing."""
    if services.settings.database_url.startswith("sqlite"):
        return None
    with services.reading() as session:
        before = figures.timekeeper(session)
    time.sleep(leases.BEAT_SECONDS + 1)
    with services.reading() as session:
        after = figures.timekeeper(session)
    if after.present and after != before:
        return None
    return "nobody runs the timed jobs; start `wabp scheduler`"


def _broker(settings: Settings) -> str | None:
    from wabp.worker import bell

    if settings.database_url.startswith("sqlite"):
        cure = "set WABP_DATABASE_URL to PostgreSQL, or leave WABP_BROKER_URL out"
        return f"a broker is for several machines, and SQLite for one; {cure}"
    if not bell.is_reachable(settings.broker_url or ""):
        return "the broker does not answer, so urgent alerts start up to a second later; check WABP_BROKER_URL"
    return None


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or ""
