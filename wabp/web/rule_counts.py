"""The rules of a zone as its administrator sees them: which version holds, and how often each rule was contested."""

from flask import render_template

from wabp import feedback, groups, rules
from wabp.models import Zone
from wabp.web import show
from wabp.web.i18n import _
from wabp.web.pages import actor, now, pages, session


@pages.get("/rules")
def rule_counts() -> str:
    """Show the counts by rule. Never a text, a group or a person."""
    counts = feedback.by_rule(session(), actor(), now=now())
    zone = session().get_one(Zone, actor().zone_id)
    book = groups.rulebook_of_zone(zone)
    actions = {
        "refuse": _("May not be sent"),
        "confirm": _("Change it or give a reason"),
        "advise": _("Tip"),
    }
    return render_template(
        "rule_counts.html",
        days=feedback.COUNTED_FOR.days,
        counts=[
            {"label_title": show.label_title(count.label), "rule": count.rule or count.label, "count": count}
            for count in counts
        ],
        country=show.country(book.country),
        version=book.version,
        own=zone.rulebook is not None,
        leads_to=[
            {"means": means, "labels": [show.label_title(key) for key in rules.LABELS if book.actions[key] == action]}
            for action, means in actions.items()
        ],
    )
