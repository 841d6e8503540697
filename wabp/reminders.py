"""Reminders: the mail that tells an inspector, at most once a day, that something waits. Nothing of what."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wabp.dossiers import applied
from wabp.models import Account, Group, unseal

# Nobody is mailed before this hour of the zone's clock.
_MAIL_FROM = 8


@dataclass(frozen=True, slots=True)
class Reminder:
    """An inspector to be mailed, in their language."""

    account_id: uuid.UUID
    email: str
    language: str


def to_remind(session: Session, *, now: datetime) -> list[Reminder]:
    """Return the inspectors in whose zone something waits and who were not mailed today, from 8 on."""
    waiting = select(Group.zone_id).where(Group.state == "submitted", applied())
    officers = session.scalars(
        select(Account)
        .where(
            Account.role == "inspector",
            Account.disabled_at.is_(None),
            Account.email.is_not(None),
            Account.zone_id.in_(waiting),
        )
        .order_by(Account.id)
    ).all()
    return [
        Reminder(officer.id, unseal(session, officer, "email"), officer.language)
        for officer in officers
        if _mail_is_due(officer, now)
    ]


def note_reminded(session: Session, account_id: uuid.UUID, *, now: datetime) -> None:
    """Note that an inspector was mailed."""
    session.execute(update(Account).where(Account.id == account_id).values(mailed_at=now))


def _mail_is_due(officer: Account, now: datetime) -> bool:
    clock = ZoneInfo(officer.zone.timezone)
    today = now.astimezone(clock)
    mailed_today = officer.mailed_at is not None and officer.mailed_at.astimezone(clock).date() >= today.date()
    return today.hour >= _MAIL_FROM and not mailed_today
