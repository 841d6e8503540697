"""The roster: who coordinates a group and who stands in, by name; appointing, ending, and handing the role over.

Who is named is appointed by the code from their own phone (`wabp.appointments`). Only the coordinator changes
the roster, and a group keeps one: the role goes to a proven deputy in the same moment as it is given up. When
the coordinator has left without that, a deputy takes the role.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import accounts, appointments, groups, notices, reverse_codes, rules
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Appointment, Group, Membership, new_id, seal, unseal

SHORTEST_NAME, LONGEST_NAME = 2, 80
MOST_DEPUTIES = 5
APPOINTS_IN = ("approved", "active")
_CHANGES_IN = ("approved", "active", "suspended")


@dataclass(frozen=True, slots=True)
class Post:
    """One place on the roster. `id` is of the membership, or of the appointment while it is not proven.

    `code` is what a named deputy still has to send, for the coordinator to pass on.
    """

    id: uuid.UUID
    role: str
    name: str
    state: str
    since: datetime
    proven: bool
    own: bool
    code: reverse_codes.Shown | None


def of_group(session: Session, actor: Actor, group: Group, *, now: datetime) -> list[Post]:
    """Return the roster: coordinator, deputies, then who has not proven yet. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    named = appointments.of_group(session, group)
    by_person = {one.person_id: unseal(session, one, "name") for one in named if one.proven_at}
    posts = [
        Post(
            id=membership.id,
            role=membership.role,
            name=unseal(session, membership.person, "name") or by_person.get(membership.person_id, ""),
            state=membership.state,
            since=membership.joined_at,
            proven=True,
            own=actor.kind == "person" and membership.person_id == actor.id,
            code=None,
        )
        for membership in _coordinating(session, group)
    ]
    passes_on = may_change(session, actor, group)
    return posts + [
        Post(
            id=one.id,
            role=one.role,
            name=unseal(session, one, "name"),
            state="waiting",
            since=one.created_at,
            proven=False,
            own=False,
            code=reverse_codes.of_appointment(session, one, now=now) if passes_on else None,
        )
        for one in named
        if one.proven_at is None and one.role in groups.COORDINATING
    ]


