"""One resident as those who coordinate the group see them: write by the relay, warn, suspend, remove, lift.

And the reply to a report, which goes the same way.
"""

import uuid
from datetime import datetime
from typing import Any

from flask import Response, render_template, request, url_for

from wabp import groups, relay, reports, residents, sanctions, texts
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Group, Membership
from wabp.web import overview, problems, refused, show
from wabp.web.i18n import _
from wabp.web.pages import actor, language, now, pages, see_other, session
from wabp.web.residents import member_row

# The field that holds words, by what the form is for.
_WORDS = {"reply": "text"} | dict.fromkeys((*sanctions.KINDS, "lift"), "reason")


@pages.route("/groups/<slug>/residents/<uuid:membership_id>", methods=["GET", "POST"], endpoint="resident")
def resident_page(slug: str, membership_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Show one resident, with what was written to and imposed on them. Write, impose something, or lift it."""
    group = groups.by_slug(session(), actor(), slug)
    membership = residents.get(session(), actor(), group, membership_id)
    return _acted(group, membership) if request.method == "POST" else _page(group, membership, {})


def _acted(group: Group, membership: Membership) -> Response | tuple[str, int]:
    act = request.form.get("act", "")
    if act not in _WORDS:
        raise BadInput("bad_request")
    typed = request.form.get(_WORDS[act], "")
    form = {"act": act, "typed": typed, "days": request.form.get("days", "")}
    if request.form.get("do") == "accept_rewrite":
        return _page(group, membership, form | {"typed": refused.better(group, typed)}), 200
    try:
        _do(group, membership.id, act, typed)
    except NotThere:
        raise
    except Problem as problem:
        refused.keep(problem)
        return _page(group, membership, form, problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.resident", slug=group.slug, membership_id=membership.id, done=act))


@pages.post("/reports/<uuid:report_id>/reply")
def reply_to_report(report_id: uuid.UUID) -> Response | tuple[str, int]:
    """Answer who reported something. The report counts as read."""
    report = reports.get(session(), actor(), report_id)
    typed = request.form.get("text", "")
    if request.form.get("do") == "accept_rewrite":
        return overview.report_page(report, typed=refused.better(report.group, typed)), 200
    try:
        relay.reply(
            session(), actor(), report.group, report.membership_id, typed, report_id=report.id, now=now()
        )
        reports.mark_opened(session(), actor(), report, now=now())
    except NotThere:
        raise
    except Problem as problem:
        refused.keep(problem)
        return overview.report_page(report, typed=typed, problem=problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.report", report_id=report.id))


def _do(group: Group, membership_id: uuid.UUID, act: str, typed: str) -> None:
    if act == "reply":
        relay.reply(session(), actor(), group, membership_id, typed, now=now())
    elif act == "lift":
        sanctions.lift(session(), actor(), group, membership_id, typed, now=now())
    else:
        days = request.form.get("days", 0, type=int) if act == "suspension" else None
        seen = request.form.get("seen", type=int)
        sanctions.impose(
            session(), actor(), group, membership_id, act, typed, days=days, seen=seen, now=now()
        )


def _page(
    group: Group, membership: Membership, form: dict[str, Any], problem: Problem | None = None
) -> str:
    act = form.get("act", "")
    field = f"{act}-days" if problem and problem.field == "days" else act
    refusal = sanctions.may_impose(session(), actor(), membership)
    return render_template(
        "resident.html",
        group=group,
        resident=member_row(residents.show(session(), actor(), membership), group),
        gone=membership.left_at is not None or membership.state == "removed",
        may_act=group.state == "active",
        may_not=texts.say(f"errors.{refusal}", language()) if refusal else None,
        seen=sanctions.revision(session(), membership),
        days=sanctions.DAYS,
        longest=relay.LONGEST,
        form=form,
        errors=refused.errors(field, problem) if problem else [],
        refused=refused.shown(field, problem) if problem else None,
        done=_done(request.args.get("done")),
        history=_history(group, membership),
    )


def _history(group: Group, membership: Membership) -> list[dict[str, Any]]:
    """Return all that was written and imposed, newest first."""
    lines: list[tuple[datetime, dict[str, Any]]] = []
    for reply in relay.to_resident(session(), actor(), membership):
        about = url_for("web.report", report_id=reply.report_id) if reply.report_id else None
        lines.append((reply.at, {"title": _("Message"), "tone": "", "text": reply.text, "by": reply.by, "url": about}))
    for one in sanctions.history(session(), actor(), membership):
        title, tone = _imposed(one, group)
        lines.append((one.at, {"title": title, "tone": tone, "text": one.reason, "by": one.by, "url": None}))
        if one.lifted_at:
            lifted = {"title": _("Lifted"), "tone": "ok", "text": one.lift_reason, "by": "", "url": None}
            lines.append((one.lifted_at, lifted))
    lines.sort(key=lambda line: line[0], reverse=True)
    return [line | {"at": show.day_and_hour(at, group)} for at, line in lines]


def _imposed(one: sanctions.Imposed, group: Group) -> tuple[str, str]:
    if one.kind == "suspension" and one.until:
        return _("Suspended until %(day)s", day=show.day(one.until, group)), "warn"
    return {"warning": (_("Warned"), "warn"), "removal": (_("Removed"), "refused")}[one.kind]


def _done(act: str | None) -> str | None:
    if act == "reply":
        return _("Your message is on its way.")
    return _("Done. The resident gets a message with the reason.") if act in _WORDS else None
