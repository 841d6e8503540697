"""Commands about alerts."""

import json
import sys
import uuid
from typing import TYPE_CHECKING

import click

from wabp import texts
from wabp.cli.base import Build, example, fail, ready, wabp
from wabp.errors import BadInput

if TYPE_CHECKING:
    from wabp import alerts, followups
    from wabp.models import Alert, Group
    from wabp.services import Services

# What is longer than this is not a message: no need to read on.
_LARGEST_INPUT = 100_000

# As in `wabp.followups` and `wabp.alerts`, which are loaded by the commands that need them.
_READY = ("false_alarm", "known_people", "wrong_street", "wrong_description")
_OUTCOMES = ("police_came", "quiet_again", "harmless", "damage", "unknown")


@wabp.group()
def alert() -> None:
    """Release, correct, close and look at alerts."""


@alert.command(
    "send",
    **example('wabp alert send --group demo --kind urgent --category burglary --called 21:04 --text "…"'),
)
@click.option("--group", "slug", required=True, help="The group's short name.")
@click.option("--kind", type=click.Choice(["urgent", "info"]), required=True)
@click.option("--category", required=True, help="Such as burglary or prevention.")
@click.option("--called", metavar="HH:MM", help="When 101/112 was called (urgent).")
@click.option("--street", help="One of the group's streets.")
@click.option("--language", type=click.Choice(texts.LANGUAGES), help="Of the text; guessed when left out.")
@click.option("--reason", default="", help="Why it must go out although the check asks.")
@click.option("--text", "typed", required=True, help="The message; - reads standard input.")
@click.pass_obj
def send_alert(
    build: Build,
    slug: str,
    kind: str,
    category: str,
    called: str | None,
    street: str | None,
    language: str | None,
    reason: str,
    typed: str,
) -> int:
    """Release one alert and print its id. The same check applies as on the page."""
    from wabp import alerts, drafts, groups, rules
    from wabp.accounts import OPERATOR

    if kind == "urgent" and not called:
        raise BadInput("called_missing", field="called")
    if typed == "-":
        typed = _standard_input()
    services = ready(build)
    now = services.clock()
    with services.writing() as session:
        group = groups.by_slug(session, OPERATOR, slug)
        if group.demo and not services.settings.provider_is_local:
            raise BadInput("demo_real_provider")
        content = drafts.Content(
            kind=kind,
            category=category,
            text=typed,
            language=language or rules.language_of(typed, "nl"),
            street_id=_street_id(group, street),
            called="yes" if kind == "urgent" else None,
            called_at=called,
            reason=reason,
        )
        released = alerts.release(
            session, OPERATOR, drafts.draft(session, OPERATOR, group, content, now=now), now=now
        )
        if released.stopped:
            # Nobody goes on with a command's draft; the refusal itself is kept.
            drafts.discard(session, OPERATOR, released.alert)
        session.commit()
        if released.stopped:
            return fail(_refusal(released.stopped, typed, content.language))
        print(released.alert.id)
    return 0


@alert.command("show", **example("wabp alert show ID --json"))
@click.argument("alert_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def show_alert(build: Build, alert_id: str, as_json: bool) -> None:
    """Show how far an alert is. Each person counts once."""
    from wabp import alerts, standing
    from wabp.accounts import OPERATOR

    wanted = _id(alert_id)
    services = ready(build)
    with services.reading() as session:
        found = alerts.get(session, OPERATOR, wanted)
        people = standing.people_by_state(session, "alert", found.id)
        answer = {
            "id": str(found.id),
            "state": found.state,
            "recipients": sum(people.values()),
            "deliveries": dict(sorted(people.items())),
        }
    if as_json:
        print(json.dumps(answer))
    else:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(people.items()))
        print(f"{answer['state']}: {answer['recipients']} recipients ({counts or 'none yet'})")


