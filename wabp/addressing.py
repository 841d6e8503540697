"""Addressing: the ledger's rows for many people at once, one statement for all of them, however many they are.

Chooses who gets a row and by which channel it goes. What becomes of the rows is for `wabp.ledger`.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session, aliased

from wabp import channels, lanes, ledger, quota
from wabp.channels import takes_sms
from wabp.gateway import SMS, WHATSAPP
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
    happens comes first, also in going by SMS when the provider lets approved forms reach no more people.
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
        forms=quota.forms(session, not_before or now),
        by_sms=urgent and lanes.only_sms_goes(session),
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
    forms: channels.Forms | None = None,
    by_sms: bool = False,
) -> int:
    """Write one row with these values for every active member that a condition chooses."""
    senders = lanes.best_senders(session)
    can_write = channels.writable(senders)
    begins, expires_at = values["not_before"] or now, values["expires_at"]
    assert isinstance(begins, datetime)
    assert isinstance(expires_at, datetime)
    asleep: ColumnElement[bool] = false()
    morning = begins
    if night_until is not None and night_until > begins:
        asleep, morning = Person.quiet_at_night.expression, night_until
    too_late = and_(asleep, literal(morning >= expires_at))
    people = (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .join(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(chosen, Membership.state == "active")
    )
    channel: ColumnElement[str] = case(
        (asleep, channels.channel_column(senders, template_languages, morning, by_sms=by_sms)),
        else_=channels.channel_column(senders, template_languages, begins, by_sms=by_sms),
    )
    if forms is not None:
        anew = case(
            (asleep, channels.needs_form(channel, morning, forms)), else_=channels.needs_form(channel, begins, forms)
        )
        over = _over_quota(session, people.where(can_write, ~too_late, anew), forms.left, nearby)
        channel = case((over, SMS), else_=channel)
    wants = channels.wants(channel)
    goes = and_(can_write, ~too_late, wants)
    sender = channels.sender_column(senders, channel, Membership.number.expression)
    first = _first_turn_column(_first_turns(session, senders, group_id, values["priority"]), channel, sender)
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
            (goes, None),
            (and_(can_write, too_late), "night"),
            (~wants, "sms_stopped"),
            (Address.dead_at.is_(None), "no_sender"),
            else_="no_number",
        ),
    }
    columns |= _constants({**values, "created_at": now, "updated_at": now})
    columns["not_before"] = case((asleep, literal(morning, Moment)), else_=columns["not_before"])
    rows = people.with_only_columns(*columns.values()).order_by(Membership.number)
    return _write(session, columns, rows)


def _constants(values: Mapping[str, object]) -> dict[str, ColumnElement[Any]]:
    """Return the columns that are the same in every row that a statement writes."""
    kinds = {name: Delivery.__table__.c[name].type for name in values}
    return {name: type_coerce(literal(value, kinds[name]), kinds[name]) for name, value in values.items()}


def _write(session: Session, columns: Mapping[str, ColumnElement[Any]], rows: Select[Any]) -> int:
    """Write all rows that a query gives. Returns how many."""
    written = session.execute(insert(Delivery).from_select(list(columns), rows, include_defaults=False))
    assert isinstance(written, CursorResult)
    return written.rowcount


def _over_quota(
    session: Session, people: Select[uuid.UUID], left: int, nearby: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return a SQL expression: whether a member goes by SMS because forms may reach `left` more people only.

    Of `people`, all of whom would need one. Those in the street where it happens go over first: SMS reaches them
    whatever WhatsApp's limit does.
    """
    over = (session.scalar(people.with_only_columns(func.count())) or 0) - left
    if over <= 0 or SMS not in channels.senders_of(session):
        return false()
    first = people.where(takes_sms()).order_by(case((nearby, 0), else_=1), Membership.number).limit(over)
    return Membership.id.in_(first.correlate(None))


def write_by_sms(session: Session, row_ids: Collection[int], *, now: datetime) -> set[int]:
    """Write the same once more by SMS for rows that WhatsApp does not bring, in one statement.

    Returns the rows for which that is possible: not where there is no number, where it is dead or wants no SMS,
    where an SMS was written before, or of an alert that was called off.
    """
    if not row_ids or SMS not in channels.senders_of(session):
        return set()
    by_sms = literal(SMS, Delivery.__table__.c.channel.type)
    columns: dict[str, ColumnElement[Any]] = {name: getattr(Delivery, name).expression for name in _SAME_BY_SMS}
    columns["channel"] = by_sms
    columns["sender"] = channels.sender_column(lanes.best_senders(session), by_sms, Delivery.turn.expression)
    columns |= _constants({**_FRESH, "updated_at": now})
    rows = (
        select(*columns.values())
        .join(Address, Address.id == Delivery.address_id)
        .where(
            Delivery.id.in_(list(row_ids)),
            Delivery.channel != SMS,
            takes_sms(),
            ~_by_sms_already(),
            ~_called_off(),
        )
        .order_by(Delivery.turn, Delivery.id)
    )
    able = set(session.scalars(rows.with_only_columns(Delivery.id)))
    _write(session, columns, rows)
    return able


def brought_by_sms(session: Session, row_ids: Collection[int], *, now: datetime) -> set[int]:
    """Write the same by SMS as `write_by_sms` does. Returns the rows of which there is one now, also from before."""
    write_by_sms(session, row_ids, now=now)
    return set(session.scalars(select(Delivery.id).where(Delivery.id.in_(list(row_ids)), _by_sms_already())))


