"""Writing an alert: compose, check while typing, look it over, release. One way, with or without script."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, groups, insights, reports, rules, segments, texts
from wabp.errors import BadInput, NotThere, Problem
from wabp.models import Alert, Group, unseal
from wabp.web import problems, show
from wabp.web.i18n import _, ngettext
from wabp.web.pages import actor, language, now, pages, services, session

_FORM_TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass
class ComposerForm:
    """The composer's fields as typed; what cannot be used stays here until it is mended."""

    kind: str | None = None
    called: str | None = None
    called_at: str = ""
    not_emergency_reason: str = ""
    category: str = ""
    street_id: str = ""
    text: str = ""
    language: str = "nl"
    language_known: bool = True
    versions: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    form_token: str = ""

    def content(self) -> alerts.Content:
        """Return what was typed, for the noun that judges it."""
        if self.kind not in ("urgent", "info"):
            raise BadInput("choose_kind", field="kind")
        if not self.language_known:
            raise BadInput("choose_language", field="language")
        try:
            street = uuid.UUID(self.street_id) if self.street_id else None
        except ValueError:
            raise BadInput("choose_street", field="street_id") from None
        return alerts.Content(
            kind=self.kind,
            category=self.category,
            text=self.text,
            language=self.language,
            street_id=street,
            called=self.called if self.kind == "urgent" else None,
            called_at=self.called_at,
            not_emergency=self.not_emergency_reason,
            versions=self.versions,
            reason=self.reason,
        )


@pages.route("/groups/<slug>/alerts/new", methods=["GET", "POST"])
def compose(slug: str) -> Response | str | tuple[str, int]:
    """Write a new alert."""
    group = groups.by_slug(session(), actor(), slug)
    if request.method == "POST":
        return _act(group, None)
    form = _new_form(group)
    if report_id := request.args.get("report"):
        _take_over_report(form, report_id)
    return _composer(group, form)


@pages.route("/alerts/<uuid:alert_id>/edit", methods=["GET", "POST"])
def edit(alert_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Go on with a draft."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.state in {"released", "closed"}:
        return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
    if request.method == "GET":
        return _composer(alert.group, _form_of(alert), alert=alert)
    return _act(alert.group, alert)


@pages.post("/groups/<slug>/live-check")
def live_check(slug: str) -> str:
    """Check what is typed so far. Keeps nothing."""
    group = groups.by_slug(session(), actor(), slug)
    return render_template("_check.html", **_composer_context(group, _typed_form(group)), errors=[])


@pages.get("/alerts/<uuid:alert_id>/review")
def review(alert_id: uuid.UUID) -> Response | str:
    """Show everything once more, with the only button that sends."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.state in {"released", "closed"}:
        return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
    return _review_page(alert, [])


@pages.post("/alerts/<uuid:alert_id>/review")
def release(alert_id: uuid.UUID) -> Response | tuple[str, int]:
    """Release. A second click finds the alert released and shows the board."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.group.demo and not services().settings.provider_is_local:
        raise BadInput("demo_real_provider")
    try:
        outcome = alerts.release(session(), actor(), alert, now=now())
    except Problem as problem:
        session().rollback()
        return _composer(alert.group, _form_of(alert), alert=alert, problem=problem), problems.status_of(problem)
    session().commit()
    if outcome.stopped:
        page = _composer(alert.group, _form_of(alert), alert=alert, stopped=outcome.stopped)
        return page, _status_of(outcome.stopped)
    return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))


def _act(group: Group, alert: Alert | None) -> Response | str | tuple[str, int]:
    form = _typed_form(group)
    do = request.form.get("do", "check")
    if do == "accept_rewrite":
        _accept_rewrite(group, form)
        return _composer(group, form, alert=alert)
    if do not in {"save", "review"}:
        return _composer(group, form, alert=alert)
    try:
        alert = _save(group, alert, form)
        if alert.state in {"released", "closed"}:
            # The form was sent twice, and the first one went all the way.
            return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
        if do == "review":
            reviewed = alerts.review(session(), actor(), alert, now=now())
            session().commit()
            if reviewed.stopped_by:
                return _composer(group, form, alert=alert, stopped=reviewed), _status_of(reviewed)
    except Problem as problem:
        if isinstance(problem, NotThere):
            raise
        # What was typed is on the page, and a draft that could be kept was committed before.
        session().rollback()
        return _composer(group, form, alert=alert, problem=problem), problems.status_of(problem)
    target = url_for("web.review", alert_id=alert.id) if do == "review" else _overview(group)
    return make_response(redirect(target, 303))


def _status_of(stopped: alerts.Review) -> int:
    return 429 if stopped.stopped_by == "many_refusals" else 400


def _save(group: Group, alert: Alert | None, form: ComposerForm) -> Alert:
    """Keep the draft, in a transaction of its own: a refusal that follows must not lose it."""
    if alert is None:
        alert = alerts.draft(
            session(), actor(), group, form.content(), now=now(), form_token=form.form_token or None
        )
    else:
        alerts.edit(session(), actor(), alert, form.content(), now=now())
    session().commit()
    return alert


