"""A PostgreSQL server of the tests' own: made in a temp folder, reached by its socket alone, gone afterwards.

PostgreSQL refuses to run as root, so under root it runs as the system's `postgres` user. It does not sync
to disk: a crash of the machine may lose test data, and nothing else.
"""

import grp
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 20
STOP_SECONDS = 10
OWNER = "wabp"
_SERVER_USER = "postgres"
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB")


class PostgresMissing(RuntimeError):
    """This machine has no PostgreSQL server programs, or nobody to run them as."""


@contextmanager
def start_cluster(parent: Path | None = None) -> Iterator[str]:
    """Run a fresh server while the block lasts; yields the URL of its first database.

    Its folder is made in `parent`, which the server's user has to be able to enter: by default the system's
    temp folder. The server is stopped by its own process id, also when the test run is killed (on Linux).
    """
    programs = server_programs()
    folder = Path(tempfile.mkdtemp(prefix="wabp-pg-", dir=parent))
    try:
        as_user = _server_user()
        if as_user:
            shutil.chown(folder, **as_user)
        layout = ["-N", "-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C"]
        _run([programs / "initdb", *layout, "-D", folder / "data"], as_user)
        with _running(programs, folder, as_user):
            yield f"postgresql+psycopg://{OWNER}@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Make an empty database on a running server, or a copy of `template`; drop it afterwards. Yields its URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_plain(server_url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield database_url(server_url, name)
    finally:
        with psycopg.connect(_plain(server_url), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def database_url(server_url: str, name: str) -> str:
    """Return the URL of the database `name` on the server that `server_url` belongs to."""
    address, _, options = server_url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}?{options}"


def server_programs() -> Path:
    """Return the folder of initdb and postgres, the newest version when there are several."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    if (initdb := shutil.which("initdb")) is not None:
        return Path(initdb).resolve().parent
    raise PostgresMissing("PostgreSQL is not installed: run `make test`, or on Debian apt-get install postgresql")


def _server_user() -> dict[str, str]:
    """Who the server runs as: nobody in particular, or under root the system's own user for it."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam(_SERVER_USER)
    except KeyError:
        raise PostgresMissing(f"PostgreSQL does not run as root, and there is no user {_SERVER_USER}") from None
    return {"user": account.pw_name, "group": grp.getgrgid(account.pw_gid).gr_name}


@contextmanager
def _running(programs: Path, folder: Path, as_user: dict[str, str]) -> Iterator[None]:
    options = [word for setting in _QUICK for word in ("-c", setting)]
    # setpriv asks the kernel to stop the server when this process dies without a goodbye.
    guard = [setpriv, "--pdeathsig", "INT"] if (setpriv := shutil.which("setpriv")) else []
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*guard, programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **_identity(as_user),
        )
    try:
        _wait_until_ready(server, folder)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user=OWNER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _run(command: list[str | Path], as_user: dict[str, str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/", **_identity(as_user)
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")


def _identity(as_user: dict[str, str]) -> dict[str, Any]:
    return {**as_user, "extra_groups": []} if as_user else {}


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
