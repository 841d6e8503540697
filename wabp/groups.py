"""Groups: who coordinates them, what their rulebook and clock are, and how a resident leaves and returns."""

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wabp import accounts, rules
from wabp.accounts import Actor
from wabp.errors import NotThere, WrongState
from wabp.models import Address, Appointment, Consent, Group, GroupStreet, Membership, Person, Street, Zone, vault_of

_log = logging.getLogger(__name__)

COORDINATING = ("coordinator", "deputy")
# A street belongs to one group: to the one that is in one of these states.
HOLDING = ("approved", "active", "suspended")
# Groups that are at work, also while an officer has paused them. Anybody may know of these.
PUBLIC = ("active", "suspended")
# The life of a group (R12): from each state, those that may follow. No other way leads anywhere.
MOVES = {
    "draft": ("submitted",),
    "submitted": ("more_info", "approved", "declined", "closed"),
    "more_info": ("submitted", "approved", "declined", "closed"),
    "approved": ("active", "closed"),
    "active": ("suspended", "closed"),
    "suspended": ("active", "closed"),
    "declined": (),
    "closed": (),
}
# Who returns within this time gets the same memberships back; later is joining anew (R5).
RETURN_WITHIN = timedelta(days=30)
# Below this a count could point at people.
FEWEST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Registered:
    """A group as an officer sees it: what it covers and how large it is. `members` is None below five."""

    id: uuid.UUID
    slug: str
    name: str
    district: str
    streets: tuple[str, ...]
    state: str
    members: int | None


def find(session: Session, slug: str) -> Group | None:
    """Return the group of a short name, whoever asks: may it be seen is for the caller to ask."""
    # PostgreSQL takes no NUL in a text, and no group has one in its name.
    return None if "\0" in slug else session.scalar(select(Group).where(Group.slug == slug))


def by_slug(session: Session, actor: Actor, slug: str) -> Group:
    """Return the group for its coordinators or the operator. Raises NotThere for everybody else."""
    group = find(session, slug)
    if group is None:
        raise NotThere("unknown_group", field="group", group=slug) if actor.kind == "operator" else NotThere
    require_coordinating(session, actor, group)
    return group


def require_coordinating(session: Session, actor: Actor, group: Group) -> None:
    """Raise NotThere unless the actor coordinates this group or is the operator of the machine."""
    if actor.kind == "operator":
        return
    if actor.kind != "person" or role_in(session, actor, group) not in COORDINATING:
        raise NotThere


def require_active(group: Group) -> None:
    """Raise WrongState unless the group may broadcast."""
    if group.state != "active":
        raise WrongState("group_not_active", group=group.name)


def hold_active(session: Session, group: Group) -> None:
    """Keep an active group active until this transaction ends: what is sent meanwhile is sent by an active group.

    Others may send at the same time. Raises WrongState for a group that may not.
    """
    session.flush()
    session.refresh(group, with_for_update={"read": True})
    require_active(group)


def hold(session: Session, group: Group) -> None:
    """Read a group anew and keep others from changing it until this transaction ends."""
    session.flush()
    session.refresh(group, with_for_update={"key_share": True})


def move(session: Session, group: Group, state: str, *, now: datetime) -> None:
    """Bring a group into its next state. Raises WrongState where the table of moves knows no such way."""
    hold(session, group)
    if state not in MOVES[group.state]:
        raise WrongState("group_move", group=group.name)
    group.state = state
    group.state_since = now


def holding(
    session: Session, street_ids: Collection[uuid.UUID], *, but: uuid.UUID | None = None
) -> list[tuple[Street, Group]]:
    """Return which of these streets belong to a group, and to which; the group `but` left out."""
    if not street_ids:
        return []
    found = session.execute(
        select(Street, Group)
        .join(GroupStreet, GroupStreet.street_id == Street.id)
        .join(Group, Group.id == GroupStreet.group_id)
        .where(Street.id.in_(street_ids), Group.state.in_(HOLDING), Group.id != (but or uuid.UUID(int=0)))
        .order_by(Street.name, Group.name)
    )
    return [(street, group) for street, group in found]


def next_number(session: Session, group: Group) -> int:
    """Return the number of a group's next member. Numbers are not used again."""
    last = session.scalar(select(func.max(Membership.number)).where(Membership.group_id == group.id))
    return (last or 0) + 1


def role_in(session: Session, actor: Actor, group: Group) -> str | None:
    """Return the actor's role in a group while the membership is active."""
    return session.scalar(
        select(Membership.role).where(
            Membership.group_id == group.id, Membership.person_id == actor.id, Membership.state == "active"
        )
    )


