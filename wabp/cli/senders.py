"""Commands about the numbers that we send from."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from wabp.cli.base import Build, example, note, ready, wabp
from wabp.errors import BadInput

if TYPE_CHECKING:
    from wabp.lanes import Standing

# The provider's highest step below "any number".
_HIGHEST_LIMIT = 1_000_000


@wabp.group("sender")
def sender_commands() -> None:
    """Look at the numbers that we send from, and limit them as the provider does."""


@sender_commands.command("list", **example("wabp sender list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_senders(build: Build, as_json: bool) -> None:
    """List our numbers: whether the provider takes messages from them, and the limit of WhatsApp."""
    from wabp import lanes, quota

    services = ready(build)
    now = services.clock()
    with services.reading() as session:
        used = quota.used(session, now)
        rows = [_row(standing, used, now) for standing in lanes.standings(session)]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print("\t".join(_said(value) for value in row.values()))


@sender_commands.command("limit", **example("wabp sender limit 250"))
@click.argument("most", metavar="N|none")
@click.pass_obj
def limit_senders(build: Build, most: str) -> None:
    """Say how many people WhatsApp lets us reach by approved forms in 24 hours; none for any number.

    The limit holds for all WhatsApp numbers together. The others get an SMS.
    """
    from wabp import quota

    allowed = _limit(most)
    services = ready(build)
    with services.writing() as session:
        quota.set_limit(session, allowed)
        session.commit()
    people = "any number of people" if allowed is None else f"at most {allowed} people"
    note(f"Approved forms by WhatsApp reach {people} in 24 hours; the others get an SMS.")


def _limit(most: str) -> int | None:
    if most == "none":
        return None
    if not (most.isascii() and most.isdigit() and len(most) < 10 and 0 < int(most) <= _HIGHEST_LIMIT):
        raise BadInput("daily_limit", field="limit", most=_HIGHEST_LIMIT)
    return int(most)


def _row(standing: "Standing", used: int, now: datetime) -> dict[str, object]:
    from wabp.gateway import WHATSAPP, trouble

    by_whatsapp = standing.lane.channel == WHATSAPP
    resting = standing.forms_again_at is not None and standing.forms_again_at > now
    code = standing.stopped_code
    return {
        "channel": standing.lane.channel,
        "sender": standing.lane.sender,
        "state": "open" if standing.stopped_at is None else "stopped",
        "limit": standing.daily_limit if by_whatsapp else None,
        "used": used if by_whatsapp else None,
        "forms_again_at": _moment(standing.forms_again_at) if resting else None,
        "stopped_since": _moment(standing.stopped_at),
        "stopped_code": code,
        "stopped_why": None if code is None else trouble.of(code).means,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _said(value: object) -> str:
    return "-" if value is None else str(value)
