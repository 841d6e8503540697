"""The `wabp` command. Standard output holds the answer alone; an error is one line that names the cure, exit 2.

Each command loads what it needs when it runs, so that none waits for what only others use.
"""

import json
import re
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from wabp import __version__, texts
from wabp.errors import BadInput, Problem

if TYPE_CHECKING:
    from wabp import alerts
    from wabp.models import Group
    from wabp.services import Services

Build = Callable[[], "Services"]
# What is longer than this is not a message: no need to read on.
_LARGEST_INPUT = 100_000
_QUIET = r"none|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"


def run(build: Build, arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Never shows a traceback for what a person can mend."""
    try:
        answer = wabp.main(list(arguments), prog_name="wabp", standalone_mode=False, obj=build)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.Abort:
        return _fail("stopped", 130)
    except click.exceptions.NoArgsIsHelpError as problem:
        return _fail(f"Which command? `{_help_of(problem)}` lists them.")
    except click.UsageError as problem:
        return _fail(f"{problem.format_message()} See `{_help_of(problem)}`.")
    except click.ClickException as problem:
        return _fail(problem.format_message())
    except Problem as problem:
        return _fail(problem.say("en"))
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as problem:
        return _fail(f"{problem.filename}: {problem.strerror}. Check the folder and its rights, and WABP_DATABASE_URL.")
    except Exception as problem:
        if (trouble := _database_trouble(problem)) is None:
            raise
        return _fail(f"the database did not answer ({trouble}); see `wabp doctor`", 1)


def _fail(line: str, code: int = 2) -> int:
    print(f"wabp: {' '.join(line.split())}", file=sys.stderr)
    return code


def _help_of(problem: click.UsageError) -> str:
    return f"{problem.ctx.command_path if problem.ctx else 'wabp'} --help"


def _database_trouble(problem: Exception) -> str | None:
    """Return the name of what a database said, or None for any other trouble."""
    from sqlalchemy.exc import DBAPIError

    return type(problem.orig).__name__ if isinstance(problem, DBAPIError) else None


def _note(line: str) -> None:
    print(line, file=sys.stderr)


def _example(text: str) -> dict[str, Any]:
    return {"epilog": f"Example: {text}", "context_settings": {"max_content_width": 100}}


class _OneOfUs(click.Group):
    """A group of commands that lists them in the order in which they are written."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_OneOfUs)
@click.version_option(__version__, message="%(version)s")
def wabp() -> None:
    """Coordinate neighbourhood-watch groups. Settings come from WABP_… in the environment."""


def _ready(build: Build) -> "Services":
    """Put the house together and make sure that its schema is the one we know."""
    from wabp import db

    services = build()
    db.require_current_schema(services.app)
    return services


def _ready_or_new(build: Build) -> "Services":
    """The same, but an empty database gets its tables first: there is nothing in it to lose."""
    from wabp import db

    services = build()
    if db.schema_state(services.app) == "empty":
        db.upgrade(services.app)
    db.require_current_schema(services.app)
    return services


@wabp.command("run", **_example("WABP_PORT=8080 wabp run"))
@click.pass_obj
def run_all(build: Build) -> None:
    """Serve the pages, send messages and keep time: everything by one command."""
    from wabp import server

    services = _ready_or_new(build)
    _note(f"wabp {__version__} on http://{services.settings.host}:{services.settings.port} (Ctrl-C stops it)")
    server.run_everything(services)


@wabp.command("web", **_example("wabp web"))
@click.pass_obj
def run_web(build: Build) -> None:
    """Serve the pages only."""
    from wabp import server

    server.run_web(_ready(build))


@wabp.command("worker", **_example("wabp worker"))
@click.pass_obj
def run_worker(build: Build) -> None:
    """Send messages only."""
    from wabp import server

    server.run_worker(_ready(build))


@wabp.command("scheduler", **_example("wabp scheduler"))
@click.pass_obj
def run_scheduler(build: Build) -> None:
    """Run the timed jobs only."""
    from wabp import server

    server.run_scheduler(_ready(build))


@wabp.command(**_example("wabp migrate"))
@click.pass_obj
def migrate(build: Build) -> None:
    """Bring the database to the newest schema, also one with data."""
    from wabp import db

    services = build()
    state = db.schema_state(services.app)
    if state == "newer":
        db.require_current_schema(services.app)
    if state != "current":
        db.upgrade(services.app)
    _note("The database has the newest schema.")


@wabp.command("demo", **_example("wabp demo --members 1000 --quiet none"))
@click.option("--members", type=int, help="How many residents; a small street's worth when left out.")
@click.option("--quiet", metavar="22:00-07:00|none", help="Quiet hours; the rulebook's when left out.")
@click.option("--if-empty", is_flag=True, help="Do nothing when a zone is there already.")
@click.pass_obj
def load_demo(build: Build, members: int | None, quiet: str | None, if_empty: bool) -> None:
    """Load the demo zone: Ghent, and an active group `demo` of invented residents."""
    from wabp import demo

    members = demo.DEFAULT_MEMBERS if members is None else members
    if quiet is not None and not re.fullmatch(_QUIET, quiet):
        raise BadInput("quiet_hours", field="quiet")
    services = _ready_or_new(build)
    if not services.settings.provider_is_local:
        if if_empty:
            return _note("No demo: the provider is real.")
        raise BadInput("demo_real_provider")
    with services.writing() as session:
        if if_empty and demo.is_loaded(session):
            return _note("A zone is there already: nothing loaded.")
        demo.load(session, members=members, quiet=quiet, now=services.clock())
        session.commit()
    _note(f"The demo zone is loaded: group `{demo.GROUP_SLUG}` with {members} residents.")


@wabp.group()
def alert() -> None:
    """Release and look at alerts."""


@alert.command(
    "send",
    **_example('wabp alert send --group demo --kind urgent --category burglary --called 21:04 --text "…"'),
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
    from wabp import alerts, groups, rules
    from wabp.accounts import OPERATOR

    if kind == "urgent" and not called:
        raise BadInput("called_missing", field="called")
    if typed == "-":
        typed = _standard_input()
    services = _ready(build)
    now = services.clock()
    with services.writing() as session:
        group = groups.by_slug(session, OPERATOR, slug)
        if group.demo and not services.settings.provider_is_local:
            raise BadInput("demo_real_provider")
        content = alerts.Content(
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
            session, OPERATOR, alerts.draft(session, OPERATOR, group, content, now=now), now=now
        )
        if released.stopped:
            # Nobody goes on with a command's draft; the refusal itself is kept.
            alerts.discard(session, OPERATOR, released.alert)
        session.commit()
        if released.stopped:
            return _fail(_refusal(released.stopped, typed, content.language))
        print(released.alert.id)
    return 0


@alert.command("show", **_example("wabp alert show ID --json"))
@click.argument("alert_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def show_alert(build: Build, alert_id: str, as_json: bool) -> None:
    """Show how far an alert is. Each person counts once."""
    from wabp import alerts, standing
    from wabp.accounts import OPERATOR

    try:
        wanted = uuid.UUID(alert_id)
    except ValueError:
        raise BadInput("unknown_alert") from None
    services = _ready(build)
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


@wabp.command("check", **_example("wabp check --rulebook be < messages.jsonl"))
@click.option("--rulebook", "book", default="be", show_default=True, metavar="be|nl|FILE")
def check_texts(book: str) -> None:
    """Check texts: JSON Lines {"id","lang","text"} in, {"id","findings"} out, in order."""
    from wabp import checks

    checks.run(book, sys.stdin.buffer, sys.stdout)


@wabp.group("group")
def group_commands() -> None:
    """Look at groups."""


@group_commands.command("list", **_example("wabp group list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_groups(build: Build, as_json: bool) -> None:
    """List the groups with their state and size."""
    from wabp import groups
    from wabp.accounts import OPERATOR

    services = _ready(build)
    with services.reading() as session:
        rows = [
            {
                "slug": group.slug,
                "name": group.name,
                "state": group.state,
                "members": groups.member_count(session, group),
            }
            for group in groups.everything(session, OPERATOR)
        ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['slug']}\t{row['state']}\t{row['members']}\t{row['name']}")


@wabp.group()
def template() -> None:
    """Keep the provider's approved message forms."""


@template.command("add", **_example("wabp template add --kind urgent --language nl HX…"))
@click.option("--kind", type=click.Choice(["urgent", "info"]), required=True)
@click.option("--language", type=click.Choice(texts.LANGUAGES), required=True)
@click.argument("content_sid", metavar="CONTENT_SID")
@click.pass_obj
def add_template(build: Build, kind: str, language: str, content_sid: str) -> None:
    """Use an approved form for alerts outside the 24-hour window."""
    from sqlalchemy import delete

    from wabp.models import Template

    if not re.fullmatch(r"HX[0-9a-fA-F]{32}", content_sid):
        raise BadInput("content_sid", field="content_sid")
    services = _ready(build)
    with services.writing() as session:
        session.execute(delete(Template).where(Template.kind == kind, Template.language == language))
        session.add(
            Template(kind=kind, language=language, content_sid=content_sid, created_at=services.clock())
        )
        session.commit()
    _note(f"Alerts of kind {kind} in {language} use {content_sid} outside the 24-hour window.")


@wabp.command(**_example("wabp doctor"))
@click.pass_obj
def doctor(build: Build) -> int:
    """Check settings, clock, database, schema and gateway; exit 1 with what to do."""
    from wabp import checkup

    wrong = 0
    for name, cure in checkup.examine(build):
        print(f"{'ok   ' if cure is None else 'WRONG'} {name}{'' if cure is None else f': {cure}'}")
        wrong += cure is not None
    return 1 if wrong else 0


def _standard_input() -> str:
    from wabp import alerts

    given = sys.stdin.buffer.read(_LARGEST_INPUT)
    if len(given) == _LARGEST_INPUT:
        raise BadInput("text_too_long", field="text", length=len(given), longest=alerts.LONGEST_TEXT)
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
    from wabp import rules

    text = texts.clean(typed)
    findings = review.check.findings[language]
    named = "; ".join(
        f"{finding.label}" + (f" «{text[finding.start : finding.end]}»" if finding.start is not None else "")
        for finding in findings
    )
    better = rules.rewrite(text, findings, language, review.check.rulebook)
    if review.stopped_by == "needs_reason":
        return f"asks for a reason ({named}): give one with --reason, or write: {better}"
    return f"refused ({named}). Write instead: {better}"
