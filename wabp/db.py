"""Owns the connection to the database: sessions, how transactions begin, and the schema's version.

A session reads or writes, decided when it opens. A writing transaction on SQLite begins IMMEDIATE, so
that it waits for its turn at the start instead of failing in the middle; a reading one cannot write at all
(ADR 0008). Nouns are handed a session and never commit; the doors do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.orm import Session

from wabp.errors import BadSetting
from wabp.models import Base
from wabp.settings import Settings
from wabp.vault import Vault

# How long a writer waits for another one on SQLite before it gives up.
BUSY_SECONDS = 5
# Connections that a process keeps, and how many more it opens while all its threads ask at once.
_POOL = {"pool_size": 8, "max_overflow": 56}


class ReadOrWriteSession(FlaskSession):
    """A session whose `info["reading"]` decides how its transactions begin."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        bind = super().get_bind(*args, **kwargs)
        if not self.info.get("reading") or not isinstance(bind, Engine):
            return bind
        # One and the same engine object for the whole session: each new one would be a new connection.
        if "reader" not in self.info:
            self.info["reader"] = bind.execution_options(reading=True, postgresql_readonly=True)
        reader: Engine = self.info["reader"]
        return reader


db = SQLAlchemy(model_class=Base, session_options={"class_": ReadOrWriteSession})


def connect(app: Flask, settings: Settings, vault: Vault) -> None:
    """Bind the app to its database. No connection is made yet."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    if settings.database_url.startswith("sqlite"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"timeout": BUSY_SECONDS}, **_POOL}
    else:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": BUSY_SECONDS},
            **_POOL,
        }
    db.init_app(app)
    app.extensions["vault"] = vault
    app.extensions["senders"] = settings.senders
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_up_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)


def request_session(app: Flask, *, reading: bool) -> Session:
    """Return the session of the present app context, prepared for reading or writing."""
    session: Session = db.session()
    session.info["vault"] = app.extensions["vault"]
    session.info["senders"] = app.extensions["senders"]
    session.info["reading"] = reading
    return session


@contextmanager
def opened(app: Flask, *, reading: bool = False) -> Iterator[Session]:
    """Open a session outside a request. What was not committed when the block ends is rolled back."""
    with app.app_context():
        yield request_session(app, reading=reading)


def migrations_folder() -> str:
    """Return where the migrations lie, inside the package."""
    return str(files("wabp") / "migrations")


def known_revisions() -> list[str]:
    """Return the numbers of all migrations, oldest first: the part of each file's name before the first `_`."""
    names = (entry.name for entry in (files("wabp") / "migrations" / "versions").iterdir())
    return sorted(name.partition("_")[0] for name in names if name[0].isdigit())


def schema_state(app: Flask) -> str:
    """Return `empty`, `old`, `current` or `newer`: how the database's schema compares to this program's."""
    with app.app_context(), db.engine.execution_options(reading=True).connect() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            return "empty"
        if "alembic_version" not in tables:
            return "old"
        present = connection.scalar(text("SELECT version_num FROM alembic_version"))
    known = known_revisions()
    if present == known[-1]:
        return "current"
    return "old" if present is None or present in known else "newer"


def upgrade(app: Flask) -> None:
    """Bring the database to the newest schema, each migration in its own transaction."""
    # Loaded here alone: no other command should wait for it.
    from flask_migrate import Migrate, upgrade as run_migrations

    Migrate(app, db, directory=migrations_folder(), render_as_batch=True)
    with app.app_context():
        run_migrations(directory=migrations_folder())


def require_current_schema(app: Flask) -> None:
    """Raise BadSetting, naming the cure, unless the schema is the one that this program knows."""
    state = schema_state(app)
    if state in {"empty", "old"}:
        raise BadSetting("schema_old")
    if state == "newer":
        raise BadSetting("schema_newer")


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions of its own: _begin_sqlite does.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