@alert.command("correct", **example('wabp alert correct ID --text "…"'))
@click.argument("alert_id", metavar="ID")
@click.option("--text", "typed", default="", help="What was wrong; - reads standard input.")
@click.option("--ready", "sentence", type=click.Choice(_READY), help="A ready-made sentence.")
@click.option("--language", type=click.Choice(texts.LANGUAGES), help="Of the text; guessed when left out.")
@click.option("--reason", default="", help="Why it must go out although the check asks.")
@click.pass_obj
def correct_alert(
    build: Build, alert_id: str, typed: str, sentence: str | None, language: str | None, reason: str
) -> int:
    """Send a correction to those who got an alert, and print its id. What has not left is called off."""
    from wabp import alerts, followups
    from wabp.accounts import OPERATOR

    wanted = _id(alert_id)
    words = _words(typed, language, reason, sentence)
    services = ready(build)
    with services.writing() as session:
        found = alerts.get(session, OPERATOR, wanted)
        _require_demo_stays_here(services, found)
        try:
            done = followups.correct(session, OPERATOR, found, words, now=services.clock())
        except followups.NobodyGotIt:
            session.commit()
            raise
        session.commit()
        if done.stopped:
            return fail(_refusal(done.stopped, words.text, words.language))
        print(done.sent.id if done.sent else found.id)
    return 0


@alert.command("close", **example("wabp alert close ID --outcome police_came --all-clear"))
@click.argument("alert_id", metavar="ID")
@click.option("--outcome", type=click.Choice(_OUTCOMES), required=True, help="How it ended.")
@click.option("--all-clear", is_flag=True, help="Tell it to those who got the alert.")
@click.option("--text", "typed", default="", help="What to add to the all-clear; - reads standard input.")
@click.option("--language", type=click.Choice(texts.LANGUAGES), help="Of the text; guessed when left out.")
@click.option("--reason", default="", help="Why it must go out although the check asks.")
@click.pass_obj
def close_alert(
    build: Build, alert_id: str, outcome: str, all_clear: bool, typed: str, language: str | None, reason: str
) -> int:
    """Close an alert with how it ended. Prints the id of the all-clear, when one was sent."""
    from wabp import alerts, followups
    from wabp.accounts import OPERATOR

    wanted = _id(alert_id)
    if typed and not all_clear:
        raise BadInput("text_without_all_clear", field="text")
    words = _words(typed, language, reason) if all_clear else None
    services = ready(build)
    with services.writing() as session:
        found = alerts.get(session, OPERATOR, wanted)
        if all_clear:
            _require_demo_stays_here(services, found)
        done = followups.close(session, OPERATOR, found, outcome, all_clear=words, now=services.clock())
        session.commit()
        if done.stopped and words:
            return fail(_refusal(done.stopped, words.text, words.language))
        if done.sent:
            print(done.sent.id)
    return 0


def _words(typed: str, language: str | None, reason: str, sentence: str | None = None) -> "followups.Words":
    from wabp import followups, rules

    text = _standard_input() if typed == "-" else typed
    return followups.Words(text, language or rules.language_of(text, "nl"), ready=sentence, reason=reason)


def _id(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise BadInput("unknown_alert") from None


def _require_demo_stays_here(services: "Services", found: "Alert") -> None:
    if found.group.demo and not services.settings.provider_is_local:
        raise BadInput("demo_real_provider")


def _standard_input() -> str:
    from wabp import drafts

    given = sys.stdin.buffer.read(_LARGEST_INPUT)
    if len(given) == _LARGEST_INPUT:
        raise BadInput("text_too_long", field="text", length=len(given), longest=drafts.LONGEST_TEXT)
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("not_utf8", field="text") from None


def _street_id(group: "Group", name: str | None) -> uuid.UUID | None:
    if name is None:
        return None
    found = next((street for street in group.streets if street.name.casefold() == name.casefold()), None)
    if found is None:
        raise BadInput("choose_street", field="street")
    return found.id


def _refusal(review: "alerts.Review", typed: str, language: str) -> str:
    """Say in one line what stands in the way, the words, and what to write instead."""
    text = texts.clean(typed)
    findings = review.check.findings[language]
    named = "; ".join(
        f"{finding.label}" + (f" «{text[finding.start : finding.end]}»" if finding.start is not None else "")
        for finding in findings
    )
    better = review.check.better(language)
    if review.stopped_by == "needs_reason":
        return f"asks for a reason ({named}): give one with --reason, or write: {better}"
    return f"refused ({named}). Write instead: {better}"
