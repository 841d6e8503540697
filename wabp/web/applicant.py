"""An application that was handed in, for who founded, coordinates or deputises: follow, change, withdraw, sign."""

from typing import Any

from flask import Response, render_template, request, url_for

from wabp import applications, appointments, groups, paperwork, reviews
from wabp.applications import Standing
from wabp.errors import BadInput, NotThere
from wabp.models import Group
from wabp.web import application_codes, application_view as view, problems, questions
from wabp.web.i18n import _
from wabp.web.pages import actor, language, now, pages, see_other, services, session
from wabp.web.questions import Flow


@pages.get("/groups/<slug>/application")
def application(slug: str) -> str:
    """Show where an application stands, and what its applicant can do now."""
    return _page(applications.by_slug(session(), actor(), slug))


@pages.route("/groups/<slug>/application/<question>", methods=["GET", "POST"])
def application_question(slug: str, question: str) -> Response | str | tuple[str, int]:
    """Change one answer of an application that was handed in."""
    questions.title_of(question)
    group = applications.by_slug(session(), actor(), slug)
    flow = _flow(group)
    if request.method == "POST":
        return questions.answer(flow, question)
    applications.change(session(), actor(), group)
    return questions.ask(flow, question)


@pages.route("/groups/<slug>/application/check", methods=["GET", "POST"])
def application_check(slug: str) -> Response | str | tuple[str, int]:
    """Show the changed answers once more, with the button that hands them in again."""
    group = applications.by_slug(session(), actor(), slug)
    flow = _flow(group)
    applications.change(session(), actor(), group)
    if request.method != "POST":
        return questions.check_page(flow, asked=_asked(group))
    stale = questions.read_before(flow)
    if stale is not None:
        return questions.check_page(flow, asked=_asked(group), problem=stale), problems.status_of(stale)
    try:
        applications.resubmit(session(), actor(), group, now=now())
    except BadInput as problem:
        session().rollback()
        page = questions.check_page(flow, asked=_asked(group), pressed=True, problem=problem)
        return page, problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.application", slug=group.slug))


@pages.post("/groups/<slug>/withdraw")
def application_withdraw(slug: str) -> Response | tuple[str, int]:
    """End the application, once the applicant has ticked that they mean it."""
    group = applications.by_slug(session(), actor(), slug)
    if request.form.get("sure") != "yes":
        return _page(group, BadInput("tick_to_withdraw", field="sure")), 400
    applications.withdraw(session(), actor(), group, now=now())
    session().commit()
    return see_other(url_for("web.application", slug=group.slug))


@pages.post("/groups/<slug>/codes")
def application_code(slug: str) -> Response:
    """Make a fresh code for somebody who was named and whose code is over."""
    group = applications.by_slug(session(), actor(), slug)
    application_codes.renew(group, actor())
    session().commit()
    return see_other(url_for("web.application", slug=group.slug))


@pages.route("/groups/<slug>/charter", methods=["GET", "POST"])
def charter(slug: str) -> Response | str | tuple[str, int]:
    """Show the charter of a group, and let its coordinator sign it once it is approved."""
    group = applications.by_slug(session(), actor(), slug)
    if request.method != "POST":
        return _charter_page(group)
    # Who did not apply has nothing to sign, also when they coordinate the group.
    applications.standing(session(), actor(), group)
    problem = wrong_signature(group)
    if problem is not None:
        return _charter_page(group, problem), 400
    reviews.sign(session(), actor(), group, public_url=services().settings.public_url, now=now())
    session().commit()
    return see_other(url_for("web.application", slug=group.slug))


def wrong_signature(group: Group) -> BadInput | None:
    """Return what is wrong with a signature that was just given: no tick, or a charter that is not the present one."""
    version = groups.rulebook_of(group).version
    if request.form.get("agreed") != "yes":
        return BadInput("tick_to_sign", field="agreed")
    if request.form.get("version") != version:
        return BadInput("charter_changed", field="agreed", version=version)
    return None


# ---- inside ----


def _flow(group: Group) -> Flow:
    slug = group.slug

    def address(question: str, **query: Any) -> str:
        return url_for("web.application_question", slug=slug, question=question, **query)

    found = paperwork.application_of(session(), group)
    if found is None or not appointments.may_change(session(), actor(), group):
        raise NotThere
    out = url_for("web.application", slug=slug)
    return Flow(found, actor(), address, url_for("web.application_check", slug=slug), out, _("Your application"))


def _asked(group: Group) -> str:
    """Return what the officer asked, while they wait for the answer."""
    standing = applications.standing(session(), actor(), group)
    return standing.decisions[0].reason if standing.state == "more_info" and standing.decisions else ""


