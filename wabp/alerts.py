"""Alerts: written by a coordinator, checked by the rules, released to the group, closed with an outcome.

    draft → (held, while 101/112 was not called yet) → released → closed

What changes or shows an alert takes the actor first and asks `groups` whether this actor coordinates the
group; what only computes (`word`, `expiry`) takes none. What the rulebook refuses cannot be
released by any door: `release` checks again, whatever a page showed before. Writing one is in `wabp.drafts`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wabp import accounts, addressing, drafts, groups, judging, ledger, notices, rules, templates
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, WrongState
from wabp.judging import Check
from wabp.models import Alert, Finding, Group, unseal

SHORTEST_REASON = 10
OUTCOMES = ("police_came", "quiet_again", "harmless", "damage", "unknown")

# After this many refused tries in an hour the page asks to talk to the inspector (story 06).
MOST_REFUSALS = 10
REFUSALS_WITHIN = timedelta(hours=1)
# Their inspector sees that there were many for this long, and nothing more.
REFUSALS_SHOWN_FOR = timedelta(days=7)

_CALL_AT_MOST_AGO = timedelta(hours=24)


@dataclass(frozen=True)
class Review:
    """Whether an alert could be released now; `stopped_by` is refused, many_refusals, needs_reason, or None."""

    check: Check
    stopped_by: str | None


@dataclass(frozen=True)
class Release:
    """What came of an attempt to release: `stopped` says why it was not sent, and is None when it was."""

    alert: Alert
    stopped: Review | None


def get(session: Session, actor: Actor, alert_id: uuid.UUID) -> Alert:
    """Return an alert to those who coordinate its group. Raises NotThere for everybody else."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotThere("unknown_alert") if actor.kind == "operator" else NotThere
    groups.require_coordinating(session, actor, alert.group)
    return alert


def recent(session: Session, actor: Actor, group: Group, *, states: Sequence[str], limit: int) -> Sequence[Alert]:
    """Return a group's latest alerts in some states, newest first, without what followed them."""
    groups.require_coordinating(session, actor, group)
    return session.scalars(
        select(Alert)
        .where(Alert.group_id == group.id, Alert.state.in_(states), Alert.form == "alert")
        .order_by(func.coalesce(Alert.released_at, Alert.saved_at).desc())
        .limit(limit)
    ).all()


def examine(session: Session, alert: Alert) -> Check:
    """Check all texts of an alert with the rulebook of its group."""
    typed = {version.language: unseal(session, version, "body") for version in alert.texts}
    return judging.check_texts(alert.group, typed, kind=_kind(alert.kind), category=alert.category)


def review(session: Session, actor: Actor, alert: Alert, *, now: datetime) -> Review:
    """Say whether an alert could be released now: the last stop before the page with the send button.

    A refusal is recorded, so commit either way; from the tenth in an hour on it is `many_refusals`. A text
    that nothing is wrong with passes even then. Raises BadInput while the call question is open,
    WrongState, NotThere.
    """
    groups.require_coordinating(session, actor, alert.group)
    drafts.hold(session, alert)
    return _judge(session, actor, alert, now)


def _judge(session: Session, actor: Actor, alert: Alert, now: datetime) -> Review:
    """Do what `review` says, for an alert that is held already."""
    drafts.require_unsent(alert)
    groups.hold_active(session, alert.group)
    check = examine(session, alert)
    _require_call_answer(alert, check.rulebook, now)
    _require_life(alert, check.rulebook, now)
    return weigh(session, actor, alert, check, unseal(session, alert, "reason"), now=now)


def weigh(session: Session, actor: Actor, alert: Alert, check: Check, reason: str, *, now: datetime) -> Review:
    """Say what stops words about an alert from leaving. A refusal is recorded: commit either way."""
    stop = stop_of(check, reason)
    if stop == "refused":
        judging.keep(session, actor, alert.group, check, "refused", alert_id=alert.id, now=now)
        accounts.record(session, actor, "refused", "alert", alert.id, now=now, zone_id=alert.group.zone_id)
        session.flush()
        tries = _refused_attempts(session, actor, alert.group, now - REFUSALS_WITHIN)
        return Review(check, "refused" if tries < MOST_REFUSALS else "many_refusals")
    return Review(check, stop)


