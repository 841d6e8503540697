"""Channels: by which one somebody is written to, WhatsApp or SMS, from which number of ours, and how many by which.

Owns the window in which free text may go by WhatsApp. Chooses only; rows are the ledger's.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, Select, and_, case, func, literal, or_, select, true, update
from sqlalchemy.orm import Session, object_session

from wabp.gateway import CHANNELS, SMS, WHATSAPP
from wabp.models import Address, Membership, Person

# A message from somebody opens free text by WhatsApp for this long (the provider's customer-service window).
WINDOW = timedelta(hours=24)
# Who had no WhatsApp may have it by now: tried again after this long.
WITHOUT_WHATSAPP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Forms:
    """How many more people approved forms may reach, and the query for the addresses that count already."""

    left: int
    counted: Select[uuid.UUID] | None


def channel_counts(
    session: Session,
    group_id: uuid.UUID,
    template_languages: Collection[str],
    at: datetime,
    *,
    forms: Forms | None = None,
    by_sms: bool = False,
) -> dict[str, int]:
    """Return how many active members an alert would reach by which channel; `unreachable` for the rest.

    `at` is the moment of sending: a window may have closed by then. `forms` is what approved forms may still do,
    None for anything; those for whom none is left go by SMS. So do all who can when WhatsApp is shut: `by_sms`.
    """
    senders = senders_of(session)
    chosen = channel_column(senders, template_languages, at, by_sms=by_sms)
    channel = case((and_(writable(senders), wants(chosen)), chosen), else_="unreachable")
    anew = needs_form(channel, at, forms)
    can_move = and_(anew, takes_sms()) if SMS in senders else literal(False)
    found = session.execute(
        select(channel, func.count(), func.count(case((anew, 1))), func.count(case((can_move, 1))))
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(Membership.group_id == group_id, Membership.state == "active")
        .group_by(channel)
    ).all()
    counts = {str(name): int(count) for name, count, _, _ in found}
    over = 0 if forms is None else max(0, sum(row[2] for row in found) - forms.left)
    if moved := min(over, sum(row[3] for row in found)):
        counts[WHATSAPP] -= moved
        counts[SMS] = counts.get(SMS, 0) + moved
    return counts


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
    wants_no_sms = address.sms_stopped_at is not None and address.whatsapp and WHATSAPP in senders
    if address.kind == "wa_user" or SMS not in senders or wants_no_sms:
        return WHATSAPP
    by_whatsapp = address.whatsapp and window_open(address.window_from, now) and WHATSAPP in senders
    return WHATSAPP if by_whatsapp else SMS


def window_open(window_from: datetime | None, now: datetime) -> bool:
    """Tell whether somebody who last wrote at a moment, or never, may be sent free text by WhatsApp."""
    return window_from is not None and window_from > now - WINDOW


def window_column(at: datetime) -> ColumnElement[bool]:
    """Return a SQL expression for `window_open`, of an address at a moment."""
    return and_(Address.window_from.is_not(None), Address.window_from > at - WINDOW)


def needs_form(channel: ColumnElement[str], at: datetime, forms: Forms | None = None) -> ColumnElement[bool]:
    """Return a SQL expression: whether an address gets an approved form by a channel, and would count anew for it."""
    outside = and_(channel == WHATSAPP, ~window_column(at))
    return outside if forms is None or forms.counted is None else and_(outside, Address.id.not_in(forms.counted))


def takes_sms() -> ColumnElement[bool]:
    """Return a SQL expression: whether an address is a living number that wants SMS."""
    # Not `== "phone"`: SQLite would go through all numbers by the index of kinds, whichever rows are asked about.
    return and_(Address.kind != "wa_user", Address.dead_at.is_(None), Address.sms_stopped_at.is_(None))


def wants(channel: ColumnElement[str]) -> ColumnElement[bool]:
    """Return a SQL expression: whether somebody wants messages by a channel; nobody ever stopped WhatsApp alone."""
    return or_(channel != SMS, Address.sms_stopped_at.is_(None))


def channel_column(
    senders: Collection[str], template_languages: Collection[str], at: datetime, *, by_sms: bool = False
) -> ColumnElement[str]:
    """Return a SQL expression: the channel for an alert to a person at their address, when sent at a moment.

    `by_sms` takes all who have a number there.
    """
    may_write_by_whatsapp = and_(
        Address.whatsapp,
        or_(window_column(at), Person.language.in_(list(template_languages))),
        literal(not by_sms),
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
        picked = case(dict(enumerate(numbers)), value=spread % len(numbers))
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


# ---- what a provider said of an address ----


def sms_wanted_again(address: Address) -> None:
    """Note that somebody wrote START by SMS: the provider takes messages to them again."""
    address.sms_stopped_at = None


def heard_by_whatsapp(address: Address, written_to: str | None, at: datetime) -> None:
    """Note that somebody wrote by WhatsApp at a moment: they have it, and free text may go to them for a while."""
    if address.window_from is None or at >= address.window_from:
        address.window_from, address.written_to = at, written_to
    address.whatsapp, address.no_whatsapp_at = True, None
    address.bad_count, address.dead_at = 0, None


def try_whatsapp_again(session: Session, now: datetime) -> int:
    """Give WhatsApp another chance at those who had none a month ago. Returns how many."""
    tried = session.execute(
        update(Address)
        .where(Address.no_whatsapp_at <= now - WITHOUT_WHATSAPP)
        .values(whatsapp=true(), no_whatsapp_at=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(tried, CursorResult)
    return tried.rowcount
