"""The inbox: a message that came in becomes what its sender means by it.

    stored once by the provider's id → commit → STOP, START, command, open question, report, stranger

STOP is looked at before anything else, in every language and channel. Answers are ledger rows like all
that leaves; how often somebody gets one is for `wabp.answering`.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp import (
    answering,
    appointments,
    channels,
    dialogue,
    directory,
    groups,
    joining,
    keywords,
    ledger,
    minors,
    notices,
    reports,
    rules,
    words,
)
from wabp.gateway import WHATSAPP
from wabp.gateway.inbound import Inbound
from wabp.models import Address, Alert, Delivery, InboundMessage, Membership, Person, seal, unseal, vault_of
from wabp.notices import Answer

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
        written_to=inbound.to,
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


def _handle(session: Session, message: InboundMessage, public_url: str, now: datetime) -> str:
    body = unseal(session, message, "body")
    address = _address(session, message, body, now)
    if not _one_at_a_time(session, address.person_id):
        # Forgotten this very moment: a newcomer like any other.
        address = _address(session, message, body, now)
    person = address.person
    if message.channel == WHATSAPP:
        channels.heard_by_whatsapp(address, message.written_to, message.received_at)
    elif message.opt_out == "START" or words.is_start(body):
        channels.sms_wanted_again(address)
    memberships = groups.active_memberships(session, person)
    theirs = [one.group for one in memberships] + [one.group for one in joining.of_person(session, person)]
    names = {name for group in theirs for name in (group.slug, group.name)}
    if message.opt_out == "STOP" or words.is_stop(body, names):
        return _stop(session, message, address, now)
    if answering.too_fast(session, message):
        return "flood"
    if message.opt_out == "START" or words.is_start(body):
        if _start(session, message, address, now):
            return "start"
    elif message.reaction:
        return "reaction"
    done = _command_or_answer(session, message, address, body, memberships, public_url, now)
    if done is not None:
        return done
    # Who applies for a group that is not at work yet has nobody to report to.
    memberships = [one for one in memberships if one.group.state in groups.PUBLIC]
    if not memberships:
        if answering.stranger_may_hear(session, address, now):
            answering.answer(session, message, address, Answer("answers.stranger"), now)
        return "stranger"
    if not (message.media_count or any(map(str.isalnum, body))):
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


def _one_at_a_time(session: Session, person_id: uuid.UUID) -> bool:
    """Let two messages of one person wait for each other: two STOPs are confirmed once. False when they are gone."""
    held = select(Person.id).where(Person.id == person_id).with_for_update(key_share=True)
    return session.scalar(held) is not None


def _stop(session: Session, message: InboundMessage, address: Address, now: datetime) -> str:
    person = address.person
    waited = joining.stop(session, person, now)
    applied = appointments.stop(session, person, now=now)
    ended = groups.leave_all(session, person, now=now)
    ledger.skip_person(session, person.id, "stopped", now)
    # What is at the provider this moment may come back to the queue.
    person.stopped_at = now
    left = [membership for membership in ended if membership.state == "left"]
    for membership in left:
        if membership.role in groups.COORDINATING:
            notices.tell_coordinators(session, membership.group, "joining.coordinator_left", now=now, but=person.id)
    if left:
        said = Answer("answers.stopped", {"group": _names(left)})
    elif ended:
        said = Answer("joining.stopped_suspended", {"group": _names(ended)})
    elif waited:
        word = directory.word_for(waited[0], person.language)
        said = Answer("joining.stopped", {"word": word}, group=waited[0])
    elif applied:
        said = Answer("founding.stopped", group=applied[0])
    elif answering.stranger_may_hear(session, address, now):
        said = Answer("answers.nothing_to_stop")
    else:
        return "stop"
    answering.answer(session, message, address, said, now)
    return "stop"


def _start(session: Session, message: InboundMessage, address: Address, now: datetime) -> bool:
    """Bring somebody back where they said STOP. False when there is nothing to come back to."""
    person = address.person
    if back := groups.restore_all(session, person, means=message.channel, now=now):
        person.stopped_at = None
        joining.settle(session, person, now=now)
        answering.answer(session, message, address, Answer("answers.started", {"group": _names(back)}), now)
    elif memberships := groups.active_memberships(session, person):
        if answering.member_may_hear(session, address, now):
            said = Answer("answers.already_in", {"group": _names(memberships)})
            answering.answer(session, message, address, said, now)
    elif barred := groups.barred_from(session, person):
        if answering.stranger_may_hear(session, address, now):
            answering.answer(session, message, address, Answer("joining.barred", group=barred[0]), now)
    else:
        return False
    return True


def _command_or_answer(
    session: Session,
    message: InboundMessage,
    address: Address,
    body: str,
    memberships: Sequence[Membership],
    public_url: str,
    now: datetime,
) -> str | None:
    """Do what a command or the answer to an open question asks. None when the message is neither."""
    person, means = address.person, message.channel
    command = keywords.read(body)
    if isinstance(command, keywords.Join | keywords.Apply) and not memberships:
        # The keyword sets the language; a member said before which one they read.
        person.language = command.language
    under_way = any(joining.lives(row, now) for row in joining.of_person(session, person))
    joins = isinstance(command, keywords.Join)
    country = answering.country_of(session, address, now)
    said = minors.refuse(session, person, body, joins=joins, country=country, now=now)
    if said is not None:
        # What was written holds the age.
        seal(session, message, "body", "")
        kind = "dialogue"
    elif isinstance(command, keywords.Join) and (command.group_words or command.code or not under_way):
        said = dialogue.begin(session, person, command, means=means, public_url=public_url, now=now)
        kind = "join"
    elif isinstance(command, keywords.Apply):
        said = appointments.prove(session, person, command.code, means=means, public_url=public_url, now=now)
        joining.settle(session, person, now=now)
        person.stopped_at = None
        kind = "apply"
    elif isinstance(command, keywords.Language):
        said = dialogue.speak(session, person, command.wanted, means=means, public_url=public_url, now=now)
        kind = "language"
    elif isinstance(command, keywords.Night) and memberships:
        said = dialogue.keep_quiet(session, person, command.quiet, now=now)
        kind = "night"
    elif isinstance(command, keywords.CodeAlone) and not memberships:
        said = dialogue.take_code(session, person, command.code, means=means, public_url=public_url, now=now)
        kind = "join"
    else:
        quoted = message.quoted_provider_id
        said = dialogue.go_on(session, person, body, quoted=quoted, means=means, public_url=public_url, now=now)
        kind = "dialogue"
    if said is None:
        return None
    if memberships:
        may_hear = answering.member_may_hear(session, address, now)
    elif under_way or isinstance(command, keywords.Join | keywords.Apply):
        may_hear = answering.newcomer_may_hear(session, address, now)
    else:
        may_hear = answering.stranger_may_hear(session, address, now)
    if said.key and may_hear:
        answering.answer(session, message, address, said, now)
    return kind


def _names(memberships: Sequence[Membership]) -> str:
    return ", ".join(membership.group.name for membership in memberships)


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
    answered = answering.about_reports(session, address, now)
    if answered <= answering.MOST_ABOUT_REPORTS and answering.member_may_hear(session, address, now):
        most = answered == answering.MOST_ABOUT_REPORTS
        key = "many_reports" if most else "report_media" if message.media_count else "report"
        if not groups.coordinators(session, membership.group_id):
            key = "report_nobody"
        answering.answer(session, message, address, Answer(f"answers.{key}", group=membership.group), now)
    if answered <= answering.MOST_ABOUT_REPORTS:
        # More of them are on the reports page; a phone that buzzes sixty times helps nobody.
        # A link, and none of the words: they are read behind the sign-in (R9).
        link = {"link": f"{public_url}/reports/{report.id}"}
        notices.tell_first_coordinator(session, membership, "answers.new_report", now=now, values=link)
    return "report"


def _alert_meant(session: Session, message: InboundMessage, address: Address, now: datetime) -> Alert | None:
    """The alert that a message quotes, else the last one that this person got in the past two hours.

    An answer to a correction is about the alert that it corrects.
    """
    query = select(Delivery.cause_id).where(Delivery.cause == "alert", Delivery.person_id == address.person_id)
    if message.quoted_provider_id:
        query = query.where(Delivery.provider_id == message.quoted_provider_id)
    else:
        # What was written at night may have arrived in the morning: the time of sending counts.
        left_us = func.coalesce(Delivery.accepted_at, Delivery.sent_at, Delivery.delivered_at, Delivery.read_at)
        query = query.where(left_us > now - _ABOUT_AN_ALERT).order_by(Delivery.id.desc())
    cause_id = session.scalar(query.limit(1))
    found = session.get(Alert, cause_id) if cause_id else None
    return session.get(Alert, found.corrects_id) if found and found.corrects_id else found
