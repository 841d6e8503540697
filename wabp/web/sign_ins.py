"""Where somebody is signed in: the list of their own browsers, and ending one or all the others."""

import uuid
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for

from wabp import accounts
from wabp.errors import NotThere
from wabp.models import Zone
from wabp.web import show
from wabp.web.i18n import _
from wabp.web.pages import actor, now, pages, see_other, session, signed_in

_DEFAULT_CLOCK = "Europe/Brussels"


@pages.get("/sign-ins", endpoint="sign_ins")
def sign_ins_page() -> str:
    """List the browsers that somebody is signed in with."""
    rows = accounts.sign_ins(session(), actor(), now=now())
    here = signed_in()
    zone = session().get(Zone, actor().zone_id) if actor().zone_id else None
    clock = ZoneInfo(zone.timezone if zone else _DEFAULT_CLOCK)
    shown = [
        {
            "id": row.id,
            "device": row.device or _("Unknown device"),
            "since": show.local_day_and_hour(row.created_at, clock),
            "seen": show.local_day_and_hour(row.last_seen_at, clock),
            "here": here is not None and row.id == here.id,
        }
        for row in rows
    ]
    return render_template("sign_ins.html", sign_ins=sorted(shown, key=lambda row: not row["here"]))


@pages.post("/sign-ins")
def end_sign_ins() -> Response:
    """End one of the own sign-ins, or all but this one."""
    here = signed_in()
    if here is None:
        raise NotThere
    which = request.form.get("which", "")
    if which == "others":
        accounts.end_sign_ins(session(), actor(), now=now(), but=here.id)
    else:
        try:
            wanted = uuid.UUID(which)
        except ValueError:
            raise NotThere from None
        accounts.end_sign_in(session(), actor(), wanted, now=now())
    session().commit()
    return see_other(url_for("web.start") if which == str(here.id) else url_for("web.sign_ins"))
