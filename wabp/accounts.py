"""Who acts: the actor that every noun function gets first, signing in and out, and the record of acts."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from wabp import vault
from wabp.errors import NotThere
from wabp.models import Account, AuditEvent, Membership, Person, SignIn, unseal

# Who may see the register of a zone's groups, with counts only.
REGISTRY_ROLES = ("inspector", "zone_admin")

# How long a sign-in lasts without being used, and at most. Offices by role, where one has its own.
_IDLE = {"person": timedelta(hours=12), "account": timedelta(minutes=30), "zone_admin": timedelta(minutes=15)}
_LONGEST = {"person": timedelta(days=30), "account": timedelta(hours=8)}
# How long the proof of a sign-in by phone opens the pages from which people are written to or judged.
PROOF_LASTS = timedelta(hours=12)
# A page that was opened in time may be sent for this much longer.
PROOF_GRACE = timedelta(hours=1)
# Use is noted no more often than this.
_NOTED_EVERY = timedelta(minutes=1)
# Sign-ins that ended are forgotten after this long, and with them the browsers that they knew.
_ENDED_KEPT = timedelta(days=30)


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
    return Actor("account", account.id, account.role, account.zone_id, account.language)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The sign-in that a request came with. `proved_at` is when its factor was given."""

    id: uuid.UUID
    actor: Actor
    factor: str
    proved_at: datetime
    last_seen_at: datetime


def sign_in(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    factor: str = "demo",
    device: str = "",
    browser: str | None = None,
) -> str:
    """Sign an actor in and return the token for the cookie. The only way into a session.

    `device` is what the list of sign-ins calls it, `browser` the token by which it is known again next time.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_digest=vault.digest(token),
            person_id=actor.id if actor.kind == "person" else None,
            account_id=actor.id if actor.kind == "account" else None,
            factor=factor,
            device=device,
            browser_digest=vault.digest(browser) if browser else None,
            created_at=now,
            proved_at=now,
            last_seen_at=now,
            ends_at=now + _LONGEST[actor.kind],
        )
    )
    record(session, actor, "signed_in", actor.kind, actor.id, now=now, detail=factor)
    return token


def signed_in(session: Session, token: str | None, *, now: datetime) -> SignedIn | None:
    """Return the sign-in of this token, or None when it is unknown, over, unused for too long or disabled."""
    if not token:
        return None
    row = session.scalar(
        select(SignIn).where(
            SignIn.token_digest == vault.digest(token), SignIn.ended_at.is_(None), SignIn.ends_at > now
        )
    )
    actor = None if row is None else _actor_of(session, row)
    if row is None or actor is None or row.last_seen_at <= now - _idle(actor):
        return None
    return SignedIn(row.id, actor, row.factor, row.proved_at, row.last_seen_at)


def should_note(signed: SignedIn, *, now: datetime) -> bool:
    """Tell whether it is time to note that a sign-in is used."""
    return signed.last_seen_at <= now - _NOTED_EVERY


def note_use(session: Session, signed: SignedIn, *, now: datetime) -> None:
    """Note that a sign-in is used now."""
    session.execute(update(SignIn).where(SignIn.id == signed.id).values(last_seen_at=now))


def needs_proof(signed: SignedIn | None, *, now: datetime) -> bool:
    """Tell whether somebody must prove their phone once more before pages that write to people or judge them."""
    return signed is not None and signed.actor.kind == "person" and signed.proved_at <= now - PROOF_LASTS


def knows_browser(session: Session, actor_id: uuid.UUID, browser: str | None) -> bool:
    """Tell whether somebody signed in with a factor from this browser before."""
    found = session.scalar(
        select(SignIn.id)
        .where(
            SignIn.browser_digest == vault.digest(browser or ""),
            or_(SignIn.person_id == actor_id, SignIn.account_id == actor_id),
        )
        .limit(1)
    )
    return found is not None


def sign_ins(session: Session, actor: Actor, *, now: datetime) -> Sequence[SignIn]:
    """Return where somebody is signed in now, latest first. Raises NotThere for who is not."""
    if actor.kind not in _LONGEST:
        raise NotThere
    return session.scalars(
        select(SignIn)
        .where(
            _of(actor), SignIn.ended_at.is_(None), SignIn.ends_at > now, SignIn.last_seen_at > now - _idle(actor)
        )
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    ).all()


def end_sign_in(session: Session, actor: Actor, sign_in_id: uuid.UUID, *, now: datetime) -> None:
    """End one of somebody's own sign-ins. Raises NotThere for anybody else's."""
    if sign_in_id not in {row.id for row in sign_ins(session, actor, now=now)}:
        raise NotThere
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(ended_at=now))
    record(session, actor, "sign_in_ended", "sign_in", sign_in_id, now=now)


def end_sign_ins(session: Session, actor: Actor, *, now: datetime, but: uuid.UUID | None = None) -> None:
    """End all sign-ins of a person or an account, save the one `but`."""
    session.execute(
        update(SignIn)
        .where(_of(actor), SignIn.ended_at.is_(None), SignIn.id != (but or uuid.UUID(int=0)))
        .values(ended_at=now)
    )
    record(session, actor, "sign_ins_ended", actor.kind, actor.id, now=now)


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the sign-in of this token."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_digest == vault.digest(token), SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


def forget_sign_ins(session: Session, *, now: datetime) -> None:
    """Remove sign-ins that ended long ago."""
    long_ago = now - _ENDED_KEPT
    session.execute(delete(SignIn).where(or_(SignIn.ends_at <= long_ago, SignIn.ended_at <= long_ago)))


def _actor_of(session: Session, row: SignIn) -> Actor | None:
    if row.person_id is not None:
        person = session.get(Person, row.person_id)
        return None if person is None else person_actor(person)
    account = session.get(Account, row.account_id)
    return None if account is None or account.disabled_at is not None else account_actor(account)


def _of(actor: Actor) -> ColumnElement[bool]:
    return (SignIn.person_id if actor.kind == "person" else SignIn.account_id) == actor.id


def _idle(actor: Actor) -> timedelta:
    return _IDLE.get(actor.role or "", _IDLE[actor.kind])


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


def require_administrator(actor: Actor) -> None:
    """Raise NotThere unless the actor keeps the users and rules of a zone."""
    if actor.kind != "account" or actor.role != "zone_admin" or actor.zone_id is None:
        raise NotThere


def is_inspector(actor: Actor) -> bool:
    """Tell whether the actor's office decides about the groups of a zone. Others of the register only look."""
    return actor.kind == "account" and actor.role == "inspector" and actor.zone_id is not None


def require_inspector(actor: Actor) -> None:
    """Raise NotThere unless the actor's office decides about groups."""
    if not is_inspector(actor):
        raise NotThere


def require_operator(actor: Actor) -> None:
    """Raise NotThere unless the actor is the operator of the machine."""
    if actor.kind != "operator":
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
