"""The inbox: a message that came in becomes what its sender means by it.

    stored once by the provider's id → commit → STOP, START, stranger, reaction, report

STOP is looked at before anything else, in every language and channel. Answers are ledger rows like all
that leaves, written here and sent by delivery.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp import groups, ledger, notices, reports, rules, words
from wabp.accounts import SYSTEM, record
from wabp.gateway import WHATSAPP
from wabp.gateway.inbound import Inbound
from wabp.models import (
    Address,
    Alert,
    Delivery,
    InboundMessage,
    Membership,
    Person,
    seal,
    unseal,
    vault_of,
)

# Limits on what we answer by ourselves: one a day to a stranger, three receipts of reports an hour.
STRANGER_ANSWERS_WITHIN = timedelta(days=1)
REPORT_ANSWERS_WITHIN = timedelta(hours=1)
MOST_REPORT_ANSWERS = 3
# Who wrote and joined nothing is forgotten after this long (story 02).
STRANGER_KEPT = timedelta(hours=24)
# A report soon after an alert is about that alert.
_ABOUT_AN_ALERT = timedelta(hours=2)
_LONGEST_BODY = 4_000


def store(session: Session, inbound: Inbound, *, now: datetime) -> uuid.UUID | None:
    """Keep a message as it came. Returns its id, or None when this very message was stored before."""
    known = select(InboundMessage.id).where(InboundMessage.provider_id == inbound.provider_id)
    if session.scalar(known) is not None:
        return None
    message = InboundMessage(
        provider_id=inbound.provider_id,
        channel=inbound.channel,
        from_kind=inbound.from_kind,
        from_digest=vault_of(session).fingerprint(inbound.from_kind, inbound.from_value).digest,
        media_count=inbound.media_count,
        forwarded=inbound.forwarded,
        reaction=inbound.reaction,
        quoted_provider_id=inbound.quoted_provider_id,
        opt_out=inbound.opt_out,
        received_at=now,
    )
    seal(session, message, "from_value", inbound.from_value)
    seal(session, message, "body", inbound.body[:_LONGEST_BODY])
    try:
        with session.begin_nested():
            session.add(message)
    except IntegrityError:
        return None
    return message.id


def unhandled(session: Session, *, before: datetime) -> Sequence[uuid.UUID]:
    """Return messages that were stored but not handled, oldest first: left over by a crash."""
    return session.scalars(
        select(InboundMessage.id)
        .where(InboundMessage.handled_at.is_(None), InboundMessage.received_at <= before)
        .order_by(InboundMessage.received_at, InboundMessage.id)
        .limit(100)
    ).all()


def handle(session: Session, message_id: uuid.UUID, *, public_url: str, now: datetime) -> None:
    """Do what a stored message asks, once."""
    message = session.scalar(
        select(InboundMessage)
        .where(InboundMessage.id == message_id, InboundMessage.handled_at.is_(None))
        .with_for_update()
    )
    if message is None:
        return
    message.handled_as = _handle(session, message, public_url, now)
    message.handled_at = now


def forget_strangers(session: Session, *, now: datetime) -> int:
    """Remove people who wrote to us, joined nothing, and got no answer for a day. Returns how many."""
    joined = exists().where(Membership.person_id == Person.id)
    answered_lately = exists().where(
        Delivery.person_id == Person.id, Delivery.created_at > now - STRANGER_KEPT
    )
    strangers = session.scalars(
        select(Person).where(~joined, ~answered_lately, Person.created_at <= now - STRANGER_KEPT, ~Person.demo)
    ).all()
    for person in strangers:
        session.execute(delete(InboundMessage).where(InboundMessage.from_digest.in_(_digests(session, person))))
        session.execute(delete(Delivery).where(Delivery.person_id == person.id))
        session.execute(delete(Address).where(Address.person_id == person.id))
        session.execute(delete(Person).where(Person.id == person.id))
    if strangers:
        record(session, SYSTEM, "forgot", "person", None, now=now, detail=f"strangers {len(strangers)}")
    return len(strangers)


def _handle(session: Session, message: InboundMessage, public_url: str, now: datetime) -> str:
    body = unseal(session, message, "body")
    address = _address(session, message, body, now)
    person = address.person
    _one_at_a_time(session, person)
    if message.channel == WHATSAPP:
        address.window_from = now
    memberships = groups.active_memberships(session, person)
    names = {name for membership in memberships for name in (membership.group.slug, membership.group.name)}
    if message.opt_out == "STOP" or words.is_stop(body, names):
        return _stop(session, message, address, now)
    if message.opt_out == "START" or words.is_start(body):
        return _start(session, message, address, now)
    if not memberships:
        return _answer_stranger(session, message, address, now)
    if message.reaction or not (message.media_count or any(map(str.isalnum, body))):
        return "reaction"
    return _report(session, message, address, memberships, public_url, now)


def _address(session: Session, message: InboundMessage, body: str, now: datetime) -> Address:
    """Return the sender's address; a stranger gets one, so that the answer has a ledger row."""
    value = unseal(session, message, "from_value")
    known = groups.person_at(session, message.from_kind, value)
    if known is not None:
        return known
    person = Person(language=rules.language_of(body, "nl"), created_at=now)
    address = Address(person=person, kind=message.from_kind, created_at=now)
    fingerprint = vault_of(session).fingerprint(message.from_kind, value)
    address.index_key, address.index_digest = fingerprint.key_id, fingerprint.digest
    address.whatsapp = message.channel == WHATSAPP
    address.is_primary = True
    seal(session, address, "value", value)
    session.add(address)
    session.flush()
    return address


