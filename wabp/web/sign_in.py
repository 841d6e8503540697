"""Signing in and out: the demo's people by one click, those who run a group by a code to their phone.

A number is typed on one page and shown on none. The code is bound to the browser that asked for it.
"""

import logging
import secrets
import uuid

from flask import Response, current_app, g, render_template, request, session as cookie, url_for
from sqlalchemy.exc import SQLAlchemyError

from wabp import accounts, db, phone_codes
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.web import devices, problems
from wabp.web.i18n import _
from wabp.web.pages import (
    actor,
    asker,
    browser_id,
    cookie_name,
    from_this_machine,
    home_of,
    language,
    local,
    now,
    pages,
    role_name,
    see_other,
    services,
    session,
    signed_in,
)

log = logging.getLogger(__name__)

# Pages that write to people or judge them open after a fresh proof. Opening them asks, and nothing later on:
# no proof stands between writing a text and sending it.
PROVEN_PAGES = frozenset({"web.compose", "web.residents", "web.resident", "web.roster"})
# What judges people or gives a role away is not done on an old proof either, opened in time or not.
_PROVEN_ACTS = PROVEN_PAGES - {"web.compose"}
_A_YEAR = 365 * 24 * 3600
# Problems that only waiting mends.
_TOO_OFTEN = frozenset(
    f"errors.{key}" for key in ("code_soon", "code_many", "code_many_today", "code_address", "office_tries")
)


# ---- before and after every page ----


def ask_for_proof() -> Response | None:
    """Ask somebody whose proof is old for a new one, when they open a page that needs it."""
    if request.endpoint not in PROVEN_PAGES:
        return None
    if request.method not in {"GET", "HEAD"}:
        if request.endpoint in _PROVEN_ACTS and accounts.needs_proof(signed_in(), now=now() - accounts.PROOF_GRACE):
            raise WrongState("proof_over")
        return None
    if not accounts.needs_proof(signed_in(), now=now()):
        return None
    here = request.full_path if request.query_string else request.path
    return see_other(url_for("web.prove", next=here))


def note_use(response: Response) -> Response:
    """Note once a minute that a sign-in is used. Trouble with that fails no page."""
    signed = g.get("signed_in")
    if signed is None or g.get("bare") or not accounts.should_note(signed, now=now()):
        return response
    try:
        # What this request did not commit is not wanted, and must not stand in the way of another writer.
        session().rollback()
        with db.opened(current_app) as noting:
            accounts.note_use(noting, signed, now=now())
            noting.commit()
    except SQLAlchemyError as problem:
        log.warning("use of a sign-in could not be noted", extra={"code": type(problem).__name__})
    return response


# ---- the demo ----


@pages.get("/sign-in")
def sign_in() -> str:
    """Show the ways in: the demo's people where there is one, else the one of coordinators."""
    if not _demo_here():
        return _phone_page([])
    people = [
        {"id": row.id, "name": name, "role_name": role_name(role), "about": _about(role)}
        for row, role, name in accounts.demo_people(session())
    ]
    return render_template("sign_in.html", people=people)


@pages.post("/sign-in")
def sign_in_as() -> Response:
    """Sign in as one of the demo's people: on this machine only, with the simulator only."""
    if not _demo_here():
        raise NotThere
    try:
        wanted = uuid.UUID(request.form.get("who", ""))
    except ValueError:
        raise NotThere from None
    return enter(accounts.demo_actor(session(), wanted), "demo")


# ---- by phone ----


@pages.get("/sign-in/phone")
def phone() -> str:
    """Ask for the number of somebody who runs or founds a group."""
    return _phone_page([])


@pages.post("/sign-in/phone")
def ask_code() -> Response | tuple[str, int]:
    """Send a code, if the number is one that signs in. The answer is the same for every number."""
    new = _fresh()
    try:
        phone_codes.ask(session(), request.form.get("number", ""), new, _asking(), now=now())
    except (BadInput, WrongState) as problem:
        # What was counted stays counted.
        session().commit()
        return _phone_page(errors_of(problem)), status_of(problem)
    session().commit()
    return see_other(url_for("web.enter_code"))


@pages.get("/sign-in/code")
def enter_code() -> str:
    """Ask for the code that was sent."""
    return _code_page([])


@pages.post("/sign-in/code")
def use_code() -> Response | tuple[str, int]:
    """Take the code and sign in, or send a new one."""
    try:
        if request.form.get("do") == "again":
            return _ask_again()
        who = _by_code()
    except (BadInput, WrongState) as problem:
        session().commit()
        return _code_page(errors_of(problem)), status_of(problem)
    return enter(who, "code")


@pages.get("/sign-in/again")
def prove() -> str:
    """Say why a proof is asked for, and offer to send a code to the own number."""
    phone_codes.require_number(session(), actor())
    return _proof_page([])


