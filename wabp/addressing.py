"""Addressing: the ledger's rows for many people at once, one statement for all of them, however many they are.

Chooses who gets a row and by which channel it goes. What becomes of the rows is for `wabp.ledger`.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from wabp import channels, ledger
from wabp.gateway import SMS
from wabp.models import Address, Alert, Delivery, Membership, Person
from wabp.models.base import Moment


def write_alert(
    session: Session,
    group_id: uuid.UUID,
    alert_id: uuid.UUID,
    *,
    urgent: bool,
    street_id: uuid.UUID | None,
    template_languages: Collection[str],
    not_before: datetime | None,
    night_until: datetime | None,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Write one row for every active member of a group, in one statement. Returns how many.

    While it is night, until `night_until`, who asked for quiet gets it in the morning, or not at all when it is
    too old by then. Members without any address get a row nowhere: there is nobody to write to. WhatsApp is chosen for
    those who have it and may be written to by it at the time of sending, else SMS. Who lives in the street where it
    happens comes first.
    """
    nearby = false() if street_id is None else Membership.street_id == street_id
    return _address(
        session,
        Membership.group_id == group_id,
        {
            "cause": "alert",
            "cause_id": alert_id,
            "priority": ledger.PRIORITY_URGENT if urgent else ledger.PRIORITY_INFO,
            "not_before": not_before,
            "expires_at": expires_at,
        },
        group_id=group_id,
        nearby=nearby,
        template_languages=template_languages,
        night_until=night_until,
        now=now,
    )


def write_notice(
    session: Session,
    group_id: uuid.UUID,
    notice_id: uuid.UUID,
    language: str,
    text_key: str,
    text_values: Mapping[str, str],
    *,
    roles: Collection[str] = (),
    after: uuid.UUID | None = None,
    not_before: datetime | None,
    now: datetime,
) -> int:
    """Write one notice for every active member who reads a language, in one statement. Returns how many.

    Goes behind answers that somebody waits for. `roles` leaves out the others; `after` leaves out whom an
    earlier notice was called off for before it left. By WhatsApp only inside the window, else SMS.
    """
    chosen = [Membership.group_id == group_id, Person.language == language]
    if roles:
        chosen.append(Membership.role.in_(list(roles)))
    if after is not None:
        called_off = exists().where(
            Delivery.cause == "notice",
            Delivery.cause_id == after,
            Delivery.address_id == Address.id,
            Delivery.state == "cancelled",
        )
        chosen.append(~called_off)
    return _address(
        session,
        and_(*chosen),
        {
            "cause": "notice",
            "cause_id": notice_id,
            "priority": ledger.PRIORITY_INFO,
            "text_key": text_key,
            "text_values": dict(text_values),
            "not_before": not_before,
            "expires_at": (not_before or now) + ledger.NOTICE_LIFE,
        },
        group_id=group_id,
        nearby=false(),
        template_languages=(),
        night_until=None,
        now=now,
    )


def _address(
    session: Session,
    chosen: ColumnElement[bool],
    values: Mapping[str, object],
    *,
    group_id: uuid.UUID,
    nearby: ColumnElement[bool],
    template_languages: Collection[str],
    night_until: datetime | None,
    now: datetime,
) -> int:
    """Write one row with these values for every active member that a condition chooses."""
    senders = channels.senders_of(session)
    can_write = channels.writable(senders)
    begins, expires_at = values["not_before"] or now, values["expires_at"]
    assert isinstance(begins, datetime)
    assert isinstance(expires_at, datetime)
    asleep: ColumnElement[bool] = false()
    morning = begins
    if night_until is not None and night_until > begins:
        asleep, morning = Person.quiet_at_night.expression, night_until
    too_late = and_(asleep, literal(morning >= expires_at))
    goes = and_(can_write, ~too_late)
    channel = case(
        (asleep, channels.channel_column(senders, template_languages, morning)),
        else_=channels.channel_column(senders, template_languages, begins),
    )
    sender = channels.sender_column(senders, channel, Membership.number.expression)
    starts = _first_turns(session, senders, group_id, values["priority"])
    in_lanes = [(and_(channel == lane[0], sender == lane[1]), literal(turn)) for lane, turn in starts.items()]
    first = case(*in_lanes, else_=0) if in_lanes else literal(0)
    columns: dict[str, ColumnElement[Any]] = {
        "person_id": Person.id.expression,
        "address_id": Address.id.expression,
        "channel": channel,
        "sender": sender,
        "turn": first + case((nearby, 0), else_=Membership.number.expression),
        "attempt": literal(0),
        "by_form": false(),
        "language": Person.language.expression,
        "state": case((goes, "queued"), else_="skipped"),
        "rank": case((goes, ledger.RANKS["queued"]), else_=ledger.RANKS["skipped"]),
        "reason": case(
            (goes, None), (and_(can_write, too_late), "night"), (Address.dead_at.is_(None), "no_sender"),
            else_="no_number",
        ),
    }
    for name, value in {**values, "created_at": now, "updated_at": now}.items():
        kind = Delivery.__table__.c[name].type
        columns[name] = type_coerce(literal(value, kind), kind)
    columns["not_before"] = case((asleep, literal(morning, Moment)), else_=columns["not_before"])
    rows = (
        select(*columns.values())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(chosen, Membership.state == "active")
        .order_by(Membership.number)
    )
    written = session.execute(insert(Delivery).from_select(list(columns), rows, include_defaults=False))
    assert isinstance(written, CursorResult)
    return written.rowcount


