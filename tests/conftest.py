"""What tests share: a house on SQLite and on PostgreSQL, each with a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.house import Cast, House, add_cast
from tests.postgres import new_database, start_cluster
from wabp import db

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browsing import OpenTab
    from tests.running import Installation

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


# ---- a real browser: loaded by the tests that need one ----


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The machine's own Chromium."""
    from tests.browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def wabp(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Installation"]:
    """The product, running with a small demo group."""
    from tests.running import Installation

    installation = Installation(tmp_path_factory.mktemp("browser"))
    installation.load_demo(12)
    with installation:
        yield installation


@pytest.fixture
def open_tab(browser: "Browser", wabp: "Installation") -> Iterator["OpenTab"]:
    """Opens tabs; afterwards none of them may have had trouble."""
    from tests.browsing import Tab, opened_tab

    tabs: list[Tab] = []
    with ExitStack() as open_ones:

        def opened(*arguments: object, **options: object) -> Tab:
            tabs.append(open_ones.enter_context(opened_tab(browser, wabp, *arguments, **options)))  # type: ignore[arg-type]
            return tabs[-1]

        yield opened
        assert [trouble for tab in tabs for trouble in tab.trouble] == []
