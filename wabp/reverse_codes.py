"""Reverse codes: four letters on a page that somebody sends us from their own phone, which ties the two together.

We pay nothing before they write, and nobody's number is typed anywhere. A code enrols and appoints; it never
signs anybody in. It works once, and only for a while.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wabp import keywords, vault
from wabp.models import Appointment, Group, ReverseCode, seal, unseal, vault_of

Kind = Literal["join", "appointment"]

# How long the letters on a group's page work.
JOIN_LIFE = timedelta(minutes=30)
# Above this many living codes of a group its page shows none: the word to send is enough to join.
MOST_LIVING = 300
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says about its code: the letters to send, and whether a phone has sent them."""

    letters: str
    used: bool
    ends_at: datetime


def of_browser(session: Session, kind: Kind, group: Group, browser: str, *, now: datetime) -> Shown | None:
    """Return the code that a browser's page shows: a living one, or the one that a phone sent lately."""
    row = session.scalar(
        select(ReverseCode)
        .where(
            ReverseCode.kind == kind,
            ReverseCode.group_id == group.id,
            ReverseCode.browser_digest == vault.digest(browser),
            ReverseCode.ends_at > now,
        )
        .order_by(ReverseCode.created_at.desc())
        .limit(1)
    )
    return None if row is None else _shown(session, row)


def of_appointment(session: Session, appointment: Appointment, *, now: datetime) -> Shown | None:
    """Return the living code of an appointment."""
    row = session.scalar(
        select(ReverseCode)
        .where(ReverseCode.appointment_id == appointment.id, ReverseCode.ends_at > now)
        .order_by(ReverseCode.created_at.desc())
        .limit(1)
    )
    return None if row is None else _shown(session, row)


def issue(
    session: Session,
    kind: Kind,
    group: Group,
    *,
    life: timedelta,
    now: datetime,
    browser: str | None = None,
    appointment: Appointment | None = None,
) -> Shown:
    """Write a fresh code. One that lives already for the same appointment stops working."""
    if appointment is not None:
        for earlier in session.scalars(
            select(ReverseCode).where(
                ReverseCode.appointment_id == appointment.id,
                ReverseCode.used_at.is_(None),
                ReverseCode.ends_at > now,
            )
        ):
            earlier.ends_at = now
    letters = _fresh(session, now)
    row = ReverseCode(
        kind=kind,
        digest=_digest(session, letters),
        group_id=group.id,
        appointment_id=appointment.id if appointment else None,
        browser_digest=vault.digest(browser) if browser else None,
        created_at=now,
        ends_at=now + life,
    )
    seal(session, row, "letters", letters)
    session.add(row)
    session.flush()
    return _shown(session, row)


def may_issue(session: Session, group: Group, *, now: datetime) -> bool:
    """Tell whether a group's page may show one more code: robots must not fill the table."""
    living = select(func.count()).where(ReverseCode.group_id == group.id, ReverseCode.ends_at > now)
    return (session.scalar(living) or 0) < MOST_LIVING


def take(session: Session, kind: Kind, letters: str, *, now: datetime) -> ReverseCode | None:
    """Use a code up and return it, or None when there is no such living code: unknown, old or used."""
    row = session.scalar(
        select(ReverseCode)
        .where(
            ReverseCode.kind == kind,
            ReverseCode.digest == _digest(session, letters.upper()),
            ReverseCode.ends_at > now,
            ReverseCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if row is not None:
        row.used_at = now
    return row


def used_lately(session: Session, kind: Kind, letters: str, *, now: datetime) -> ReverseCode | None:
    """Return a code that was used and would still live: a phone may send the same message twice."""
    return session.scalar(
        select(ReverseCode)
        .where(
            ReverseCode.kind == kind,
            ReverseCode.digest == _digest(session, letters.upper()),
            ReverseCode.ends_at > now,
            ReverseCode.used_at.is_not(None),
        )
        .limit(1)
    )


def forget(session: Session, *, now: datetime) -> None:
    """Remove codes that ended a day ago."""
    session.execute(delete(ReverseCode).where(ReverseCode.ends_at <= now - _KEPT))


def _fresh(session: Session, now: datetime) -> str:
    while True:
        letters = "".join(secrets.choice(keywords.CODE_LETTERS) for _ in range(keywords.CODE_LENGTH))
        taken = select(ReverseCode.id).where(
            ReverseCode.digest == _digest(session, letters), ReverseCode.ends_at > now
        )
        if session.scalar(taken.limit(1)) is None:
            return letters


def _shown(session: Session, row: ReverseCode) -> Shown:
    return Shown(unseal(session, row, "letters"), row.used_at is not None, row.ends_at)


def _digest(session: Session, letters: str) -> str:
    return vault_of(session).sign("reverse code", letters)
