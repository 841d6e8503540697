"""Notices and answers: short messages to one person, by text key. Content stays behind the sign-in.

An answer goes back to whoever wrote, by the way they wrote; a notice goes out by itself.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wabp import channels, groups, ledger, rules, texts
from wabp.models import Group, Membership, Person, new_id


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who wrote to us gets back: a key of the wording, and its values.

    `emergency` is always there to be used. `group`, when it is about one, gives `{group}` and the country
    whose numbers hold. `language` is given when it is not the person's own.
    """

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    group: Group | None = None
    language: str | None = None


def tell(
    session: Session,
    person: Person,
    key: str,
    *,
    group: Group,
    now: datetime,
    values: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None,
    notice_id: uuid.UUID | None = None,
    life: timedelta = ledger.NOTICE_LIFE,
) -> bool:
    """Write one notice to a person, in their language. Returns False when there is no address to write to.

    The wording may use {group}, {emergency} and {officer} besides `values`. What nobody may read in the database goes
    into `secret`.
    """
    address = next((address for address in person.addresses if address.is_primary), None)
    if address is None or address.dead_at is not None:
        return False
    ledger.add_message(
        session,
        cause="notice",
        cause_id=notice_id or new_id(),
        address=address,
        language=person.language,
        channel=channels.channel_of(address, now),
        text_key=key,
        text_values=about(group, person.language) | dict(values or {}),
        secret_values=secret,
        now=now,
        life=life,
    )
    return True


def tell_coordinators(
    session: Session,
    group: Group,
    key: str,
    *,
    now: datetime,
    values: Mapping[str, str] | None = None,
    but: uuid.UUID | None = None,
) -> int:
    """Write one notice to coordinator and deputies, save the person `but`. Returns how many are written to."""
    told = [
        tell(session, membership.person, key, group=group, now=now, values=values)
        for membership in groups.coordinators(session, group.id)
        if membership.person_id != but
    ]
    return sum(told)


def tell_first_coordinator(
    session: Session, membership: Membership, key: str, *, now: datetime, values: Mapping[str, str]
) -> bool:
    """Write one notice to the first of those who run a member's group that is not the member."""
    return any(
        tell(session, coordinator.person, key, group=membership.group, now=now, values=values)
        for coordinator in groups.coordinators(session, membership.group_id)
        if coordinator.person_id != membership.person_id
    )


def about(group: Group, language: str) -> dict[str, str]:
    """Return the values that every message about a group may use."""
    return {
        "group": group.name,
        "emergency": rules.emergency_line(language, groups.rulebook_of(group)),
        "officer": officer(group.zone.country, language),
        "check_word": group.check_word,
    }


def officer(country: str, language: str) -> str:
    """Return what the police officer of a quarter is called in a country."""
    return texts.say(f"joining.officer.{country}", language)