def write_by_sms(session: Session, row_ids: Collection[int], *, now: datetime) -> set[int]:
    """Write the same once more by SMS for rows that WhatsApp does not bring, in one statement.

    Returns the rows for which that is possible: not where there is no number, where it is dead or wants no SMS, or
    where an SMS was written before.
    """
    numbers = channels.senders_of(session).get(SMS, ())
    if not row_ids or not numbers:
        return set()
    other = aliased(Delivery)
    by_sms_already = exists().where(
        other.cause == Delivery.cause,
        other.cause_id == Delivery.cause_id,
        other.address_id == Delivery.address_id,
        other.channel == SMS,
    )
    by_sms = literal(SMS, Delivery.__table__.c.channel.type)
    columns: dict[str, ColumnElement[Any]] = {name: getattr(Delivery, name).expression for name in _SAME_BY_SMS}
    columns["channel"] = by_sms
    columns["sender"] = channels.sender_column(channels.senders_of(session), by_sms, Delivery.turn.expression)
    for name, value in _FRESH.items():
        kind = Delivery.__table__.c[name].type
        columns[name] = type_coerce(literal(value, kind), kind)
    for name in ("created_at", "updated_at"):
        columns[name] = literal(now, Moment)
    rows = (
        select(*columns.values())
        .join(Address, Address.id == Delivery.address_id)
        .where(
            Delivery.id.in_(list(row_ids)),
            Delivery.channel != SMS,
            takes_sms(),
            ~by_sms_already,
        )
        .order_by(Delivery.turn, Delivery.id)
    )
    able = set(session.scalars(rows.with_only_columns(Delivery.id)))
    session.execute(insert(Delivery).from_select(list(columns), rows, include_defaults=False))
    return able


def takes_sms() -> ColumnElement[bool]:
    """Return a SQL expression: whether an address is a living number that wants SMS."""
    return and_(Address.kind == "phone", Address.dead_at.is_(None), Address.sms_stopped_at.is_(None))


# What the same message by SMS shares with the one by WhatsApp, and how it starts.
_SAME_BY_SMS = (
    *("cause", "cause_id", "person_id", "address_id", "language", "priority", "turn", "text_key", "text_values"),
    *("secret_values", "follows_id", "expires_at"),
)
_FRESH: Mapping[str, object] = {"state": "queued", "rank": ledger.RANKS["queued"], "attempt": 0, "by_form": False}


def _first_turns(
    session: Session, senders: Mapping[str, Sequence[str]], group_id: uuid.UUID, priority: object
) -> dict[tuple[str, str], int]:
    """Return at which turn a group's next rows begin in each lane: no group waits for all of another.

    They begin beside the row that is sent next, so that groups take turns, and behind what waits of the same group.
    """
    waiting = and_(ledger.QUEUED, Delivery.priority == priority)
    theirs = case((Delivery.cause == "alert", Alert.group_id == group_id), else_=false())
    firsts: dict[tuple[str, str], int] = {}
    for lane in ((channel, number) for channel, numbers in senders.items() for number in numbers):
        in_lane = and_(waiting, Delivery.channel == lane[0], Delivery.sender == lane[1])
        first = session.scalar(select(func.min(Delivery.turn)).where(in_lane))
        if first is not None:
            of_group = select(func.max(Delivery.turn)).join(Alert, Alert.id == Delivery.cause_id).where(in_lane, theirs)
            firsts[lane] = max(first, (session.scalar(of_group) or -1) + 1)
    return firsts
