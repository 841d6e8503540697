"""Polling: the net under hooks that never came. What the provider's books say of our messages, and what came in.

    due → (closed) → Gateway.books → missing → each: store → commit → handle → commit
                                   → news    → in chunks: apply → commit

A hook that we could not take is mostly not called again. So messages that have not arrived for two minutes are looked
for every minute, after ten minutes every ten, for a day; messages to us every four minutes, 50 minutes back, and up to
a day back when nobody looked for longer. No session is open while the books are read, and nothing here sends.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from wabp import inbox, ledger, proofs, reactions, words
from wabp.gateway.inbound import Inbound, Receipt
from wabp.models import AuditEvent, Delivery, InboundMessage, vault_of
from wabp.models.base import Moment
from wabp.proofs import Proof

_T = TypeVar("_T")

# How many rows or messages are looked up, and written, at a time.
CHUNK = 1_000

_HOOK_WITHIN = timedelta(minutes=2)
_YOUNG_FOR = timedelta(minutes=10)
_OLD_EVERY = timedelta(minutes=10)
_OLDEST = timedelta(hours=24)
_INBOUND_EVERY = timedelta(minutes=4)
# Less than the hour after which the first messages are forgotten: nothing that was forgotten may come back.
_INBOUND_BACK = timedelta(minutes=50)
# The hook of a message that came in just now is on its way, and tells more of it than the books.
_INBOUND_HOOK_WITHIN = timedelta(minutes=1)

# In the words of the partial index.
_UNFINISHED = text("delivery.state in ('accepted', 'sent')")


@dataclass
class Looked:
    """When the books were last read for messages to us, and for rows that wait long. Of this process alone."""

    inbound_at: datetime | None = None
    old_at: datetime | None = None

    def note(self, now: datetime) -> None:
        """Note that the books were read as far back as was due at a moment."""
        if self.inbound_is_due(now):
            self.inbound_at = now
        if self.old_is_due(now):
            self.old_at = now

    def inbound_is_due(self, now: datetime) -> bool:
        """Whether it is time to look for messages to us."""
        return _is_due(self.inbound_at, _INBOUND_EVERY, now)

    def old_is_due(self, now: datetime) -> bool:
        """Whether it is time to look for rows that wait long."""
        return _is_due(self.old_at, _OLD_EVERY, now)


@dataclass(frozen=True, slots=True)
class Due:
    """From which moments on the books are read: for anything at all, and for messages to us."""

    since: datetime
    inbound_since: datetime


def due(session: Session, looked: Looked, now: datetime) -> Due | None:
    """Return how far back the books should be read now; None when there is nothing to look for."""
    oldest = now - (_OLDEST if looked.old_is_due(now) else _YOUNG_FOR)
    unfinished = _first_unfinished(session, oldest, now - _HOOK_WITHIN)
    if looked.inbound_is_due(now):
        inbound_since = _inbound_since(session, looked, now)
        return Due(min(unfinished or inbound_since, inbound_since), inbound_since)
    return Due(unfinished, now - _INBOUND_BACK) if unfinished else None


def missing(session: Session, inbound: Sequence[Inbound], due: Due, now: datetime) -> list[Inbound]:
    """Return the messages whose hook should have come by now and did not, in the order given."""
    latest = now - _INBOUND_HOOK_WITHIN
    late = [one for one in inbound if due.inbound_since <= (one.at or latest) <= latest]
    known: set[str] = set()
    for some in _chunks(late):
        ids = [one.provider_id for one in some]
        known.update(
            session.scalars(select(InboundMessage.provider_id).where(InboundMessage.provider_id.in_(ids)))
        )
    return [one for one in late if one.provider_id not in known]


def store(session: Session, inbound: Inbound, now: datetime) -> uuid.UUID | None:
    """Keep a message whose hook never came, as of when the provider got it. Returns its id when it should be handled.

    What somebody wrote before they said STOP is kept and not acted on: it must not bring them back. No more is a
    STOP from before a START: they asked to be back.
    """
    stored = inbox.store(session, inbound, now=inbound.at or now)
    stops = inbound.opt_out == "STOP" or words.is_stop(inbound.body, ())
    if stored is None or not _came_later(session, inbound, "start" if stops else "stop"):
        return stored
    message = session.get_one(InboundMessage, stored)
    message.handled_at, message.handled_as = now, "late"
    return None


def news(session: Session, receipts: Sequence[Receipt]) -> list[Proof]:
    """Return what the books say of rows beyond what we know."""
    found: list[Proof] = []
    for some in _chunks(receipts):
        told = {receipt.provider_id: receipt for receipt in some}
        rows = session.execute(
            select(Delivery.id, Delivery.attempt, Delivery.provider_id, Delivery.rank).where(
                Delivery.provider_id.in_(told)
            )
        )
        for row in rows:
            receipt = told[row.provider_id]
            proof = Proof(row.id, row.attempt, receipt.provider_id, receipt.status, receipt.error_code)
            if ledger.RANKS[proof.state] > row.rank:
                found.append(proof)
    return found


def apply(session: Session, found: Sequence[Proof], now: datetime) -> None:
    """Raise rows by what the books say, and act on those that ended by it."""
    reactions.ended(session, proofs.raise_states(session, found, now), now)


def _inbound_since(session: Session, looked: Looked, now: datetime) -> datetime:
    """Return from when on messages to us are looked for: after a long pause all of it, but nothing forgotten since."""
    back = now - _INBOUND_BACK
    if looked.inbound_at is not None and looked.inbound_at >= back:
        return back
    forgot = and_(AuditEvent.act == "forgot", AuditEvent.noun == "person")
    last_forgot = session.scalar(select(AuditEvent.at).where(forgot).order_by(AuditEvent.id.desc()).limit(1))
    return min(back, max(now - _OLDEST, last_forgot or now - _OLDEST))


def _came_later(session: Session, inbound: Inbound, what: str) -> bool:
    """Whether a message of the same person was handled as something that came after this one."""
    if inbound.at is None:
        return False
    theirs = vault_of(session).fingerprints(inbound.from_kind, inbound.from_value)
    return session.scalar(
        select(InboundMessage.id)
        .where(InboundMessage.from_digest.in_([fingerprint.digest for fingerprint in theirs]))
        .where(InboundMessage.received_at >= inbound.at, InboundMessage.handled_as == what)
        .limit(1)
    ) is not None


def _first_unfinished(session: Session, oldest: datetime, youngest: datetime) -> datetime | None:
    """Return when the first row was claimed that the provider took between two moments and that has not arrived."""
    taken = Delivery.accepted_at.between(oldest, youngest)
    # A callback that overtook the answer says that it was sent, and nobody noted that it was accepted.
    overtaken = and_(Delivery.accepted_at.is_(None), Delivery.sent_at.between(oldest, youngest))
    claimed = func.coalesce(Delivery.claimed_at, Delivery.accepted_at, Delivery.sent_at)
    first = select(func.min(claimed, type_=Moment)).where(_UNFINISHED)
    # Each for itself, for the index: many SMS stay `sent` for ever.
    return min(filter(None, (session.scalar(first.where(which)) for which in (taken, overtaken))), default=None)


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    # A clock that was set back must not put it off.
    return last is None or not timedelta() <= now - last < every


def _chunks(many: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (many[start : start + CHUNK] for start in range(0, len(many), CHUNK))