def stop_of(check: Check, reason: str) -> str | None:
    """Return what stands in the way of a release with this reason: refused, needs_reason, or nothing."""
    if check.verdict is rules.Verdict.REFUSE:
        return "refused"
    asks = check.verdict is rules.Verdict.CONFIRM and len(reason) < SHORTEST_REASON
    return "needs_reason" if asks else None


def release(session: Session, actor: Actor, alert: Alert, *, now: datetime) -> Release:
    """Release an alert to its group: one ledger row per member, in this transaction.

    Stopped by what `review` says, whatever a page showed before. Releasing what is released already
    changes nothing. Commit either way; raises what `review` raises.
    """
    groups.require_coordinating(session, actor, alert.group)
    drafts.hold(session, alert)
    if alert.state == "released":
        return Release(alert, None)
    reviewed = _judge(session, actor, alert, now)
    if reviewed.stopped_by:
        return Release(alert, reviewed)
    if not _take(session, alert, reviewed.check.rulebook, now):
        return Release(alert, None)
    judging.keep(session, actor, alert.group, reviewed.check, "confirmed", alert_id=alert.id, now=now)
    addressing.write_alert(
        session,
        alert.group_id,
        alert.id,
        urgent=alert.kind == "urgent",
        street_id=alert.street_id,
        template_languages=templates.languages(session, alert.kind),
        not_before=alert.not_before,
        night_until=groups.night_until(alert.group, now),
        expires_at=_moment(alert.expires_at),
        now=now,
    )
    accounts.record(session, actor, "released", "alert", alert.id, now=now, zone_id=alert.group.zone_id)
    tell_of_operator(session, actor, alert, "operator_released", now=now)
    return Release(alert, None)


def close(session: Session, actor: Actor, alert: Alert, outcome: str, *, now: datetime) -> None:
    """Close a released alert with how it ended; what still waits of it does not leave any more.

    Raises WrongState, BadInput, NotThere.
    """
    groups.require_coordinating(session, actor, alert.group)
    drafts.hold(session, alert)
    if outcome not in OUTCOMES:
        raise BadInput("choose_outcome", field="outcome")
    if alert.state == "closed":
        raise WrongState("alert_closed")
    if alert.state != "released":
        raise WrongState("alert_not_released")
    alert.state = "closed"
    alert.outcome = outcome
    alert.closed_at = now
    ledger.call_off(session, alert.id, "closed", now)
    accounts.record(
        session, actor, "closed", "alert", alert.id, now=now, zone_id=alert.group.zone_id, detail=outcome
    )


def wording(session: Session, alert: Alert) -> rules.Wording:
    """Return what `rules.compose` needs to know of an alert."""
    first = session.get_one(Alert, alert.corrects_id) if alert.corrects_id else None
    return word(
        alert.group,
        kind=_kind(alert.kind),
        category=alert.category,
        language=alert.language,
        words={version.language: unseal(session, version, "body") for version in alert.texts},
        street=alert.street.name if alert.street else None,
        called_at=alert.called_at,
        expires_at=None if first else alert.expires_at,
        form=_form(alert.form),
        ready=alert.outcome if first else None,
        about=first.released_at if first else None,
        now=alert.released_at,
    )


def word(
    group: Group,
    *,
    kind: rules.Kind,
    category: str,
    language: str,
    words: Mapping[str, str],
    street: str | None,
    called_at: datetime | None,
    expires_at: datetime | None,
    form: rules.Form = "alert",
    ready: str | None = None,
    about: datetime | None = None,
    now: datetime | None = None,
) -> rules.Wording:
    """Return the same for parts that are not an alert yet, hours on the group's clock: previews equal messages.

    `about` is when the alert was released that this follows, `now` when this is; another day is named.
    """
    clock = groups.clock_of(group)
    return rules.Wording(
        kind=kind,
        category=category,
        group=group.name,
        language=language,
        texts=words,
        street=street,
        called=f"{called_at.astimezone(clock):%H:%M}" if called_at else None,
        until=f"{expires_at.astimezone(clock):%H:%M}" if expires_at else None,
        check_word=group.check_word,
        form=form,
        ready=ready,
        about=_hour(about.astimezone(clock), now.astimezone(clock)) if about and now else None,
    )


