"""What tests share: a house on SQLite and on PostgreSQL, each with a database of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.house import Cast, House, add_cast
from tests.postgres import new_database, start_cluster
from wabp import db

# A Tuesday evening in January, 21:06 on the street's clock: when story 05 happens.
STORY_TIME = datetime(2027, 1, 12, 20, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server of this test process's own."""
    with start_cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'wabp.sqlite3'}"
        return
    with new_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with its tables, and nobody in it."""
    yield from _built(database_url, tmp_path)


@pytest.fixture
def cast(house: House) -> Cast:
    """The same house, with the people of the stories in it."""
    return add_cast(house)


@pytest.fixture
def light_house(tmp_path: Path) -> Iterator[House]:
    """A house on SQLite alone, for what does not depend on the kind of database."""
    yield from _built(f"sqlite:///{tmp_path / 'light.sqlite3'}", tmp_path)


@pytest.fixture
def light_cast(light_house: House) -> Cast:
    """The same, with the people of the stories in it."""
    return add_cast(light_house)


def _built(database_url: str, folder: Path) -> Iterator[House]:
    built = House(database_url, folder, STORY_TIME)
    with built.app.app_context():
        db.db.create_all()
    yield built
    built.close()
