"""`wabp doctor`: looks at the parts that stop a street from being warned, and names the cure for each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from wabp import db, rules, templates
from wabp.errors import Problem
from wabp.models import Zone
from wabp.services import Services
from wabp.settings import is_loopback
from wabp.texts import LANGUAGES

# No clock of this product's time can be before its first version was written.
_EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)

Verdict = Literal["ok", "note", "wrong"]
# Without these all works, with more work for people.
_NOTES = frozenset({"mail"})


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
    note = f"add approved forms with `wabp template add` for {', '.join(missing)}"
    yield "templates", note if missing and settings.whatsapp_from else None


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or ""
