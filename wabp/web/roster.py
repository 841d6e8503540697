"""The roster of a group: coordinator and deputies by name, appointing, ending, and handing the role over."""

import uuid
from typing import Any

from flask import Response, render_template, request, url_for

from wabp import groups, keywords, roster
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Group
from wabp.reverse_codes import Shown
from wabp.web import problems, refused, show, to_us
from wabp.web.i18n import _
from wabp.web.pages import actor, language, now, pages, role_name, see_other, services, session

_ACTS = ("appoint", "renew", "end", "hand_over")


@pages.route("/groups/<slug>/roster", methods=["GET", "POST"], endpoint="roster")
def roster_page(slug: str) -> Response | str | tuple[str, int]:
    """Show who coordinates the group and who stands in. Only the coordinator changes it."""
    group = groups.by_slug(session(), actor(), slug)
    return _changed(group) if request.method == "POST" else _page(group)


def _changed(group: Group) -> Response | tuple[str, int]:
    act = request.form.get("act", "")
    if act not in _ACTS:
        raise BadInput("bad_request")
    try:
        _do(group, act)
    except NotThere:
        raise
    except Problem as problem:
        session().rollback()
        return _page(group, problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.roster", slug=group.slug, done=act))


def _do(group: Group, act: str) -> None:
    if act == "appoint":
        roster.appoint(session(), actor(), group, request.form.get("name", ""), now=now())
        return
    try:
        post = uuid.UUID(request.form.get("post", ""))
    except ValueError:
        if act == "hand_over" and roster.may_hand_over(session(), actor(), group):
            raise BadInput("choose_successor", field="post") from None
        raise NotThere from None
    if act == "renew":
        roster.renew_code(session(), actor(), group, post, now=now())
    elif act == "end":
        roster.end(session(), actor(), group, post, now=now())
    else:
        roster.hand_over(
            session(),
            actor(),
            group,
            post,
            confirmed=request.form.get("confirmed") == "yes",
            public_url=services().settings.public_url,
            now=now(),
        )


def _page(group: Group, problem: Problem | None = None) -> str:
    posts = roster.of_group(session(), actor(), group, now=now())
    rows = [_row(post, group) for post in posts]
    may_change = roster.may_change(session(), actor(), group)
    takes_over = roster.takes_over(session(), actor(), group)
    done = request.args.get("done")
    return render_template(
        "roster.html",
        group=group,
        posts=rows,
        successors=[
            row
            for row in rows
            if row["role"] == "deputy" and row["state"] == "active" and (row["own"] or not takes_over)
        ],
        may_change=may_change,
        takes_over=takes_over,
        may_appoint=group.state in roster.APPOINTS_IN,
        typed=request.form,
        errors=refused.errors(problem.field or "posts", problem) if problem else [],
        # Who coordinates after it took the role: they became no deputy.
        done=None if done == "hand_over" and may_change else _done(done),
    )


def _row(post: roster.Post, group: Group) -> dict[str, Any]:
    return {
        "id": post.id,
        "role": post.role,
        "role_name": role_name(post.role),
        "name": post.name or role_name(post.role),
        "state": post.state,
        "since": show.day(post.since, group),
        "proven": post.proven,
        "own": post.own,
        "code": _code(post.code, group),
    }


def _code(code: Shown | None, group: Group) -> dict[str, Any] | None:
    """Return what a named deputy has to send us, and where to."""
    if code is None or code.used:
        return None
    text = f"{keywords.APPLY[language()]} {code.letters}"
    return {"text": text, "numbers": to_us.ways(text), "until": show.day_and_hour(code.ends_at, group)}


def _done(act: str | None) -> str | None:
    return {
        "appoint": _("Noted. Pass the code on: it appoints whoever sends it from their own phone."),
        "renew": _("Here is a new code."),
        "end": _("The appointment is over."),
        "hand_over": _("The role is handed over. You are a deputy now."),
    }.get(act or "")