def _one_at_a_time(session: Session, person: Person) -> None:
    """Let two messages of one person wait for each other, so that two STOPs are confirmed once."""
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update(key_share=True))


def _digests(session: Session, person: Person) -> set[bytes]:
    """Everything a person's messages may be found by, also those that came in under an earlier key."""
    return {
        fingerprint.digest
        for address in person.addresses
        for fingerprint in vault_of(session).fingerprints(address.kind, unseal(session, address, "value"))
    } | {address.index_digest for address in person.addresses}


def _stop(session: Session, message: InboundMessage, address: Address, now: datetime) -> str:
    ended = groups.leave_all(session, address.person, now=now)
    ledger.skip_person(session, address.person_id, "stopped", now)
    if ended:
        names = ", ".join(membership.group.name for membership in ended)
        _answer(session, message, address, "stopped", now, group=names)
    elif not _answered_lately(session, address, now):
        _answer(session, message, address, "nothing_to_stop", now)
    return "stop"


def _start(session: Session, message: InboundMessage, address: Address, now: datetime) -> str:
    back = groups.restore_all(session, address.person, means=message.channel, now=now)
    if back:
        names = ", ".join(membership.group.name for membership in back)
        _answer(session, message, address, "started", now, group=names)
    elif memberships := groups.active_memberships(session, address.person):
        names = ", ".join(membership.group.name for membership in memberships)
        _answer(session, message, address, "already_in", now, group=names)
    else:
        return _answer_stranger(session, message, address, now)
    return "start"


def _answer_stranger(session: Session, message: InboundMessage, address: Address, now: datetime) -> str:
    """Help somebody who is in no group, at most once a day: machines write to each other for ever."""
    if not message.reaction and not _answered_lately(session, address, now):
        _answer(session, message, address, "stranger", now)
    return "stranger"


def _report(
    session: Session,
    message: InboundMessage,
    address: Address,
    memberships: Sequence[Membership],
    public_url: str,
    now: datetime,
) -> str:
    about = _alert_meant(session, message, address, now)
    membership = next((m for m in memberships if about and m.group_id == about.group_id), memberships[0])
    body = unseal(session, message, "body")
    language = rules.language_of(body, address.person.language)
    report = reports.file(
        session,
        membership,
        message,
        alert_id=about.id if about and about.group_id == membership.group_id else None,
        language=language,
        now=now,
    )
    answered = _answers_since(session, address, now - REPORT_ANSWERS_WITHIN)
    if answered < MOST_REPORT_ANSWERS:
        _answer(session, message, address, "report_media" if message.media_count else "report", now)
    elif answered == MOST_REPORT_ANSWERS:
        _answer(session, message, address, "many_reports", now)
    if answered <= MOST_REPORT_ANSWERS:
        # More of them are on the reports page; a phone that buzzes sixty times helps nobody.
        # A link, and none of the words: they are read behind the sign-in (R9).
        link = {"link": f"{public_url}/reports/{report.id}"}
        notices.tell_first_coordinator(session, membership, "answers.new_report", now=now, values=link)
    return "report"


def _alert_meant(session: Session, message: InboundMessage, address: Address, now: datetime) -> Alert | None:
    """The alert that a message quotes, else the last one that this person got in the past two hours."""
    query = select(Delivery.cause_id).where(Delivery.cause == "alert", Delivery.person_id == address.person_id)
    if message.quoted_provider_id:
        query = query.where(Delivery.provider_id == message.quoted_provider_id)
    else:
        # What was written at night may have arrived in the morning: the time of sending counts.
        left_us = func.coalesce(Delivery.accepted_at, Delivery.sent_at, Delivery.delivered_at, Delivery.read_at)
        query = query.where(left_us > now - _ABOUT_AN_ALERT).order_by(Delivery.id.desc())
    cause_id = session.scalar(query.limit(1))
    return session.get(Alert, cause_id) if cause_id else None


def _answer(
    session: Session, message: InboundMessage, address: Address, key: str, now: datetime, **values: str
) -> None:
    language = address.person.language
    emergency = rules.emergency_line(language, rules.load_rulebook(_country(session, address)))
    ledger.add_message(
        session,
        cause="answer",
        cause_id=message.id,
        address=address,
        language=language,
        channel=message.channel,
        text_key=f"answers.{key}",
        text_values={"emergency": emergency, **values},
        now=now,
    )


def _country(session: Session, address: Address) -> str:
    """The country whose emergency numbers hold: that of the person's group, else that of the number."""
    membership = session.scalar(
        select(Membership).where(Membership.person_id == address.person_id).order_by(Membership.joined_at.desc())
    )
    if membership is not None:
        return membership.group.zone.country
    value = unseal(session, address, "value")
    return "nl" if value.startswith(("+31", "NL.")) else "be"


def _answered_lately(session: Session, address: Address, now: datetime) -> bool:
    return _answers_since(session, address, now - STRANGER_ANSWERS_WITHIN) > 0


def _answers_since(session: Session, address: Address, since: datetime) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(
                Delivery.person_id == address.person_id,
                Delivery.cause == "answer",
                Delivery.created_at > since,
            )
        )
        or 0
    )
