"""Channels: by which one somebody is written to, WhatsApp or SMS, from which number of ours, and how many by which.

Owns the window in which free text may go by WhatsApp. Chooses only; rows are the ledger's.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, object_session

from wabp.gateway import CHANNELS, SMS, WHATSAPP
from wabp.models import Address, Membership, Person

# A message from somebody opens free text by WhatsApp for this long (the provider's customer-service window).
WINDOW = timedelta(hours=24)


def channel_counts(
    session: Session, group_id: uuid.UUID, template_languages: Collection[str], at: datetime
) -> dict[str, int]:
    """Return how many active members an alert would reach by which channel; `unreachable` for the rest.

    `at` is the moment of sending: a window may have closed by then.
    """
    senders = senders_of(session)
    channel = case(
        (writable(senders), channel_column(senders, template_languages, at)), else_="unreachable"
    )
    counts = session.execute(
        select(channel, func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(Membership.group_id == group_id, Membership.state == "active")
        .group_by(channel)
    )
    return {str(name): int(count) for name, count in counts}


def senders_of(session: Session) -> Mapping[str, Sequence[str]]:
    """Return the numbers of this installation by channel; a channel without one is not in it."""
    senders: Mapping[str, Sequence[str]] = session.info["senders"]
    return senders


def sender_of(address: Address, channel: str, written_to: str | None = None) -> str:
    """Return which number of ours writes to an address: the one they wrote to, else always the same one."""
    session = object_session(address)
    numbers = () if session is None else senders_of(session).get(channel, ())
    for wanted in (written_to, address.written_to):
        if wanted in numbers:
            return wanted or ""
    return numbers[address.id.int % len(numbers)] if numbers else ""


def channel_of(address: Address, now: datetime) -> str:
    """Return the channel for one answer or notice: free text by WhatsApp while the window is open, else SMS."""
    session = object_session(address)
    senders: Collection[str] = CHANNELS if session is None else senders_of(session)
    if address.kind == "wa_user" or SMS not in senders:
        return WHATSAPP
    by_whatsapp = address.whatsapp and window_open(address.window_from, now) and WHATSAPP in senders
    return WHATSAPP if by_whatsapp else SMS


def window_open(window_from: datetime | None, now: datetime) -> bool:
    """Tell whether somebody who last wrote at a moment, or never, may be sent free text by WhatsApp."""
    return window_from is not None and window_from > now - WINDOW


def channel_column(
    senders: Collection[str], template_languages: Collection[str], at: datetime
) -> ColumnElement[str]:
    """Return a SQL expression: the channel for an alert to a person at their address, when sent at a moment."""
    may_write_by_whatsapp = and_(
        Address.whatsapp,
        or_(Address.window_from > at - WINDOW, Person.language.in_(list(template_languages))),
    )
    if SMS not in senders:
        return literal(WHATSAPP)
    if WHATSAPP not in senders:
        return literal(SMS)
    # Somebody known by a WhatsApp id alone has no number to text.
    return case((or_(may_write_by_whatsapp, Address.kind == "wa_user"), WHATSAPP), else_=SMS)


def sender_column(
    senders: Mapping[str, Sequence[str]], channel: ColumnElement[str], spread: ColumnElement[int]
) -> ColumnElement[str]:
    """Return a SQL expression for `sender_of`: who never wrote is spread over our numbers by `spread`."""

    def chosen(name: str) -> ColumnElement[str]:
        numbers = senders.get(name, ())
        if len(numbers) < 2:
            return literal(numbers[0] if numbers else "")
        picked = case({place: number for place, number in enumerate(numbers)}, value=spread % len(numbers))
        if name != WHATSAPP:
            return picked
        return case((Address.written_to.in_(list(numbers)), Address.written_to.expression), else_=picked)

    return case((channel == WHATSAPP, chosen(WHATSAPP)), else_=chosen(SMS))


def writable(senders: Collection[str]) -> ColumnElement[bool]:
    """Return a SQL expression: whether there is a living address that one of our senders can write to."""
    alive = and_(Address.id.is_not(None), Address.dead_at.is_(None))
    if SMS not in senders:
        return and_(alive, or_(Address.whatsapp, Address.kind == "wa_user"))
    if WHATSAPP not in senders:
        return and_(alive, Address.kind == "phone")
    return alive