def coordinated_by(session: Session, actor: Actor) -> Sequence[Group]:
    """Return the groups that a person coordinates."""
    if actor.kind != "person":
        return []
    return session.scalars(
        select(Group)
        .join(Membership, Membership.group_id == Group.id)
        .where(
            Membership.person_id == actor.id,
            Membership.role.in_(COORDINATING),
            Membership.state == "active",
        )
        .order_by(Group.name)
    ).all()


def coordinators(session: Session, group_id: uuid.UUID) -> Sequence[Membership]:
    """Return the active coordinator and deputies of a group, coordinator first."""
    return session.scalars(
        select(Membership)
        .where(
            Membership.group_id == group_id,
            Membership.role.in_(COORDINATING),
            Membership.state == "active",
        )
        .order_by(Membership.role, Membership.number)
    ).all()


def registry(session: Session, officer: Actor) -> list[Registered]:
    """Return the groups of the officer's zone with counts only. Raises NotThere for other roles."""
    accounts.require_registry(officer)
    sizes = dict(
        session.execute(
            select(Membership.group_id, func.count())
            .where(Membership.state == "active")
            .group_by(Membership.group_id)
        ).all()
    )
    groups = session.scalars(select(Group).where(Group.zone_id == officer.zone_id).order_by(Group.name)).all()
    return [
        Registered(
            group.id,
            group.slug,
            group.name,
            group.district.name,
            tuple(street.name for street in group.streets),
            group.state,
            size if (size := sizes.get(group.id, 0)) >= FEWEST_SHOWN else None,
        )
        for group in groups
    ]


def everything(session: Session, actor: Actor) -> Sequence[Group]:
    """Return all groups, to the operator of the machine. Raises NotThere for everybody else."""
    accounts.require_operator(actor)
    return session.scalars(select(Group).order_by(Group.slug)).all()


def public_list(session: Session) -> Sequence[Group]:
    """Return the groups that anybody may know of: the active ones."""
    return session.scalars(select(Group).where(Group.state == "active").order_by(Group.name)).all()


def public(session: Session, slug: str) -> Group:
    """Return a group that has a page for everybody, by its short name in any capitals: active or suspended.

    Raises NotThere for all others alike: what is not approved yet, or closed, is nobody's business.
    """
    found = find(session, slug.lower())
    if found is None or found.state not in PUBLIC:
        raise NotThere
    return found


def member_count(session: Session, group: Group) -> int:
    """Return how many people are in a group now."""
    return session.scalar(
        select(func.count())
        .select_from(Membership)
        .where(Membership.group_id == group.id, Membership.state == "active")
    ) or 0


def rulebook_of(group: Group) -> rules.Rulebook:
    """Return the rulebook that holds for a group: its zone's own, else its country's."""
    return rulebook_of_zone(group.zone)


def rulebook_of_zone(zone: Zone) -> rules.Rulebook:
    """Return the rulebook that holds in a zone: its own, laid over its country's, or its country's alone.

    One that this version cannot read any more gives way to the country's, so that alerts go on; `wabp doctor` tells.
    """
    if zone.rulebook is not None:
        try:
            return rules.read_rulebook(zone.rulebook, zone.slug)
        except ValueError as problem:
            _log.error("the rulebook of a zone is left aside: %s", problem)
    return rules.load_rulebook(zone.country)


def clock_of(group: Group) -> ZoneInfo:
    """Return the time zone of a group's street clocks."""
    return ZoneInfo(group.zone.timezone)


def quiet_until(group: Group, now: datetime) -> datetime | None:
    """Return when the present quiet hours of a group end, or None outside them (R7)."""
    hours = _quiet_hours(group)
    return None if hours is None else _ends_at(group, hours, now)


def night_until(group: Group, now: datetime) -> datetime | None:
    """Return when the night of those ends who want to be left alone in it; None by day.

    Their night is the group's quiet hours, or those of the rulebook where the group keeps none.
    """
    rulebook = rulebook_of(group)
    return _ends_at(group, _quiet_hours(group) or (rulebook.quiet_from, rulebook.quiet_until), now)


def _ends_at(group: Group, hours: tuple[time, time], now: datetime) -> datetime | None:
    begins, ends = hours
    local = now.astimezone(clock_of(group))
    asleep = begins <= local.time() or local.time() < ends if begins > ends else begins <= local.time() < ends
    if not asleep:
        return None
    morning = local.date() if local.time() < ends else local.date() + timedelta(days=1)
    return datetime.combine(morning, ends, clock_of(group)).astimezone(now.tzinfo)


