"""`wabp doctor` on several machines: broker, lanes, timed jobs and the provider's credentials, each with its cure."""

from pathlib import Path

import pytest

from tests.conftest import STORY_TIME
from tests.house import SMS, TWILIO, WA, House
from tests.running import free_port
from tests.test_commands import Shell, built
from tests.test_many_machines import Redis
from tests.traffic import on_postgres
from wabp import checkup, db, lanes, leases, settings, texts
from wabp.errors import BadSetting
from wabp.lanes import LaneName
from wabp.leading import Leader


def said(house: House) -> dict[str, tuple[str, str | None]]:
    """Return verdict and cure of each part."""
    return {part: (verdict, cure) for verdict, part, cure in checkup.judge(lambda: house.services)}


def test_a_lane_that_is_shut_is_wrong_and_named_without_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with built(tmp_path) as house:
        assert said(house)["lanes"] == ("ok", None)
        with house.writing() as session:
            lanes.stop(session, LaneName("whatsapp", WA), 63007, house.clock())
            lanes.stop(session, LaneName("sms", SMS), None, house.clock())
            session.commit()
        code, out, _ = Shell(house, capsys).run("doctor")
    assert code == 1
    (line,) = [line for line in out.splitlines() if "lanes" in line]
    assert "sms/1 since 12 Jan 20:06 UTC (no answer)" in line
    assert "whatsapp/1 since 12 Jan 20:06 UTC (63007)" in line
    assert WA not in out


def test_credentials_that_the_provider_does_not_answer_are_wrong(tmp_path: Path) -> None:
    with built(tmp_path, **TWILIO) as house:
        assert said(house)["credentials"] == ("ok", None)
        house.phones.cannot_ask = True
        verdict, cure = said(house)["credentials"]
    assert verdict == "wrong"
    assert "WABP_TWILIO_AUTH_TOKEN" in (cure or "")


def test_a_broker_beside_sqlite_is_wrong(tmp_path: Path) -> None:
    with built(tmp_path, WABP_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0") as house:
        verdict, cure = said(house)["broker"]
    assert verdict == "wrong"
    assert "PostgreSQL" in (cure or "")


@pytest.mark.process
@on_postgres
def test_on_several_machines_broker_and_timed_jobs_are_looked_for(database_url: str, tmp_path: Path) -> None:
    redis = Redis()
    house = House(database_url, tmp_path, STORY_TIME, WABP_BROKER_URL=redis.url)
    db.upgrade(house.app)
    found = said(house)
    assert found["broker"][0] == "wrong"
    assert "does not answer" in (found["broker"][1] or "")
    assert found["scheduler"][0] == "note"
    leader = Leader(house.services)
    redis.start()
    leader.start()
    try:
        found = said(house)
        assert found["broker"] == found["scheduler"] == ("ok", None)
    finally:
        leader.stop()
        redis.stop()
        house.close()


@on_postgres
def test_a_scheduler_that_stands_still_is_noted(tmp_path: Path, database_url: str) -> None:
    house = House(database_url, tmp_path, STORY_TIME)
    db.upgrade(house.app)
    with house.writing() as session:
        # Taken by a process of another machine, which never beats again.
        assert leases.take(session, leases.Watch("another machine"), leases.of_scheduler())
        session.commit()
    verdict, cure = said(house)["scheduler"]
    assert verdict == "note"
    assert "wabp scheduler" in (cure or "")
    house.close()


@pytest.mark.parametrize("url", ["amqp://broker", "redis:///0", "localhost:6379", "redis://[::1", "redis://a b"])
def test_a_broker_of_another_kind_stops_the_start_with_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        settings.load({"WABP_BROKER_URL": url}, tmp_path)
    for language in texts.LANGUAGES:
        assert "WABP_BROKER_URL" in refused.value.say(language)
        assert "rediss://" in refused.value.say(language)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "rediss://:word@redis.example:6380/1"])
def test_redis_is_the_broker_with_or_without_encryption(tmp_path: Path, url: str) -> None:
    assert settings.load({"WABP_BROKER_URL": url}, tmp_path).broker_url == url
