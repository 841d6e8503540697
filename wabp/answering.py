"""Answering: what leaves by itself to somebody who wrote, and the limits on it (bot loops, toll fraud).

A stranger hears from us once a day, somebody on the way into a group 40 times, a member 20 times an hour and
three times about reports. The confirmation of a STOP is above all limits.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wabp import joining, ledger, notices, rules
from wabp.models import Address, Delivery, InboundMessage, Membership, Zone, unseal
from wabp.notices import Answer

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
MOST_TO_NEWCOMER = 40
MOST_TO_MEMBER = 20
MOST_ABOUT_REPORTS = 3
# More messages than this in a minute from one address are kept and not answered.
MOST_A_MINUTE = 20

_ABOUT_REPORTS = ("answers.report", "answers.report_media", "answers.many_reports", "answers.report_nobody")


def answer(session: Session, message: InboundMessage, address: Address, said: Answer, now: datetime) -> None:
    """Write the answer to a message, by the way it came."""
    language = said.language or address.person.language
    if said.group is not None:
        values = notices.about(said.group, language)
    else:
        country = country_of(session, address, now)
        values = {"emergency": rules.emergency_line(language, rules.load_rulebook(country))}
    ledger.add_message(
        session,
        cause="answer",
        cause_id=message.id,
        address=address,
        language=language,
        channel=message.channel,
        text_key=said.key,
        text_values=values | dict(said.values),
        now=now,
        sender=message.written_to,
    )


def country_of(session: Session, address: Address, now: datetime) -> str:
    """Return the country whose emergency numbers hold.

    That of the person's group, or of the group they are on the way into; else the one country of all zones here,
    and where there are more, that of the number.
    """
    membership = session.scalar(
        select(Membership).where(Membership.person_id == address.person_id).order_by(Membership.joined_at.desc())
    )
    if membership is not None:
        return membership.group.zone.country
    for row in joining.of_person(session, address.person):
        if joining.lives(row, now):
            return row.group.zone.country
    countries = session.scalars(select(Zone.country).distinct()).all()
    if len(countries) == 1:
        return countries[0]
    value = unseal(session, address, "value")
    return "nl" if value.startswith(("+31", "NL.")) else "be"


def stranger_may_hear(session: Session, address: Address, now: datetime) -> bool:
    """Tell whether somebody who is in nothing was not answered for a day."""
    return _since(session, address, now - _DAY) == 0


def newcomer_may_hear(session: Session, address: Address, now: datetime) -> bool:
    """Tell whether somebody on the way into a group may be answered once more."""
    return _since(session, address, now - _DAY) < MOST_TO_NEWCOMER


def member_may_hear(session: Session, address: Address, now: datetime) -> bool:
    """Tell whether a member may be answered once more."""
    return _since(session, address, now - _HOUR) < MOST_TO_MEMBER


def about_reports(session: Session, address: Address, now: datetime) -> int:
    """Return how many answers about reports somebody got in the past hour."""
    return _since(session, address, now - _HOUR, *_ABOUT_REPORTS)


def too_fast(session: Session, message: InboundMessage) -> bool:
    """Tell whether more came from this address in the minute before a message than anybody types."""
    lately = select(func.count()).where(
        InboundMessage.from_digest == message.from_digest,
        InboundMessage.received_at > message.received_at - timedelta(minutes=1),
        InboundMessage.received_at <= message.received_at,
    )
    return (session.scalar(lately) or 0) > MOST_A_MINUTE


def _since(session: Session, address: Address, since: datetime, *keys: str) -> int:
    answers = select(func.count()).where(
        Delivery.person_id == address.person_id, Delivery.cause == "answer", Delivery.created_at > since
    )
    return session.scalar(answers.where(Delivery.text_key.in_(keys)) if keys else answers) or 0
