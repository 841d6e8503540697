"""Addressing: the ledger's rows for many people at once, one statement for all of them, however many they are.

Chooses who gets a row and by which channel it goes. What becomes of the rows is for `wabp.ledger`.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, case, exists, false, insert, literal, select, type_coerce
from sqlalchemy.orm import Session

from wabp import channels, ledger
from wabp.models import Address, Delivery, Membership, Person
from wabp.models.base import Moment


def write_alert(
    session: Session,
    group_id: uuid.UUID,
    alert_id: uuid.UUID,
    *,
    urgent: bool,
    template_languages: Collection[str],
    not_before: datetime | None,
    night_until: datetime | None,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Write one row for every active member of a group, in one statement. Returns how many.

    While it is night, until `night_until`, who asked for quiet gets it in the morning, or not at all when it is
    too old by then. Members without any address get a row nowhere: there is nobody to write to. WhatsApp is chosen for
    those who have it and may be written to by it at the time of sending, else SMS.
    """
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
        template_languages=(),
        night_until=None,
        now=now,
    )


def _address(
    session: Session,
    chosen: ColumnElement[bool],
    values: Mapping[str, object],
    *,
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
    columns: dict[str, ColumnElement[Any]] = {
        "person_id": Person.id.expression,
        "address_id": Address.id.expression,
        "channel": case(
            (asleep, channels.channel_column(senders, template_languages, morning)),
            else_=channels.channel_column(senders, template_languages, begins),
        ),
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
