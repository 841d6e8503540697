"""Forgetting: those who are on no way into a group any more, and all that came of it.

Who wrote and joined nothing goes after a day, who said to be under age an hour later, who was refused after
30 days. Members, and who was appointed, are not forgotten here.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from wabp import accounts, groups, joining, notices
from wabp.accounts import SYSTEM
from wabp.models import (
    Address,
    Appointment,
    Consent,
    Delivery,
    InboundMessage,
    Joining,
    Membership,
    Person,
    SignIn,
    SignInCode,
    unseal,
    vault_of,
)

# Who wrote and joined nothing is forgotten this long after the last answer (story 02).
STRANGER_KEPT = timedelta(hours=24)
# How long a request waits for a coordinator, and how long a decision is kept.
WAITS_FOR = timedelta(days=30)
DECISION_KEPT = timedelta(days=30)


def strangers(session: Session, *, now: datetime) -> int:
    """Remove people who wrote to us and are in nothing. Returns how many."""
    is_theirs = Joining.person_id == Person.id
    member = exists().where(Membership.person_id == Person.id)
    appointed = exists().where(Appointment.person_id == Person.id)
    # Kept for their own good: the request that waits, and whom to ask why it was refused.
    asking = exists().where(is_theirs, Joining.step.in_((joining.WAITING, "refused")))
    heard = exists().where(Delivery.person_id == Person.id, Delivery.created_at > now - STRANGER_KEPT)
    silent = and_(Person.forget_at.is_(None), ~asking, ~heard, Person.created_at <= now - STRANGER_KEPT)
    found = session.scalars(
        select(Person)
        .where(or_(Person.forget_at <= now, silent), ~member, ~appointed, ~Person.demo)
        .with_for_update(skip_locked=True)
    ).all()
    gone = [person for person in found if _forget(session, person)]
    if gone:
        accounts.record(session, SYSTEM, "forgot", "person", None, now=now, detail=f"strangers {len(gone)}")
    return len(gone)


def requests(session: Session, *, now: datetime) -> int:
    """Remove dialogues that were broken off and decisions of long ago. Ends requests that nobody decided on.

    Returns how many were removed. A consent goes along when nothing came of it.
    """
    late = _lapsed(Joining.step == joining.WAITING, Joining.waiting_since <= now - WAITS_FOR)
    for row in session.scalars(late):
        person, group = row.person, row.group
        notices.tell(session, person, "joining.undecided", group=group, now=now)
        groups.withdraw_consent(session, person.id, group.id, now=now)
        joining.decide(row, "ended", now)
    broken_off = and_(Joining.step.in_(joining.OPEN), Joining.asked_at <= now - joining.OPEN_FOR)
    decided = and_(
        Joining.step.not_in((*joining.OPEN, joining.WAITING)), Joining.decided_at <= now - DECISION_KEPT
    )
    rows = session.scalars(_lapsed(or_(broken_off, decided))).all()
    for row in rows:
        if groups.membership_of(session, row.person_id, row.group_id) is None:
            session.execute(
                delete(Consent).where(Consent.person_id == row.person_id, Consent.group_id == row.group_id)
            )
        session.delete(row)
    session.flush()
    if rows:
        accounts.record(session, SYSTEM, "forgot", "joining", None, now=now, detail=f"requests {len(rows)}")
    return len(rows)


def _lapsed(*which: ColumnElement[bool]) -> Select[Joining]:
    return select(Joining).where(*which).with_for_update(skip_locked=True)


def _forget(session: Session, person: Person) -> bool:
    """Remove a person with all that hangs on them, unless a message of theirs is being read just now."""
    theirs = InboundMessage.from_digest.in_(_digests(session, person))
    if session.scalar(select(InboundMessage.id).where(theirs, InboundMessage.handled_at.is_(None)).limit(1)):
        return False
    # One that comes in meanwhile stays, and is a newcomer's.
    session.execute(delete(InboundMessage).where(theirs, InboundMessage.handled_at.is_not(None)))
    for table in (Joining, Consent, Delivery, SignInCode, SignIn, Address):
        session.execute(delete(table).where(table.person_id == person.id))
    session.execute(delete(Person).where(Person.id == person.id))
    return True


def _digests(session: Session, person: Person) -> set[bytes]:
    """Everything a person's messages may be found by, also those that came in under an earlier key."""
    return {
        fingerprint.digest
        for address in person.addresses
        for fingerprint in vault_of(session).fingerprints(address.kind, unseal(session, address, "value"))
    } | {address.index_digest for address in person.addresses}
