"""Commands about groups."""

import json

import click

from wabp.cli.base import Build, example, ready, wabp


@wabp.group("group")
def group_commands() -> None:
    """Look at groups."""


@group_commands.command("list", **example("wabp group list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_groups(build: Build, as_json: bool) -> None:
    """List the groups with their state and size."""
    from wabp import groups
    from wabp.accounts import OPERATOR

    services = ready(build)
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
