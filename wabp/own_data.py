"""Own data: what is kept about one number, for whoever has the right to it. Nothing of anybody else is in it."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wabp import accounts, groups, joining
from wabp.accounts import Actor
from wabp.models import Appointment, Consent, Delivery, Group, InboundMessage, Membership, Person, unseal, vault_of


def of_number(session: Session, actor: Actor, number: str, *, now: datetime) -> dict[str, Any] | None:
    """Return all that is kept about a number, or None when nothing is. For the operator of the machine only.

    That it was looked up is written down. Raises NotThere.
    """
    accounts.require_operator(actor)
    address = groups.person_at(session, "phone", number)
    accounts.record(session, actor, "exported", "person", address.person_id if address else None, now=now)
    received = _received(session, number)
    if address is None:
        return {"number": number, "messages_received": received} if received else None
    person = address.person
    sent = session.scalar(select(func.count()).where(Delivery.person_id == person.id))
    return {
        "number": number,
        "name": unseal(session, person, "name") or None,
        "language": person.language,
        "quiet_at_night": person.quiet_at_night,
        "since": _moment(person.created_at),
        "groups": _memberships(session, person),
        "appointments": _appointments(session, person),
        "requests": _requests(session, person),
        "consents": _consents(session, person),
        "messages_received": received,
        "messages_sent": sent,
    }


def _memberships(session: Session, person: Person) -> list[dict[str, Any]]:
    found = session.scalars(
        select(Membership).where(Membership.person_id == person.id).order_by(Membership.joined_at)
    )
    return [
        {
            "group": one.group.name,
            "street": one.street.name if one.street else None,
            "role": one.role,
            "state": one.state,
            "number_in_group": one.number,
            "since": _moment(one.joined_at),
            "left": _moment(one.left_at),
        }
        for one in found
    ]


def _appointments(session: Session, person: Person) -> list[dict[str, Any]]:
    found = session.scalars(
        select(Appointment).where(Appointment.person_id == person.id).order_by(Appointment.created_at)
    )
    return [
        {
            "group": one.group.name,
            "role": one.role,
            "name": unseal(session, one, "name"),
            "proven": _moment(one.proven_at),
            "ended": _moment(one.ended_at),
        }
        for one in found
    ]


def _requests(session: Session, person: Person) -> list[dict[str, Any]]:
    return [
        {
            "group": one.group.name,
            "step": one.step,
            "street": one.street.name if one.street else None,
            "asked": _moment(one.asked_at),
            "question": unseal(session, one, "question") or None,
            "answer": unseal(session, one, "answer") or None,
        }
        for one in joining.of_person(session, person)
    ]


def _consents(session: Session, person: Person) -> list[dict[str, Any]]:
    found = session.execute(
        select(Consent, Group.name)
        .join(Group, Group.id == Consent.group_id)
        .where(Consent.person_id == person.id)
        .order_by(Consent.given_at, Consent.id)
    )
    return [
        {
            "group": name,
            "text_version": one.text_version,
            "means": one.means,
            "given": _moment(one.given_at),
            "withdrawn": _moment(one.withdrawn_at),
        }
        for one, name in found
    ]


def _received(session: Session, number: str) -> int:
    digests = [fingerprint.digest for fingerprint in vault_of(session).fingerprints("phone", number)]
    return session.scalar(select(func.count()).where(InboundMessage.from_digest.in_(digests))) or 0


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