def groups_with_many_refusals(session: Session, officer: Actor, *, now: datetime) -> set[uuid.UUID]:
    """Return the groups of an officer's zone with ten refused tries in the past week: the count, never the texts.

    Raises NotThere for who has no register of groups.
    """
    accounts.require_registry(officer)
    counted = (
        select(Finding.group_id)
        .join(Group, Group.id == Finding.group_id)
        .where(
            Group.zone_id == officer.zone_id,
            Finding.decision == "refused",
            Finding.decided_at > now - REFUSALS_SHOWN_FOR,
        )
        .group_by(Finding.group_id)
        .having(func.count(func.distinct(Finding.attempt)) >= MOST_REFUSALS)
    )
    return set(session.scalars(counted))


def expiry(alert_kind: str, rulebook: rules.Rulebook, released: datetime) -> datetime:
    """Return when an alert of this kind is too old to arrive (R6)."""
    return released + timedelta(hours=rulebook.expiry_hours[alert_kind])


def begins_at(group: Group, kind: str, now: datetime) -> datetime | None:
    """Return when info must wait until, because the street sleeps; None when it may go now (R7)."""
    return None if kind == "urgent" else groups.quiet_until(group, now)


def _require_call_answer(alert: Alert, rulebook: rules.Rulebook, now: datetime) -> None:
    if alert.state == "held" and alert.kind == "urgent":
        raise BadInput("call_now", field="called", number=rulebook.police_number)
    if alert.kind == "urgent" and alert.called_at is None:
        raise BadInput("call_first", field="called", number=rulebook.police_number)
    if alert.called_at is not None and now - alert.called_at > _CALL_AT_MOST_AGO:
        raise BadInput("call_too_old", field="called_at")


def _require_life(alert: Alert, rulebook: rules.Rulebook, now: datetime) -> None:
    """What would be too old before the street wakes is not worth releasing."""
    begins = begins_at(alert.group, alert.kind, now)
    if begins is not None and expiry(alert.kind, rulebook, now) <= begins:
        clock = groups.clock_of(alert.group)
        raise BadInput("too_old_by_morning", field="kind", time=f"{begins.astimezone(clock):%H:%M}")


def _refused_attempts(session: Session, actor: Actor, group: Group, since: datetime) -> int:
    author = actor.id if actor.kind == "person" else None
    query = select(func.count(func.distinct(Finding.attempt))).where(
        Finding.group_id == group.id,
        Finding.decision == "refused",
        Finding.decided_at > since,
        Finding.author_id == author if author else Finding.author_id.is_(None),
    )
    return session.scalar(query) or 0


def _take(session: Session, alert: Alert, rulebook: rules.Rulebook, now: datetime) -> bool:
    """Move the alert to `released`, once, however many try at the same time."""
    begins = begins_at(alert.group, alert.kind, now)
    session.flush()
    taken = session.execute(
        update(Alert)
        .where(Alert.id == alert.id, Alert.state.in_(("draft", "held")))
        .values(
            state="released",
            released_at=now,
            not_before=begins,
            expires_at=expiry(alert.kind, rulebook, now),
            rulebook_version=rulebook.version,
        )
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(alert)
    return taken is not None


def tell_of_operator(session: Session, actor: Actor, alert: Alert, text: str, *, now: datetime) -> None:
    """When a command on the machine did this, those who run the group hear of it at once."""
    if actor.kind == "operator":
        values = {"time": f"{now.astimezone(groups.clock_of(alert.group)):%H:%M}"}
        notices.tell_coordinators(session, alert.group, f"answers.{text}", now=now, values=values)


def _kind(kind: str) -> rules.Kind:
    return "urgent" if kind == "urgent" else "info"


def _form(form: str) -> rules.Form:
    return "correction" if form == "correction" else "all_clear" if form == "all_clear" else "alert"


def _hour(then: datetime, now: datetime) -> str:
    """Return the hour of a local moment, with its day when that is another one."""
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%d/%m %H:%M}"


def _moment(value: datetime | None) -> datetime:
    assert value is not None
    return value
