"""Rows of the ledger for tests: made directly, looked at afterwards, and gateways that look back."""

import asyncio
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.house import SMS, WA, House, Somebody
from wabp import delivery, ledger
from wabp.gateway import Outcome
from wabp.lanes import LaneName
from wabp.models import Address, Alert, Delivery, InboundMessage, Membership, Person, new_id
from wabp.worker import steps

# For tests that say something of one kind of database, or nothing of any: those need it only once.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def address_of(session: Session, who: Somebody) -> Address:
    """Return the one address that somebody is written to at."""
    return session.scalars(select(Address).where(Address.person_id == who.id, Address.is_primary)).one()


def add_row(house: House, who: Somebody, *, at: datetime | None = None, **changes: object) -> int:
    """Write one notice to somebody straight into the ledger, with changes. Returns its number."""
    now = at or house.clock()
    with house.writing() as session:
        address = address_of(session, who)
        values: dict[str, object] = {
            "cause": "notice",
            "cause_id": new_id(),
            "person_id": address.person_id,
            "address_id": address.id,
            "channel": "whatsapp",
            "sender": WA if changes.get("channel", "whatsapp") == "whatsapp" else SMS,
            "language": "nl",
            "priority": ledger.PRIORITY_ANSWER,
            "text_key": "answers.new_report",
            "text_values": {"group": "Molenwijk", "link": f"https://watch.example/reports/{new_id()}"},
            "expires_at": now + timedelta(hours=1),
            "created_at": now,
            "updated_at": now,
        }
        row = Delivery(**(values | changes))
        session.add(row)
        session.commit()
        return row.id


def row(house: House, row_id: int) -> Delivery:
    """Return one row as it stands."""
    with house.reading() as session:
        found = session.get_one(Delivery, row_id)
        session.expunge(found)
        return found


def rows(house: House, cause: str | None = None) -> list[Delivery]:
    """Return all rows as they stand, oldest first, of one cause or of all."""
    with house.reading() as session:
        query = select(Delivery).order_by(Delivery.id)
        found = session.scalars(query.where(Delivery.cause == cause) if cause else query).all()
        session.expunge_all()
        return list(found)


def row_of(house: House, alert: Alert, who: Somebody) -> Delivery:
    """Return somebody's row of an alert."""
    with house.reading() as session:
        found = session.scalars(
            select(Delivery).where(Delivery.cause_id == alert.id, Delivery.person_id == who.id)
        ).one()
        session.expunge(found)
        return found


def change(house: House, who: Somebody, **values: object) -> None:
    """Change somebody's address."""
    with house.writing() as session:
        address = address_of(session, who)
        for name, value in values.items():
            setattr(address, name, value)
        session.commit()


def mark_demo(house: House, *people: Somebody) -> None:
    """Make people invented ones, as the demo's are."""
    with house.writing() as session:
        for who in people:
            session.get_one(Person, who.id).demo = True
        session.commit()


def memberships(house: House, who: Somebody) -> dict[str, str]:
    """Return the state of somebody's membership in each group."""
    with house.reading() as session:
        found = session.scalars(select(Membership).where(Membership.person_id == who.id)).all()
        return {membership.group.slug: membership.state for membership in found}


def inbound(house: House) -> list[InboundMessage]:
    """Return all messages that came in, oldest first."""
    with house.reading() as session:
        found = session.scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
        session.expunge_all()
        return list(found)


def claim(house: House, channel: str = "whatsapp", limit: int = 100) -> list[delivery.Claim]:
    """Do the sender's first step, and stop there: what a process does that dies before the hand-over."""
    return steps.claim(house.services, None, lane(house, channel), limit)


def lane(house: House, channel: str = "whatsapp") -> LaneName:
    """Return the house's first lane of a channel."""
    return LaneName(channel, house.settings.senders[channel][0])


def hand_over(house: House, claims: list[delivery.Claim]) -> delivery.Outcomes:
    """Do the sender's second step, and stop there."""

    async def everything() -> list[Outcome]:
        return await asyncio.gather(*(delivery.hand_over(house.services.gateway, claim) for claim in claims))

    return list(zip(claims, asyncio.run(everything()), strict=True))


def note(house: House, outcomes: delivery.Outcomes, channel: str = "whatsapp") -> None:
    """Do the sender's third step."""
    steps.record(house.services, lane(house, channel), outcomes)


def counts(values: Collection[str]) -> Mapping[str, int]:
    """Return how often each value occurs."""
    return {value: list(values).count(value) for value in set(values)}


def uuid_of(who: Somebody) -> uuid.UUID:
    """Return somebody's id."""
    assert isinstance(who.id, uuid.UUID)
    return who.id
