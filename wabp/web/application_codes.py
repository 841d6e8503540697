"""The codes with which those named in an application prove their phones: one to send oneself, others to pass on."""

from typing import Any

from flask import request

from wabp import appointments, keywords, reverse_codes
from wabp.accounts import Actor
from wabp.errors import NotThere, WrongState
from wabp.models import Application, Appointment, Group
from wabp.web import show, to_us
from wabp.web.i18n import _
from wabp.web.pages import language, now, session

# While a group is in one of these, a code still appoints somebody.
_TAKES_CODES = frozenset({"draft", "submitted", "more_info", "approved", "active"})


def to_send(shown: reverse_codes.Shown, group: Group) -> dict[str, Any]:
    """Return a code as it is sent to us: the words, the ways, a QR code, and until when it works."""
    text = f"{keywords.APPLY[language()]} {shown.letters}"
    return {
        "text": text,
        "ways": to_us.ways(text),
        "qr": to_us.qr_code(text),
        "until": show.day_and_hour(shown.ends_at, group),
    }


def people(group: Group, holder: Actor) -> list[dict[str, Any]]:
    """Return those who are named in an application, each confirmed or with the code to pass on.

    Codes are for who may hand them on; another sees only who has confirmed.
    """
    holds = group.state in _TAKES_CODES and appointments.may_change(session(), holder, group)
    named = appointments.of_group(session(), group)
    return [_person(group, holder if holds else None, one) for one in named]


def renew(group: Group | None, holder: Actor | Application) -> None:
    """Make the code that the form asks for, when the one before is over. Raises NotThere, WrongState."""
    wanted = request.form.get("appointment_id", "")
    named = appointments.of_group(session(), group) if group is not None else ()
    appointment = next((one for one in named if str(one.id) == wanted), None)
    if appointment is None:
        raise NotThere
    try:
        appointments.code_for(session(), holder, appointment, now=now())
    except WrongState as problem:
        # The phone was quicker than the button: the page shows it.
        if problem.key != "errors.appointment_proven":
            raise


def _person(group: Group, holder: Actor | None, appointment: Appointment) -> dict[str, Any]:
    one = next(one for one in appointments.shown(session(), group) if one.id == appointment.id)
    proven = one.proven_at is not None
    shown = None
    if holder is not None and not proven:
        shown = appointments.code_shown(session(), holder, appointment, now=now())
    return {
        "id": one.id,
        "name": one.name,
        "role_name": role_name(one.role),
        "proven": proven,
        "code": to_send(shown, group) if shown is not None and not shown.used else None,
        "may_renew": holder is not None and not proven and shown is None,
    }


def role_name(role: str) -> str:
    """Return what an appointment is called."""
    return {"founder": _("Applicant"), "coordinator": _("Coordinator"), "deputy": _("Deputy")}[role]
