"""Commands about one person's own data."""

import json

import click

from wabp.cli.base import Build, example, ready, wabp


@wabp.group("member")
def member_commands() -> None:
    """Answer what is kept about somebody."""


@member_commands.command("export", **example("wabp member export +32470000020"))
@click.argument("number", metavar="NUMBER")
@click.pass_obj
def export_member(build: Build, number: str) -> None:
    """Print all that is kept about a number as one JSON object, or "nothing kept". Hand it to its owner only."""
    from wabp import own_data, phones
    from wabp.accounts import OPERATOR

    # Whoever wrote to us is in here for a while, also from a number that may not join.
    wanted = number.strip() if phones.is_e164(number.strip()) else phones.read(number, "BE")
    services = ready(build)
    with services.writing() as session:
        kept = own_data.of_number(session, OPERATOR, wanted, now=services.clock())
        session.commit()
    print("nothing kept" if kept is None else json.dumps(kept, ensure_ascii=False, indent=2))
