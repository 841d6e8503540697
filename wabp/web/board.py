"""The board: is it arriving? And closing with an outcome. The figures come from the ledger's own rows."""

import uuid
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, groups, insights, reports
from wabp.errors import BadInput, WrongState
from wabp.models import Alert
from wabp.web import curve, show
from wabp.web.i18n import _, decimal
from wabp.web.pages import actor, language, now, pages, session


@pages.get("/alerts/<uuid:alert_id>")
def board(alert_id: uuid.UUID) -> Response | str:
    """Show where an alert stands. A draft is written further instead."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.state in {"draft", "held"}:
        return make_response(redirect(url_for("web.edit", alert_id=alert.id), 303))
    figures = insights.progress(session(), actor(), alert)
    context = _progress_context(alert, figures) | _recipients_context(alert)
    return render_template("board.html", **context, timeline=_timeline(alert, figures), reports=_tallies(alert))


@pages.get("/alerts/<uuid:alert_id>/progress")
def progress(alert_id: uuid.UUID) -> str:
    """Return the moving part of the board."""
    alert = _released(alert_id)
    figures = insights.progress(session(), actor(), alert)
    return render_template("_progress.html", **_progress_context(alert, figures))


@pages.get("/alerts/<uuid:alert_id>/recipients")
def recipients(alert_id: uuid.UUID) -> str:
    """Return the list of recipients."""
    return render_template("_recipients.html", **_recipients_context(_released(alert_id)))


@pages.route("/alerts/<uuid:alert_id>/close", methods=["GET", "POST"])
def close(alert_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Close an alert with how it ended."""
    alert = _released(alert_id)
    chosen = request.form.get("outcome", "")
    errors = []
    if request.method == "POST":
        try:
            alerts.close(session(), actor(), alert, chosen, now=now())
            session().commit()
            return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
        except BadInput as problem:
            errors.append({"field": problem.field, "message": problem.say(language())})
        except WrongState:
            if alert.state != "closed":
                raise
            # The same form once more: it is closed, which is what was asked.
            return make_response(redirect(url_for("web.board", alert_id=alert.id), 303))
    page = render_template("close.html", **_close_context(alert, chosen), errors=errors)
    return (page, 400) if errors else page


def _released(alert_id: uuid.UUID) -> Alert:
    alert = alerts.get(session(), actor(), alert_id)
    if alert.state in {"draft", "held"}:
        raise WrongState("alert_not_released")
    return alert


def _progress_context(alert: Alert, figures: insights.Progress) -> dict[str, Any]:
    group = alert.group
    shown = {
        "recipients": figures.recipients,
        "reached": figures.reached,
        "updated_at": show.hour(now(), group, seconds=True),
        "states": [
            {"slug": slug, "name": show.state_name(slug), "count": count}
            for slug, count in figures.states.items()
        ],
        "final": figures.final,
        "sentence": _sentence(figures),
    }
    delivered, read = insights.arrivals(session(), alert)
    return {
        "alert": _alert_context(alert),
        "group": group,
        "progress": shown,
        "chart": curve.draw(delivered, read, figures.recipients, _curve_note(delivered)),
        "state": _chosen_state(),
    }


def _recipients_context(alert: Alert) -> dict[str, Any]:
    state, page = _chosen_state(), _chosen_page()
    listed, count = insights.recipients(session(), actor(), alert, state=state, page=page)
    rows = [
        {
            "label": show.resident(row.number, None),
            "street": row.street or "",
            "channel": ", ".join({"whatsapp": "WhatsApp", "sms": _("SMS")}[name] for name in row.channels),
            "state_slug": row.state,
            "state_text": ": ".join(filter(None, (show.state_name(row.state), show.reason_name(row.reason)))),
            "at": show.hour(row.at, alert.group, seconds=True),
        }
        for row in listed
    ]
    return {
        "alert": _alert_context(alert),
        "group": alert.group,
        "recipients": rows,
        "state": state,
        "page": min(page, count),
        "pages": count,
    }


def _alert_context(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "title": show.title(alert),
        "kind": alert.kind,
        "state": alert.state,
        "released_at": show.day_and_hour(alert.released_at, alert.group),
        "until": show.day_and_hour(alert.expires_at, alert.group),
    }


def _close_context(alert: Alert, chosen: str) -> dict[str, Any]:
    figures = insights.progress(session(), actor(), alert)
    group = alert.group
    facts = [
        (_("Called"), show.hour(alert.called_at, group) or _("Not called")),
        (_("Sent"), show.day_and_hour(alert.released_at, group)),
        (_("Reached"), _("%(reached)s of %(recipients)s", reached=figures.reached, recipients=figures.recipients)),
    ]
    hints = {
        "police_came": "",
        "quiet_again": _("The police know. No damage was reported."),
        "harmless": _("Such as a courier, a visitor or a contractor."),
        "damage": _("Ask residents to report it to the police."),
        "unknown": "",
    }
    return {
        "alert": _alert_context(alert),
        "group": group,
        "outcomes": [(slug, show.outcome_name(slug), hints[slug]) for slug in alerts.OUTCOMES],
        "chosen": chosen,
        "send_to": figures.reached,
        "facts": [{"name": name, "value": value} for name, value in facts],
    }


def _timeline(alert: Alert, figures: insights.Progress) -> list[dict[str, str]]:
    group = alert.group
    number = groups.rulebook_of(group).police_number
    version = alert.rulebook_version or ""
    steps = [
        (alert.called_at, _("%(number)s called", number=number), "urgent"),
        (alert.released_at, _("Sent, checked with the rules %(version)s", version=version), "brand"),
        (figures.first_at, _("The first message left"), "brand"),
        (figures.last_at, _("The latest message left"), "brand"),
        (alert.not_before, _("Leaves after the quiet hours"), "quiet"),
        (alert.expires_at, _("After this nothing leaves any more"), "quiet"),
        (alert.closed_at, _("Closed: %(outcome)s", outcome=show.outcome_name(alert.outcome)), "ok"),
    ]
    done = [(moment, text, tone) for moment, text, tone in steps if moment is not None]
    done.sort(key=lambda step: step[0])
    return [{"at": show.day_and_hour(moment, group), "text": text, "tone": tone} for moment, text, tone in done]


def _tallies(alert: Alert) -> list[dict[str, Any]]:
    about = sum(1 for report in reports.of_group(session(), actor(), alert.group) if report.alert_id == alert.id)
    return [{"name": _("Messages to you"), "count": about}] if about else []


def _sentence(figures: insights.Progress) -> str:
    return _(
        "%(reached)s of %(recipients)s residents reached.",
        reached=figures.reached,
        recipients=figures.recipients,
    )


def _curve_note(delivered: list[float]) -> str:
    if not delivered:
        return _("Nobody has it yet.")
    half = delivered[(len(delivered) - 1) // 2]
    return _(
        "Half were reached after %(half)s s, the last one after %(last)s s.",
        half=decimal(half, "0.0"),
        last=decimal(delivered[-1], "0.0"),
    )


def _chosen_state() -> str | None:
    chosen = request.args.get("state")
    return chosen if chosen in insights.BOARD_STATES else None


def _chosen_page() -> int:
    typed = request.args.get("page", "1")
    return min(int(typed), 100_000) if typed.isascii() and typed.isdigit() and len(typed) < 7 and int(typed) else 1