@pages.post("/sign-in/again")
def ask_proof() -> Response | tuple[str, int]:
    """Send a code to the own number of somebody who is signed in."""
    new = _fresh()
    try:
        phone_codes.ask_own(session(), actor(), new, _asking(), now=now())
    except WrongState as problem:
        session().commit()
        return _proof_page(errors_of(problem)), status_of(problem)
    session().commit()
    cookie["after_sign_in"] = local(request.form.get("next", ""))
    return see_other(url_for("web.enter_code"))


@pages.post("/sign-out")
def sign_out() -> Response:
    """End this browser's sign-in."""
    _end_sign_in()
    session().commit()
    response = see_other(url_for("web.start"))
    response.delete_cookie(cookie_name())
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


# ---- for every way in ----


def enter(who: Actor, factor: str) -> Response:
    """Sign somebody in with a new token, end what this browser was signed in as, and go where their work is."""
    after = cookie.pop("after_sign_in", None)
    same = actor().id == who.id
    if not same:
        # What another one left in this browser, or planted in it, is not carried over. What was begun here
        # without a sign-in, such as an application, stays this browser's own.
        browser = browser_id()
        cookie.clear()
        cookie["browser"] = browser
    _end_sign_in()
    # One click proves nothing, so it makes no browser known.
    known_by = None if factor == "demo" else secrets.token_urlsafe(24)
    device = devices.name_in(request.headers.get("User-Agent", ""))
    token = accounts.sign_in(session(), who, now=now(), factor=factor, device=device, browser=known_by)
    home = (local(after) if after and same else None) or home_of(who)
    session().commit()
    log.info("signed in", extra={"act": "signed_in", "status": factor, "actor": who.id})
    response = see_other(home)
    _set_cookie(response, cookie_name(), token)
    if known_by:
        _set_cookie(response, _device_cookie(), known_by, max_age=_A_YEAR)
    return response


def device_token() -> str | None:
    """Return the token by which this browser is known from an earlier sign-in."""
    return request.cookies.get(_device_cookie())


def _demo_here() -> bool:
    return services().settings.demo_sign_in and from_this_machine()


def _by_code() -> Actor:
    """Return whom a right code signs in. Each try is counted, and kept, before anybody looks whether it is right."""
    code = phone_codes.read_code(request.form.get("code", ""))
    tried = phone_codes.begin_try(session(), browser_id(), now=now())
    session().commit()
    if not phone_codes.is_right(tried, code):
        log.info("sign-in refused", extra={"act": "wrong_code", "status": "code", "actor": tried.person_id})
        raise BadInput("code_wrong", field="code")
    return phone_codes.use(session(), tried, now=now())


def _ask_again() -> Response:
    asked = phone_codes.ask_again(session(), _fresh(), _asking(), now=now())
    session().commit()
    return see_other(url_for("web.enter_code") if asked else url_for("web.phone"))


def _fresh() -> phone_codes.Fresh:
    # Making a code takes a while, and no other writer should wait for it.
    session().rollback()
    return phone_codes.fresh()


def _asking() -> phone_codes.Asking:
    return phone_codes.Asking(browser_id(), device_token(), asker())


def _phone_page(errors: list[dict[str, str]]) -> str:
    return render_template("sign_in_phone.html", errors=errors, demo_here=_demo_here())


def _code_page(errors: list[dict[str, str]]) -> str:
    return render_template("sign_in_code.html", errors=errors, own=signed_in() is not None)


def _proof_page(errors: list[dict[str, str]]) -> str:
    given = request.values.get("next", "")
    return render_template("sign_in_again.html", errors=errors, next=local(given) or "")


def errors_of(problem: Problem) -> list[dict[str, str]]:
    """Return a problem as a page shows it, at its field."""
    return [{"field": problem.field or "code", "message": problem.say(language())}]


def status_of(problem: Problem) -> int:
    """Return the status of a page that shows why somebody is not in yet."""
    return 429 if problem.key in _TOO_OFTEN else problems.status_of(problem)


def _end_sign_in() -> None:
    token = request.cookies.get(cookie_name())
    if token and signed_in() is not None:
        accounts.sign_out(session(), token, now=now())


def _set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    secure = services().settings.public_url.startswith("https")
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="Lax", secure=secure)


def _device_cookie() -> str:
    return f"{cookie_name()}-device"


def _about(role: str) -> str:
    return {
        "coordinator": _("Writes alerts and reads the reports of residents."),
        "deputy": _("Takes over when the coordinator is away."),
        "inspector": _("Decides about groups, and reads nothing in them."),
        "youth_inspector": _("Talks with young people, and reads nothing in groups."),
        "partner": _("Works with the police and the groups, and reads nothing in them."),
        "zone_admin": _("Keeps streets and users, and reads nothing in groups."),
    }[role]
