"""Dossiers: what an inspector sees of the groups that apply in their zone: the queue, and one application.

Shows what is applied for, how it stands with the charter, and which groups are on the same streets. Never a
number, a member or a message.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from wabp import accounts, appointments, groups, paperwork
from wabp.accounts import Actor
from wabp.answers import Answers
from wabp.appointments import Appointed
from wabp.errors import NotThere
from wabp.models import Application, Group, Review
from wabp.paperwork import Decision, Overlap, Signed, Version, application_of

# What the charter asks of a group, in the order of the checklist.
POINTS = (
    "call_first",
    "no_patrols",
    "no_names",
    "coordinator_adult",
    "deputy",
    "screening",
    "plan",
    "invited",
)
MARKS = ("ok", "todo", "wrong")
# What the queue can show, by the states of a group.
SHOWS = {
    "todo": ("submitted",),
    "waiting": ("more_info",),
    "approved": groups.HOLDING,
    "declined": ("declined",),
}
# In these states an application can be decided on.
OPEN = ("submitted", "more_info")
_SETTLED_IN_A_TALK = ("screening", "invited")


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the checklist: its mark (ok, todo, wrong) and the key of what that rests on."""

    key: str
    mark: str
    ground: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A group in the queue."""

    id: uuid.UUID
    slug: str
    name: str
    district: str
    streets: tuple[str, ...]
    state: str
    since: datetime
    overlaps: int
    points_ok: int
    coordinator: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A group on some of the same streets. `members` is None below five."""

    overlap: Overlap
    members: int | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """One application as its inspector sees it. Versions and decisions newest first."""

    id: uuid.UUID
    slug: str
    name: str
    state: str
    since: datetime
    reference: str
    district: str
    version: Version
    versions: tuple[Version, ...]
    neighbours: tuple[Neighbour, ...]
    points: tuple[Point, ...]
    rulebook_version: str
    decisions: tuple[Decision, ...]
    appointments: tuple[Appointed, ...]
    signatures: tuple[Signed, ...]
    may_decide: bool
    may_sign: bool


def queue(session: Session, officer: Actor, *, show: str = "todo") -> list[Waiting]:
    """Return the applications of the officer's zone, who waits longest first. Raises NotThere."""
    accounts.require_inspector(officer)
    if show not in SHOWS:
        raise NotThere
    found = session.scalars(
        select(Group)
        .where(Group.zone_id == officer.zone_id, Group.state.in_(SHOWS[show]), applied())
        .order_by(Group.state_since, Group.id)
    ).all()
    return [_waiting(session, group) for group in found]


def counts(session: Session, officer: Actor) -> dict[str, int]:
    """Return how many applications each part of the queue holds. Raises NotThere."""
    accounts.require_inspector(officer)
    by_state = dict(
        session.execute(
            select(Group.state, func.count())
            .where(Group.zone_id == officer.zone_id, applied())
            .group_by(Group.state)
        ).all()
    )
    return {show: sum(by_state.get(state, 0) for state in states) for show, states in SHOWS.items()}


def dossier(session: Session, officer: Actor, group_id: uuid.UUID) -> Dossier:
    """Return one application of the officer's zone. Raises NotThere for any other."""
    group = group_of_zone(session, officer, group_id)
    versions = paperwork.versions(session, group)
    return Dossier(
        group.id,
        group.slug,
        group.name,
        group.state,
        group.state_since or group.created_at,
        paperwork.reference(group),
        group.district.name,
        versions[0],
        versions,
        tuple(_neighbours(session, group)),
        checklist_of(session, group, versions[0]),
        groups.rulebook_of(group).version,
        paperwork.decisions(session, group),
        appointments.shown(session, group),
        paperwork.signatures(session, group),
        group.state in OPEN,
        group.state == "approved" and not paperwork.has_signed(session, group, "inspector"),
    )


def checklist_of(session: Session, group: Group, version: Version) -> tuple[Point, ...]:
    """Return the charter's points of a version: as the officer marked them, else as the answers tell.

    What was settled in a talk stays so in a next version; what the answers show is looked at anew.
    """
    last = session.scalar(
        select(Review).where(Review.group_id == group.id).order_by(Review.decided_at.desc(), Review.id.desc()).limit(1)
    )
    marked = dict(last.checklist) if last else {}
    if last is not None and last.version != version.number:
        marked = {key: mark for key, mark in marked.items() if key in _SETTLED_IN_A_TALK}
    told = _told(session, group, version.answers)
    if told["deputy"].mark == "ok":
        marked.pop("deputy", None)
    return tuple(Point(key, marked.get(key, point.mark), point.ground) for key, point in told.items())


def group_of_zone(session: Session, officer: Actor, group_id: uuid.UUID) -> Group:
    """Return a group of the officer's zone whose application was handed in. Raises NotThere."""
    accounts.require_inspector(officer)
    group = session.get(Group, group_id)
    if group is None or group.zone_id != officer.zone_id or group.state == "draft":
        raise NotThere
    if application_of(session, group) is None:
        raise NotThere
    return group


def applied() -> ColumnElement[bool]:
    """Groups that came about by an application; others have nothing to decide on."""
    return exists().where(Application.group_id == Group.id)


def _waiting(session: Session, group: Group) -> Waiting:
    latest = paperwork.versions(session, group)[0]
    points = checklist_of(session, group, latest)
    return Waiting(
        group.id,
        group.slug,
        group.name,
        group.district.name,
        latest.streets,
        group.state,
        group.state_since or group.created_at,
        len(paperwork.overlaps(session, latest.answers.street_ids, but=group.id)),
        sum(point.mark == "ok" for point in points),
        latest.answers.coordinator,
    )


def _neighbours(session: Session, group: Group) -> Iterator[Neighbour]:
    for overlap in paperwork.overlaps(session, [street.id for street in group.streets], but=group.id):
        other = session.get_one(Group, overlap.group_id)
        size = groups.member_count(session, other)
        yield Neighbour(overlap, size if size >= groups.FEWEST_SHOWN else None)


def _told(session: Session, group: Group, answers: Answers) -> dict[str, Point]:
    """What the answers tell of each point of the charter, and what has to be heard in a talk."""
    rulebook = groups.rulebook_of(group)
    accepted = answers.charter == rulebook.version
    charter = {"call_first": "accepted", "no_patrols": f"militia_{rulebook.country}", "no_names": "house_rules"}
    deputy = any(one.role == "deputy" and one.proven_at for one in appointments.shown(session, group))
    found = {
        key: ("ok", ground) if accepted else ("todo", "older_charter") for key, ground in charter.items()
    } | {
        "coordinator_adult": ("ok", "declared") if answers.adult else ("todo", "undeclared"),
        "deputy": ("ok", "proven") if deputy else ("todo", "unproven"),
        "screening": ("todo", "outside"),
        "plan": ("ok", "written") if answers.plan else ("todo", "unwritten"),
        "invited": ("todo", "talk"),
    }
    return {key: Point(key, *found[key]) for key in POINTS}
