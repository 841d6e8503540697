"""What machines ask: does a process live, is it ready, and how is it refused to the world."""

from pathlib import Path

import pytest

from tests.conftest import STORY_TIME
from tests.house import Cast, House
from tests.test_commands import built
from tests.traffic import on_sqlite


def test_a_process_that_lives_says_so_and_asks_no_database(tmp_path: Path) -> None:
    house = House(f"sqlite:///{tmp_path / 'no such folder' / 'wabp.sqlite3'}", tmp_path, STORY_TIME)
    answer = house.app.test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    house.close()


def test_a_database_that_is_away_is_named_in_one_word(tmp_path: Path) -> None:
    house = House(f"sqlite:///{tmp_path / 'no such folder' / 'wabp.sqlite3'}", tmp_path, STORY_TIME)
    answer = house.app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database\n")
    house.close()


def test_a_server_that_is_away_is_named_too(tmp_path: Path) -> None:
    house = House("postgresql+psycopg://wabp@127.0.0.1:1/none", tmp_path, STORY_TIME)
    answer = house.app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database\n")
    house.close()


def test_tables_of_another_version_are_not_ready(light_house: House) -> None:
    # These came about without the migrations, so nothing says of which version they are.
    answer = light_house.app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "schema\n")


def test_the_newest_tables_are_ready(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        answer = house.app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


@on_sqlite
@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "watch.example"}, "127.0.0.1"),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1"),
        ({"Host": "localhost"}, "192.0.2.7"),
        ({"Host": "localhost"}, ""),
    ],
)
def test_figures_are_for_this_machine_alone(
    house: House, cast: Cast, headers: dict[str, str], address: str
) -> None:
    asked = house.app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert asked.status_code == 404
    assert "wabp_" not in asked.text
    nowhere = house.app.test_client().get("/nothing", headers=headers)
    assert nowhere.status_code == 404
