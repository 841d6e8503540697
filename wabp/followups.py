"""Followups: a correction or an all-clear for those who got an alert, and calling off what has not left.

Both go to every phone whose copy was handed over, and to nobody else; copies that were not do not leave any more (R11).
What is typed is checked like any alert. Each is an alert of its own that follows the first one, also when a correction
is corrected. When it may leave, so as not to overtake the first, is for `wabp.delivery`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wabp import accounts, addressing, alerts, drafts, groups, judging, ledger, rules, templates, texts
from wabp.accounts import Actor
from wabp.alerts import Review
from wabp.errors import BadInput, WrongState
from wabp.judging import Check
from wabp.models import Alert, AlertText, Delivery, Membership, seal

# The ready-made sentences, which come in each reader's language. Some say nothing without words of one's own.
READY = ("false_alarm", "known_people", "wrong_street", "wrong_description")
_NEEDS_WORDS = frozenset({"wrong_street"})


@dataclass(frozen=True)
class Words:
    """What somebody typed, as typed: `versions` hold the same in other languages, `ready` a ready-made sentence."""

    text: str
    language: str
    versions: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Followed:
    """What came of it: the followup, or what `stopped` it; neither, when an alert was closed without a message."""

    sent: Alert | None = None
    stopped: Review | None = None


class NobodyGotIt(WrongState):
    """Nothing of an alert was handed over, so there is nothing to correct. What waited is called off.

    Commit also when this is raised.
    """

    def __init__(self, called_off: int) -> None:
        super().__init__("nobody_got_it_yet" if called_off else "nobody_got_it", field="text", count=called_off)


def first_of(session: Session, alert: Alert) -> Alert:
    """Return the alert that this one follows, or itself."""
    return alert if alert.corrects_id is None else session.get_one(Alert, alert.corrects_id)


def of_alert(session: Session, actor: Actor, alert: Alert) -> Sequence[Alert]:
    """Return what followed an alert, oldest first. Raises NotThere."""
    groups.require_coordinating(session, actor, alert.group)
    query = select(Alert).where(Alert.corrects_id == alert.id).order_by(Alert.released_at, Alert.id)
    return session.scalars(query).all()


def audience(session: Session, actor: Actor, alert: Alert) -> int:
    """Return how many people a followup would go to now: who got the first alert and is still in the group."""
    groups.require_coordinating(session, actor, alert.group)
    query = (
        select(func.count(func.distinct(Delivery.person_id)))
        .join(Membership, Membership.person_id == Delivery.person_id)
        .where(*_copies(alert.id), Membership.group_id == alert.group_id, Membership.state == "active")
    )
    return session.scalar(query) or 0


def examine(first: Alert, typed: Mapping[str, str]) -> Check:
    """Check words about an alert, by language, with the rulebook of its group.

    Nobody is asked for a reason why they belong to neighbourhood safety: they are about an alert that did.
    """
    kind: rules.Kind = "urgent" if first.kind == "urgent" else "info"
    check = judging.check_texts(first.group, typed, kind=kind, category=first.category)
    found = {
        language: [finding for finding in several if finding.label != "offtopic" or finding.action == "refuse"]
        for language, several in check.findings.items()
    }
    standing = [finding for several in found.values() for finding in several]
    return replace(check, findings=found, verdict=rules.verdict(standing, kind=kind, called=True))


def called_off_count(session: Session, actor: Actor, alert: Alert) -> int:
    """Return how many copies of an alert did not leave any more because it was called off. Raises NotThere."""
    groups.require_coordinating(session, actor, alert.group)
    if alert.called_off is None:
        return 0
    copies = (Delivery.cause == "alert", Delivery.cause_id == alert.id)
    ended = (Delivery.state == "cancelled", Delivery.reason.in_(ledger.CALLED_OFF))
    return session.scalar(select(func.count()).select_from(Delivery).where(*copies, *ended)) or 0


def correct(
    session: Session, actor: Actor, alert: Alert, words: Words, *, now: datetime, form_token: str | None = None
) -> Followed:
    """Send a correction to those who got a released alert. The same form token gives the same correction.

    Stopped by what the rulebook says, like a release. Commit either way, and when NobodyGotIt is raised. Raises
    BadInput, WrongState, NotThere.
    """
    first = _hold_first(session, actor, alert)
    if form_token and (known := _sent_by(session, first, form_token)):
        return Followed(known)
    if first.state == "closed":
        raise WrongState("alert_closed", field="text")
    if first.state != "released":
        raise WrongState("correct_not_released", field="text")
    if words.ready not in (None, *READY):
        raise BadInput("choose_ready", field="ready", choices=", ".join(READY))
    typed = _read(words)
    if not typed and (words.ready is None or words.ready in _NEEDS_WORDS):
        raise BadInput("correction_needs_words" if words.ready else "correction_empty", field="text")
    check, review = _judge(session, actor, first, typed, words, now)
    if review.stopped_by:
        return Followed(stopped=review)
    if not _anybody_has(session, first):
        raise NobodyGotIt(cancel_rest(session, actor, first, now=now))
    ledger.call_off(session, first.id, "corrected", now)
    sent = _send(session, actor, first, "correction", words, typed, check, now=now, form_token=form_token)
    accounts.record(session, actor, "corrected", "alert", first.id, now=now, zone_id=first.group.zone_id)
    return Followed(sent)


def close(
    session: Session, actor: Actor, alert: Alert, outcome: str, *, all_clear: Words | None, now: datetime
) -> Followed:
    """Close an alert with how it ended and, when asked, tell it to those who got the alert.

    Stopped by what the rulebook says of the words: then the alert stays open. Commit either way. Raises BadInput,
    WrongState, NotThere.
    """
    first = _hold_first(session, actor, alert)
    if all_clear is None or first.state != "released":
        alerts.close(session, actor, first, outcome, now=now)
        alerts.tell_of_operator(session, actor, first, "operator_closed", now=now)
        return Followed()
    typed = _read(all_clear)
    check, review = _judge(session, actor, first, typed, all_clear, now)
    if review.stopped_by:
        return Followed(stopped=review)
    alerts.close(session, actor, first, outcome, now=now)
    if not _anybody_has(session, first):
        alerts.tell_of_operator(session, actor, first, "operator_closed", now=now)
        return Followed()
    said = Words(all_clear.text, all_clear.language, all_clear.versions, outcome, all_clear.reason)
    return Followed(_send(session, actor, first, "all_clear", said, typed, check, now=now))


def cancel_rest(session: Session, actor: Actor, alert: Alert, *, now: datetime) -> int:
    """Let nothing more of a released alert leave. Returns how many copies were called off. Raises NotThere."""
    groups.require_coordinating(session, actor, alert.group)
    drafts.hold(session, alert)
    if not alert.is_sent:
        raise WrongState("correct_not_released")
    ended = ledger.call_off(session, alert.id, "cancelled_by_coordinator", now)
    if ended:
        accounts.record(
            session, actor, "cancelled_rest", "alert", alert.id, now=now, zone_id=alert.group.zone_id, detail=str(ended)
        )
    return ended


def _hold_first(session: Session, actor: Actor, alert: Alert) -> Alert:
    first = first_of(session, alert)
    groups.require_coordinating(session, actor, first.group)
    drafts.hold(session, first)
    return first


def _sent_by(session: Session, first: Alert, form_token: str) -> Alert | None:
    """Return what the same form sent before. The first alert is held, so there is no second one on its way."""
    known = session.scalar(select(Alert).where(Alert.form_token == form_token))
    if known is not None and known.corrects_id != first.id:
        raise BadInput("form_expired", field="text")
    return known


def _read(words: Words) -> dict[str, str]:
    """Return what was typed by language, without what is empty."""
    if words.language not in texts.LANGUAGES:
        raise BadInput("choose_language", field="language")
    typed = {}
    for language, text in {**words.versions, words.language: words.text}.items():
        name = "text" if language == words.language else f"version_{language}"
        if language in texts.LANGUAGES and (body := rules.plain(text)):
            if len(body) > drafts.LONGEST_TEXT:
                raise BadInput("text_too_long", field=name, length=len(body), longest=drafts.LONGEST_TEXT)
            typed[language] = body
    if typed and words.language not in typed:
        raise BadInput("correction_empty", field="text")
    return typed


def _judge(
    session: Session, actor: Actor, first: Alert, typed: Mapping[str, str], words: Words, now: datetime
) -> tuple[Check, Review]:
    groups.hold_active(session, first.group)
    check = examine(first, typed)
    return check, alerts.weigh(session, actor, first, check, texts.clean(words.reason), now=now)


def _copies(alert_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return Delivery.cause == "alert", Delivery.cause_id == alert_id, ledger.handed_over()


def _anybody_has(session: Session, first: Alert) -> bool:
    return session.scalar(select(Delivery.id).where(*_copies(first.id)).limit(1)) is not None


def _send(
    session: Session,
    actor: Actor,
    first: Alert,
    form: Literal["correction", "all_clear"],
    words: Words,
    typed: Mapping[str, str],
    check: Check,
    *,
    now: datetime,
    form_token: str | None = None,
) -> Alert:
    """Write a followup that nothing stops, and its rows. It lives as long as any alert of its kind."""
    # The last word counts: what still waits of an earlier correction must not come after it.
    for earlier in session.scalars(select(Alert.id).where(Alert.corrects_id == first.id, Alert.called_off.is_(None))):
        ledger.call_off(session, earlier, "corrected", now)
    begins = alerts.begins_at(first.group, first.kind, now)
    ends = alerts.expiry(first.kind, check.rulebook, begins or now)
    sent = Alert(
        group=first.group,
        author_id=actor.id if actor.kind == "person" else None,
        kind=first.kind,
        category=first.category,
        street=first.street,
        language=words.language,
        state="released",
        form=form,
        corrects_id=first.id,
        outcome=words.ready,
        rulebook_version=check.rulebook.version,
        form_token=form_token,
        created_at=now,
        saved_at=now,
        released_at=now,
        not_before=begins,
        expires_at=ends,
    )
    session.add(sent)
    session.flush()
    seal(session, sent, "reason", texts.clean(words.reason)[: drafts.LONGEST_REASON] or None)
    for language, body in typed.items():
        version = AlertText(language=language)
        seal(session, version, "body", body)
        sent.texts.append(version)
    judging.keep(session, actor, first.group, check, "confirmed", alert_id=sent.id, now=now)
    session.flush()
    addressing.write_followup(
        session,
        first.group_id,
        first.id,
        sent.id,
        urgent=first.kind == "urgent",
        template_languages=templates.languages(session, first.kind),
        not_before=begins,
        expires_at=ends,
        now=now,
    )
    alerts.tell_of_operator(session, actor, first, "operator_released", now=now)
    return sent
