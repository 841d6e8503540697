"""The questions of an application on pages: asked one at a time, and listed with their answers to be checked.

The same pages serve who applies in a browser and who changes an application that was handed in: a `Flow` says
which of the two it is, and where its addresses are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request

from wabp import answers, applications, groups, paperwork
from wabp.accounts import Actor
from wabp.answers import QUESTIONS, Answers
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.models import Application, Group
from wabp.web import application_fields as fields, application_places, problems
from wabp.web.application_view import charter_of, listed, rows, section
from wabp.web.i18n import _, ngettext
from wabp.web.pages import emergency_numbers, language, now, see_other, session

_CHECK = "check"


@dataclass(frozen=True, slots=True)
class Flow:
    """One application being answered: whose hand it is in, and the addresses of its pages."""

    application: Application
    actor: Actor
    address: Callable[..., str]
    check_url: str
    out_url: str
    out_label: str

    @property
    def group(self) -> Group | None:
        """The group, once it was handed in."""
        found: Group | None = self.application.group
        return found if found is not None and found.state != "draft" else None

    @property
    def answers(self) -> Answers:
        """What was answered so far."""
        return applications.answers_of(session(), self.application)


def title_of(question: str) -> str:
    """Return a question as its page asks it. Raises NotThere for none of ours."""
    titles = {
        "area": _("Which streets is it about?"),
        "motive": _("Why do you want a group?"),
        "coordinator": _("Who coordinates the group?"),
        "deputy": _("Who is the deputy?"),
        "plan": _("How will you go about it?"),
        "charter": _("Do you keep to the rules?"),
    }
    if question not in titles:
        raise NotThere
    return titles[question]


def ask(flow: Flow, question: str) -> str:
    """Show one question with what was answered."""
    title_of(question)
    return _page(flow, question, fields.as_it_stands(flow.answers, question))


def answer(flow: Flow, question: str) -> Response | tuple[str, int]:
    """Keep what is right of one page, and go on, or say what is wrong with everything typed in its place."""
    title_of(question)
    typed = fields.typed(question)
    try:
        wrong = _save(flow, question, typed)
    except WrongState as problem:
        session().rollback()
        if problem.key == "errors.changed_elsewhere":
            page = _page(flow, question, typed, elsewhere=rows(flow.answers, question))
        else:
            page = _page(flow, question, typed, [problem])
        return page, problems.status_of(problem)
    session().commit()
    if wrong:
        return _page(flow, question, typed, wrong), 400
    return see_other(_after(flow, question))


def check_page(flow: Flow, *, asked: str = "", pressed: bool = False, problem: Problem | None = None) -> str:
    """List all answers with what is missing, and with the groups that are on these streets."""
    given = flow.answers
    found = applications.problems(session(), flow.application)
    errors = [{"field": question, "message": wrong.say(language())} for question, wrong in found] if pressed else []
    if problem is not None and not errors:
        errors = [{"field": "send", "message": problem.say(language())}]
    return render_template(
        "apply_check.html",
        **_numbers(flow),
        flow=_shown(flow, flow.out_url, flow.out_label),
        summary=[
            {
                "question": question,
                "title": section(question),
                "rows": rows(given, question),
                "edit_url": flow.address(question, to=_CHECK),
                "problems": [wrong.say(language()) for of, wrong in found if of == question],
            }
            for question in QUESTIONS
        ],
        overlaps=[] if found else overlaps_for_applicant(given, flow.group),
        asked=asked,
        revision=flow.application.revision,
        errors=errors,
    )


def read_before(flow: Flow) -> WrongState | None:
    """Return the problem when the answers are no longer those of the page whose button was pressed."""
    return None if fields.revision() == flow.application.revision else WrongState("answers_changed")


def overlaps_for_applicant(given: Answers, group: Group | None) -> list[dict[str, str]]:
    """Say which groups are on these streets. One that nobody approved yet is not named to others."""
    shown = []
    for found in paperwork.overlaps(session(), given.street_ids, but=group.id if group else None):
        count, streets = len(found.streets), listed(found.streets)
        if found.state in groups.PUBLIC:
            title = ngettext(
                "%(streets)s belongs to %(group)s already.",
                "%(streets)s belong to %(group)s already.",
                count,
                streets=streets,
                group=found.name,
            )
            text = _("One street belongs to one group. Join that group, or leave these streets out.")
            url = f"/g/{found.slug}" if found.state == "active" else ""
            shown.append({"title": title, "text": text, "url": url, "group": found.name})
        else:
            title = _("Somebody else applies for %(streets)s too.", streets=streets)
            text = _("You can hand in. Your district officer brings you together.")
            shown.append({"title": title, "text": text, "url": "", "group": ""})
    return shown


def first_open(flow: Flow) -> str:
    """Return the address where somebody goes on: the first question that misses something, else the check."""
    open_questions = [question for question, _wrong in applications.problems(session(), flow.application)]
    return flow.address(open_questions[0]) if open_questions else flow.check_url


# ---- inside ----


def _save(flow: Flow, question: str, typed: Mapping[str, object]) -> list[BadInput]:
    if flow.group is not None and flow.actor.kind == "nobody":
        # From now on it is changed by who is signed in: the browser alone no longer opens it.
        raise WrongState("application_over")
    return applications.save(
        session(), flow.application, question, typed, revision=fields.revision(), now=now(), actor=flow.actor
    )


def _page(
    flow: Flow,
    question: str,
    form: Mapping[str, object],
    wrong: Sequence[Problem] = (),
    elsewhere: Sequence[Mapping[str, str]] = (),
) -> str:
    errors = [{"field": problem.field or question, "message": problem.say(language())} for problem in wrong]
    errors.sort(key=lambda error: fields.position(error["field"]))
    url, label = _back(flow, question)
    frame: dict[str, Any] = _numbers(flow) | {
        "flow": _shown(flow, url, label) | {"here": flow.address(question, **_kept_way())},
        "question": question,
        "title": title_of(question),
        "number": QUESTIONS.index(question) + 1,
        "all": len(QUESTIONS),
        "errors": errors,
    }
    if question == "area":
        place = application_places.of_request(flow.answers, form if request.method == "POST" else {}, flow.group)
        if place.district is None:
            return _place_page(flow, place, frame)
        frame |= application_places.shown(place, flow.group, _other(flow, place))
        if place.answered != place.district.id and request.method != "POST":
            form = dict(form) | {"street_ids": []}
    book = answers.rulebook_for(session(), flow.answers)
    return render_template(
        "apply_question.html",
        **frame,
        form=form,
        revision=flow.application.revision,
        elsewhere=elsewhere,
        charter=charter_of(book) if book else None,
        minimum_age=book.minimum_age if book else 18,
    )


def _place_page(flow: Flow, place: application_places.Place, frame: dict[str, Any]) -> str:
    """Ask for the zone, then for the district: the streets of one district fit on a page."""
    frame["errors"] = []
    if place.unknown:
        key = "choose_zone" if place.unknown == "zone" else "choose_district"
        frame["errors"] = [{"field": place.unknown, "message": BadInput(key).say(language())}]
    return render_template(
        "apply_place.html",
        **frame,
        zones=[{"id": str(zone.id), "name": zone.name} for zone in place.zones],
        districts=[{"id": str(one.id), "name": one.name} for one in place.districts],
        zone_chosen=place.zone,
        chosen=str(flow.answers.district_id if place.zone else flow.answers.zone_id),
        several_zones=len(place.zones) > 1,
        zones_url=flow.address("area", choose="zone", **_kept_way()),
        to=request.args.get("to") if request.args.get("to") == _CHECK else None,
    )


def _other(flow: Flow, place: application_places.Place) -> str:
    assert place.zone is not None
    return flow.address("area", zone=place.zone.id, **_kept_way())


def _numbers(flow: Flow) -> dict[str, Any]:
    """Return the emergency numbers of the chosen zone's country: they are not those of every reader."""
    book = answers.rulebook_for(session(), flow.answers)
    return {"country_numbers": emergency_numbers(book, language())} if book else {}


def _after(flow: Flow, question: str) -> str:
    """Return where a saved answer leads: back to the check when one came from there, else to the next question."""
    position = QUESTIONS.index(question) + 1
    if flow.group is not None or request.args.get("to") == _CHECK or position == len(QUESTIONS):
        return flow.check_url
    return flow.address(QUESTIONS[position])


def _back(flow: Flow, question: str) -> tuple[str, str]:
    position = QUESTIONS.index(question)
    if flow.group is not None or request.args.get("to") == _CHECK:
        return flow.check_url, _("Your answers")
    if position == 0:
        return flow.out_url, flow.out_label
    return flow.address(QUESTIONS[position - 1]), _("Back")


def _kept_way() -> dict[str, str]:
    return {"to": _CHECK} if request.args.get("to") == _CHECK else {}


def _shown(flow: Flow, back_url: str, back_label: str) -> dict[str, Any]:
    return {
        "back_url": back_url,
        "back_label": back_label,
        "check_url": flow.check_url,
        "check_link": flow.group is not None or request.args.get("to") == _CHECK,
        "again": flow.group is not None,
    }
