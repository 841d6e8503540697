"""The residents of a group: who asks to join, and who is in it, by street. Never a number, never a name of theirs."""

import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Response, render_template, request, url_for

from wabp import groups, joining, residents
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Group
from wabp.web import problems, refused, show
from wabp.web.i18n import _
from wabp.web.pages import LANGUAGE_NAMES, actor, now, pages, role_name, see_other, session

# More requests than this come when these are answered.
_REQUESTS_SHOWN = 50
# The field of a request's form that holds words, by what is done with the request.
_WORDS = {"admit": "", "ask": "text", "refuse": "reason"}


@pages.route("/groups/<slug>/residents", methods=["GET", "POST"], endpoint="residents")
def residents_page(slug: str) -> Response | str | tuple[str, int]:
    """Show who asks to join, then the members by street. Admit somebody, ask them something, or refuse."""
    group = groups.by_slug(session(), actor(), slug)
    return _answered(group) if request.method == "POST" else _page(group)


def _answered(group: Group) -> Response | tuple[str, int]:
    act, asked = request.form.get("act", ""), request.form.get("request", "")
    if act not in _WORDS:
        raise BadInput("bad_request")
    typed = request.form.get(_WORDS[act], "")
    form = {"request": asked, "act": act, "typed": typed, "tell": request.form.get("tell") == "yes"}
    if request.form.get("do") == "accept_rewrite":
        return _page(group, form | {"typed": refused.better(group, typed)}), 200
    try:
        _answer(uuid.UUID(asked), act, typed)
    except (ValueError, NotThere):
        raise NotThere from None
    except Problem as problem:
        refused.keep(problem)
        return _page(group, form, problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.residents", slug=group.slug, done=act))


def _answer(asked: uuid.UUID, act: str, typed: str) -> None:
    if act == "admit":
        joining.admit(session(), actor(), asked, now=now())
    elif act == "ask":
        joining.ask(session(), actor(), asked, typed, now=now())
    else:
        tell = request.form.get("tell") == "yes"
        joining.refuse(session(), actor(), asked, reason=typed, tell=tell, now=now())


def _page(group: Group, form: dict[str, Any] | None = None, problem: Problem | None = None) -> str:
    waiting = joining.requests(session(), actor(), group)
    here = form is not None and form["request"] in {str(one.id) for one in waiting[:_REQUESTS_SHOWN]}
    # A request that is decided meanwhile is no longer on the page: its problem is said at the list.
    field = f"{form['act']}-{form['request']}" if form and here else "requests"
    removed = request.args.get("show") == "removed"
    street = request.args.get("street", type=uuid.UUID)
    page = max(1, request.args.get("page", 1, type=int))
    states = residents.REMOVED if removed else residents.PRESENT
    listed, page_count = residents.listed(session(), actor(), group, states=states, street_id=street, page=page)
    return render_template(
        "residents.html",
        group=group,
        may_admit=group.state == "active",
        requests=[_request(one, group) for one in waiting[:_REQUESTS_SHOWN]],
        waiting=len(waiting),
        form=form if here else None,
        errors=refused.errors(field, problem) if problem else [],
        refused=refused.shown(field, problem) if problem else None,
        done=_done(request.args.get("done")),
        streets=residents.streets(session(), actor(), group),
        members=residents.count(session(), actor(), group, states=residents.PRESENT),
        removed_count=residents.count(session(), actor(), group, states=residents.REMOVED),
        listed=_by_street(listed, group),
        street=street,
        removed=removed,
        page=min(page, page_count),
        pages=page_count,
    )


def _request(waiting: joining.Request, group: Group) -> dict[str, Any]:
    channel = {"whatsapp": "WhatsApp", "sms": _("SMS")}.get(waiting.channel, waiting.channel)
    language = dict(LANGUAGE_NAMES)[waiting.language]
    since = show.day_and_hour(waiting.since, group)
    return {
        "id": waiting.id,
        "label": " · ".join(filter(None, (waiting.street, channel, language, since))),
        "question": waiting.question,
        "answer": waiting.answer,
        "again": waiting.again,
    }


def _by_street(listed: Sequence[residents.Resident], group: Group) -> list[dict[str, Any]]:
    """Return the members of one page, each street with its own; they come in the order of streets."""
    return [
        {"name": name or _("Without a street"), "rows": [member_row(resident, group) for resident in rows]}
        for name, rows in groupby(listed, key=lambda resident: resident.street)
    ]


def member_row(resident: residents.Resident, group: Group) -> dict[str, Any]:
    """Return how pages write one member."""
    return {
        "id": resident.id,
        "label": show.resident(resident.number, resident.street),
        "name": resident.name,
        "role": resident.role,
        "role_name": role_name(resident.role),
        "state": resident.state,
        "state_name": state_name(resident, group),
        "since": show.day(resident.since, group),
        "own": resident.own,
    }


def state_name(resident: residents.Resident, group: Group) -> str:
    """Return what a member's state is called, with the end of a suspension."""
    if resident.state == "suspended" and resident.until:
        return _("Suspended until %(day)s", day=show.day(resident.until, group))
    return {"active": _("Member"), "suspended": _("Suspended for now"), "removed": _("Removed")}[resident.state]


def _done(act: str | None) -> str | None:
    return {
        "admit": _("Admitted. The resident gets a word of welcome."),
        "ask": _("Your question is on its way. The answer comes in here."),
        "refuse": _("Not admitted. The resident gets a short message."),
    }.get(act or "")