def may_change(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor may change the roster: the coordinator, and the operator of the machine."""
    return actor.kind == "operator" or groups.role_in(session, actor, group) == "coordinator"


def may_hand_over(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor may give the coordinator's role to a deputy: to themselves, where it is nobody's."""
    return may_change(session, actor, group) or takes_over(session, actor, group)


def takes_over(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor is a deputy of a group that no coordinator is left in."""
    if groups.role_in(session, actor, group) != "deputy":
        return False
    return all(one.role != "coordinator" for one in groups.coordinators(session, group.id))


def appoint(session: Session, actor: Actor, group: Group, name: str, *, now: datetime) -> Appointment:
    """Name a new deputy, with a code for their phone. The same name twice is one. Raises what a form can mend."""
    _hold(session, actor, group, APPOINTS_IN)
    given = " ".join(rules.plain(name).split())
    if not SHORTEST_NAME <= len(given) <= LONGEST_NAME:
        raise BadInput("new_deputy_name", field="name", shortest=SHORTEST_NAME, longest=LONGEST_NAME)
    waiting = [one for one in appointments.of_group(session, group) if one.role == "deputy" and not one.proven_at]
    known = next((one for one in waiting if unseal(session, one, "name").casefold() == given.casefold()), None)
    if known is not None:
        return known
    deputies = [one for one in _coordinating(session, group) if one.role == "deputy"]
    if len(deputies) + len(waiting) >= MOST_DEPUTIES:
        raise WrongState("many_deputies", field="name", most=MOST_DEPUTIES)
    # The id is given here: the name is sealed to it before the row is written.
    appointment = Appointment(id=new_id(), group=group, group_id=group.id, role="deputy", created_at=now)
    seal(session, appointment, "name", given)
    session.add(appointment)
    session.flush()
    appointments.code_for(session, actor, appointment, now=now)
    accounts.record(session, actor, "named", "appointment", appointment.id, now=now, zone_id=group.zone_id)
    return appointment


def renew_code(session: Session, actor: Actor, group: Group, appointment_id: uuid.UUID, *, now: datetime) -> None:
    """Give a named deputy a code that works, when the last one is over. Raises NotThere, WrongState."""
    _hold(session, actor, group, APPOINTS_IN)
    appointments.code_for(session, actor, _waiting(session, group, appointment_id), now=now)


def end(session: Session, actor: Actor, group: Group, post_id: uuid.UUID, *, now: datetime) -> None:
    """End a deputy's appointment: they stay a member. Ending it twice is once. Raises NotThere, WrongState."""
    _hold(session, actor, group, _CHANGES_IN)
    membership = session.get(Membership, post_id, with_for_update=True, populate_existing=True)
    if membership is None:
        _waiting(session, group, post_id).ended_at = now
        accounts.record(session, actor, "withdrew", "appointment", post_id, now=now, zone_id=group.zone_id)
        return
    if membership.group_id != group.id:
        raise NotThere
    if membership.role == "coordinator":
        raise WrongState("coordinator_stays")
    if membership.role == "member":
        return
    end_appointments(session, membership, now=now)
    if membership.state == "active":
        notices.tell(session, membership.person, "residents.appointment_ended", group=group, now=now)
    accounts.record(session, actor, "ended_deputy", "membership", membership.id, now=now, zone_id=group.zone_id)


def end_appointments(session: Session, membership: Membership, *, now: datetime) -> None:
    """Make somebody who coordinated a member like others."""
    membership.role = "member"
    for appointment in _appointments_of(session, membership):
        appointment.ended_at = now


def hand_over(
    session: Session,
    actor: Actor,
    group: Group,
    membership_id: uuid.UUID,
    *,
    confirmed: bool,
    public_url: str,
    now: datetime,
) -> None:
    """Give the coordinator's role to a proven deputy, and stand in for them from now on. Both are told.

    A deputy takes it when the coordinator has left. Raises BadInput unless it is confirmed, NotThere, and
    WrongState for who is not an active deputy.
    """
    groups.require_coordinating(session, actor, group)
    groups.hold(session, group)
    # Whoever says STOP in this moment waits, or has left already.
    posts = {one.id: one for one in _coordinating(session, group, hold=True)}
    new = posts.get(membership_id)
    if new is not None and new.role == "coordinator" and new.person_id != actor.id:
        # The same press of the button once more: it is done, and who pressed is a deputy now.
        return
    _hold(session, actor, group, _CHANGES_IN, may=may_hand_over)
    if not confirmed:
        raise BadInput("confirm_hand_over", field="confirmed")
    if new is None:
        left = session.get(Membership, membership_id, populate_existing=True)
        if left is not None and left.group_id == group.id and left.role in groups.COORDINATING:
            raise WrongState("post_changed", field="post")
        raise NotThere
    if new.person_id != actor.id and takes_over(session, actor, group):
        raise NotThere
    if new.role != "deputy" or new.state != "active":
        raise WrongState("post_changed", field="membership_id")
    for old in [one for one in posts.values() if one.role == "coordinator"]:
        _give_role(session, old, "deputy")
        notices.tell(session, old.person, "residents.now_deputy", group=group, now=now)
    for gone in appointments.of_group(session, group):
        if gone.role == "coordinator":
            gone.ended_at = now
    _give_role(session, new, "coordinator")
    link = {"link": f"{public_url}/groups/{group.slug}"}
    notices.tell(session, new.person, "residents.now_coordinator", group=group, now=now, values=link)
    accounts.record(session, actor, "handed_over", "membership", new.id, now=now, zone_id=group.zone_id)


def _hold(
    session: Session,
    actor: Actor,
    group: Group,
    states: tuple[str, ...],
    *,
    may: Callable[[Session, Actor, Group], bool] = may_change,
) -> None:
    """Keep others from changing the roster meanwhile. Raises NotThere for who may not, WrongState by the group."""
    groups.require_coordinating(session, actor, group)
    groups.hold(session, group)
    if not may(session, actor, group):
        raise NotThere
    if group.state not in states:
        raise WrongState("group_not_active", group=group.name)


def _coordinating(session: Session, group: Group, *, hold: bool = False) -> Sequence[Membership]:
    found = (
        select(Membership)
        .where(
            Membership.group_id == group.id,
            Membership.role.in_(groups.COORDINATING),
            Membership.state.in_(("active", "suspended")),
        )
        .order_by(Membership.role, Membership.number)
        .execution_options(populate_existing=True)
    )
    return session.scalars(found.with_for_update() if hold else found).all()


def _waiting(session: Session, group: Group, appointment_id: uuid.UUID) -> Appointment:
    waiting = (one for one in appointments.of_group(session, group) if one.id == appointment_id)
    appointment = next(waiting, None)
    if appointment is None or appointment.role != "deputy":
        raise NotThere
    if appointment.proven_at is not None:
        raise WrongState("post_changed")
    return appointment


def _appointments_of(session: Session, membership: Membership) -> Sequence[Appointment]:
    return session.scalars(
        select(Appointment).where(
            Appointment.group_id == membership.group_id,
            Appointment.person_id == membership.person_id,
            Appointment.role.in_(groups.COORDINATING),
            Appointment.ended_at.is_(None),
        )
    ).all()


def _give_role(session: Session, membership: Membership, role: str) -> None:
    membership.role = role
    for appointment in _appointments_of(session, membership):
        appointment.role = role
