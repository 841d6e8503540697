"""Commands that serve, and that bring the database to life."""

import re

import click

from wabp import __version__
from wabp.cli.base import Build, example, note, ready, ready_or_new, wabp
from wabp.errors import BadInput

_QUIET = r"none|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"


@wabp.command("run", **example("WABP_PORT=8080 wabp run"))
@click.pass_obj
def run_all(build: Build) -> None:
    """Serve the pages, send messages and keep time: everything by one command."""
    from wabp import server

    services = ready_or_new(build)
    note(f"wabp {__version__} on http://{services.settings.host}:{services.settings.port} (Ctrl-C stops it)")
    server.run_everything(services)


@wabp.command("web", **example("wabp web"))
@click.pass_obj
def run_web(build: Build) -> None:
    """Serve the pages only."""
    from wabp import server

    server.run_web(ready(build))


@wabp.command("worker", **example("wabp worker"))
@click.pass_obj
def run_worker(build: Build) -> None:
    """Send messages only."""
    from wabp import server

    server.run_worker(ready(build))


@wabp.command("scheduler", **example("wabp scheduler"))
@click.pass_obj
def run_scheduler(build: Build) -> None:
    """Run the timed jobs only."""
    from wabp import server

    server.run_scheduler(ready(build))


@wabp.command(**example("wabp migrate"))
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
    note("The database has the newest schema.")


@wabp.command("demo", **example("wabp demo --members 1000 --quiet none"))
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
    services = ready_or_new(build)
    if not services.settings.provider_is_local:
        if if_empty:
            return note("No demo: the provider is real.")
        raise BadInput("demo_real_provider")
    with services.writing() as session:
        if if_empty and demo.is_loaded(session):
            return note("A zone is there already: nothing loaded.")
        demo.load(session, members=members, quiet=quiet, now=services.clock())
        session.commit()
    note(f"The demo zone is loaded: group `{demo.GROUP_SLUG}` with {members} residents.")
