"""Supervision: an inspector suspends a group of the own zone, and restores it. Its coordinators read why.

A suspended group sends nothing, and nobody joins it. Officers see what was decided about a group, never what
residents write. Who may look but not decide is told by the same 404 as a stranger when they try.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import accounts, addressing, groups, ledger, notices, sanctions, texts
from wabp.accounts import Actor
from wabp.errors import NotThere, WrongState
from wabp.models import Account, Group, Review, Sanction, new_id, seal, unseal


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of a group's history: what was decided, why, by whom, and when."""

    act: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Supervised:
    """A group as an officer of its zone sees it. `members` is None below five; names are of coordinators only."""

    id: uuid.UUID
    name: str
    district: str
    streets: tuple[str, ...]
    state: str
    since: datetime | None
    members: int | None
    coordinators: tuple[tuple[str, str], ...]
    history: tuple[Decided, ...]
    may_decide: bool


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why a group is suspended, as its coordinators read it."""

    reason: str
    since: datetime


def look(session: Session, officer: Actor, group_id: uuid.UUID) -> Supervised:
    """Return a group to an officer of its zone. Raises NotThere for everybody else."""
    group = of_zone(session, officer, group_id)
    size = groups.member_count(session, group)
    return Supervised(
        id=group.id,
        name=group.name,
        district=group.district.name,
        streets=tuple(street.name for street in group.streets),
        state=group.state,
        since=group.state_since,
        members=size if size >= groups.FEWEST_SHOWN else None,
        coordinators=tuple(
            (membership.role, unseal(session, membership.person, "name"))
            for membership in groups.coordinators(session, group.id)
        ),
        history=tuple(sorted(_history(session, group), key=lambda row: row.at, reverse=True)),
        may_decide=accounts.is_inspector(officer),
    )


def of_zone(session: Session, officer: Actor, group_id: uuid.UUID) -> Group:
    """Return a group of the officer's own zone. Raises NotThere."""
    accounts.require_registry(officer)
    group = session.get(Group, group_id)
    if group is None or group.zone_id != officer.zone_id:
        raise NotThere
    return group


def suspend(
    session: Session, officer: Actor, group_id: uuid.UUID, reason: str, *, public_url: str, now: datetime
) -> None:
    """Suspend an active group: what waits of its info is called off, and its members are told in one line.

    Raises BadInput, NotThere, and WrongState for a group that is not active.
    """
    group = _deciding(session, officer, group_id)
    why = sanctions.read_reason(reason)
    if group.state != "active":
        raise WrongState("suspend_not_active", field="reason", group=group.name)
    groups.move(session, group, "suspended", now=now)
    sanction = Sanction(
        group_id=group.id, kind="suspension", imposed_by=officer.kind, imposed_by_id=officer.id, imposed_at=now
    )
    seal(session, sanction, "reason", why)
    session.add(sanction)
    ledger.cancel_info(session, group.id, "suspended", now)
    # The notice bears the sanction's id, so that a restoring can call off what has not left.
    _tell_members(session, group, sanction.id, "residents.group_paused", now, roles=("member",))
    link = {"link": f"{public_url}/groups/{group.slug}"}
    notices.tell_coordinators(session, group, "residents.group_paused_coordinator", now=now, values=link)
    accounts.record(session, officer, "suspended", "group", group.id, now=now, zone_id=group.zone_id)


def restore(session: Session, officer: Actor, group_id: uuid.UUID, reason: str, *, now: datetime) -> None:
    """Let a suspended group go on. Its members are told, but for those who never heard that it was paused.

    Raises BadInput, NotThere, and WrongState for a group that is not suspended.
    """
    group = _deciding(session, officer, group_id)
    why = sanctions.read_reason(reason)
    if group.state != "suspended":
        raise WrongState("restore_not_suspended", field="reason", group=group.name)
    groups.move(session, group, "active", now=now)
    paused = _running(session, group)
    if paused is not None:
        paused.lifted_at = now
        seal(session, paused, "lift_reason", why)
        ledger.cancel_notice(session, paused.id, "restored", now)
    after = None if paused is None else paused.id
    _tell_members(session, group, new_id(), "residents.group_back", now, after=after)
    accounts.record(session, officer, "restored", "group", group.id, now=now, zone_id=group.zone_id)


def state_of(session: Session, actor: Actor, group: Group) -> Suspension | None:
    """Return why a group is suspended to those who coordinate it, or None when it is not. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    running = _running(session, group) if group.state == "suspended" else None
    return None if running is None else Suspension(unseal(session, running, "reason"), running.imposed_at)


def _deciding(session: Session, officer: Actor, group_id: uuid.UUID) -> Group:
    """Return a group that this officer may decide about, and keep others from deciding meanwhile."""
    accounts.require_inspector(officer)
    group = of_zone(session, officer, group_id)
    groups.hold(session, group)
    return group


def _running(session: Session, group: Group) -> Sanction | None:
    return session.scalar(
        select(Sanction)
        .where(Sanction.group_id == group.id, Sanction.membership_id.is_(None), Sanction.lifted_at.is_(None))
        .order_by(Sanction.imposed_at.desc())
        .limit(1)
    )


def _tell_members(
    session: Session,
    group: Group,
    notice_id: uuid.UUID,
    key: str,
    now: datetime,
    *,
    roles: tuple[str, ...] = (),
    after: uuid.UUID | None = None,
) -> None:
    """Write one line to all members, in one statement for each language; it lets the street sleep."""
    for language in texts.LANGUAGES:
        addressing.write_notice(
            session,
            group.id,
            notice_id,
            language,
            key,
            notices.about(group, language),
            roles=roles,
            after=after,
            not_before=groups.quiet_until(group, now),
            now=now,
        )


def _history(session: Session, group: Group) -> list[Decided]:
    sanctioned = session.scalars(
        select(Sanction).where(Sanction.group_id == group.id, Sanction.membership_id.is_(None))
    ).all()
    reviewed = session.scalars(select(Review).where(Review.group_id == group.id)).all()
    lines = [
        Decided(row.kind, unseal(session, row, "reason"), _name(session, row.imposed_by_id), row.imposed_at)
        for row in sanctioned
    ]
    lines += [
        Decided("lifted", unseal(session, row, "lift_reason"), "", row.lifted_at)
        for row in sanctioned
        if row.lifted_at is not None
    ]
    lines += [
        Decided(row.decision, unseal(session, row, "reason"), _name(session, row.account_id), row.decided_at)
        for row in reviewed
    ]
    return lines


def _name(session: Session, account_id: uuid.UUID | None) -> str:
    account = session.get(Account, account_id) if account_id else None
    return "" if account is None else unseal(session, account, "name")