def _take_over_report(form: ComposerForm, report_id: str) -> None:
    """Begin with what a resident reported, without the words that may not be passed on."""
    try:
        report = reports.get(session(), actor(), uuid.UUID(report_id))
    except ValueError:
        raise NotThere from None
    text = unseal(session(), report, "body")[: alerts.LONGEST_TEXT]
    check = alerts.check_texts(report.group, {report.language: text}, kind="info")
    found = check.findings[report.language]
    form.language = report.language
    form.text = rules.rewrite(text, found, report.language, check.rulebook)
    form.street_id = str(report.membership.street_id or "")


def _accept_rewrite(group: Group, form: ComposerForm) -> None:
    rulebook = groups.rulebook_of(group)
    typed = {form.language: texts.clean(form.text), **{k: texts.clean(v) for k, v in form.versions.items() if v}}
    check = alerts.check_texts(group, typed, kind=form.kind or "info")
    for code, found in check.findings.items():
        better = rules.rewrite(typed[code], found, code, rulebook) if found else typed[code]
        if code == form.language:
            form.text = better
        else:
            form.versions[code] = better


def _composer(
    group: Group,
    form: ComposerForm,
    *,
    alert: Alert | None = None,
    problem: Problem | None = None,
    stopped: alerts.Review | None = None,
) -> str:
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
    return render_template(
        "composer.html",
        **_composer_context(group, form),
        errors=errors,
        saved_at=show.day_and_hour(alert.saved_at, group) if alert else None,
    )


def _composer_context(group: Group, form: ComposerForm) -> dict[str, Any]:
    """Return what the composer and its live check show of a form: the same words either way."""
    rulebook = groups.rulebook_of(group)
    kind = form.kind or "info"
    text = texts.clean(form.text)[: alerts.LONGEST_TEXT * 5]
    form.text = text
    typed = {form.language: text, **{k: texts.clean(v) for k, v in form.versions.items() if texts.clean(v)}}
    check = alerts.check_texts(group, {code: words for code, words in typed.items() if words}, kind=kind)
    shown = show.findings(check, form.language, text)
    composed = _composed(group, form, typed, rulebook) if text else {}
    forecast = insights.forecast(
        session(),
        group,
        {code: body for (code, channel), body in composed.items() if channel == "sms"},
        services().settings,
        alerts.template_languages(session(), kind),
        now(),
    )
    waits = alerts.begins_at(group, kind, now()) if form.kind == "info" else None
    own = composed.get((form.language, "sms"), "")
    return {
        "group": group,
        "form": form,
        "categories": [(slug, show.category(slug)) for slug in rulebook.categories],
        "streets": [(street.id, street.name) for street in group.streets],
        "findings": shown,
        "marked_text": show.marked(text, shown),
        "hints": [texts.say(key, language()) for key in rules.advise(text, form.language)] if text else [],
        "suggestion": _suggestion(text, check, form.language, rulebook),
        "blocker": _blocker(shown),
        "forecast": show.forecast(forecast),
        "previews": show.previews(composed, form.language),
        "police_number": rulebook.police_number,
        "counts": {"characters": len(text), "segments": segments.count(own).parts},
        "waits_until": show.day_and_hour(waits, group) if waits else None,
    }


def _composed(
    group: Group, form: ComposerForm, typed: dict[str, str], rulebook: rules.Rulebook
) -> dict[tuple[str, rules.Channel], str]:
    """Compose as it would leave now, by the very function that delivery uses."""
    kind: rules.Kind = "urgent" if form.kind == "urgent" and form.called != "not_emergency" else "info"
    ends = alerts.expiry(kind, rulebook, now())
    street = next((street.name for street in group.streets if str(street.id) == form.street_id), None)
    wording = rules.Wording(
        kind=kind,
        category=form.category if form.category in rulebook.categories else "other",
        group=group.name,
        language=form.language,
        texts={code: words[: alerts.LONGEST_TEXT] for code, words in typed.items() if words},
        street=street,
        called=form.called_at if kind == "urgent" and form.called == "yes" and form.called_at else None,
        until=show.hour(ends, group),
    )
    return insights.previews(wording, rulebook, texts.LANGUAGES)


def _suggestion(text: str, check: alerts.Check, own: str, rulebook: rules.Rulebook) -> dict[str, Any] | None:
    found = check.findings.get(own, [])
    return show.suggestion(text, rules.rewrite(text, found, own, rulebook)) if found else None


def _blocker(shown: list[dict[str, Any]]) -> str | None:
    refused = [row for row in shown if row["action"] == "refuse"]
    if not refused:
        return None
    return ngettext("change %(num)d point", "change %(num)d points", len(refused))


def _new_form(group: Group) -> ComposerForm:
    own = actor().language if actor().kind == "person" else language()
    return ComposerForm(
        called_at=show.hour(now(), group),
        language=own,
        versions=dict.fromkeys(texts.LANGUAGES, ""),
        form_token=alerts.new_form_token(),
        text="",
    )


