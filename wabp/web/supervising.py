"""Supervising a group: what an officer of its zone sees of it, and suspending and restoring it with a reason."""

import uuid
from typing import Any

from flask import Response, render_template, request, url_for

from wabp import supervision
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Group
from wabp.web import problems, refused, show
from wabp.web.i18n import _
from wabp.web.pages import actor, now, pages, role_name, see_other, services, session


@pages.route("/registry/<uuid:group_id>", methods=["GET", "POST"], endpoint="supervise")
def supervise_page(group_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Show a group and what was decided about it. Suspend it, or restore it."""
    return _decided(group_id) if request.method == "POST" else _page(group_id)


def _decided(group_id: uuid.UUID) -> Response | tuple[str, int]:
    act, reason = request.form.get("act", ""), request.form.get("reason", "")
    try:
        if act == "suspend":
            url = services().settings.public_url
            supervision.suspend(session(), actor(), group_id, reason, public_url=url, now=now())
        elif act == "restore":
            supervision.restore(session(), actor(), group_id, reason, now=now())
        else:
            supervision.look(session(), actor(), group_id)
            raise BadInput("bad_request", field="reason")
    except NotThere:
        raise
    except Problem as problem:
        session().rollback()
        return _page(group_id, reason, problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.supervise", group_id=group_id, done=act))


def _page(group_id: uuid.UUID, reason: str = "", problem: Problem | None = None) -> str:
    seen = supervision.look(session(), actor(), group_id)
    group = supervision.of_zone(session(), actor(), group_id)
    return render_template(
        "supervise.html",
        group=seen,
        state_name=show.group_state(seen.state),
        since=show.day(seen.since, group) if seen.since else None,
        coordinators=[{"name": name, "role_name": role_name(role)} for role, name in seen.coordinators],
        history=[_line(row, group) for row in seen.history],
        act={"active": "suspend", "suspended": "restore"}.get(seen.state) if seen.may_decide else None,
        reason=reason,
        errors=refused.errors("reason", problem) if problem else [],
        done=_done(request.args.get("done")),
    )


def _line(row: supervision.Decided, group: Group) -> dict[str, Any]:
    title, tone = {
        "suspension": (_("Suspended"), "warn"),
        "lifted": (_("Restored"), "ok"),
        "approve": (_("Approved"), "ok"),
        "more_info": (_("Asked for more"), "warn"),
        "decline": (_("Declined"), "refused"),
    }[row.act]
    return {"title": title, "tone": tone, "text": row.reason, "by": row.by, "at": show.day_and_hour(row.at, group)}


def _done(act: str | None) -> str | None:
    return {
        "suspend": _("The group is suspended. Its residents get one line, its coordinators a link to your reason."),
        "restore": _("The group goes on. Its residents get one line."),
    }.get(act or "")
