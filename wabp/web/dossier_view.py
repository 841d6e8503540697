"""How an inspector's queue and one dossier read on pages: cards, marks of the charter, overlaps, what was decided."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wabp import dossiers, groups
from wabp.dossiers import Dossier, Neighbour
from wabp.models import Group
from wabp.web import application_view as view, show
from wabp.web.i18n import _, ngettext
from wabp.web.pages import now, session

# From this many days on a wait is pointed out.
_LONG = 3


def pill_names() -> dict[str, str]:
    """Return the parts of the queue, as its pills call them."""
    return {
        "todo": _("To do"),
        "waiting": _("Waiting for an answer"),
        "approved": _("Approved"),
        "declined": _("Declined"),
    }


def card(row: dossiers.Waiting) -> dict[str, Any]:
    """Return one application of the queue: how long it waits, or what became of it."""
    group = session().get_one(Group, row.id)
    days = _days_since(group, row.since)
    waits = row.state in {"submitted", "more_info"}
    return {
        "id": row.id,
        "name": row.name,
        "district": row.district,
        "street_count": len(row.streets),
        "overlaps": row.overlaps,
        "points_done": row.points_ok,
        "points": len(dossiers.POINTS),
        "coordinator": row.coordinator,
        "when": _waited(days) if waits else show.group_state(row.state),
        "symbol": "clock" if waits else view.head(group)["symbol"],
        "tone": ("warn" if days >= _LONG else "") if waits else view.head(group)["tone"],
    }


def below(part: str, any_row: bool, waiting: int) -> dict[str, str] | None:
    """Return what stands below the cards, or in their place."""
    if part != "todo":
        return None if any_row else {"title": _("Nothing here"), "text": _("No application is in this list.")}
    text = _("New applications appear here.")
    if waiting:
        text = ngettext(
            "%(num)d group still has to answer you.", "%(num)d groups still have to answer you.", waiting
        )
    return {"title": _("That is all") if any_row else _("Nothing waits for you"), "text": text}


def share(covered: int, streets: int) -> str:
    """Return how much of a district's streets is covered."""
    return f"{100 * covered // streets} %" if streets else "–"


def _days_since(group: Group, moment: datetime) -> int:
    clock = groups.clock_of(group)
    return max((now().astimezone(clock).date() - moment.astimezone(clock).date()).days, 0)


def _waited(days: int) -> str:
    return ngettext("%(num)d day", "%(num)d days", days) if days else _("today")


def sent_line(dossier: Dossier, group: Group) -> str:
    """Return when the present version was handed in, and how long it waits."""
    sent = view.day(dossier.version.sent_at, group)
    if dossier.state not in {"submitted", "more_info"}:
        return _("Handed in on %(day)s", day=sent)
    days = _days_since(group, dossier.since)
    waits = ngettext("waits for %(num)d day", "waits for %(num)d days", days) if days else _("since today")
    return f"{_('Handed in on %(day)s', day=sent)} · {waits}"


def decided(dossier: Dossier) -> dict[str, str] | None:
    """Return the decision that stands."""
    if dossier.state == "closed":
        return {"tone": "info", "symbol": "info", "bold": _("This application is over."), "text": ""}
    if dossier.state == "submitted" or not dossier.decisions:
        return None
    last = dossier.decisions[0]
    tone, symbol, bold = {
        "approve": ("ok", "check-circle", _("Approved.")),
        "more_info": ("info", "hourglass", _("You asked for more.")),
        "decline": ("refused", "slash", _("Declined.")),
    }[last.decision]
    return {"tone": tone, "symbol": symbol, "bold": bold, "text": last.reason}


def overlap(neighbour: Neighbour) -> dict[str, str]:
    """Return the warning about another group on the same streets: name, state, size and streets, nobody in it."""
    found = neighbour.overlap
    title = ngettext(
        "%(num)d street belongs to another group",
        "%(num)d streets belong to another group",
        len(found.streets),
    )
    if found.state not in groups.HOLDING:
        title = ngettext(
            "%(num)d street is in another application", "%(num)d streets are in another application", len(found.streets)
        )
    members = _("fewer than 5 residents")
    if neighbour.members is not None:
        members = ngettext("%(num)d resident", "%(num)d residents", neighbour.members)
    text = _(
        "%(streets)s: %(group)s (%(state)s, %(members)s). One street belongs to one group. Ask to change the area, "
        "or to go together.",
        streets=view.listed(found.streets),
        group=found.name,
        state=show.group_state(found.state),
        members=members,
    )
    return {"title": title, "text": text}


def area(dossier: Dossier) -> dict[str, Any]:
    """Return the streets applied for, each free or with the group that is on it."""
    taken = {street: one.overlap.name for one in dossier.neighbours for street in one.overlap.streets}
    rows = [{"name": name, "taken": taken.get(name, "")} for name in dossier.version.streets]
    count = sum(bool(row["taken"]) for row in rows)
    return {"streets": rows, "free": len(rows) - count, "taken": count}


def points(dossier: Dossier, typed: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the charter's points with what each rests on, marked as the officer typed, else as they stand."""
    names, titles, grounds = mark_names(), _point_titles(), _grounds()
    marked = [(point, typed.get(point.key, point.mark)) for point in dossier.points]
    return [
        {
            "key": point.key,
            "title": titles[point.key],
            "ground": grounds[point.ground],
            "mark": mark if mark in names else point.mark,
            "mark_name": names.get(mark, ""),
        }
        for point, mark in marked
    ]


def mark_names() -> dict[str, str]:
    """Return what a point can be marked as."""
    return {"ok": _("In order"), "todo": _("Still to do"), "wrong": _("Not in order")}


def _point_titles() -> dict[str, str]:
    return {
        "call_first": _("Call first, write afterwards"),
        "no_patrols": _("No patrols, nobody is stopped or followed"),
        "no_names": _("No names, pictures or number plates of people"),
        "coordinator_adult": _("The coordinator is of age"),
        "deputy": _("There is a deputy"),
        "screening": _("Screening of the coordinator"),
        "plan": _("Communication plan: who, when, how often"),
        "invited": _("All residents of the streets are invited"),
    }


def _grounds() -> dict[str, str]:
    return {
        "accepted": _("Accepted with the house rules"),
        "militia_be": _("Belgian law of 29 July 1934 on private militias"),
        "militia_nl": _("Only the police may do that"),
        "house_rules": _("House rules"),
        "older_charter": _("An older version of the rules was accepted"),
        "declared": _("Declared by the applicant"),
        "undeclared": _("Not declared yet"),
        "proven": _("Named, and confirmed from their own phone"),
        "unproven": _("Named, but not confirmed from their own phone yet"),
        "outside": _("Done by the zone, outside this system"),
        "written": _("See the plan above"),
        "unwritten": _("There is no plan yet"),
        "talk": _("Ask about it in the talk"),
    }
