"""Commands about users: those who sign in by office, with e-mail, password and a second factor."""

import dataclasses
import json

import click

from wabp import texts
from wabp.cli.base import Build, example, note, ready, wabp

# The offices that people hold; what each may do is asked where they do it.
_ROLES = ("inspector", "youth_inspector", "partner", "zone_admin")


@wabp.group("user")
def user_commands() -> None:
    """Let officers, partners and administrators in, and out again."""


@user_commands.command(
    "add", **example('wabp user add claes@example.be --role inspector --zone pz-leiebocht --name "Peter Claes"')
)
@click.argument("email")
@click.option("--role", type=click.Choice(_ROLES), required=True)
@click.option("--zone", "zone_slug", required=True, help="The zone's short name; `wabp zone list` shows it.")
@click.option("--name", default="", help="How pages call them; taken from the e-mail when left out.")
@click.option("--language", type=click.Choice(texts.LANGUAGES), default=texts.DEFAULT_LANGUAGE, show_default=True)
@click.pass_obj
def add_user(build: Build, email: str, role: str, zone_slug: str, name: str, language: str) -> None:
    """Make an account and print its one-time link. For an e-mail that is known: start anew.

    The link works once, for ten minutes. Making one ends an earlier password, second factor and every sign-in.
    """
    from wabp import offices
    from wabp.accounts import OPERATOR

    services = ready(build)
    with services.writing() as session:
        token = offices.invite(
            session,
            OPERATOR,
            email,
            role=role,
            zone_slug=zone_slug,
            name=name,
            language=language,
            now=services.clock(),
        )
        session.commit()
    note("Hand this link over in person or by a call. It works once, for ten minutes:")
    print(f"{services.settings.public_url}/set-up/{token}")


@user_commands.command("disable", **example("wabp user disable claes@example.be"))
@click.argument("email")
@click.pass_obj
def disable_user(build: Build, email: str) -> None:
    """Close an account at once, and end all its sign-ins. `wabp user add` opens it again."""
    from wabp import offices
    from wabp.accounts import OPERATOR

    services = ready(build)
    with services.writing() as session:
        offices.disable(session, OPERATOR, email, now=services.clock())
        session.commit()
    note("The account is closed, and signed out everywhere.")


@user_commands.command("list", **example("wabp user list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_users(build: Build, as_json: bool) -> None:
    """List the accounts with their zone, role and state, and the e-mail's first letter and domain."""
    from wabp import offices
    from wabp.accounts import OPERATOR

    services = ready(build)
    with services.reading() as session:
        rows = [dataclasses.asdict(office) for office in offices.everybody(session, OPERATOR)]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['zone']}\t{row['role']}\t{row['state']}\t{row['email'] or '–'}")