def _page(group: Group, problem: BadInput | None = None) -> str:
    standing = applications.standing(session(), actor(), group)
    signs = standing.state in groups.HOLDING
    unsent = _is_unsent(standing)
    decided = standing.state in {"more_info", "declined", "approved"} and standing.decisions
    return render_template(
        "application.html",
        group=view.head(group),
        reference=standing.reference,
        now_line=_now_line(standing),
        reason=standing.decisions[0].reason if decided else "",
        unsent=unsent,
        action=_action(standing, unsent=unsent),
        also=_also(standing, unsent=unsent),
        signed=view.signed(group, standing.signatures) if signs else None,
        rows=view.all_rows(standing.versions[0].answers) if standing.versions else [],
        events=view.events(group, standing.versions, standing.decisions),
        people=application_codes.people(group, actor()),
        may_withdraw=standing.may_withdraw,
        errors=[] if problem is None else [{"field": problem.field, "message": problem.say(language())}],
    )


def _charter_page(group: Group, problem: BadInput | None = None) -> str:
    standing = applications.standing(session(), actor(), group)
    signed = {signature.party for signature in standing.signatures}
    if "coordinator" in signed:
        line = _("The coordinator signed. The group starts when the district officer has signed too.")
    elif group.state == "approved":
        line = _("The coordinator signs this.")
    else:
        line = _("Both sign it once the district officer has approved the group.")
    if group.state in groups.PUBLIC:
        line = _("Both have signed.")
    return render_template(
        "charter.html",
        group=view.head(group),
        charter=view.charter_of(groups.rulebook_of(group)),
        signed=view.signed(group, standing.signatures),
        may_sign=standing.may_sign and "coordinator" not in signed,
        sign_line=line,
        errors=[] if problem is None else [{"field": problem.field, "message": problem.say(language())}],
    )


def _now_line(standing: Standing) -> dict[str, str]:
    """Return what is the case now, and who does what next."""
    tone, symbol, bold, text = {
        "draft": ("warn", "hourglass", _("Not handed in yet."), _("The applicant still has to send the code.")),
        "submitted": (
            "info",
            "hourglass",
            _("With the district officer."),
            _("You hear it on your phone. Until then you can change it."),
        ),
        "more_info": (
            "warn",
            "question",
            _("The district officer asks for more."),
            _("Change your answers and hand them in again."),
        ),
        "approved": (
            "ok",
            "check-ring",
            _("Approved."),
            _("Coordinator and district officer sign the charter. Then the group is active."),
        ),
        "active": ("ok", "check-circle", _("The group is active."), _("Neighbours can join.")),
        "suspended": ("warn", "pause", _("The group is paused."), _("It sends nothing, and nobody can join.")),
        "declined": ("refused", "slash", _("Declined."), _appeal(standing)),
        "closed": ("info", "info", _("This application is over."), _("Its streets are free again.")),
    }[standing.state]
    return {"tone": tone, "symbol": symbol, "bold": bold, "text": text}


def _appeal(standing: Standing) -> str:
    if standing.appeal_until is None or standing.appeal_until <= now():
        return _("You can apply anew.")
    last = view.day(standing.appeal_until, standing.group)
    return _("Do you not agree? Tell the police zone until %(day)s.", day=last)


def _is_unsent(standing: Standing) -> bool:
    """Tell whether answers were changed and not handed in again."""
    if not standing.may_change or not standing.versions:
        return False
    changed = applications.change(session(), actor(), standing.group)
    return applications.answers_of(session(), changed) != standing.versions[0].answers


def _action(standing: Standing, *, unsent: bool) -> dict[str, str] | None:
    """Return the one thing to do now, or None."""
    slug = standing.group.slug
    if unsent:
        url = url_for("web.application_check", slug=slug)
        return {"url": url, "label": _("Look it over and hand in"), "symbol": "send"}
    if standing.state == "more_info" and standing.may_change:
        url = url_for("web.application_check", slug=slug)
        return {"url": url, "label": _("Change your answers"), "symbol": "pencil"}
    if standing.may_sign and "coordinator" not in {one.party for one in standing.signatures}:
        return {"url": url_for("web.charter", slug=slug), "label": _("Read and sign the charter"), "symbol": "pencil"}
    if standing.state == "active":
        return {"url": url_for("web.poster", slug=slug), "label": _("Print the poster"), "symbol": "people"}
    return None


def _also(standing: Standing, *, unsent: bool) -> list[dict[str, str]]:
    slug = standing.group.slug
    if standing.state == "submitted" and standing.may_change and not unsent:
        url = url_for("web.application_check", slug=slug)
        return [{"url": url, "label": _("Change your answers"), "symbol": "pencil"}]
    if standing.state == "active":
        return [{"url": url_for("web.group_page", slug=slug), "label": _("Open the group's page"), "symbol": "house"}]
    return []
