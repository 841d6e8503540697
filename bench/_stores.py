"""Where a bench keeps things: SQLite files, a PostgreSQL server and a Redis server of its own."""

import grp
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from _processes import free_port, running, wait_until


@dataclass(frozen=True)
class Database:
    """One database: its address for the product, and read-only questions to it."""

    url: str
    server_pid: int | None = None

    @property
    def kind(self) -> str:
        return "sqlite" if self.url.startswith("sqlite") else "postgresql"

    @contextmanager
    def asked(self) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Open a connection that only reads; each question sees what is committed by then."""
        connection: Any
        if self.kind == "sqlite":
            connection = sqlite3.connect(f"file:{self.url.removeprefix('sqlite:///')}?mode=ro", uri=True, timeout=10)
        else:
            connection = psycopg.connect(_plain(self.url), autocommit=True)
        try:
            yield lambda question: connection.execute(question).fetchall()
        finally:
            connection.close()

    def change(self, *statements: str) -> None:
        """Change something in a set-up, before anything is measured."""
        if self.kind == "sqlite":
            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=10) as connection:
                for statement in statements:
                    connection.execute(statement)
            connection.close()
        else:
            with psycopg.connect(_plain(self.url)) as server:
                for statement in statements:
                    server.execute(statement)

    def copied(self, name: str) -> "Database":
        """Return a copy that nobody has touched. Nobody may be connected to this one."""
        if self.kind == "sqlite":
            here = Path(self.url.removeprefix("sqlite:///"))
            there = here.with_name(f"{name}.sqlite3")
            with sqlite3.connect(here) as source, sqlite3.connect(there) as target:
                source.backup(target)
            source.close()
            target.close()
            return Database(f"sqlite:///{there}")
        return self._new(name, template=self._name)

    def new(self, name: str) -> "Database":
        """Return an empty database on the same server."""
        return self._new(name, template="template0")

    def _new(self, name: str, template: str) -> "Database":
        with psycopg.connect(_plain(self.url.replace(f"/{self._name}?", "/template1?")), autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return Database(self.url.replace(f"/{self._name}?", f"/{name}?"), self.server_pid)

    @property
    def _name(self) -> str:
        return self.url.partition("?")[0].rpartition("/")[2]


def sqlite(where: Path, name: str = "wabp") -> Database:
    """Return a SQLite database that is not there yet."""
    return Database(f"sqlite:///{where / name}.sqlite3")


@contextmanager
def postgres(where: Path) -> Iterator[Database]:
    """Run a PostgreSQL server that syncs to disk, as it comes but for its buffers. It refuses to be root."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    home = where / "postgres"
    home.mkdir()
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        who = {"user": account.pw_name, "group": grp.getgrgid(account.pw_gid).gr_name, "extra_groups": []}
        shutil.chown(home, who["user"], who["group"])
    layout = ["-A", "trust", "-U", "wabp", "-E", "UTF8", "--locale=C", "-D", home / "data"]
    subprocess.run([str(programs / "initdb"), *map(str, layout)], check=True, capture_output=True, cwd="/", **who)
    options = ["-k", home, "-c", "listen_addresses=", "-c", "shared_buffers=512MB"]
    command = [programs / "postgres", "-D", home / "data", *options]
    with running(command, where / "postgres.log", stop=signal.SIGINT, **who) as process:
        database = Database(f"postgresql+psycopg://wabp@/postgres?host={home}", process.pid)

        def is_ready() -> bool:
            try:
                psycopg.connect(_plain(database.url)).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until("PostgreSQL", is_ready, 20)
        yield database


@contextmanager
def redis(where: Path) -> Iterator[tuple[str, int]]:
    """Run a Redis server that keeps nothing; yields its address and process id."""
    port = free_port()
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(command, where / "redis.log") as process:

        def is_ready() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until("Redis", is_ready, 20)
        yield f"redis://127.0.0.1:{port}/0", process.pid


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
