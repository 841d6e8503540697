"""What people think of the check: counted by rule, shown to the zone's administrator, never with words."""

import re

import pytest
from sqlalchemy import select

from tests.house import Browser, Cast, House, content
from wabp import alerts, drafts, feedback
from wabp.errors import NotThere
from wabp.models import Finding, Group

COMPOSE = "/groups/molenwijk/alerts/new"
TYPED = {"kind": "info", "category": "other", "language": "nl", "text": "Bel mij op 0470 12 34 56 als je iets zag."}


def dispute(browser: Browser, number: int = 1, **changes: str) -> str:
    return browser.post(COMPOSE, page=COMPOSE, **{**TYPED, "do": f"dispute:{number}"} | changes).text


def kept(house: House) -> list[tuple[str, str, str]]:
    with house.reading() as session:
        return [(row.decision, row.label, row.rule) for row in session.scalars(select(Finding))]


def test_a_finding_that_is_called_wrong_is_counted_by_rule_and_the_text_stays_stopped(house: House, cast: Cast) -> None:
    page = dispute(house.browser(cast.fatima))
    assert "Bel mij op 0470 12 34 56" in page
    assert "Mag niet verstuurd worden" in page
    [(decision, label, rule)] = kept(house)
    assert (decision, label) == ("disputed", "phone_number")
    assert rule.startswith("phone_number")


def test_no_finding_of_that_number_counts_nothing(light_house: House, light_cast: Cast) -> None:
    for number in (0, 7):
        dispute(light_house.browser(light_cast.fatima), number)
    dispute(light_house.browser(light_cast.fatima), 1, text="Sluit uw ramen als u weggaat.")
    assert kept(light_house) == []


def test_pressing_on_and_on_is_counted_a_few_times_only(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser(light_cast.fatima)
    for _ in range(25):
        dispute(browser)
    assert len(kept(light_house)) == 20


def test_a_neighbour_who_coordinates_nothing_here_cannot_dispute(light_house: House, light_cast: Cast) -> None:
    page = light_house.browser(light_cast.an).post("/groups/molenwijk/alerts/new", **TYPED, do="dispute:1")
    assert page.status_code in {400, 404}
    assert kept(light_house) == []


def test_the_administrator_sees_counts_by_rule_and_nobodys_words(house: House, cast: Cast) -> None:
    dispute(house.browser(cast.fatima))
    with house.writing() as session:
        text = "Groep Roemeense mannen belt aan bij de huizen."
        typed = content(kind="info", called=None, text=text, reason="Zo gemeld door politie.")
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        alert = drafts.draft(session, cast.fatima.actor, group, typed, now=house.clock())
        assert alerts.release(session, cast.fatima.actor, alert, now=house.clock()).stopped is None
        session.commit()
    page = house.browser(cast.de_smet).get("/rules").text
    rows = re.findall(r'<code class="rule">(.*?)</code>' + 3 * r".*?<td[^>]*>(\d+)</td>", page, re.S)
    assert {rule.split(".")[0]: tuple(map(int, counts)) for rule, *counts in rows} == {
        "phone_number": (0, 0, 1),
        "profiling": (0, 1, 0),
    }
    assert "0470 12 34 56" not in page
    assert "Roemeense" not in page


def test_the_counts_are_for_the_administrator_of_that_zone_alone(light_house: House, light_cast: Cast) -> None:
    with light_house.reading() as session:
        for who in (light_cast.fatima, light_cast.claes, light_cast.an):
            with pytest.raises(NotThere):
                feedback.by_rule(session, who.actor, now=light_house.clock())
