"""The simulator's phones as pages: what arrives, with ticks, and a field to write as the phone's owner.

What is typed enters by the same signed hooks as a message from a real provider. The blueprint is only
registered with the simulator on a loopback address.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import select

from wabp import demo, groups, segments, texts
from wabp.errors import BadInput, NotThere
from wabp.gateway import CHANNELS, SMS, WHATSAPP
from wabp.gateway.simulator import Simulator
from wabp.models import Group, Membership
from wabp.web import show
from wabp.web.i18n import _, date
from wabp.web.pages import now, services, session

simulator = Blueprint("simulator", __name__, url_prefix="/simulator")

LONGEST_TYPED = 1_600
# The first members speak the four languages. The strangers are in no group: they found one, or join.
_RESIDENTS = 8
_STRANGERS = (
    ("hilde", "Hilde", "+32400999001", WHATSAPP),
    ("bram", "Bram", "+32400999003", WHATSAPP),
    ("marie", "Marie", "+32400999004", WHATSAPP),
    ("yvonne", "Yvonne", "+32400999002", SMS),
)
_FIRST_NAMES = ("Greet", "Youssef", "Emily", "Jonas", "An", "Claire", "Priya", "Heinz")
_SHOWN_TOGETHER = 3


@dataclass(frozen=True)
class Phone:
    """One phone of the page. The number is its own; only strangers see it, who sign in with it later on."""

    id: str
    name: str
    number: str
    language: str
    street: str
    channel: str
    in_group: bool


@simulator.get("")
def phones() -> str:
    """Show the first phones side by side."""
    everybody = _phones()
    return _page(everybody, everybody[0].id if everybody else "")


@simulator.get("/<phone>")
def phone(phone: str) -> str:
    """Show one phone first."""
    return _page(_phones(), _find(phone).id)


@simulator.get("/<phone>/messages")
def fragment(phone: str) -> str:
    """Return the chat of one phone."""
    return render_template("_chat.html", phone=_shown(_find(phone)))


@simulator.post("/<phone>")
def write(phone: str) -> Response:
    """Send what was typed, as this phone's owner, through the product's own hooks."""
    owner = _find(phone)
    typed = texts.clean(request.form.get("text", ""))
    channel = request.form.get("channel", owner.channel)
    if not typed or len(typed) > LONGEST_TYPED or channel not in CHANNELS:
        raise BadInput("chat_text", field="text")
    # No transaction may be open: the hooks write in transactions of their own.
    session().rollback()
    _books().type_message(owner.number, channel, typed)
    return make_response(redirect(url_for("simulator.phone", phone=owner.id), 303))


def _books() -> Simulator:
    found = services().simulator
    if found is None:
        raise NotThere
    return found


def _group() -> Group | None:
    return session().scalar(select(Group).where(Group.slug == demo.GROUP_SLUG, Group.demo))


def _phones() -> list[Phone]:
    group = _group()
    if group is None:
        return []
    members = session().scalars(
        select(Membership)
        .where(Membership.group_id == group.id, Membership.number <= _RESIDENTS)
        .order_by(Membership.number)
    )
    found = [
        Phone(
            id=str(member.number),
            name=_FIRST_NAMES[member.number - 1],
            number=demo.number(member.number),
            language=member.person.language,
            street=member.street.name if member.street else "",
            channel=WHATSAPP,
            in_group=member.state == "active",
        )
        for member in members
    ]
    # Residents first: the coordinators' phones mostly get notices.
    found = found[2:] + found[:2] if len(found) > 2 else found
    return found + [
        Phone(key, name, number, "nl", "", channel, False) for key, name, number, channel in _STRANGERS
    ]


def _find(phone: str) -> Phone:
    found = next((known for known in _phones() if known.id == phone), None)
    if found is None:
        raise NotThere
    return found


def _page(everybody: list[Phone], first: str) -> str:
    order = [p for p in everybody if p.id == first] + [p for p in everybody if p.id != first]
    return render_template(
        "simulator.html",
        phones=everybody,
        shown=[_shown(owner) for owner in order[:_SHOWN_TOGETHER]],
        clock=f"{date(now().astimezone(_clock()), 'EEE d MMM')}, {_hour(now())}" if everybody else "",
    )


def _shown(owner: Phone) -> dict[str, Any]:
    group = _group()
    messages = [_message(bubble) for bubble in _books().chat(session(), owner.number)]
    return {
        "id": owner.id,
        "name": owner.name,
        "language": owner.language,
        "street": owner.street,
        "channel": owner.channel,
        "status_line": _status_line(owner),
        "messages": messages,
        "clock": _hour(now()),
        "sender_name": group.name if group else "",
        "sender_line": _("Business account") if owner.channel == WHATSAPP else _("Text message"),
    }


def _status_line(owner: Phone) -> str:
    name = "WhatsApp" if owner.channel == WHATSAPP else _("SMS")
    if owner.id.isdecimal():
        where = owner.language.upper() if owner.in_group else _("in no group")
        return f"{name}, {where}"
    return _("%(channel)s, own number %(number)s", channel=name, number=owner.number)


def _message(bubble: Any) -> dict[str, Any]:
    local = bubble.at.astimezone(_clock())
    today = local.date() == now().astimezone(_clock()).date()
    mine = bubble.direction == "in"
    return {
        # From the phone's side: what its owner typed goes out.
        "direction": "out" if mine else "in",
        "lines": show.lines(bubble.body),
        "at": f"{local:%H:%M}",
        "day": _("today") if today else date(local, "d MMMM"),
        "ticks": "read" if mine else "none",
        "parts": segments.count(bubble.body).parts if bubble.channel == SMS else 0,
    }


def _clock() -> Any:
    group = _group()
    return groups.clock_of(group) if group else None


def _hour(moment: Any) -> str:
    return f"{moment.astimezone(_clock()):%H:%M}"
