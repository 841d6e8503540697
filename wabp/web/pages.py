"""What every page needs: who looks, in which language and colours, and the session of this request."""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session as cookie,
    url_for,
)
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from wabp import accounts, applications, db, dossiers, groups, joining, reports, rules, texts
from wabp.accounts import NOBODY, Actor, SignedIn
from wabp.models import Group, Zone
from wabp.services import Services
from wabp.settings import is_loopback
from wabp.web.i18n import _

pages = Blueprint("web", __name__)

LANGUAGE_NAMES = (("nl", "Nederlands"), ("fr", "Français"), ("en", "English"), ("de", "Deutsch"))
THEMES = ("light", "dark")
# Groups whose application leads nowhere.
_OVER = ("declined", "closed")
# What a proxy adds to a request that it passes on.
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")
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


def asker() -> str | None:
    """Return the public address that asks, an IPv6 network as one. None for a proxy or this machine: many share it."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return None
    if not address.is_global:
        return None
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def from_this_machine() -> bool:
    """Tell whether this machine's own browser asks, and no proxy passed it on."""
    passed_on = any(name in request.headers for name in _PROXY_HEADERS)
    return not passed_on and is_loopback(urlsplit(f"//{request.host}").hostname or "")


def local(address: str) -> str | None:
    """Return the address when it is a path that one of our pages answers: never a way to another site."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not ours or not all(" " < character < "\x7f" and character != "\\" for character in address):
        return None
    try:
        endpoint, _values = current_app.url_map.bind("localhost").match(unquote(urlsplit(address).path), "GET")
    except (HTTPException, ValueError):
        return None
    return address if endpoint.startswith(("web.", "simulator.")) else None


def see_other(address: str) -> Response:
    """Send the browser on after something was done."""
    return make_response(redirect(address, 303))


def signed_in() -> SignedIn | None:
    """Return the sign-in that this request came with."""
    if "signed_in" not in g:
        token = request.cookies.get(cookie_name())
        g.signed_in = accounts.signed_in(session(), token, now=now()) if token else None
    found: SignedIn | None = g.signed_in
    return found


def actor() -> Actor:
    """Return who asks, or NOBODY."""
    if "actor" not in g:
        signed = signed_in()
        g.actor = NOBODY if signed is None else signed.actor
    found: Actor = g.actor
    return found


def sign_in_lapsed() -> bool:
    """Tell whether this browser was signed in once and is not any more."""
    return actor().kind == "nobody" and cookie_name() in request.cookies


def language() -> str:
    """Return the page's language: the reader's choice, else their own, else their browser's."""
    chosen = request.cookies.get("language")
    if chosen in texts.LANGUAGES:
        return str(chosen)
    # A page about a broken database must not ask it who reads; every other page does.
    who = g.get("actor", NOBODY) if g.get("bare") else actor()
    if who.kind in {"person", "account"}:
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
    run = _run_by(who)
    if run:
        return url_for("web.overview", slug=run[0].slug)
    applied = _applied_for_by(who)
    if applied:
        return url_for("web.application", slug=applied[0].slug)
    if who.role == "inspector":
        return url_for("web.applications")
    return url_for("web.registry") if who.role in accounts.REGISTRY_ROLES else url_for("web.start")


def context() -> dict[str, object]:
    """Return what the base page shows, whatever the page."""
    zone = session().get(Zone, actor().zone_id) if actor().zone_id else None
    run, applied = _run_by(actor()), _applied_for_by(actor())
    return bare_context(zone.country if zone else "be") | {
        "viewer": _viewer(run or applied),
        "navigation": _navigation(run, applied),
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


def _run_by(who: Actor) -> Sequence[Group]:
    """Return the groups that somebody coordinates and that are at work."""
    return [group for group in groups.coordinated_by(session(), who) if group.state in groups.PUBLIC]


def _applied_for_by(who: Actor) -> Sequence[Group]:
    """Return the groups that somebody applied for and that are not at work yet, those with an open end first."""
    found = [group for group in applications.applicant_groups(session(), who) if group.state not in groups.PUBLIC]
    return sorted(found, key=lambda group: group.state in _OVER)


def _viewer(own: Sequence[Group]) -> Viewer | None:
    who = actor()
    if who.kind not in {"person", "account"}:
        return None
    name = accounts.name_of(session(), who)
    group = own[0] if own else None
    role = who.role or (groups.role_in(session(), who, group) if group else None) or "member"
    initials = "".join(part[0] for part in name.split()[:2]).upper() or "–"
    return Viewer(name, initials, role, role_name(role), group.slug if group else None)


def _navigation(run: Sequence[Group], applied: Sequence[Group]) -> list[NavigationItem]:
    items: list[NavigationItem] = []
    if run:
        group = run[0]
        waiting = reports.unopened(session(), actor(), group)
        asking = joining.waiting_count(session(), actor(), group)
        items = [
            _item("web.overview", _("Overview"), "house", slug=group.slug),
            _item("web.compose", _("New alert"), "pencil", slug=group.slug),
            _item("web.reports", _("Reports"), "inbox", badge=waiting or None, slug=group.slug),
            _item("web.residents", _("Residents"), "people", badge=asking or None, slug=group.slug),
        ]
    elif actor().role in accounts.REGISTRY_ROLES:
        items = [_item("web.registry", _("Groups"), "people")]
    if actor().role == "zone_admin":
        items.append(_item("web.rule_counts", _("Rules"), "clipboard"))
    if actor().role == "inspector":
        todo = dossiers.counts(session(), actor())["todo"]
        items.insert(0, _item("web.applications", _("Applications"), "clipboard", badge=todo or None))
    if applied:
        items.append(_item("web.application", _("Application"), "clipboard", slug=applied[0].slug))
    if items and services().settings.demo_sign_in:
        items.append(_item("simulator.phones", _("Simulator"), "smartphone"))
    return items


def _item(endpoint: str, label: str, icon: str, *, badge: int | None = None, **values: Any) -> NavigationItem:
    url = url_for(endpoint, **values)
    phones = endpoint.startswith("simulator.") and request.blueprint == "simulator"
    return NavigationItem(url, label, icon, phones or request.endpoint == endpoint, badge)
