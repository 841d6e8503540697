"""What all commands share: their root, how an error is said, and the house put together."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from wabp import __version__

if TYPE_CHECKING:
    from wabp.services import Services

Build = Callable[[], "Services"]


def fail(line: str, code: int = 2) -> int:
    """Say in one line what went wrong, and return the exit code."""
    print(f"wabp: {' '.join(line.split())}", file=sys.stderr)
    return code


def note(line: str) -> None:
    """Say something beside the answer: on standard error."""
    print(line, file=sys.stderr)


def example(text: str) -> dict[str, Any]:
    """Return what a command needs to show an example under its `--help`."""
    return {"epilog": f"Example: {text}", "context_settings": {"max_content_width": 100}}


_ORDER = (
    *("run", "web", "worker", "scheduler", "migrate", "demo"),
    *("zone", "user", "template", "sender", "group", "member", "alert", "check", "rulebook", "doctor"),
)


class _InOrder(click.Group):
    """A group of commands that lists them in the order in which somebody meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands, key=_ORDER.index)


@click.group(cls=_InOrder)
@click.version_option(__version__, message="%(version)s")
def wabp() -> None:
    """Coordinate neighbourhood-watch groups. Settings come from WABP_… in the environment."""


def ready(build: Build) -> "Services":
    """Put the house together and make sure that its schema is the one we know."""
    from wabp import db

    services = build()
    db.require_current_schema(services.app)
    return services


def ready_or_new(build: Build) -> "Services":
    """The same, but an empty database gets its tables first: there is nothing in it to lose."""
    from wabp import db

    services = build()
    if db.schema_state(services.app) == "empty":
        db.upgrade(services.app)
    db.require_current_schema(services.app)
    return services
