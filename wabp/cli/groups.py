"""Commands about groups."""

import json

import click

from wabp.cli.base import Build, example, ready, wabp


@wabp.group("group")
def group_commands() -> None:
    """Look at groups, and approve one."""


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


@group_commands.command(
    "approve", **example('wabp group approve molenwijk --reason "Approved in the talk of 8 February"')
)
@click.argument("slug", metavar="SLUG")
@click.option("--reason", required=True, help="Why; who applied reads it literally.")
@click.pass_obj
def approve_group(build: Build, slug: str, reason: str) -> None:
    """Approve a group that applied, sign the charter for both, and print its state."""
    from wabp import reviews
    from wabp.accounts import OPERATOR

    services = ready(build)
    with services.writing() as session:
        group = reviews.approve_and_sign(
            session, OPERATOR, slug, reason, public_url=services.settings.public_url, now=services.clock()
        )
        session.commit()
        print(group.state)
