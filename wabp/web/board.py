"""The board: is it arriving, and what followed? The figures come from the ledger's own rows."""

import uuid
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from wabp import alerts, followups, groups, insights, reports
from wabp.errors import WrongState
from wabp.models import Alert
from wabp.web import curve, show, shut
from wabp.web.i18n import _, decimal, ngettext
from wabp.web.pages import actor, now, pages, session


@pages.get("/alerts/<uuid:alert_id>")
def board(alert_id: uuid.UUID) -> Response | str:
    """Show where an alert stands. A draft is written further instead."""
    alert = alerts.get(session(), actor(), alert_id)
    if alert.state in {"draft", "held"}:
        return make_response(redirect(url_for("web.edit", alert_id=alert.id), 303))
    figures = insights.progress(session(), actor(), alert)
    context = _progress_context(alert, figures) | _recipients_context(alert) | _followups_context(alert, figures)
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
        "shut": shut.notices(group, figures),
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
        "form": alert.form,
        "state": alert.state,
        "released_at": show.day_and_hour(alert.released_at, alert.group),
        "until": show.day_and_hour(alert.expires_at, alert.group),
    }


def _followups_context(alert: Alert, figures: insights.Progress) -> dict[str, Any]:
    """Return what followed an alert, or what it follows, and what of it does not leave any more."""
    first = followups.first_of(session(), alert)
    return {
        "first": _alert_context(first) if first is not alert else None,
        "followups": [_followup(one) for one in followups.of_alert(session(), actor(), alert)],
        "called_off": followups.called_off_count(session(), actor(), alert),
        "waiting": figures.states["waiting"],
    }


def _followup(one: Alert) -> dict[str, Any]:
    figures = insights.progress(session(), actor(), one)
    goes_to = figures.recipients - figures.states["unreachable"]
    time = show.day_and_hour(one.released_at, one.group)
    if one.form == "all_clear":
        sent = _("All clear at %(time)s.", time=time)
        had_it = ngettext(
            "%(num)d resident had got this alert and gets the all-clear.",
            "%(num)d residents had got this alert and get the all-clear.",
            goes_to,
        )
    else:
        sent = _("Corrected at %(time)s.", time=time)
        had_it = ngettext(
            "%(num)d resident had got this alert and gets the correction.",
            "%(num)d residents had got this alert and get the correction.",
            goes_to,
        )
    return {
        "id": one.id, "form": one.form, "sent": sent, "goes_to": had_it, "reached": figures.reached,
        "recipients": goes_to,
    }


def _timeline(alert: Alert, figures: insights.Progress) -> list[dict[str, str]]:
    group = alert.group
    number = groups.rulebook_of(group).police_number
    version = alert.rulebook_version or ""
    ended = show.outcome_name(alert.outcome if alert.closed_at else None)
    steps = [
        (alert.called_at, _("%(number)s called", number=number), "urgent"),
        (alert.released_at, _("Sent, checked with the rules %(version)s", version=version), "brand"),
        (figures.first_at, _("The first message left"), "brand"),
        (figures.last_at, _("The latest message left"), "brand"),
        (alert.not_before, _("Leaves after the quiet hours"), "quiet"),
        (alert.expires_at, _("After this nothing leaves any more"), "quiet"),
        (alert.closed_at, _("Closed: %(outcome)s", outcome=ended), "ok"),
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
