"""Templates: the message forms that the provider approved, for writing by WhatsApp outside the 24-hour window."""

import re
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wabp.errors import BadInput
from wabp.models import Template

KINDS = ("urgent", "info")


def approved(session: Session) -> dict[tuple[str, str], str]:
    """Return the content id of every form that may be used, by kind of alert and language."""
    forms = session.scalars(select(Template).where(Template.state == "approved"))
    return {(form.kind, form.language): form.content_sid for form in forms}


def languages(session: Session, kind: str) -> list[str]:
    """Return the languages in which a form exists for this kind of alert."""
    return [language for known, language in approved(session) if known == kind]


def add(session: Session, kind: str, language: str, content_sid: str, *, now: datetime) -> None:
    """Use a form for alerts of a kind in a language, in place of an earlier one. Raises BadInput."""
    if not re.fullmatch(r"HX[0-9a-fA-F]{32}", content_sid):
        raise BadInput("content_sid", field="content_sid")
    session.execute(delete(Template).where(Template.kind == kind, Template.language == language))
    session.add(Template(kind=kind, language=language, content_sid=content_sid, created_at=now))