def _quiet_hours(group: Group) -> tuple[time, time] | None:
    if group.quiet == "none":
        return None
    if group.quiet is None:
        rulebook = rulebook_of(group)
        return rulebook.quiet_from, rulebook.quiet_until
    begins, ends = group.quiet.split("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)


def person_at(session: Session, kind: str, value: str) -> Address | None:
    """Return the address that a message came from, when we know it."""
    for fingerprint in vault_of(session).fingerprints(kind, value):
        found = session.scalar(
            select(Address).where(
                Address.kind == kind,
                Address.index_key == fingerprint.key_id,
                Address.index_digest == fingerprint.digest,
            )
        )
        if found is not None:
            return found
    return None


def membership_of(session: Session, person_id: uuid.UUID, group_id: uuid.UUID) -> Membership | None:
    """Return somebody's membership of a group, whatever its state."""
    return session.scalar(
        select(Membership).where(Membership.person_id == person_id, Membership.group_id == group_id)
    )


def active_memberships(session: Session, person: Person) -> Sequence[Membership]:
    """Return the groups that a person is in now."""
    return session.scalars(
        select(Membership)
        .where(Membership.person_id == person.id, Membership.state == "active")
        .order_by(Membership.joined_at)
    ).all()


def barred_from(session: Session, person: Person) -> Sequence[Group]:
    """Return the groups that a person is suspended or removed from."""
    return session.scalars(
        select(Group)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.person_id == person.id, Membership.state.in_(("suspended", "removed")))
        .order_by(Group.name)
    ).all()


def leave_all(session: Session, person: Person, *, now: datetime) -> Sequence[Membership]:
    """End all memberships and consents of a person who said STOP. Returns what ended.

    Who is suspended stays so, and has left: the end of the sanction does not bring them back.
    """
    # A suspension may end this very moment: what counts is how things stand once that is written.
    held = session.scalars(
        select(Membership)
        .where(Membership.person_id == person.id)
        .order_by(Membership.joined_at, Membership.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    ended = [one for one in held if one.state == "active" or (one.state == "suspended" and one.left_at is None)]
    for membership in ended:
        membership.state = "left" if membership.state == "active" else membership.state
        membership.left_at = now
        accounts.record(session, accounts.person_actor(person), "left", "group", membership.group_id, now=now)
    for consent in session.scalars(
        select(Consent).where(Consent.person_id == person.id, Consent.withdrawn_at.is_(None))
    ):
        consent.withdrawn_at = now
    return ended


def restore_all(session: Session, person: Person, *, means: str, now: datetime) -> Sequence[Membership]:
    """Give a person who said START the memberships back that STOP ended within 30 days. Sanctions stay.

    Who coordinated does so again unless the post has gone to somebody else.
    """
    back = session.scalars(
        select(Membership)
        .join(Group, Group.id == Membership.group_id)
        .where(
            Membership.person_id == person.id,
            Membership.state == "left",
            Membership.left_at > now - RETURN_WITHIN,
            Group.state == "active",
        )
        .order_by(Membership.joined_at)
    ).all()
    for membership in back:
        last = session.scalar(
            select(Consent)
            .where(Consent.person_id == person.id, Consent.group_id == membership.group_id)
            .order_by(Consent.given_at.desc())
            .limit(1)
        )
        if membership.role in COORDINATING and not _has_post(session, membership):
            membership.role = "member"
        membership.state = "active"
        membership.left_at = None
        give_consent(session, person, membership.group_id, last.text_version if last else "start", means, now=now)
        accounts.record(
            session, accounts.person_actor(person), "returned", "group", membership.group_id, now=now
        )
    return back


def _has_post(session: Session, membership: Membership) -> bool:
    """Tell whether the post of a coordinator or deputy who left is still theirs."""
    group = session.get_one(Group, membership.group_id)
    hold(session, group)
    session.refresh(membership)
    appointments = session.scalars(
        select(Appointment).where(
            Appointment.group_id == group.id, Appointment.person_id == membership.person_id
        )
    ).all()
    if appointments and not any(one.role == membership.role and one.ended_at is None for one in appointments):
        return False
    if membership.role != "coordinator":
        return membership.role == "deputy"
    other = session.scalar(
        select(Membership.id)
        .where(
            Membership.group_id == group.id,
            Membership.id != membership.id,
            Membership.role == "coordinator",
            Membership.state.in_(("active", "suspended")),
        )
        .limit(1)
    )
    return other is None


def give_consent(
    session: Session, person: Person, group_id: uuid.UUID, text_version: str, means: str, *, now: datetime
) -> None:
    """Write down that a person asked for a group's messages. An earlier consent ends: one lives at a time."""
    withdraw_consent(session, person.id, group_id, now=now)
    session.add(
        Consent(person_id=person.id, group_id=group_id, text_version=text_version, means=means, given_at=now)
    )


def withdraw_consent(session: Session, person_id: uuid.UUID, group_id: uuid.UUID, *, now: datetime) -> None:
    """End the living consent of a person to a group's messages."""
    session.flush()
    session.execute(
        update(Consent)
        .where(Consent.person_id == person_id, Consent.group_id == group_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
