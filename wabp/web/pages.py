"""What every page needs: who looks, in which language and colours, and the session of this request."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, g, request, session as cookie, url_for
from sqlalchemy.orm import Session

from wabp import accounts, db, groups, reports, rules, texts
from wabp.accounts import NOBODY, Actor
from wabp.models import Group, Zone
from wabp.services import Services
from wabp.web.i18n import _

pages = Blueprint("web", __name__)

LANGUAGE_NAMES = (("nl", "Nederlands"), ("fr", "Français"), ("en", "English"), ("de", "Deutsch"))
THEMES = ("light", "dark")
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Posted because the text is long, but it changes nothing.
_READING_POSTS = frozenset({"web.live_check"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, as the page's corner shows it."""

    name: str
    initials: str
    role: str
    role_name: str
    group: str | None


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the menu."""

    url: str
    label: str
    icon: str
    current: bool
    badge: int | None = None


def services() -> Services:
    """Return the house that this app belongs to."""
    found = current_app.extensions["services"]
    assert isinstance(found, Services)
    return found


def now() -> datetime:
    """Return this request's moment: one for the whole request."""
    if "now" not in g:
        g.now = services().clock()
    moment: datetime = g.now
    return moment


def session() -> Session:
    """Return this request's session. A request that may not change anything gets one that cannot."""
    if "session" not in g:
        reading = request.method in _READING_METHODS or request.endpoint in _READING_POSTS
        g.session = db.request_session(current_app, reading=reading)
    found: Session = g.session
    return found


def only_read() -> None:
    """Go on without the right to write: long work must not keep a STOP from being stored."""
    session().rollback()
    session().info["reading"] = True


def cookie_name() -> str:
    """Return the sign-in cookie's name; behind https the browser itself guards it by the prefix."""
    return "__Host-wabp" if services().settings.public_url.startswith("https") else "wabp"


def browser_id() -> str:
    """Return the random id of this browser, from its signed cookie: ties it to its codes and its application.

    It says nothing about who sits there, and opens nothing but what this browser itself began.
    """
    if "browser" not in cookie:
        cookie["browser"] = secrets.token_urlsafe(24)
    return str(cookie["browser"])


def actor() -> Actor:
    """Return who asks, or NOBODY."""
    if "actor" not in g:
        token = request.cookies.get(cookie_name())
        g.actor = accounts.signed_in(session(), token, now=now()) if token else NOBODY
    found: Actor = g.actor
    return found


def language() -> str:
    """Return the page's language: the reader's choice, else their own, else their browser's."""
    chosen = request.cookies.get("language")
    if chosen in texts.LANGUAGES:
        return str(chosen)
    # A page about a broken database must not ask it who reads; every other page does.
    who = g.get("actor", NOBODY) if g.get("bare") else actor()
    if who.kind == "person":
        return who.language
    return str(request.accept_languages.best_match(texts.LANGUAGES) or texts.DEFAULT_LANGUAGE)


def theme() -> str | None:
    """Return the chosen colours, or None for those of the device."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in THEMES else None


def role_name(role: str) -> str:
    """Return what a role is called on pages."""
    names = {
        "coordinator": _("Coordinator"),
        "deputy": _("Deputy coordinator"),
        "member": _("Resident"),
        "inspector": _("District officer"),
        "youth_inspector": _("Youth officer"),
        "partner": _("Partner"),
        "zone_admin": _("Zone administrator"),
    }
    return names[role]


def home_of(who: Actor) -> str:
    """Return the address where somebody's work begins."""
    coordinated = groups.coordinated_by(session(), who)
    if coordinated:
        return url_for("web.overview", slug=coordinated[0].slug)
    return url_for("web.registry") if who.role in accounts.REGISTRY_ROLES else url_for("web.start")


def context() -> dict[str, object]:
    """Return what the base page shows, whatever the page."""
    zone = session().get(Zone, actor().zone_id) if actor().zone_id else None
    coordinated = groups.coordinated_by(session(), actor())
    return bare_context(zone.country if zone else "be") | {
        "viewer": _viewer(coordinated),
        "navigation": _navigation(coordinated),
        "zone_name": zone.name if zone else "",
        "demo": bool(zone and zone.demo),
    }


def bare_context(country: str = "be") -> dict[str, object]:
    """Return the part that needs no database: all that an error page has when the database is what failed."""
    return {
        "country_numbers": emergency_numbers(rules.load_rulebook(country), language()),
        "languages": LANGUAGE_NAMES,
        "language": language(),
        "theme": theme(),
        "viewer": None,
        "navigation": [],
        "zone_name": "",
        "simulated": services().settings.demo_sign_in,
        "demo": False,
    }


def emergency_numbers(rulebook: rules.Rulebook, reader: str) -> list[dict[str, str]]:
    """Return the numbers for now: police first where the country has one of its own."""
    wanted = list(dict.fromkeys((rulebook.police_number, rulebook.rescue_number)))
    by_number = {entry.number: entry for entry in rulebook.emergency_numbers}
    return [
        {"number": number, "label": by_number[number].names[reader]} for number in wanted if number in by_number
    ]


def _viewer(coordinated: Sequence[Group]) -> Viewer | None:
    who = actor()
    if who.kind not in {"person", "account"}:
        return None
    name = accounts.name_of(session(), who)
    group = coordinated[0] if coordinated else None
    role = who.role or (groups.role_in(session(), who, group) if group else None) or "member"
    initials = "".join(part[0] for part in name.split()[:2]).upper() or "–"
    return Viewer(name, initials, role, role_name(role), group.slug if group else None)


def _navigation(coordinated: Sequence[Group]) -> list[NavigationItem]:
    items: list[NavigationItem] = []
    if coordinated:
        group = coordinated[0]
        waiting = reports.unopened(session(), actor(), group)
        items = [
            _item("web.overview", _("Overview"), "house", slug=group.slug),
            _item("web.compose", _("New alert"), "pencil", slug=group.slug),
            _item("web.reports", _("Reports"), "inbox", badge=waiting or None, slug=group.slug),
        ]
    elif actor().role in accounts.REGISTRY_ROLES:
        items = [_item("web.registry", _("Groups"), "people")]
    if items and services().settings.demo_sign_in:
        items.append(_item("simulator.phones", _("Simulator"), "smartphone"))
    return items


def _item(endpoint: str, label: str, icon: str, *, badge: int | None = None, **values: Any) -> NavigationItem:
    url = url_for(endpoint, **values)
    phones = endpoint.startswith("simulator.") and request.blueprint == "simulator"
    return NavigationItem(url, label, icon, phones or request.endpoint == endpoint, badge)
