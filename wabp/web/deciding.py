"""Deciding about groups, for the inspector of their zone: the queue, one application, a decision, a signature.

Nothing in here reads a resident, a message or a number.
"""

import uuid
from collections.abc import Mapping

from flask import Response, render_template, request, url_for

from wabp import coverage, dossiers, groups, reviews
from wabp.errors import NotThere, Problem, WrongState
from wabp.models import Group
from wabp.web import application_view as view, dossier_view, problems
from wabp.web.applicant import wrong_signature
from wabp.web.application_codes import role_name
from wabp.web.pages import actor, language, now, pages, see_other, services, session


@pages.get("/applications")
def applications() -> str:
    """List the applications of the officer's zone, who waits longest first."""
    wanted = request.args.get("show", "todo")
    part = wanted if wanted in dossiers.SHOWS else "todo"
    counts = dossiers.counts(session(), actor())
    waiting = dossiers.queue(session(), actor(), show=part)
    return render_template(
        "applications.html",
        shown=part,
        pills=[{"key": key, "name": name, "count": counts[key]} for key, name in dossier_view.pill_names().items()],
        rows=[dossier_view.card(row) for row in waiting],
        last=dossier_view.below(part, bool(waiting), counts["waiting"]),
        districts=[
            {
                "name": row.name,
                "groups": row.groups,
                "share": dossier_view.share(row.covered, row.streets),
                "begun": row.groups > 0,
            }
            for row in coverage.of_zone(session(), actor())
        ],
        no_mail=not services().settings.smtp_url,
    )


@pages.route("/applications/<uuid:group_id>", methods=["GET", "POST"])
def decide(group_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Show one application, and record the officer's decision on it."""
    if request.method != "POST":
        return _page(group_id)
    try:
        reviews.decide(
            session(),
            actor(),
            group_id,
            version=_version(),
            decision=request.form.get("decision", ""),
            reason=request.form.get("reason", ""),
            checklist=_typed_marks(),
            screened=_screened(),
            public_url=services().settings.public_url,
            now=now(),
        )
    except NotThere:
        raise
    except Problem as problem:
        session().rollback()
        return _page(group_id, problem, typed=request.form), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.decide", group_id=group_id))


@pages.post("/applications/<uuid:group_id>/charter")
def decide_charter(group_id: uuid.UUID) -> Response | tuple[str, int]:
    """Sign the charter for the police."""
    dossier = dossiers.dossier(session(), actor(), group_id)
    group = session().get_one(Group, dossier.id)
    problem = wrong_signature(group) if dossier.may_sign else None
    if problem is not None:
        return _page(group_id, problem), 400
    try:
        reviews.sign(session(), actor(), group, public_url=services().settings.public_url, now=now())
    except WrongState as wrong:
        session().rollback()
        return _page(group_id, wrong), problems.status_of(wrong)
    session().commit()
    return see_other(url_for("web.decide", group_id=group_id))


def _page(group_id: uuid.UUID, problem: Problem | None = None, typed: Mapping[str, str] | None = None) -> str:
    dossier = dossiers.dossier(session(), actor(), group_id)
    group = session().get_one(Group, dossier.id)
    newer = problem is not None and problem.key == "errors.application_newer"
    marks = _typed_marks() if typed is not None else {}
    return render_template(
        "decide.html",
        group=view.head(group),
        reference=dossier.reference,
        sent_line=dossier_view.sent_line(dossier, group),
        decided=dossier_view.decided(dossier),
        newer=newer,
        version=dossier.version.number,
        may_decide=dossier.may_decide,
        overlaps=[dossier_view.overlap(neighbour) for neighbour in dossier.neighbours],
        rows=view.all_rows(dossier.version.answers),
        people=[
            {"role_name": role_name(one.role), "proven": one.proven_at is not None} for one in dossier.appointments
        ],
        points=dossier_view.points(dossier, marks),
        points_done=sum(point.mark == "ok" for point in dossier.points),
        screened=_screened() if typed is not None else any(one.screened for one in dossier.decisions[:1]),
        marks=list(dossier_view.mark_names().items()),
        charter=view.charter_of(groups.rulebook_of(group)),
        events=view.events(group, dossier.versions, dossier.decisions),
        area=dossier_view.area(dossier),
        outline=view.outline_of(group.district),
        typed={"decision": typed.get("decision", ""), "reason": typed.get("reason", "")} if typed else {},
        signed=view.signed(group, dossier.signatures) if group.state in groups.HOLDING else None,
        may_sign=dossier.may_sign,
        errors=[] if problem is None or newer else [_error(problem)],
    )


def _error(problem: Problem) -> dict[str, str]:
    fields = {"decision", "reason", "checklist", "agreed"}
    return {"field": problem.field if problem.field in fields else "decision", "message": problem.say(language())}


def _version() -> int:
    typed = request.form.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _typed_marks() -> dict[str, str]:
    """Return the marks of this form by point; screening is ticked, not marked."""
    fields = {key: request.form.get(f"point_{key}") for key in dossiers.POINTS if key != "screening"}
    return {key: mark for key, mark in fields.items() if mark is not None}


def _screened() -> bool:
    return request.form.get("screened") == "yes"
