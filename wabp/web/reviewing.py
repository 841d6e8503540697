"""Looking an alert over once more, and releasing it by the only button that sends."""

import uuid

from flask import Response, make_response, redirect, render_template, url_for

from wabp import alerts, judging
from wabp.errors import BadInput, Problem
from wabp.models import Alert, unseal
from wabp.web import problems, show
from wabp.web.composer_form import ComposerForm, form_of
from wabp.web.composing import composer_context, composer_page, status_of
from wabp.web.i18n import _, ngettext
from wabp.web.pages import actor, now, pages, services, session


@pages.get("/alerts/<uuid:alert_id>/review")
def review(alert_id: uuid.UUID) -> Response | str:
    """Show everything once more, with the only button that sends."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.is_sent:
        return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
    return _review_page(alert)


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
        return composer_page(alert.group, form_of(alert), alert=alert, problem=problem), problems.status_of(problem)
    session().commit()
    if outcome.stopped:
        page = composer_page(alert.group, form_of(alert), alert=alert, stopped=outcome.stopped)
        return page, status_of(outcome.stopped)
    return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))


def _review_page(alert: Alert) -> Response | str:
    group = alert.group
    check = alerts.examine(session(), alert)
    reason = unseal(session(), alert, "reason")
    open_call = alert.kind == "urgent" and alert.called_at is None
    if group.state != "active" or open_call or alerts.stop_of(check, reason):
        return make_response(redirect(url_for("web.edit", alert_id=alert.id), 303))
    form = form_of(alert)
    context = composer_context(group, form)
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
    )


def _summary(
    alert: Alert, form: ComposerForm, check: judging.Check, reason: str, members: int
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
