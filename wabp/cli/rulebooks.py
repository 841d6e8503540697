"""Commands about rulebooks: what a zone's own file changes, and making it the rules of that zone."""

import click

from wabp.cli.base import Build, example, note, ready, wabp


@wabp.group("rulebook")
def rulebook_commands() -> None:
    """Check a zone's own rules, and use them."""


@rulebook_commands.command("check", **example("wabp rulebook check zone.toml"))
@click.argument("file", metavar="FILE")
def check_rulebook(file: str) -> None:
    """Say whether FILE is a rulebook, and what it changes to its country's."""
    from wabp import checks

    for line in checks.changes_of(file):
        print("\t".join(line))


@rulebook_commands.command("use", **example("wabp rulebook use zone.toml --zone pz-leiebocht"))
@click.argument("file", metavar="FILE|country")
@click.option("--zone", "slug", required=True, help="The zone's short name; `wabp zone list` shows it.")
@click.pass_obj
def use_rulebook(build: Build, file: str, slug: str) -> None:
    """Lay FILE over the rules of a zone's country from now on; `country` goes back to those alone."""
    from wabp import checks, zones
    from wabp.accounts import OPERATOR

    text = None if file == "country" else checks.rulebook_text(file)
    services = ready(build)
    with services.writing() as session:
        book = zones.use_rulebook(session, OPERATOR, slug, text, file, now=services.clock())
        session.commit()
    note(f"Alerts of {slug} are judged by version {book.version} from now on.")
    print(book.version)