def move_to_sms(
    session: Session, which: ColumnElement[bool], state: Literal["queued", "sending"], *, now: datetime
) -> set[int]:
    """Let rows by WhatsApp that were not handed over go by SMS instead, where that is possible. Returns which.

    They leave the queue first, so that nobody gets both. `sending` is for rows of this very transaction's claim.
    """
    if SMS not in channels.senders_of(session):
        return set()
    able = (
        select(Delivery.id)
        .join(Address, Address.id == Delivery.address_id)
        .where(Delivery.state == state, Delivery.channel == WHATSAPP, which)
        .where(or_(takes_sms(), _by_sms_already()), ~_called_off())
    )
    moved = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(able), Delivery.state == state)
        .values(state="skipped", rank=ledger.RANKS["skipped"], reason="by_sms", climb_at=None, updated_at=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    for first in range(0, len(moved), _MOST_AT_ONCE):
        write_by_sms(session, moved[first : first + _MOST_AT_ONCE], now=now)
    return set(moved)


def _by_sms_already() -> ColumnElement[bool]:
    other = aliased(Delivery)
    return exists().where(
        other.cause == Delivery.cause,
        other.cause_id == Delivery.cause_id,
        other.address_id == Delivery.address_id,
        other.channel == SMS,
    )


def _called_off() -> ColumnElement[bool]:
    return exists().where(Delivery.cause == "alert", Alert.id == Delivery.cause_id, Alert.called_off.is_not(None))


# Databases take only so many values in one statement.
_MOST_AT_ONCE = 10_000
# What the same message by SMS shares with the one by WhatsApp, and how it starts.
_SAME_BY_SMS = (
    *("cause", "cause_id", "person_id", "address_id", "language", "priority", "turn", "text_key", "text_values"),
    # Since when it is due counts as well: what was written before a STOP does not leave after it.
    *("secret_values", "follows_id", "not_before", "expires_at", "created_at"),
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


def _first_turn_column(
    firsts: Mapping[tuple[str, str], int], channel: ColumnElement[str], sender: ColumnElement[str]
) -> ColumnElement[int]:
    """Return a SQL expression: the turn of `_first_turns` in the lane that a row goes by."""
    in_lanes = [(and_(channel == name, sender == number), turn) for (name, number), turn in firsts.items()]
    return case(*in_lanes, else_=0) if in_lanes else literal(0)


def write_followup(
    session: Session,
    group_id: uuid.UUID,
    original_id: uuid.UUID,
    alert_id: uuid.UUID,
    *,
    urgent: bool,
    template_languages: Collection[str],
    not_before: datetime | None,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Write one row of a correction for everybody whose copy of the original was handed over, and for nobody else.

    Returns how many. It goes the way of the copy that arrived, else of the latest one, in the order in which these
    went, and from the same number of ours. Who left meanwhile gets a row that says so.
    """
    senders = channels.senders_of(session)
    priority = ledger.PRIORITY_URGENT if urgent else ledger.PRIORITY_INFO
    copies = _copies_handed_over(original_id)
    lane = (copies.c.channel, copies.c.sender)
    by_sms = and_(copies.c.channel == SMS, takes_sms()) if SMS in senders else false()
    channel = case(
        (by_sms, SMS), else_=channels.channel_column(senders, template_languages, not_before or now)
    )
    ours = [and_(lane[0] == name, lane[1].in_(list(numbers))) for name, numbers in senders.items()]
    sender = case(
        (and_(lane[0] == channel, or_(*ours)), lane[1]), else_=channels.sender_column(senders, channel, copies.c.turn)
    )
    first = _first_turn_column(_first_turns(session, senders, group_id, priority), channel, sender)
    present = Membership.state == "active"
    wants_it = channels.wants(channel)
    goes = and_(present, channels.writable(senders), wants_it)
    columns: dict[str, ColumnElement[Any]] = {
        "person_id": copies.c.person_id,
        "address_id": copies.c.address_id,
        "channel": channel,
        "sender": sender,
        "turn": first + func.row_number().over(order_by=(copies.c.turn, copies.c.id)),
        "attempt": literal(0),
        "by_form": false(),
        "language": Person.language.expression,
        "state": case((goes, "queued"), else_="skipped"),
        "rank": case((goes, ledger.RANKS["queued"]), else_=ledger.RANKS["skipped"]),
        "reason": case(
            (goes, None),
            (Membership.state.in_(("suspended", "removed")), Membership.state.expression),
            (present.is_not(True), "stopped"),
            (~wants_it, "sms_stopped"),
            (Address.dead_at.is_(None), "no_sender"),
            else_="no_number",
        ),
        "follows_id": copies.c.id,
    }
    given = {"cause": "alert", "cause_id": alert_id, "priority": priority, "not_before": not_before}
    columns |= _constants({**given, "expires_at": expires_at, "created_at": now, "updated_at": now})
    rows = (
        select(*columns.values())
        .select_from(copies)
        .join(Person, Person.id == copies.c.person_id)
        .join(Address, Address.id == copies.c.address_id)
        .outerjoin(Membership, and_(Membership.person_id == Person.id, Membership.group_id == group_id))
        .where(copies.c.place == 1)
        .order_by(copies.c.turn, copies.c.id)
    )
    return _write(session, columns, rows)


def _copies_handed_over(alert_id: uuid.UUID) -> Subquery:
    """Return the query for the copies of an alert that were handed over; of each person's the best has `place` 1."""
    arrived = case((Delivery.state.in_(("delivered", "read")), 1), else_=0)
    place = func.row_number().over(
        partition_by=Delivery.person_id, order_by=(arrived.desc(), Delivery.id.desc())
    )
    return (
        select(
            *(Delivery.id, Delivery.person_id, Delivery.address_id, Delivery.channel, Delivery.sender, Delivery.turn),
            place.label("place"),
        )
        .where(Delivery.cause == "alert", Delivery.cause_id == alert_id, ledger.handed_over())
        .subquery()
    )
