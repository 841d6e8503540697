"""Templates: the message forms that the provider approved, for writing by WhatsApp outside the 24-hour window.

Of a kind of alert and a language the newest approved form is used. Earlier ones stand by, for when the provider
pauses that one.
"""

import re
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wabp.errors import BadInput
from wabp.models import Template

KINDS = ("urgent", "info")


def approved(session: Session) -> dict[tuple[str, str], str]:
    """Return the content id of the form that is used, by kind of alert and language."""
    forms = session.scalars(
        select(Template).where(Template.state == "approved").order_by(Template.created_at, Template.id)
    )
    return {(form.kind, form.language): form.content_sid for form in forms}


def languages(session: Session, kind: str) -> list[str]:
    """Return the languages in which a form exists for this kind of alert."""
    return [language for known, language in approved(session) if known == kind]


def add(session: Session, kind: str, language: str, content_sid: str, *, now: datetime) -> None:
    """Use a form for alerts of a kind in a language from now on; earlier ones stand by. Raises BadInput.

    One that was there before, or was paused, becomes the newest again.
    """
    if not re.fullmatch(r"HX[0-9a-fA-F]{32}", content_sid):
        raise BadInput("content_sid", field="content_sid")
    form = session.scalar(
        select(Template).where(
            Template.kind == kind, Template.language == language, Template.content_sid == content_sid
        )
    )
    if form is None:
        form = Template(kind=kind, language=language, content_sid=content_sid)
        session.add(form)
    form.state, form.paused_at, form.created_at = "approved", None, now


def pause(session: Session, content_sid: str, *, now: datetime) -> bool:
    """Use a form no more: the provider does not take it. Returns whether it was in use until now."""
    paused = session.scalars(
        update(Template)
        .where(Template.content_sid == content_sid, Template.state == "approved")
        .values(state="paused", paused_at=now)
        .returning(Template.id)
    ).all()
    return bool(paused)


def pause_used(session: Session, kind: str, language: str, *, used_at: datetime, now: datetime) -> bool:
    """The same for the form that was used at a moment, whichever that was. Returns whether one was in use until now.

    Nothing where a form was paused after that moment: that was the one.
    """
    of_these = (Template.kind == kind, Template.language == language)
    if session.scalar(select(func.count()).where(*of_these, Template.paused_at > used_at)):
        return False
    used = session.scalar(
        select(Template.content_sid)
        .where(*of_these, Template.state == "approved", Template.created_at <= used_at)
        .order_by(Template.created_at.desc(), Template.id.desc())
        .limit(1)
    )
    return used is not None and pause(session, used, now=now)
