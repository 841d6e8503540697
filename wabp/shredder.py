"""The shredder: takes what was typed and who was named out of applications that came to nothing.

Drafts go when nobody worked on them for as long as the rulebook keeps drafts. Declined and withdrawn
applications go when nobody can object any more; what stays is that there was one, and how it ended.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wabp import groups, rules
from wabp.accounts import SYSTEM, record
from wabp.models import (
    Alert,
    AlertText,
    Application,
    ApplicationVersion,
    Appointment,
    CharterSignature,
    Consent,
    Finding,
    Group,
    GroupStreet,
    Joining,
    Membership,
    Person,
    Reply,
    Report,
    ReverseCode,
    Review,
    Sanction,
    Zone,
)

# How long somebody may object to a decision (R12).
APPEAL_WITHIN = timedelta(days=21)

# What hangs on a group that was never active, in the order in which it can be removed.
_OF_GROUP = (
    *(Reply, Report, Sanction, Joining, Finding, Alert, Review, CharterSignature),
    *(ReverseCode, Appointment, ApplicationVersion, Application, Consent, Membership),
)


def forget(session: Session, *, now: datetime) -> int:
    """Remove drafts that nobody works on, and what is left of applications that ended. Returns how many."""
    unsent = _unsent(session, now)
    for application in unsent:
        session.delete(application)
    drafts = [group for group in _applied(session, "draft") if _is_stale(session, group, now)]
    ended = [group for group in _applied(session, "declined", "closed") if _is_over(session, group, now)]
    for group in drafts + ended:
        record(session, SYSTEM, "forgot", "group", group.id, now=now, zone_id=group.zone_id, detail=group.state)
        _empty(session, group)
    gone = [group.id for group in drafts]
    session.execute(delete(GroupStreet).where(GroupStreet.group_id.in_(gone)))
    session.execute(delete(Group).where(Group.id.in_(gone)))
    return len(unsent) + len(drafts) + len(ended)


def _unsent(session: Session, now: datetime) -> Sequence[Application]:
    """Applications that never became a group. They are of no zone yet, so the shortest time of all holds."""
    books = [groups.rulebook_of_zone(zone) for zone in session.scalars(select(Zone))] or [rules.load_rulebook("be")]
    days = min(book.retention["draft"] for book in books)
    old = Application.saved_at <= now - timedelta(days=days)
    return session.scalars(select(Application).where(Application.group_id.is_(None), old)).all()


def _applied(session: Session, *states: str) -> Sequence[Group]:
    chosen = select(Group).join(Application, Application.group_id == Group.id).where(Group.state.in_(states))
    return session.scalars(chosen).all()


def _is_stale(session: Session, group: Group, now: datetime) -> bool:
    saved = session.scalar(select(Application.saved_at).where(Application.group_id == group.id))
    return saved is not None and saved <= now - timedelta(days=groups.rulebook_of(group).retention["draft"])


def _is_over(session: Session, group: Group, now: datetime) -> bool:
    """Tell whether an application that ended without the group ever being active may be forgotten."""
    signed = session.scalar(
        select(func.count()).select_from(CharterSignature).where(CharterSignature.group_id == group.id)
    )
    kept = timedelta(days=groups.rulebook_of(group).retention["ex_member"]) + APPEAL_WITHIN
    return signed != 2 and group.state_since is not None and group.state_since <= now - kept


def _empty(session: Session, group: Group) -> None:
    """Remove everything of a group but the group itself."""
    people = _people(session, group)
    texts = select(Alert.id).where(Alert.group_id == group.id)
    session.flush()
    session.execute(delete(AlertText).where(AlertText.alert_id.in_(texts)))
    for table in _OF_GROUP:
        session.execute(delete(table).where(table.group_id == group.id))
    session.expire_all()
    for person_id in people:
        _unname(session, person_id)


def _people(session: Session, group: Group) -> set[uuid.UUID]:
    members = session.scalars(select(Membership.person_id).where(Membership.group_id == group.id))
    named = session.scalars(
        select(Appointment.person_id).where(Appointment.group_id == group.id, Appointment.person_id.is_not(None))
    )
    return {person_id for person_id in [*members, *named] if person_id is not None}


def _unname(session: Session, person_id: uuid.UUID) -> None:
    """Take the name of somebody who runs no group any more: residents have none."""
    runs = select(Membership.id).where(
        Membership.person_id == person_id, Membership.role.in_(groups.COORDINATING)
    )
    named = select(Appointment.id).where(Appointment.person_id == person_id, Appointment.ended_at.is_(None))
    person = session.get(Person, person_id)
    if person is not None and session.scalar(runs.limit(1)) is None and session.scalar(named.limit(1)) is None:
        person.name = None
