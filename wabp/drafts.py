"""Drafts: an alert while it is being written. What was typed is read into it, or refused with the cure.

Owns what may be typed and how long it may be. What a text says is for `wabp.alerts` to judge.
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp import accounts, groups, rules, texts
from wabp.accounts import Actor
from wabp.errors import BadInput, WrongState
from wabp.models import Alert, AlertText, Finding, Group, Street, seal

LONGEST_TEXT = 1_000
LONGEST_REASON = 300

# As people write an hour, and as a browser's field for it does: 21:04, 21.04, 21u04, 21h04, 21:04:00.
_HOUR = re.compile(r"([01]?\d|2[0-3])[:.uh]([0-5]\d)(?::[0-5]\d)?", re.ASCII)
_FUTURE_UP_TO = timedelta(hours=12)


@dataclass(frozen=True)
class Content:
    """What somebody typed for an alert, as typed. `called` is yes, no, not_emergency or None (open).

    `called_at` is HH:MM on the group's clock. `versions` holds the same message in other languages.
    """

    kind: str
    category: str
    text: str
    language: str
    street_id: uuid.UUID | None = None
    called: str | None = None
    called_at: str | None = None
    not_emergency: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def new_form_token() -> str:
    """Return a token that makes a form that is sent twice one alert."""
    return secrets.token_urlsafe(18)


def draft(
    session: Session,
    actor: Actor,
    group: Group,
    content: Content,
    *,
    now: datetime,
    form_token: str | None = None,
) -> Alert:
    """Start an alert. The same form token gives the same alert. Raises BadInput, NotThere."""
    groups.require_coordinating(session, actor, group)
    if form_token and (known := _started_by(session, group, form_token)):
        return _refill(session, known, content, now)
    alert = Alert(
        group=group,
        group_id=group.id,
        author_id=actor.id if actor.kind == "person" else None,
        form_token=form_token,
        created_at=now,
    )
    try:
        with session.begin_nested():
            with session.no_autoflush:
                _fill(session, alert, content, now)
            session.add(alert)
    except IntegrityError:
        # The same form, sent a second time while the first was still on its way.
        known = _started_by(session, group, form_token or "")
        if known is None:
            # The token of another group's form.
            raise BadInput("form_expired") from None
        return _refill(session, known, content, now)
    accounts.record(session, actor, "drafted", "alert", alert.id, now=now, zone_id=group.zone_id)
    return alert


def discard(session: Session, actor: Actor, alert: Alert) -> None:
    """Remove a draft and its words; what the check said of it stays, without words. Raises WrongState."""
    groups.require_coordinating(session, actor, alert.group)
    hold(session, alert)
    require_unsent(alert)
    session.execute(update(Finding).where(Finding.alert_id == alert.id).values(alert_id=None))
    session.delete(alert)


def edit(session: Session, actor: Actor, alert: Alert, content: Content, *, now: datetime) -> None:
    """Change a draft. Raises WrongState once it was released, BadInput, NotThere."""
    groups.require_coordinating(session, actor, alert.group)
    hold(session, alert)
    require_unsent(alert)
    _fill(session, alert, content, now)


def read_call_time(typed: str, group: Group, now: datetime) -> datetime:
    """Return the moment that HH:MM means: today on the group's clock, or yesterday late in the evening.

    Raises BadInput for anything else, for a time to come, and for one more than a day ago.
    """
    written = _HOUR.fullmatch(typed.strip())
    if written is None:
        raise BadInput("call_time", field="called_at")
    wall = time(int(written[1]), int(written[2]))
    local = now.astimezone(groups.clock_of(group))
    moment = local.replace(hour=wall.hour, minute=wall.minute, second=0, microsecond=0, fold=0)
    if moment - local > _FUTURE_UP_TO:
        moment -= timedelta(days=1)
    # Compared in one zone: on the nights when clocks change, street times alone do not tell before from after.
    if moment.astimezone(UTC) > now:
        raise BadInput("call_in_future", field="called_at", time=f"{wall:%H:%M}")
    return moment.astimezone(now.tzinfo)


def _started_by(session: Session, group: Group, form_token: str) -> Alert | None:
    return session.scalar(select(Alert).where(Alert.form_token == form_token, Alert.group_id == group.id))


def _refill(session: Session, alert: Alert, content: Content, now: datetime) -> Alert:
    hold(session, alert)
    if not alert.is_sent:
        _fill(session, alert, content, now)
    return alert


def _fill(session: Session, alert: Alert, content: Content, now: datetime) -> None:
    """Read what was typed into a draft; raise BadInput for what no draft can hold."""
    group = alert.group
    rulebook = groups.rulebook_of(group)
    kind = "info" if content.called == "not_emergency" else content.kind
    if kind not in ("urgent", "info"):
        raise BadInput("choose_kind", field="kind")
    if content.category not in rulebook.categories:
        raise BadInput("choose_category", field="category", categories=", ".join(rulebook.categories))
    if content.language not in texts.LANGUAGES:
        raise BadInput("choose_language", field="language")
    not_emergency = texts.clean(content.not_emergency)
    if content.called == "not_emergency" and not not_emergency:
        raise BadInput("say_why_not_emergency", field="not_emergency_reason")
    typed = {content.language: _read_text(content.text, "text")}
    for language, version in content.versions.items():
        if language in texts.LANGUAGES and language != content.language and texts.clean(version):
            typed[language] = _read_text(version, f"version_{language}")
    alert.kind = kind
    alert.category = content.category
    alert.language = content.language
    alert.street = _street(session, group, content.street_id)
    alert.called_at = None
    alert.state = "draft"
    if content.called == "no":
        alert.state = "held"
    if kind == "urgent" and content.called == "yes":
        alert.called_at = read_call_time(content.called_at or "", group, now)
    seal(session, alert, "not_emergency", not_emergency[:LONGEST_REASON] or None)
    seal(session, alert, "reason", texts.clean(content.reason)[:LONGEST_REASON] or None)
    alert.saved_at = now
    _set_texts(session, alert, typed)


def _read_text(typed: str, field_name: str) -> str:
    text = rules.plain(typed)
    if not text:
        raise BadInput("text_empty", field=field_name)
    if len(text) > LONGEST_TEXT:
        raise BadInput("text_too_long", field=field_name, length=len(text), longest=LONGEST_TEXT)
    return text


def _set_texts(session: Session, alert: Alert, typed: Mapping[str, str]) -> None:
    present = {version.language: version for version in alert.texts}
    for language, version in present.items():
        if language not in typed:
            alert.texts.remove(version)
    for language, text in typed.items():
        version = present.get(language) or AlertText(language=language)
        seal(session, version, "body", text)
        if language not in present:
            alert.texts.append(version)


def _street(session: Session, group: Group, street_id: uuid.UUID | None) -> Street | None:
    if street_id is None:
        return None
    street = next((street for street in group.streets if street.id == street_id), None)
    if street is None:
        raise BadInput("choose_street", field="street_id")
    return street


def hold(session: Session, alert: Alert) -> None:
    """Read the alert and its texts anew and keep others from changing them until this transaction ends.

    What is checked here is then what leaves, also when somebody edits in the same moment.
    """
    session.flush()
    session.expire_all()
    session.refresh(alert, with_for_update=True)


def require_unsent(alert: Alert) -> None:
    """Raise WrongState once an alert was released."""
    if alert.state == "released":
        raise WrongState("alert_released")
    if alert.state == "closed":
        raise WrongState("alert_closed")
