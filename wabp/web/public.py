"""Pages for everybody: the start, choosing language and colours, who can read what, and the demo's sign-in."""

import uuid

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import accounts, groups, texts
from wabp.errors import BadInput, NotThere
from wabp.web.i18n import _
from wabp.web.pages import (
    THEMES,
    actor,
    cookie_name,
    home_of,
    now,
    pages,
    role_name,
    services,
    session,
)

_A_YEAR = 365 * 24 * 3600


@pages.get("/")
def start() -> str:
    """Say what this is, and list the groups that anybody may know of."""
    shown = [
        {
            "name": group.name,
            "slug": group.slug,
            "district": group.district.name,
            "street_count": len(group.streets),
            "state": group.state,
        }
        for group in groups.public_list(session())
    ]
    return render_template("start.html", groups=shown)


@pages.get("/who-can-read-what")
def who_reads() -> str:
    """Show which role can read what."""
    return render_template("who_reads.html")


@pages.get("/healthz")
def health() -> Response:
    """Say that the pages are served."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/sign-in")
def sign_in() -> str:
    """List the demo's people. There is no other way in yet."""
    if not services().settings.demo_sign_in:
        return render_template("sign_in.html", people=None)
    people = [
        {"id": row.id, "name": name, "role_name": role_name(role), "about": _about(role)}
        for row, role, name in accounts.demo_people(session())
    ]
    return render_template("sign_in.html", people=people)


@pages.post("/sign-in")
def sign_in_as() -> Response:
    """Sign in as one of the demo's people: on this machine only, with the simulator only."""
    if not services().settings.demo_sign_in:
        raise NotThere
    try:
        wanted = uuid.UUID(request.form.get("who", ""))
    except ValueError:
        raise NotThere from None
    who = accounts.demo_actor(session(), wanted)
    _end_sign_in()
    token = accounts.sign_in(session(), who, now=now())
    home = home_of(who)
    session().commit()
    response = _see_other(home)
    response.set_cookie(
        cookie_name(),
        token,
        httponly=True,
        samesite="Lax",
        secure=services().settings.public_url.startswith("https"),
    )
    return response


@pages.post("/sign-out")
def sign_out() -> Response:
    """End this browser's sign-in."""
    _end_sign_in()
    session().commit()
    response = _see_other(url_for("web.start"))
    response.delete_cookie(cookie_name())
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@pages.post("/language")
def set_language() -> Response:
    """Keep the reader's language in a cookie."""
    chosen = request.form.get("language", "")
    if chosen not in texts.LANGUAGES:
        raise BadInput("choose_language")
    return _with_choice("language", chosen)


@pages.post("/theme")
def set_theme() -> Response:
    """Keep the reader's colours in a cookie, or follow the device again."""
    chosen = request.form.get("theme", "")
    return _with_choice("theme", chosen if chosen in THEMES else "")


def _with_choice(name: str, value: str) -> Response:
    response = _see_other(_local(request.form.get("next", "")))
    if value:
        response.set_cookie(name, value, max_age=_A_YEAR, samesite="Lax", httponly=True)
    else:
        response.delete_cookie(name)
    return response


def _local(address: str) -> str:
    """Return the address when it is a path of ours, else the start: never a way to another site."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    clean = ours and all(" " < character < "\x7f" and character != "\\" for character in address)
    return address if clean else url_for("web.start")


def _see_other(address: str) -> Response:
    return make_response(redirect(address, 303))


def _end_sign_in() -> None:
    token = request.cookies.get(cookie_name())
    if token and actor().kind != "nobody":
        accounts.sign_out(session(), token, now=now())


def _about(role: str) -> str:
    return {
        "coordinator": _("Writes alerts and reads the reports of residents."),
        "deputy": _("Takes over when the coordinator is away."),
        "inspector": _("Decides about groups, and reads nothing in them."),
        "youth_inspector": _("Talks with young people, and reads nothing in groups."),
        "partner": _("Works with the police and the groups, and reads nothing in them."),
        "zone_admin": _("Keeps streets and users, and reads nothing in groups."),
    }[role]
