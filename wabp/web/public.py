"""Pages for everybody: the start, choosing language and colours, and who can read what."""

from flask import Response, render_template, request, url_for

from wabp import groups, texts, zones
from wabp.errors import BadInput
from wabp.web.pages import THEMES, local, pages, see_other, session

_A_YEAR = 365 * 24 * 3600
_LONGEST_STREET = 120


@pages.get("/")
def start() -> str:
    """Say what this is, find the group of a street, and list the groups that anybody may know of."""
    typed = " ".join(texts.clean(request.args.get("street", "")).split())[:_LONGEST_STREET]
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
    places = zones.places_of(session(), typed) if typed else []
    return render_template("start.html", groups=shown, typed=typed, places=places)


@pages.get("/who-can-read-what")
def who_reads() -> str:
    """Show which role can read what."""
    return render_template("who_reads.html")


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
    response = see_other(local(request.form.get("next", "")) or url_for("web.start"))
    if value:
        response.set_cookie(name, value, max_age=_A_YEAR, samesite="Lax", httponly=True)
    else:
        response.delete_cookie(name)
    return response
