"""Approved forms: the newest is used, earlier ones stand by, and a paused one is out of use until it is added again."""

from datetime import timedelta

import pytest

from tests.house import House
from wabp import templates
from wabp.errors import BadInput

OLD, NEW = "HX" + "1" * 32, "HX" + "2" * 32


def add(house: House, *sids: str, kind: str = "urgent", language: str = "nl") -> None:
    with house.writing() as session:
        for sid in sids:
            templates.add(session, kind, language, sid, now=house.clock())
            house.clock.forward(minutes=1)
        session.commit()


def used(house: House) -> dict[tuple[str, str], str]:
    with house.reading() as session:
        return templates.approved(session)


def pause(house: House, sid: str) -> bool:
    with house.writing() as session:
        was_used = templates.pause(session, sid, now=house.clock())
        session.commit()
        return was_used


def test_the_newest_form_of_each_kind_and_language_is_used(house: House) -> None:
    add(house, OLD, NEW)
    add(house, OLD, language="fr")
    add(house, NEW, kind="info")
    assert used(house) == {("urgent", "nl"): NEW, ("urgent", "fr"): OLD, ("info", "nl"): NEW}


def test_a_paused_form_gives_its_place_to_the_one_that_stands_by(house: House) -> None:
    add(house, OLD, NEW)
    assert pause(house, NEW)
    assert used(house) == {("urgent", "nl"): OLD}
    assert not pause(house, NEW)
    assert pause(house, OLD)
    assert used(house) == {}


def test_adding_a_form_again_makes_it_approved_and_the_newest(house: House) -> None:
    add(house, OLD, NEW)
    pause(house, OLD)
    add(house, OLD)
    assert used(house) == {("urgent", "nl"): OLD}
    pause(house, OLD)
    assert used(house) == {("urgent", "nl"): NEW}


def test_only_a_form_that_was_in_use_then_is_paused_by_late_news(house: House) -> None:
    add(house, OLD, NEW)
    sent_at = house.clock()
    for minutes in (1, 2):
        with house.writing() as session:
            moment = sent_at + timedelta(minutes=minutes)
            first = templates.pause_used(session, "urgent", "nl", used_at=sent_at, now=moment)
            session.commit()
        assert first == (minutes == 1)
    assert used(house) == {("urgent", "nl"): OLD}


def test_a_form_that_was_added_since_is_not_paused_by_late_news(house: House) -> None:
    sent_at = house.clock() - timedelta(minutes=1)
    add(house, NEW)
    with house.writing() as session:
        assert not templates.pause_used(session, "urgent", "nl", used_at=sent_at, now=house.clock())
        session.commit()
    assert used(house) == {("urgent", "nl"): NEW}


def test_what_is_no_content_id_is_refused(house: House) -> None:
    with house.writing() as session, pytest.raises(BadInput, match="content id"):
        templates.add(session, "urgent", "nl", "HX12", now=house.clock())
