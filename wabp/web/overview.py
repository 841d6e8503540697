"""What a coordinator sees first, the reports of residents, and an officer's register of groups."""

import uuid
from typing import Any

from flask import Response, make_response, redirect, render_template, url_for

from wabp import alerts, channels, groups, insights, joining, relay, reports, residents, rules, supervision, templates
from wabp.errors import Problem
from wabp.models import Alert, Group, Report, unseal
from wabp.web import refused, show, shut
from wabp.web.i18n import _
from wabp.web.pages import actor, now, pages, session

_RECENT = 10
_EXCERPT = 80


@pages.get("/groups/<slug>")
def overview(slug: str) -> str:
    """Show what needs doing, then what was done."""
    group = groups.by_slug(session(), actor(), slug)
    drafts = alerts.recent(session(), actor(), group, states=("draft", "held"), limit=_RECENT)
    released = alerts.recent(session(), actor(), group, states=("released",), limit=_RECENT)
    closed = alerts.recent(session(), actor(), group, states=("closed",), limit=_RECENT)
    return render_template(
        "overview.html",
        group=group,
        open_alerts=[_row(alert) for alert in released],
        drafts=[
            {"id": alert.id, "title": show.title(alert), "saved_at": show.day_and_hour(alert.saved_at, group)}
            for alert in drafts
        ],
        recent=[_row(alert) for alert in closed],
        reports=[_report(report) for report in reports.of_group(session(), actor(), group)[:5]],
        figures=_figures(group),
        waiting=joining.waiting_count(session(), actor(), group),
        suspension=_suspension(group),
        shut=shut.notices(group),
    )


@pages.get("/groups/<slug>/reports", endpoint="reports")
def reports_page(slug: str) -> str:
    """List what residents reported."""
    group = groups.by_slug(session(), actor(), slug)
    rows = [_report(report) for report in reports.of_group(session(), actor(), group)]
    return render_template("reports.html", group=group, reports=rows)


@pages.get("/reports/<uuid:report_id>")
def report(report_id: uuid.UUID) -> str:
    """Show one report."""
    return report_page(reports.get(session(), actor(), report_id))


def report_page(report: Report, *, typed: str = "", problem: Problem | None = None) -> str:
    """Return the page of one report with what was answered, and a form for one answer more."""
    text = unseal(session(), report, "body")
    written = relay.about_report(session(), actor(), report.group, report.id)
    return render_template(
        "report.html",
        group=report.group,
        report=_report(report) | {"text": text or _("(no text)"), "flags": _flags(report, text)},
        replies=[
            {"text": one.text, "by": one.by, "at": show.day_and_hour(one.at, report.group)} for one in written
        ],
        resident_url=_resident_url(report),
        may_reply=report.group.state == "active",
        longest=relay.LONGEST,
        typed=typed,
        errors=refused.errors("text", problem) if problem else [],
        refused=refused.shown("text", problem) if problem else None,
    )


@pages.post("/reports/<uuid:report_id>")
def report_read(report_id: uuid.UUID) -> Response:
    """Note that a coordinator read a report: it no longer counts as new."""
    found = reports.get(session(), actor(), report_id)
    reports.mark_opened(session(), actor(), found, now=now())
    session().commit()
    return make_response(redirect(url_for("web.reports", slug=found.group.slug), 303))


@pages.get("/registry")
def registry() -> str:
    """Show the groups of an officer's zone, with counts only."""
    registered = groups.registry(session(), actor())
    troubled = alerts.groups_with_many_refusals(session(), actor(), now=now())
    rows = [
        {
            "url": url_for("web.supervise", group_id=row.id),
            "name": row.name,
            "district": row.district,
            "street_count": len(row.streets),
            "state": row.state,
            "state_name": show.group_state(row.state),
            "members": str(row.members) if row.members is not None else _("fewer than 5"),
            "flags": [{"label": _("Many refusals")}] if row.id in troubled else [],
        }
        for row in registered
    ]
    return render_template("registry.html", groups=rows)


def _row(alert: Alert) -> dict[str, Any]:
    figures = insights.progress(session(), actor(), alert)
    return {
        "id": alert.id,
        "title": show.title(alert),
        "kind": alert.kind,
        "released_at": show.day_and_hour(alert.released_at, alert.group),
        "reached": figures.reached,
        "recipients": figures.recipients,
        "outcome": show.outcome_name(alert.outcome),
    }


def _report(report: Report) -> dict[str, Any]:
    text = unseal(session(), report, "body")
    membership = report.membership
    street = membership.street.name if membership.street else None
    excerpt = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rstrip()}…"
    return {
        "id": report.id,
        "label": show.resident(membership.number, street),
        "excerpt": excerpt.replace("\n", " ") or _("(no text)"),
        "at": show.day_and_hour(report.created_at, report.group),
        "opened": report.opened_at is not None,
    }


def _resident_url(report: Report) -> str | None:
    """Return the page of who reported, while they are in the group."""
    if report.membership.state not in residents.PRESENT:
        return None
    return url_for("web.resident", slug=report.group.slug, membership_id=report.membership_id)


def _flags(report: Report, text: str) -> list[dict[str, str]]:
    rulebook = groups.rulebook_of(report.group)
    labels = dict.fromkeys(finding.label for finding in rules.check(text, report.language, rulebook))
    number = rulebook.police_number
    flags = [
        {"label": _("%(what)s: for %(number)s only", what=show.label_title(label), number=number)}
        for label in labels
        if rulebook.actions[label] == "refuse"
    ]
    if report.forwarded:
        flags.append({"label": _("Forwarded: hearsay")})
    if report.media_count:
        flags.append({"label": _("With pictures that we did not open")})
    return flags


def _suspension(group: Group) -> dict[str, str] | None:
    """Return why the group may send nothing now, as those who run it read it."""
    found = supervision.state_of(session(), actor(), group)
    return None if found is None else {"reason": found.reason, "since": show.day_and_hour(found.since, group)}


def _figures(group: Group) -> dict[str, Any]:
    languages = templates.languages(session(), "urgent")
    counts = channels.channel_counts(session(), group.id, languages, now())
    members = sum(counts.values())
    reachable = members - counts.get("unreachable", 0)
    week = insights.released_since(session(), group, now() - insights.A_WEEK)
    return {
        "members": members,
        "reachable": f"{100 * reachable // members} %" if members else "–",
        "alerts_this_week": week,
    }
