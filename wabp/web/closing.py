"""Closing an alert with how it ended, and telling it to those who got the alert."""

import uuid
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, followups, insights
from wabp.errors import BadInput, Problem, WrongState
from wabp.models import Alert
from wabp.web import problems, show
from wabp.web.composer_form import ComposerForm, accept_rewrite, typed_form
from wabp.web.composing import status_of, what_stops
from wabp.web.correcting import form_about, require_demo_stays_here, words_of, writing_context
from wabp.web.i18n import _
from wabp.web.pages import actor, now, only_read, pages, session


@pages.route("/alerts/<uuid:alert_id>/close", methods=["GET", "POST"])
def close(alert_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Close an alert with how it ended; those who got it hear of it when that is ticked."""
    first = followups.first_of(session(), alerts.get(session(), actor(), alert_id))
    if first.state in {"draft", "held"}:
        raise WrongState("alert_not_released")
    if request.method != "POST":
        return _page(first, form_about(first), "", tells=first.kind == "urgent")
    form, chosen = form_about(first, typed_form()), request.form.get("outcome", "")
    tells = request.form.get("all_clear") == "yes"
    do = request.form.get("do", "send")
    if do in {"check", "accept_rewrite"}:
        only_read()
        if do == "accept_rewrite":
            accept_rewrite(first.group, form)
        return _page(first, form, chosen, tells=tells)
    try:
        if tells:
            require_demo_stays_here(first)
        all_clear = words_of(form, None) if tells else None
        done = followups.close(session(), actor(), first, chosen, all_clear=all_clear, now=now())
    except (BadInput, WrongState) as problem:
        session().rollback()
        if first.state == "closed":
            # The same form once more: it is closed, which is what was asked.
            return make_response(redirect(url_for("web.board", alert_id=first.id), 303))
        return _page(first, form, chosen, tells=tells, problem=problem), problems.status_of(problem)
    session().commit()
    if done.stopped:
        return _page(first, form, chosen, tells=tells, stopped=done.stopped), status_of(done.stopped)
    return make_response(redirect(url_for("web.board", alert_id=first.id), 303))


def _page(
    first: Alert,
    form: ComposerForm,
    chosen: str,
    *,
    tells: bool,
    problem: Problem | None = None,
    stopped: alerts.Review | None = None,
) -> str:
    figures = insights.progress(session(), actor(), first)
    group = first.group
    facts = [
        (_("Called"), show.hour(first.called_at, group) or _("Not called")),
        (_("Sent"), show.day_and_hour(first.released_at, group)),
        (_("Reached"), _("%(reached)s of %(recipients)s", reached=figures.reached, recipients=figures.recipients)),
    ]
    known = chosen if chosen in alerts.OUTCOMES else None
    context: dict[str, Any] = writing_context(first, form, "all_clear", known)
    return render_template(
        "close.html",
        **context,
        group=group,
        alert={"id": first.id, "title": show.title(first), "kind": first.kind},
        outcomes=[(slug, show.outcome_name(slug), hint) for slug, hint in _hints().items()],
        chosen=chosen,
        tells=tells,
        facts=[{"name": name, "value": value} for name, value in facts],
        errors=what_stops(problem, stopped),
    )


def _hints() -> dict[str, str]:
    return {
        "police_came": "",
        "quiet_again": _("The police know. No damage was reported."),
        "harmless": _("Such as a courier, a visitor or a contractor."),
        "damage": _("Ask residents to report it to the police."),
        "unknown": "",
    }
