"""Who acts: the actor that every noun function gets first, signing in and out, and the record of acts."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wabp import vault
from wabp.errors import NotThere
from wabp.models import Account, AuditEvent, Membership, Person, SignIn, unseal

# Who may see the register of a zone's groups, with counts only.
REGISTRY_ROLES = ("inspector", "zone_admin")

# How long a sign-in lasts at most, by what signed in.
_LONGEST = {"person": timedelta(days=30), "account": timedelta(hours=8)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for something.

    `kind` is person (a resident, who may coordinate a group), account (an office; `role` names it),
    operator (a command on the machine), system (a timed job) or nobody (signed out).
    """

    kind: str
    id: uuid.UUID | None = None
    role: str | None = None
    zone_id: uuid.UUID | None = None
    language: str = "nl"


NOBODY = Actor("nobody")
OPERATOR = Actor("operator")
SYSTEM = Actor("system")


def person_actor(person: Person) -> Actor:
    """Return the actor for a resident."""
    return Actor("person", person.id, None, person.zone_id, person.language)


def account_actor(account: Account) -> Actor:
    """Return the actor for somebody in office."""
    return Actor("account", account.id, account.role, account.zone_id)


def sign_in(session: Session, actor: Actor, *, now: datetime) -> str:
    """Sign an actor in and return the token for the cookie. The only way into a session."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_digest=vault.digest(token),
            person_id=actor.id if actor.kind == "person" else None,
            account_id=actor.id if actor.kind == "account" else None,
            created_at=now,
            proved_at=now,
            last_seen_at=now,
            ends_at=now + _LONGEST[actor.kind],
        )
    )
    record(session, actor, "signed_in", actor.kind, actor.id, now=now)
    return token


def signed_in(session: Session, token: str | None, *, now: datetime) -> Actor:
    """Return whose sign-in this token is, or NOBODY when it is unknown, over or disabled."""
    if not token:
        return NOBODY
    row = session.scalar(
        select(SignIn).where(
            SignIn.token_digest == vault.digest(token), SignIn.ended_at.is_(None), SignIn.ends_at > now
        )
    )
    if row is None:
        return NOBODY
    if row.person_id is not None:
        person = session.get(Person, row.person_id)
        return NOBODY if person is None else person_actor(person)
    account = session.get(Account, row.account_id)
    return NOBODY if account is None or account.disabled_at is not None else account_actor(account)


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the sign-in of this token."""
    session.execute(
        update(SignIn).where(SignIn.token_digest == vault.digest(token)).values(ended_at=now)
    )


def demo_people(session: Session) -> list[tuple[Person | Account, str, str]]:
    """Return the demo's people who can sign in, as (row, role, name), coordinators first."""
    coordinators = session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.demo, Membership.role.in_(("coordinator", "deputy")), Membership.state == "active")
        .order_by(Membership.role)
    ).all()
    accounts = session.scalars(select(Account).where(Account.demo).order_by(Account.id)).all()
    people: list[tuple[Person | Account, str, str]] = [
        (person, role, unseal(session, person, "name")) for person, role in coordinators
    ]
    return people + [(account, account.role, unseal(session, account, "name")) for account in accounts]


def demo_actor(session: Session, row_id: uuid.UUID) -> Actor:
    """Return the actor of one of the demo's people. Raises NotThere for anybody else."""
    for row, _role, _name in demo_people(session):
        if row.id == row_id:
            return person_actor(row) if isinstance(row, Person) else account_actor(row)
    raise NotThere


def name_of(session: Session, actor: Actor) -> str:
    """Return the name that the signed-in page shows: the actor's own."""
    row = session.get(Person if actor.kind == "person" else Account, actor.id)
    return "" if row is None else unseal(session, row, "name")


def require_registry(actor: Actor) -> None:
    """Raise NotThere unless the actor's office sees the register of groups."""
    if actor.role not in REGISTRY_ROLES:
        raise NotThere


def record(
    session: Session,
    actor: Actor,
    act: str,
    noun: str,
    noun_id: uuid.UUID | None,
    *,
    now: datetime,
    zone_id: uuid.UUID | None = None,
    detail: str | None = None,
) -> None:
    """Write down who did what to which thing: ids and keys, never words."""
    session.add(
        AuditEvent(
            at=now,
            actor="system" if actor.kind == "nobody" else actor.kind,
            actor_id=actor.id,
            zone_id=zone_id or actor.zone_id,
            act=act,
            noun=noun,
            noun_id=noun_id,
            detail=detail,
        )
    )
