"""How an application reads on pages, for who applied and for the officer: answers, history, charter, signatures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import flask_babel
from babel.lists import format_list

from wabp import answers, groups, rules
from wabp.answers import QUESTIONS, Answers
from wabp.models import District, Group, Zone
from wabp.paperwork import Decision, Signed, Version
from wabp.web import show
from wabp.web.i18n import _, date
from wabp.web.pages import language, session

_TONES = {
    "submitted": ("warn", "hourglass"),
    "more_info": ("warn", "hourglass"),
    "approved": ("ok", "check-ring"),
    "active": ("ok", "check-circle"),
    "suspended": ("warn", "pause"),
    "declined": ("refused", "slash"),
}


def listed(names: Sequence[str]) -> str:
    """Return names in one phrase, as the page's language joins them."""
    return str(format_list(list(names), locale=flask_babel.get_locale()))


def section(question: str) -> str:
    """Return the heading under which the answer to a question is listed."""
    return {
        "area": _("Area"),
        "motive": _("Reasons"),
        "coordinator": _("Coordinator"),
        "deputy": _("Deputy"),
        "plan": _("Communication plan"),
        "charter": _("House rules and charter"),
    }[question]


def rows(given: Answers, question: str) -> list[dict[str, str]]:
    """Return what was answered to one question, by name. What was not answered is empty."""
    if question == "area":
        names = answers.street_names(session(), given)
        return [
            _row(_("Name of the group"), given.name),
            _row(_("District"), _place_of(given)),
            _row(_("Streets"), ", ".join(names)),
        ]
    if question == "coordinator":
        age = _("yes, the applicant says so") if given.adult else ""
        found = [_row(_("Coordinator"), given.coordinator), _row(_("Of age"), age)]
        return found if given.founder_coordinates else [*found, _row(_("Applied by"), given.founder_name)]
    value = {
        "motive": given.motive,
        "deputy": given.deputy_name,
        "plan": given.plan,
        "charter": _("accepted, version %(version)s", version=given.charter) if given.charter else "",
    }[question]
    return [_row(section(question), value)]


def all_rows(given: Answers) -> list[dict[str, str]]:
    """Return all answers by name."""
    return [row for question in QUESTIONS for row in rows(given, question)]


def head(group: Group) -> dict[str, Any]:
    """Return what the head of a page says of a group."""
    tone, symbol = _TONES.get(group.state, ("", "slash"))
    return {
        "id": group.id,
        "name": group.name,
        "slug": group.slug,
        "district": group.district.name,
        "zone": group.zone.name,
        "streets": listed([street.name for street in group.streets]),
        "state": group.state,
        "state_name": show.group_state(group.state),
        "tone": tone,
        "symbol": symbol,
    }


def charter_of(book: rules.Rulebook) -> dict[str, Any]:
    """Return house rules and headings of the charter in the reader's language, with the version."""
    return {
        "rules": book.house_rules[language()],
        "clauses": [clause.titles[language()] for clause in book.charter],
        "version": book.version,
        "country": show.country(book.country),
    }


def events(group: Group, versions: Sequence[Version], decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Return what happened to an application, newest first; of a later version what it changed."""
    # A decision follows the version that it is about, also within one minute.
    found = [((new.sent_at, new.number, 0), _handed_in(new, before)) for new, before in _with_before(versions)]
    found += [((one.decided_at, one.version, 1), _decided(one)) for one in decisions]
    found.sort(key=lambda event: event[0], reverse=True)
    return [event | {"at": show.day_and_hour(order[0], group)} for order, event in found]


def signed(group: Group, signatures: Sequence[Signed]) -> list[dict[str, str]]:
    """Return both parties of the charter, each with the day on which it signed."""
    parties = {"coordinator": _("Coordinator"), "inspector": _("District officer")}
    at = {signature.party: signature.signed_at for signature in signatures}
    return [{"party": name, "at": day(at.get(party), group)} for party, name in parties.items()]


def outline_of(district: District) -> dict[str, str] | None:
    """Return a district's outline as one path of an SVG, north up, or None when it has none."""
    rings = [ring for ring in district.outline or [] if isinstance(ring, list) and len(ring) > 2]
    points = [(float(point[0]), float(point[1])) for ring in rings for point in ring]
    if not points:
        return None
    west, south = min(x for x, _y in points), min(y for _x, y in points)
    east, north = max(x for x, _y in points), max(y for _x, y in points)
    # A degree of longitude is shorter than one of latitude: at the latitude of the Low Countries by 0.63.
    width, height = max((east - west) * 0.63, 1e-6), max(north - south, 1e-6)
    scale = 300 / max(width, height)
    drawn = [
        " ".join(f"{(x - west) * 0.63 * scale:.1f},{(north - y) * scale:.1f}" for x, y in ring) for ring in rings
    ]
    box = f"-6 -6 {width * scale + 12:.0f} {height * scale + 12:.0f}"
    return {"box": box, "path": " ".join(f"M{points}Z" for points in drawn)}


def _row(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _place_of(given: Answers) -> str:
    district = session().get(District, given.district_id) if given.district_id else None
    zone = session().get(Zone, given.zone_id) if given.zone_id else None
    return ", ".join(place.name for place in (district, zone) if place is not None)


def _with_before(versions: Sequence[Version]) -> list[tuple[Version, Version | None]]:
    return list(zip(versions, [*versions[1:], None], strict=True))


def _handed_in(version: Version, before: Version | None) -> dict[str, Any]:
    if before is None:
        return {"title": _("Handed in"), "text": "", "changes": [], "tone": ""}
    changes = [
        {"name": new["name"], "before": old, "after": new["value"]}
        for question in version.changed
        for new, old in _side_by_side(version.answers, before.answers, question)
        if new["value"] != old
    ]
    title = _("Handed in again, version %(number)s", number=version.number)
    return {"title": title, "text": "", "changes": changes, "tone": ""}


def _side_by_side(new: Answers, old: Answers, question: str) -> list[tuple[dict[str, str], str]]:
    earlier = {row["name"]: row["value"] for row in rows(old, question)}
    return [(row, earlier.get(row["name"], "")) for row in rows(new, question)]


def _decided(decision: Decision) -> dict[str, Any]:
    title, tone = {
        "approve": (_("Approved"), "ok"),
        "more_info": (_("The district officer asked for more"), "warn"),
        "decline": (_("Declined"), "refused"),
    }[decision.decision]
    return {"title": title, "text": decision.reason, "changes": [], "tone": tone}


def day(moment: datetime | None, group: Group) -> str:
    """Return the day on the group's calendar, written out."""
    return date(moment.astimezone(groups.clock_of(group)), "d MMMM y") if moment else ""
