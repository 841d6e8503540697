"""A group's page for everybody, and its poster: what to send us to join. Neither takes anything.

The page shows four letters that tie the phone which sends them to this browser. Showing them is all that a
visit may write, within limits; when no letters may be given out, the word alone is enough to join.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import render_template, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from wabp import directory, groups, keywords, limits, reverse_codes, rules
from wabp.errors import NotThere
from wabp.models import Group
from wabp.web import show, to_us
from wabp.web.i18n import _, date
from wabp.web.pages import asker, browser_id, emergency_numbers, language, now, pages, services, session

# New letters for one visitor's address in an hour.
_MOST_CODES, _AN_HOUR = 5, timedelta(hours=1)
_SPENDING = "join page"


@pages.get("/g/<slug>")
def group_page(slug: str) -> str:
    """Say what a group is, who sees what, and what to send to join it."""
    group = groups.public(session(), slug)
    code = _code(group) if group.state == "active" else None
    rulebook = groups.rulebook_of(group)
    members = groups.member_count(session(), group)
    word = directory.word_for(group, language())
    text = f"{word} {code.letters}" if code else word
    return render_template(
        "group.html",
        **_about(group, rulebook),
        linked=code is not None and code.used,
        code={"text": text, "ways": to_us.ways(text), "qr": to_us.qr_code(text)},
        letters=code.letters if code else "",
        letters_until=show.hour(code.ends_at, group) if code else "",
        members=str(members) if members >= groups.FEWEST_SHOWN else _("fewer than 5"),
        roles=[membership.role for membership in groups.coordinators(session(), group.id)],
        saar=[_heading_and_text(line) for line in rulebook.saar[language()]],
        house_rules=rulebook.house_rules[language()],
        rules_version=rulebook.version,
        emergency_line=rules.emergency_line(language(), rulebook),
    )


@pages.get("/g/<slug>/poster")
def poster(slug: str) -> str:
    """Show the poster of a group that can be joined, ready to be printed."""
    group = groups.public(session(), slug)
    if group.state != "active":
        raise NotThere
    word = directory.word_for(group, language())
    others = [directory.word_for(group, other) for other in keywords.JOIN if other != language()]
    address = urlsplit(services().settings.public_url)
    return render_template(
        "poster.html",
        **_about(group, groups.rulebook_of(group)),
        word=word,
        others=others,
        ways=to_us.ways(word),
        qr=to_us.qr_code(word),
        short_address=f"{address.netloc}{address.path}/g/{group.slug}",
        printed_on=date(now().astimezone(groups.clock_of(group)), "d MMMM y"),
    )


def _about(group: Group, rulebook: rules.Rulebook) -> dict[str, object]:
    """Return what both pages say of a group. The numbers for now are those of its country, not of the reader's."""
    since = group.state_since
    return {
        "group": group,
        "streets": [street.name for street in group.streets],
        "since": date(since.astimezone(groups.clock_of(group)), "d MMMM y") if since else "",
        "minimum_age": rulebook.minimum_age,
        "zone_name": group.zone.name,
        "demo": group.demo,
        "country_numbers": emergency_numbers(rulebook, language()),
    }


def _heading_and_text(line: str) -> tuple[str, str]:
    """Part a rule such as "Alarm: call 101 at once." into its heading and what it says."""
    heading, _colon, text = line.partition(":")
    return heading.strip(), text.strip()[:1].upper() + text.strip()[1:]


def _code(group: Group) -> reverse_codes.Shown | None:
    """Return this browser's letters, fresh ones when it has none; None when it gets none."""
    if request.method == "HEAD":
        return None
    browser, visitor, moment = browser_id(), asker(), now()
    shown = reverse_codes.of_browser(session(), "join", group, browser, now=moment)
    if shown is not None or not _may_have_more(session(), group, visitor, moment):
        return shown
    group_id = group.id
    # We give our connection back before we ask for one that writes: visits that each hold one and wait for
    # another would in the end wait for each other.
    session().rollback()
    try:
        with services().writing() as writing:
            held = writing.get_one(Group, group_id)
            if not _may_have_more(writing, held, visitor, moment):
                return None
            if visitor is not None:
                limits.count(writing, _SPENDING, visitor, now=moment)
            shown = reverse_codes.issue(
                writing, "join", held, life=reverse_codes.JOIN_LIFE, browser=browser, now=moment
            )
            writing.commit()
    except OperationalError:
        # Busy with what matters more. The word alone will do.
        return None
    return shown


def _may_have_more(using: Session, group: Group, visitor: str | None, moment: datetime) -> bool:
    if visitor is not None and limits.used(using, _SPENDING, visitor, _AN_HOUR, now=moment) >= _MOST_CODES:
        return False
    return reverse_codes.may_issue(using, group, now=moment)
