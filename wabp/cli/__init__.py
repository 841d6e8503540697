"""The `wabp` command. Standard output holds the answer alone; an error is one line that names the cure, exit 2.

Each command loads what it needs when it runs, so that none waits for what only others use.
"""

import sys
from collections.abc import Sequence

import click

from wabp.cli import (
    alerts as alerts,
    groups as groups,
    members as members,
    rulebooks as rulebooks,
    senders as senders,
    serving as serving,
    tools as tools,
    users as users,
    zones as zones,
)
from wabp.cli.base import Build, fail, wabp
from wabp.errors import Problem


def run(build: Build, arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Never shows a traceback for what a person can mend."""
    try:
        answer = wabp.main(list(arguments), prog_name="wabp", standalone_mode=False, obj=build)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.Abort:
        return fail("stopped", 130)
    except click.exceptions.NoArgsIsHelpError as problem:
        return fail(f"Which command? `{_help_of(problem)}` lists them.")
    except click.UsageError as problem:
        return fail(f"{problem.format_message()} See `{_help_of(problem)}`.")
    except click.ClickException as problem:
        return fail(problem.format_message())
    except Problem as problem:
        return fail(problem.say("en"))
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as problem:
        return fail(f"{problem.filename}: {problem.strerror}. Check the folder and its rights, and WABP_DATABASE_URL.")
    except Exception as problem:
        if (trouble := _database_trouble(problem)) is None:
            raise
        return fail(f"the database did not answer ({trouble}); see `wabp doctor`", 1)


def _help_of(problem: click.UsageError) -> str:
    return f"{problem.ctx.command_path if problem.ctx else 'wabp'} --help"


def _database_trouble(problem: Exception) -> str | None:
    """Return the name of what a database said, or None for any other trouble."""
    from sqlalchemy.exc import DBAPIError

    return type(problem.orig).__name__ if isinstance(problem, DBAPIError) else None
