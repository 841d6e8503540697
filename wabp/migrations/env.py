"""Runs the migrations on the app's own engine, each in a transaction of its own."""

from alembic import context
from flask import current_app


def run() -> None:
    """Bring the database of the present app to the wanted schema."""
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            transaction_per_migration=True,
            render_as_batch=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