def _typed_form(group: Group) -> ComposerForm:
    typed = request.form
    chosen = typed.get("language", "")
    return ComposerForm(
        kind=kind if (kind := typed.get("kind")) in ("urgent", "info") else None,
        called=typed.get("called"),
        called_at=typed.get("called_at", "")[:10],
        not_emergency_reason=typed.get("not_emergency_reason", ""),
        category=typed.get("category", ""),
        street_id=typed.get("street_id", ""),
        text=typed.get("text", ""),
        language=chosen if chosen in texts.LANGUAGES else language(),
        language_known=chosen in texts.LANGUAGES,
        versions={code: typed.get(f"version_{code}", "") for code in texts.LANGUAGES},
        reason=typed.get("reason", ""),
        form_token=token if _FORM_TOKEN.fullmatch(token := typed.get("form_token", "")) else "",
    )


def _form_of(alert: Alert) -> ComposerForm:
    words = {version.language: unseal(session(), version, "body") for version in alert.texts}
    called = "yes" if alert.called_at else "no" if alert.state == "held" else None
    if alert.not_emergency:
        called = "not_emergency"
    return ComposerForm(
        kind="urgent" if called == "not_emergency" else alert.kind,
        called=called,
        called_at=show.hour(alert.called_at or now(), alert.group),
        not_emergency_reason=unseal(session(), alert, "not_emergency"),
        category=alert.category,
        street_id=str(alert.street_id or ""),
        text=words.get(alert.language, ""),
        language=alert.language,
        versions={code: words.get(code, "") if code != alert.language else "" for code in texts.LANGUAGES},
        reason=unseal(session(), alert, "reason"),
        form_token=alert.form_token or "",
    )


def _review_page(alert: Alert, errors: list[dict[str, str]]) -> Response | str:
    group = alert.group
    check = alerts.examine(session(), alert)
    reason = unseal(session(), alert, "reason")
    open_call = alert.kind == "urgent" and alert.called_at is None
    asks = check.verdict is rules.Verdict.CONFIRM and len(reason) < alerts.SHORTEST_REASON
    if open_call or asks or check.verdict is rules.Verdict.REFUSE:
        return make_response(redirect(url_for("web.edit", alert_id=alert.id), 303))
    form = _form_of(alert)
    context = _composer_context(group, form)
    kept = [finding | {"reason": reason} for finding in context["findings"]]
    return render_template(
        "review.html",
        alert={"id": alert.id, "kind": alert.kind},
        group=group,
        summary=_summary(alert, form, check, reason, context["forecast"]["members"]),
        forecast=context["forecast"],
        previews=context["previews"],
        findings=kept,
        checked={
            "at": show.hour(now(), group),
            "country": show.country(check.rulebook.country),
            "version": check.rulebook.version,
        },
        waits_until=context["waits_until"],
        form_token=form.form_token,
        errors=errors,
    )


def _summary(
    alert: Alert, form: ComposerForm, check: alerts.Check, reason: str, members: int
) -> list[dict[str, str | None]]:
    group = alert.group
    to = url_for("web.edit", alert_id=alert.id)
    ends = alerts.expiry(alert.kind, check.rulebook, now())
    rows: list[dict[str, str | None]] = [
        {"name": _("Kind"), "value": show.category(alert.category), "kind": alert.kind, "edit_url": f"{to}#field-kind"}
    ]
    number = check.rulebook.police_number
    if alert.called_at:
        called = _("Yes, %(number)s at %(time)s", number=number, time=show.hour(alert.called_at, group))
        rows.append({"name": _("Called"), "value": called, "edit_url": f"{to}#field-called"})
    if alert.not_emergency:
        rows.append(
            {"name": _("Not called because"), "value": form.not_emergency_reason, "edit_url": f"{to}#field-called"}
        )
    where = alert.street.name if alert.street else _("The whole area")
    rows.append({"name": _("Where"), "value": where, "edit_url": f"{to}#field-street_id"})
    rows.append({"name": _("Message"), "value": form.text, "edit_url": f"{to}#field-text"})
    rows += [
        {"name": f"{_('Message')} ({code})", "value": words, "edit_url": f"{to}#field-version_{code}"}
        for code, words in form.versions.items()
        if words
    ]
    if reason and check.standing:
        rows.append({"name": _("Your reason"), "value": reason, "edit_url": f"{to}#field-reason"})
    whole = ngettext("The whole group: %(num)d resident", "The whole group: %(num)d residents", members)
    rows.append({"name": _("For whom"), "value": whole, "edit_url": None})
    until = _("%(time)s, after that nothing leaves any more", time=show.day_and_hour(ends, group))
    rows.append({"name": _("Valid until"), "value": until, "edit_url": None})
    return rows


def _overview(group: Group) -> str:
    return url_for("web.overview", slug=group.slug)
