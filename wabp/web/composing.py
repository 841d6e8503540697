"""Writing an alert: compose and check while typing. One way, with or without script."""

import uuid
from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, drafts, groups, insights, judging, rules, segments, templates, texts
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Alert, Group
from wabp.web import problems, show
from wabp.web.composer_form import ComposerForm, accept_rewrite, form_of, new_form, take_over_report, typed_form
from wabp.web.i18n import _, ngettext
from wabp.web.pages import actor, language, now, only_read, pages, services, session


@pages.route("/groups/<slug>/alerts/new", methods=["GET", "POST"])
def compose(slug: str) -> Response | str | tuple[str, int]:
    """Write a new alert."""
    group = groups.by_slug(session(), actor(), slug)
    if request.method == "POST":
        return _act(group, None)
    form = new_form(group)
    if report_id := request.args.get("report"):
        take_over_report(form, report_id)
    return composer_page(group, form)


@pages.route("/alerts/<uuid:alert_id>/edit", methods=["GET", "POST"])
def edit(alert_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Go on with a draft."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.is_sent:
        return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
    if request.method == "GET":
        return composer_page(alert.group, form_of(alert), alert=alert)
    return _act(alert.group, alert)


@pages.post("/groups/<slug>/live-check")
def live_check(slug: str) -> str:
    """Check what is typed so far. Keeps nothing."""
    group = groups.by_slug(session(), actor(), slug)
    return render_template("_check.html", **composer_context(group, typed_form()), errors=[])


def _act(group: Group, alert: Alert | None) -> Response | str | tuple[str, int]:
    form = typed_form()
    do = request.form.get("do", "check")
    if do.startswith("dispute:"):
        return _dispute(group, form, do.removeprefix("dispute:"), alert)
    if do not in {"save", "review"}:
        only_read()
    if do == "accept_rewrite":
        accept_rewrite(group, form)
        return composer_page(group, form, alert=alert)
    if do not in {"save", "review"}:
        return composer_page(group, form, alert=alert)
    try:
        alert = _save(group, alert, form)
        if alert.is_sent:
            # The form was sent twice, and the first one went all the way.
            return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
        if do == "review":
            reviewed = alerts.review(session(), actor(), alert, now=now())
            session().commit()
            if reviewed.stopped_by:
                return composer_page(group, form, alert=alert, stopped=reviewed), status_of(reviewed)
    except Problem as problem:
        if isinstance(problem, NotThere):
            raise
        # What was typed is on the page, and a draft that could be kept was committed before.
        session().rollback()
        return composer_page(group, form, alert=alert, problem=problem), problems.status_of(problem)
    target = url_for("web.review", alert_id=alert.id) if do == "review" else _overview(group)
    return make_response(redirect(target, 303))


def _dispute(group: Group, form: ComposerForm, number: str, alert: Alert | None) -> str:
    """Count that the writer calls a finding wrong; the text stays as it is, and so does the finding."""
    check = judging.check_texts(group, form.words(), kind=form.weight, category=form.category)
    numbered = {str(place): found for place, (_code, found) in enumerate(show.in_order(check, form.language), start=1)}
    if number in numbered:
        judging.dispute(session(), actor(), group, check, numbered[number], now=now())
        session().commit()
    return composer_page(group, form, alert=alert, disputed=number in numbered)


def status_of(stopped: alerts.Review) -> int:
    """Return the status of a page that says why an alert was stopped."""
    return 429 if stopped.stopped_by == "many_refusals" else 400


def _save(group: Group, alert: Alert | None, form: ComposerForm) -> Alert:
    """Keep the draft, in a transaction of its own: a refusal that follows must not lose it."""
    if alert is None:
        alert = drafts.draft(
            session(), actor(), group, form.content(), now=now(), form_token=form.form_token or None
        )
    else:
        drafts.edit(session(), actor(), alert, form.content(), now=now())
    session().commit()
    return alert


def composer_page(
    group: Group,
    form: ComposerForm,
    *,
    alert: Alert | None = None,
    problem: Problem | None = None,
    stopped: alerts.Review | None = None,
    disputed: bool = False,
) -> str:
    """Return the composer, with what is wrong said at its field."""
    return render_template(
        "composer.html",
        **composer_context(group, form),
        errors=what_stops(problem, stopped),
        disputed=disputed,
        saved_at=show.day_and_hour(alert.saved_at, group) if alert else None,
    )


def what_stops(problem: Problem | None, stopped: alerts.Review | None) -> list[dict[str, str]]:
    """Return what keeps words from being sent, as errors at their fields."""
    errors = []
    if problem is not None:
        errors.append({"field": problem.field or "text", "message": problem.say(language())})
    if stopped is not None and stopped.stopped_by == "needs_reason":
        least = alerts.SHORTEST_REASON
        message = _("Change the marked words, or say in %(least)s characters or more why you keep them.", least=least)
        errors.append({"field": "reason", "message": message})
    elif stopped is not None and stopped.stopped_by == "many_refusals":
        errors.append({"field": "text", "message": texts.say("errors.many_refusals", language())})
    elif stopped is not None:
        message = _("This may not be sent. Use the suggestion or change the marked words.")
        errors.append({"field": "text", "message": message})
    return errors


def composer_context(group: Group, form: ComposerForm) -> dict[str, Any]:
    """Return what the composer and its live check show of a form: the same words either way."""
    rulebook = groups.rulebook_of(group)
    kind = form.weight
    typed = form.words()
    # The places of findings are places in the text of the field, so the field shows what was checked.
    text = form.text = typed.get(form.language, "")
    check = judging.check_texts(group, typed, kind=kind, category=form.category)
    shown = show.findings(check, form.language, text)
    composed = _composed(group, form, typed) if text else {}
    begins = alerts.begins_at(group, kind, now())
    forecast = insights.forecast(
        session(),
        group,
        {code: body for (code, channel), body in composed.items() if channel == "sms"},
        services().settings,
        templates.languages(session(), kind),
        now(),
        begins or now(),
        urgent=kind == "urgent",
    )
    own = composed.get((form.language, "sms"), "")
    return {
        "group": group,
        "form": form,
        "categories": [(slug, show.category(slug)) for slug in rulebook.categories],
        "streets": [(street.id, street.name) for street in group.streets],
        "findings": shown,
        "marked_text": show.marked(text, shown),
        "hints": [texts.say(key, language()) for key in rules.advise(text, form.language)] if text else [],
        "suggestion": _suggestion(text, check, form.language),
        "blocker": _blocker(shown),
        "forecast": show.forecast(forecast),
        "previews": show.previews(composed, form.language),
        "police_number": rulebook.police_number,
        "counts": {"characters": len(text), "segments": segments.count(own).parts},
        "waits_until": show.day_and_hour(begins, group) if begins and form.kind else None,
    }


def _composed(group: Group, form: ComposerForm, typed: dict[str, str]) -> dict[tuple[str, rules.Channel], str]:
    """Compose as it would leave now, with the words and by the function that delivery uses."""
    rulebook = groups.rulebook_of(group)
    wording = alerts.word(
        group,
        kind=form.weight,
        category=form.category if form.category in rulebook.categories else "other",
        language=form.language,
        words={code: text[: drafts.LONGEST_TEXT] for code, text in typed.items()},
        street=next((street.name for street in group.streets if str(street.id) == form.street_id), None),
        called_at=_call_time(group, form),
        expires_at=alerts.expiry(form.weight, rulebook, now()),
    )
    return insights.previews(wording, rulebook, texts.LANGUAGES)


def _call_time(group: Group, form: ComposerForm) -> datetime | None:
    if form.weight != "urgent" or form.called != "yes":
        return None
    try:
        return drafts.read_call_time(form.called_at, group, now())
    except BadInput:
        return None


def _suggestion(text: str, check: judging.Check, own: str) -> dict[str, Any] | None:
    found = check.findings.get(own, [])
    if not found or len(text) > drafts.LONGEST_TEXT:
        return None
    return show.suggestion(text, check.better(own))


def _blocker(shown: list[dict[str, Any]]) -> str | None:
    refused = [row for row in shown if row["action"] == "refuse"]
    if not refused:
        return None
    return ngettext("change %(num)d point", "change %(num)d points", len(refused))


def _overview(group: Group) -> str:
    return url_for("web.overview", slug=group.slug)
