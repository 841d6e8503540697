"""Paperwork: what is on file of an application, and what applicant and officer both look at.

Its versions, what was decided of them, who signed the charter, and which other groups want the same streets.
Reads only; may it be seen is asked by `wabp.applications` and `wabp.dossiers`.
"""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import answers as reading, groups
from wabp.answers import Answers
from wabp.models import (
    Application,
    ApplicationVersion,
    CharterSignature,
    Group,
    GroupStreet,
    Review,
    Street,
    unseal,
)

# Groups whose streets others are told of: they are there, or on their way.
_SEEN = ("submitted", "more_info", *groups.HOLDING)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another group on some of the same streets: its name, state and those streets, never who is in it."""

    group_id: uuid.UUID
    name: str
    slug: str
    state: str
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """An application as it was handed in once, and what it changed of the one before.

    `added` and `removed` are streets; `changed` are the questions that were answered otherwise.
    """

    number: int
    sent_at: datetime
    charter_version: str
    answers: Answers
    streets: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on one version, with the reason that the applicant reads literally."""

    version: int
    decision: str
    reason: str
    screened: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """That a party, coordinator or inspector, signed a version of the charter."""

    party: str
    charter_version: str
    signed_at: datetime


def application_of(session: Session, group: Group) -> Application | None:
    """Return the application that a group came about by, or None."""
    return session.scalar(select(Application).where(Application.group_id == group.id))


def reference(group: Group) -> str:
    """Return the number by which people speak of an application: short, and nothing can be opened with it."""
    number = group.id.int % 1_000_000
    return f"{number // 1000:03}-{number % 1000:03}"


def versions(session: Session, group: Group) -> tuple[Version, ...]:
    """Return all versions of an application, newest first, each with what it changed."""
    rows = session.scalars(
        select(ApplicationVersion)
        .where(ApplicationVersion.group_id == group.id)
        .order_by(ApplicationVersion.number)
    ).all()
    found: list[Version] = []
    for row in rows:
        answers = reading.from_data(json.loads(unseal(session, row, "answers")))
        streets = reading.street_names(session, answers)
        before = found[-1] if found else None
        found.append(
            Version(
                row.number,
                row.sent_at,
                row.charter_version,
                answers,
                streets,
                tuple(name for name in streets if before and name not in before.streets),
                tuple(name for name in (before.streets if before else ()) if name not in streets),
                reading.changed(before.answers, answers) if before else (),
            )
        )
    return tuple(reversed(found))


def decisions(session: Session, group: Group) -> tuple[Decision, ...]:
    """Return what was decided so far, newest first."""
    rows = session.scalars(
        select(Review).where(Review.group_id == group.id).order_by(Review.decided_at.desc(), Review.id.desc())
    )
    return tuple(
        Decision(row.version, row.decision, unseal(session, row, "reason"), row.screened, row.decided_at)
        for row in rows
    )


def signatures(session: Session, group: Group) -> tuple[Signed, ...]:
    """Return who signed the charter, coordinator first."""
    rows = session.scalars(
        select(CharterSignature).where(CharterSignature.group_id == group.id).order_by(CharterSignature.party)
    )
    return tuple(Signed(row.party, row.charter_version, row.signed_at) for row in rows)


def has_signed(session: Session, group: Group, party: str) -> bool:
    """Tell whether a party signed the charter in its present version."""
    present = groups.rulebook_of(group).version
    return any(one.party == party and one.charter_version == present for one in signatures(session, group))


def overlaps(
    session: Session, street_ids: Collection[uuid.UUID], *, but: uuid.UUID | None = None
) -> list[Overlap]:
    """Return the other groups that are on these streets, or apply for them; the group `but` left out."""
    if not street_ids:
        return []
    found = session.execute(
        select(Group, Street.name)
        .join(GroupStreet, GroupStreet.group_id == Group.id)
        .join(Street, Street.id == GroupStreet.street_id)
        .where(Street.id.in_(street_ids), Group.state.in_(_SEEN), Group.id != (but or uuid.UUID(int=0)))
        .order_by(Group.name, Group.id, Street.name)
    )
    streets: dict[uuid.UUID, tuple[Group, list[str]]] = {}
    for group, street in found:
        streets.setdefault(group.id, (group, []))[1].append(street)
    return [
        Overlap(group.id, group.name, group.slug, group.state, tuple(names)) for group, names in streets.values()
    ]
