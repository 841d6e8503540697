"""Sanctions on residents: warn, suspend for a while, remove, and lift. Each with a reason that the resident reads.

The coordinator is nobody's to sanction here, nor is oneself; a deputy is the coordinator's alone. Two who act
at once: the second is told that something changed.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from wabp import accounts, groups, ledger, notices, relay, residents, roster, rules
from wabp.accounts import SYSTEM, Actor
from wabp.errors import BadInput, WrongState
from wabp.models import Group, Membership, Person, Sanction, seal, unseal

KINDS = ("warning", "suspension", "removal")
DAYS = (7, 30, 90)
SHORTEST_REASON, LONGEST_REASON = 3, 500
# From which states a sanction may follow.
_FROM = {"warning": ("active",), "suspension": ("active",), "removal": ("active", "suspended")}
_BECOMES = {"suspension": "suspended", "removal": "removed"}
_ACTS = {"warning": "warned", "suspension": "suspended", "removal": "removed"}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Imposed:
    """One sanction as coordinators see it later, with the names of who imposed it."""

    kind: str
    reason: str
    by: str
    at: datetime
    until: datetime | None
    lifted_at: datetime | None
    lift_reason: str


def read_reason(typed: str) -> str:
    """Return a reason as it is kept. Raises BadInput unless it says something and not too much."""
    reason = rules.plain(typed)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise BadInput("reason_length", field="reason", shortest=SHORTEST_REASON, longest=LONGEST_REASON)
    return reason


def history(session: Session, actor: Actor, membership: Membership) -> list[Imposed]:
    """Return what was imposed on a resident, newest first. Raises NotThere."""
    groups.require_coordinating(session, actor, membership.group)
    rows = session.scalars(
        select(Sanction)
        .where(Sanction.membership_id == membership.id)
        .order_by(Sanction.imposed_at.desc(), Sanction.id.desc())
    ).all()
    return [
        Imposed(
            row.kind,
            unseal(session, row, "reason"),
            _name(session, row),
            row.imposed_at,
            row.until,
            row.lifted_at,
            unseal(session, row, "lift_reason"),
        )
        for row in rows
    ]


def revision(session: Session, membership: Membership) -> int:
    """Return a number that rises with all that is imposed on a resident or lifted: what a page was made of."""
    imposed, lifted = session.execute(
        select(func.count(), func.count(Sanction.lifted_at)).where(Sanction.membership_id == membership.id)
    ).one()
    return int(imposed) + int(lifted)


def may_impose(session: Session, actor: Actor, membership: Membership) -> str | None:
    """Return why this actor may impose nothing on a resident, as a key of the errors; None when they may."""
    if actor.kind == "person" and membership.person_id == actor.id:
        return "not_yourself"
    if membership.role == "coordinator":
        return "coordinator_protected"
    if membership.role == "deputy" and groups.role_in(session, actor, membership.group) == "deputy":
        return "deputy_protected"
    return None


def impose(
    session: Session,
    actor: Actor,
    group: Group,
    membership_id: uuid.UUID,
    kind: str,
    reason: str,
    *,
    days: int | None = None,
    seen: int | None = None,
    now: datetime,
) -> Sanction:
    """Impose one of KINDS on a resident: `days` says how long they are suspended; a deputy who is removed is none.

    `seen` is the revision that the page showed. Raises BadInput, `relay.NotSendable`, WrongState, NotThere.
    """
    membership = residents.hold(session, actor, group, membership_id)
    why = read_reason(reason)
    if kind not in KINDS or (kind == "suspension") != (days in DAYS):
        raise BadInput("choose_days", field="days")
    if known := _just_imposed(session, actor, membership, kind, why, now):
        return known
    _require_may(session, actor, membership)
    changed = seen is not None and seen != revision(session, membership)
    if changed or membership.state not in _FROM[kind]:
        raise WrongState("resident_changed", field="reason")
    relay.require_sendable(session, actor, group, why, field="reason", now=now)
    until = now + timedelta(days=days) if days else None
    sanction = Sanction(
        group_id=group.id,
        membership_id=membership.id,
        kind=kind,
        imposed_by=actor.kind,
        imposed_by_id=actor.id,
        imposed_at=now,
        until=until,
    )
    seal(session, sanction, "reason", why)
    session.add(sanction)
    if kind in _BECOMES:
        membership.state = _BECOMES[kind]
        ledger.skip_in_group(session, membership.person_id, group.id, membership.state, now)
    if kind == "removal" and membership.role == "deputy":
        roster.end_appointments(session, membership, now=now)
    _tell(session, membership, f"residents.{_ACTS[kind]}", {"reason": why}, until, now)
    accounts.record(session, actor, _ACTS[kind], "membership", membership.id, now=now, zone_id=group.zone_id)
    return sanction


def lift(
    session: Session, actor: Actor, group: Group, membership_id: uuid.UUID, reason: str, *, now: datetime
) -> None:
    """Let a suspended or removed resident back in. Raises BadInput, WrongState, NotThere."""
    membership = residents.hold(session, actor, group, membership_id)
    why = read_reason(reason)
    if membership.state not in _BECOMES.values():
        if _just_lifted(session, membership, why, now):
            return
        raise WrongState("resident_changed", field="reason")
    _require_may(session, actor, membership)
    relay.require_sendable(session, actor, group, why, field="reason", now=now)
    for sanction in session.scalars(
        select(Sanction).where(
            Sanction.membership_id == membership.id, Sanction.kind.in_(_BECOMES), Sanction.lifted_at.is_(None)
        )
    ):
        sanction.lifted_at = now
        seal(session, sanction, "lift_reason", why)
    _return(session, membership, "residents.lifted", {"reason": why}, now)
    accounts.record(session, actor, "lifted", "membership", membership.id, now=now, zone_id=group.zone_id)


def end_over(session: Session, *, now: datetime) -> int:
    """Let those back in whose suspension is over. Returns how many."""
    of_member = Sanction.membership_id == Membership.id
    running = exists().where(
        of_member, Sanction.kind == "suspension", Sanction.lifted_at.is_(None), Sanction.until > now
    )
    over = exists().where(
        of_member, Sanction.kind == "suspension", Sanction.lifted_at.is_(None), Sanction.until <= now
    )
    back = session.scalars(
        select(Membership)
        .where(Membership.state == "suspended", over, ~running)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for membership in back:
        _return(session, membership, "residents.suspension_over", None, now)
        zone_id = membership.group.zone_id
        accounts.record(session, SYSTEM, "suspension_over", "membership", membership.id, now=now, zone_id=zone_id)
    return len(back)


def _return(
    session: Session, membership: Membership, key: str, secret: dict[str, str] | None, now: datetime
) -> None:
    """Bring somebody back. Who said STOP meanwhile has left, and hears nothing: from now on START brings them back."""
    if membership.left_at is not None:
        membership.state = "left"
        membership.left_at = now
        return
    membership.state = "active"
    if membership.group.state == "active":
        _tell(session, membership, key, secret, None, now)


def _tell(
    session: Session,
    membership: Membership,
    key: str,
    secret: dict[str, str] | None,
    until: datetime | None,
    now: datetime,
) -> None:
    if membership.left_at is not None:
        return
    group = membership.group
    values = {"until": f"{until.astimezone(groups.clock_of(group)):%d/%m/%Y}"} if until else None
    notices.tell(session, membership.person, key, group=group, now=now, values=values, secret=secret)


def _require_may(session: Session, actor: Actor, membership: Membership) -> None:
    if refusal := may_impose(session, actor, membership):
        raise WrongState(refusal, field="reason")


def _just_imposed(
    session: Session, actor: Actor, membership: Membership, kind: str, reason: str, now: datetime
) -> Sanction | None:
    """The same from the same hand a moment ago is the same press of the button."""
    return _same(
        session,
        session.scalars(
            select(Sanction).where(
                Sanction.membership_id == membership.id,
                Sanction.kind == kind,
                Sanction.imposed_by_id == actor.id,
                Sanction.imposed_at > now - relay.SAME_PRESS,
                Sanction.lifted_at.is_(None),
            )
        ).all(),
        "reason",
        reason,
    )


def _just_lifted(session: Session, membership: Membership, reason: str, now: datetime) -> Sanction | None:
    lately = Sanction.lifted_at > now - relay.SAME_PRESS
    rows = session.scalars(select(Sanction).where(Sanction.membership_id == membership.id, lately)).all()
    return _same(session, rows, "lift_reason", reason)


def _same(session: Session, rows: Collection[Sanction], field: str, reason: str) -> Sanction | None:
    return next((row for row in rows if unseal(session, row, field) == reason), None)


def _name(session: Session, sanction: Sanction) -> str:
    person = session.get(Person, sanction.imposed_by_id) if sanction.imposed_by == "person" else None
    return "" if person is None else unseal(session, person, "name")
