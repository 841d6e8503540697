"""Founding a group, for everybody: six questions, all answers once more, and a code to send from one's own phone.

An application belongs to the browser in which it is typed. No number is asked anywhere.
"""

from datetime import timedelta
from typing import Any

from flask import Response, render_template, request, session as cookie, url_for

from wabp import applications, appointments, limits, paperwork
from wabp.accounts import NOBODY
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.models import Application
from wabp.web import application_codes, problems, questions
from wabp.web.i18n import _
from wabp.web.pages import asker, browser_id, language, now, pages, see_other, session
from wabp.web.questions import Flow

# So many applications are begun from one address: a house full of neighbours, but no machine.
_MOST, _WITHIN = 10, timedelta(hours=1)


@pages.get("/apply")
def apply() -> str:
    """Say what a group is and what it takes, and lead to the questions."""
    return _start_page()


@pages.post("/apply")
def apply_begin() -> Response | tuple[str, int]:
    """Begin an application in this browser, or go on with the one that it has."""
    known, visitor = _known(), asker()
    begins = known is None or _is_handed_in(known)
    if begins and visitor is not None and not limits.spend(session(), "apply", visitor, _MOST, _WITHIN, now=now()):
        return _start_page(WrongState("many_applications")), 429
    application = applications.start(session(), browser_id(), now=now())
    session().commit()
    return see_other(_where_it_stands(application))


@pages.route("/apply/<question>", methods=["GET", "POST"])
def apply_question(question: str) -> Response | str | tuple[str, int]:
    """Ask one question, or keep its answer."""
    questions.title_of(question)
    application = _known()
    if application is not None and request.method == "POST":
        return questions.answer(_flow(application), question)
    if application is None or _is_handed_in(application):
        return see_other(_where_it_stands(application))
    return questions.ask(_flow(application), question)


@pages.route("/apply/check", methods=["GET", "POST"])
def apply_check() -> Response | str | tuple[str, int]:
    """Show all answers once more, with the button that hands them in."""
    application = _known()
    if application is None or _is_handed_in(application):
        return see_other(_where_it_stands(application))
    flow = _flow(application)
    if request.method != "POST":
        return questions.check_page(flow)
    stale = questions.read_before(flow)
    if stale is not None:
        return questions.check_page(flow, problem=stale), problems.status_of(stale)
    try:
        applications.send(session(), application, now=now())
    except BadInput as problem:
        session().rollback()
        return questions.check_page(flow, pressed=True, problem=problem), problems.status_of(problem)
    session().commit()
    return see_other(url_for("web.apply_sent"))


@pages.get("/apply/sent")
def apply_sent() -> Response | str:
    """Show the code that the founder sends, or that it came. From then on who signs in sees more than this browser."""
    application = _known()
    group = application.group if application else None
    if application is None or group is None:
        return see_other(_where_it_stands(application))
    proven = _is_handed_in(application)
    founder = None if proven else applications.founder_of(session(), application)
    shown = appointments.code_shown(session(), application, founder, now=now()) if founder else None
    return render_template(
        "apply_sent.html",
        title=_("Your application is handed in") if proven else _("One thing is left"),
        group=group,
        reference=paperwork.reference(group),
        proven=proven,
        code=application_codes.to_send(shown, group) if shown else None,
        appointment_id=founder.id if founder else None,
        code_url=url_for("web.apply_code"),
    )


@pages.post("/apply/sent")
def apply_code() -> Response:
    """Make a fresh code for the founder when theirs is over. One who has sent it meanwhile needs none."""
    application = _known()
    if application is None:
        raise NotThere
    if not _is_handed_in(application):
        application_codes.renew(application.group, application)
        session().commit()
    return see_other(url_for("web.apply_sent"))


def _start_page(problem: Problem | None = None) -> str:
    known = _known()
    handed_in = known is not None and _is_handed_in(known)
    return render_template(
        "apply_start.html",
        went_on=_where_it_stands(known) if known is not None and not handed_in else None,
        handed_in=known.group.name if handed_in and known and known.group else None,
        errors=[{"field": "begin", "message": problem.say(language())}] if problem else [],
    )


def _known() -> Application | None:
    """Return this browser's application. A browser that never began one needs no id for that."""
    return applications.of_browser(session(), browser_id()) if "browser" in cookie else None


def _flow(application: Application) -> Flow:
    def address(question: str, **query: Any) -> str:
        return url_for("web.apply_question", question=question, **query)

    return Flow(application, NOBODY, address, url_for("web.apply_check"), url_for("web.apply"), _("Start"))


def _is_handed_in(application: Application) -> bool:
    return application.group is not None and application.group.state != "draft"


def _where_it_stands(application: Application | None) -> str:
    if application is None:
        return url_for("web.apply")
    if application.group is not None:
        return url_for("web.apply_sent")
    return questions.first_open(_flow(application))
