"""Correcting an alert: a page that tells what was wrong to who got it, and a button that calls off the rest."""

import uuid
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, drafts, followups, groups, insights, judging, rules, segments, texts
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.models import Alert
from wabp.web import problems, show
from wabp.web.composer_form import ComposerForm, accept_rewrite, new_form, typed_form
from wabp.web.composing import status_of, what_stops
from wabp.web.i18n import _
from wabp.web.pages import actor, language, now, only_read, pages, services, session

Page = Response | str | tuple[str, int]


@pages.route("/alerts/<uuid:alert_id>/correct", methods=["GET", "POST"])
def correct(alert_id: uuid.UUID) -> Page:
    """Write a correction and send it. The same form, sent twice, is one correction."""
    first = followups.first_of(session(), alerts.get(session(), actor(), alert_id))
    if request.method != "POST":
        if first.state not in {"released", "closed"}:
            raise WrongState("correct_not_released")
        return _page(first, form_about(first), "")
    form, ready = form_about(first, typed_form()), request.form.get("ready", "")
    do = request.form.get("do", "check")
    if do != "send":
        only_read()
        if do == "accept_rewrite":
            accept_rewrite(first.group, form)
        return _page(first, form, ready)
    if not form.form_token:
        raise BadInput("form_expired")
    try:
        require_demo_stays_here(first)
        done = followups.correct(
            session(), actor(), first, words_of(form, ready or None), now=now(), form_token=form.form_token
        )
    except NotThere:
        raise
    except Problem as problem:
        if isinstance(problem, followups.NobodyGotIt):
            session().commit()
        else:
            session().rollback()
        return _page(first, form, ready, problem=problem), problems.status_of(problem)
    session().commit()
    if done.stopped:
        return _page(first, form, ready, stopped=done.stopped), status_of(done.stopped)
    return make_response(redirect(url_for("web.board", alert_id=(done.sent or first).id), 303))


@pages.post("/alerts/<uuid:alert_id>/cancel-rest")
def cancel_rest(alert_id: uuid.UUID) -> Response:
    """Let nothing more of an alert leave; its board then says how many copies did not."""
    alert = alerts.get(session(), actor(), alert_id)
    followups.cancel_rest(session(), actor(), alert, now=now())
    session().commit()
    return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))


def form_about(first: Alert, form: ComposerForm | None = None) -> ComposerForm:
    """Return a form for words about an alert: they are checked as words of its kind, and no call is asked for."""
    form = form or new_form(first.group)
    form.kind, form.category, form.called = first.kind, first.category, "yes"
    return form


def words_of(form: ComposerForm, ready: str | None) -> followups.Words:
    """Return what was typed, for the noun that judges it."""
    if not form.language_known:
        raise BadInput("choose_language", field="language")
    return followups.Words(form.text, form.language, form.versions, ready, form.reason)


def require_demo_stays_here(alert: Alert) -> None:
    """Raise BadInput where the demo's invented people would be written to for real."""
    if alert.group.demo and not services().settings.provider_is_local:
        raise BadInput("demo_real_provider")


def writing_context(first: Alert, form: ComposerForm, kind: rules.Form, ready: str | None) -> dict[str, Any]:
    """Return what a page shows of the words of a followup: findings, counts, and the messages as they would leave."""
    typed = form.words()
    text = form.text = typed.get(form.language, "")
    check = followups.examine(first, typed)
    shown = show.findings(check, form.language, text)
    composed = _composed(first, form, typed, kind, ready) if text or ready else {}
    return {
        "form": form,
        "findings": shown,
        "marked_text": show.marked(text, shown),
        "suggestion": _suggestion(check, form.language, text),
        "hints": [texts.say(key, language()) for key in rules.advise(text, form.language)] if text else [],
        "counts": {
            "characters": len(text),
            "segments": segments.count(composed.get((form.language, "sms"), "")).parts,
        },
        "previews": show.previews(composed, form.language),
        "audience": followups.audience(session(), actor(), first),
    }


def _composed(
    first: Alert, form: ComposerForm, typed: dict[str, str], kind: rules.Form, ready: str | None
) -> dict[tuple[str, rules.Channel], str]:
    wording = alerts.word(
        first.group,
        kind=form.weight,
        category=first.category,
        language=form.language,
        words={code: body[: drafts.LONGEST_TEXT] for code, body in typed.items()},
        street=first.street.name if first.street else None,
        called_at=None,
        expires_at=None,
        form=kind,
        ready=ready,
        about=first.released_at,
        now=now(),
    )
    return insights.previews(wording, groups.rulebook_of(first.group), texts.LANGUAGES)


def _suggestion(check: judging.Check, own: str, text: str) -> dict[str, Any] | None:
    if not check.findings.get(own) or len(text) > drafts.LONGEST_TEXT:
        return None
    return show.suggestion(text, check.better(own))


def _page(
    first: Alert,
    form: ComposerForm,
    ready: str,
    *,
    problem: Problem | None = None,
    stopped: alerts.Review | None = None,
) -> str:
    known = ready if ready in followups.READY else None
    return render_template(
        "correct.html",
        **writing_context(first, form, "correction", known),
        group=first.group,
        alert={"id": first.id, "title": show.title(first), "kind": first.kind, "state": first.state},
        sentences=_sentences(),
        ready=ready,
        errors=what_stops(problem, stopped),
    )


def _sentences() -> list[tuple[str, str, str]]:
    """Return the ready-made sentences as the reader of this page would get them, each with a hint."""
    hints = {"wrong_street": _("Write below which street it is.")}
    return [
        (slug, texts.say(f"alert.correction_because.{slug}", language()), hints.get(slug, ""))
        for slug in followups.READY
    ]
