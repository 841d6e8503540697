"""Somebody who founds a group at the public pages, in a browser without JavaScript."""

import html
import re
from collections.abc import Sequence

from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.doors import seen
from tests.founding import HILDE, somebody
from tests.house import Browser, House, Somebody
from wabp.models import Street

MOTIVE = "Vier inbraken in de zomer. We willen elkaar snel kunnen verwittigen."
PLAN = "Hoogstens 2 berichten per week. Folder in elke bus en een infoavond op 3 maart."
# What is typed on every page but the first.
ANSWERS = {
    "motive": {"motive": MOTIVE},
    "coordinator": {
        "founder_coordinates": "yes", "founder_name": "Hilde Wouters", "coordinator_name": "", "adult": "yes",
    },
    "deputy": {"deputy_name": "Marleen Desmet"},
    "plan": {"plan": PLAN},
    "charter": {"charter": "2026-11"},
}  # fmt: skip


class Applicant:
    """A browser on the pages of an application; they are in English."""

    def __init__(self, house: House, browser: Browser | None = None) -> None:
        self.house = house
        self.browser = browser or english(house)

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def send(self, path: str, page: str | None = None, **fields: str | Sequence[str]) -> TestResponse:
        """Fill in these fields of the form on a page, leave its hidden ones as they are, and send it."""
        return press(self.browser, path, page, **fields)

    def begin(self) -> None:
        assert self.send("/apply").status_code == 303

    def area(self, *streets: str, name: str = "Buurtgroep Havenlaan", path: str = "/apply/area") -> TestResponse:
        """Answer the first question: streets of one district, and a name."""
        with self.house.reading() as session:
            found = session.scalars(select(Street).where(Street.name.in_(streets))).all()
            district, ids = found[0].district_id, [str(street.id) for street in found]
        return self.send(path, f"{path}?district={district}", street_ids=ids, name=name)

    def answer_all(self, *streets: str, name: str = "Buurtgroep Havenlaan", **changes: str) -> None:
        """Answer all six questions, with changes by the names of the fields."""
        self.begin()
        assert self.area(*streets, name=name).status_code == 303
        for question, fields in ANSWERS.items():
            answer = fields | {field: value for field, value in changes.items() if field in fields}
            assert self.send(f"/apply/{question}", **answer).status_code == 303, question

    def hand_in(self) -> TestResponse:
        return self.send("/apply/check")

    def code(self) -> str:
        """Return what the page says to send."""
        found = re.search(r"APPLY [A-Z]{4}", seen(self.get("/apply/sent")))
        assert found is not None
        return found.group()

    def prove(self, number: str = HILDE, channel: str = "whatsapp") -> Somebody:
        """Send the page's code from a phone and return whose it is."""
        self.house.say(number, self.code(), channel=channel)
        self.house.send_all()
        return somebody(self.house, number)


def applied(house: House, *streets: str, name: str = "Buurtgroep Havenlaan", number: str = HILDE) -> Applicant:
    """Apply for a group by the pages and send the founder's code; return the browser it was done in."""
    applicant = Applicant(house)
    applicant.answer_all(*streets, name=name)
    assert applicant.hand_in().status_code == 303
    applicant.prove(number)
    return applicant


def english(house: House, who: Somebody | None = None) -> Browser:
    """Return a browser whose pages are in English, whoever signs in."""
    browser = house.browser(who)
    browser.client.set_cookie("language", "en")
    return browser


def press(browser: Browser, path: str, page: str | None = None, **fields: str | Sequence[str]) -> TestResponse:
    """Fill in these fields of the form on a page, leave its hidden ones as they are, and send it."""
    shown = browser.get(page or path).text
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', shown)
    values: MultiDict[str, str] = MultiDict({name: html.unescape(value) for name, value in hidden} | fields)
    return browser.client.post(path, data=values)
