"""Story 11: SMS fallback and the 24-hour window. Thursday 14 January 2027, from 10:00 on."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.doors import forecast_on, seen
from tests.house import (
    Browser,
    Cast,
    House,
    Message,
    Phones,
    Somebody,
    add_group,
    add_member,
    add_zone,
    people,
    release,
)
from tests.traffic import address_of, change, counts
from wabp import channels, jobs, quota, templates
from wabp.gateway import Outcome, Outgoing, Refused
from wabp.models import Alert, Delivery

RELEASED = datetime(2027, 1, 14, 9, 0, tzinfo=UTC)
CALLED = {"called_at": "09:58"}
TYPED = {"kind": "urgent", "category": "burglary", "called": "yes"} | CALLED
FORMS = {
    (kind, language): f"HX{number}{place}{'0' * 30}"
    for number, kind in enumerate(("urgent", "info"))
    for place, language in enumerate(("nl", "fr", "en", "de"))
}
OTHER = {"text": "Opnieuw gestommel in de tuin achter de sluis."}


@dataclass
class Scripted(Phones):
    """A provider that answers what the story says, by phone and channel."""

    says: dict[tuple[str, str], list[Outcome]] = field(default_factory=dict)
    forms_until: int | None = None

    async def send(self, message: Outgoing) -> Outcome:
        if scripted := self.says.get((message.to, message.channel)):
            return scripted.pop(0)
        if message.content_sid and self.forms_until is not None:
            if self.forms_until == 0:
                return Refused(63018, 400)
            self.forms_until -= 1
        return await super().send(message)


@pytest.fixture
def provider(house: House, cast: Cast) -> Scripted:
    """Thursday 10:00: who wrote last when, forms for every language, and a provider that can be told what to say."""
    house.clock.moment = RELEASED
    this_morning = RELEASED - timedelta(hours=1)
    for who in (cast.fatima, cast.luc, cast.an):
        change(house, who, window_from=this_morning)
    change(house, cast.jean, window_from=RELEASED - timedelta(days=3))
    change(house, cast.priya, window_from=RELEASED - timedelta(hours=23, minutes=59, seconds=40))
    add_forms(house)
    return scripted(house)


def scripted(house: House) -> Scripted:
    """Let a house send by a provider that can be told what to say."""
    phones = Scripted(house.clock)
    house.phones = phones
    house.services = replace(house.services, gateway=phones)
    return phones


def add_forms(house: House) -> None:
    with house.writing() as session:
        for (kind, language), content_sid in FORMS.items():
            templates.add(session, kind, language, content_sid, now=house.clock())
        session.commit()


def got(house: House, who: Somebody) -> list[Message]:
    """Return what a phone got, in order."""
    return [message for message in house.phones.messages if message.to == who.number]


def ways(house: House, who: Somebody) -> list[str]:
    """Return by what each message came: form, whatsapp (free text) or sms."""
    return ["form" if message.content_sid else message.channel for message in got(house, who)]


def soon(house: House, seconds: int = 20) -> None:
    """Let some seconds pass in which the sender works."""
    for _ in range(seconds):
        house.send_all()
        house.clock.forward(seconds=1)
    house.send_all()


def stands(house: House, alert: Alert, who: Somebody) -> dict[str, str]:
    """Return the state of each of somebody's rows of an alert, by channel."""
    with house.reading() as session:
        found = session.execute(
            select(Delivery.channel, Delivery.state).where(
                Delivery.cause_id == alert.id, Delivery.person_id == who.id
            )
        )
        return {row.channel: row.state for row in found}


def on_board(house: House, cast: Cast, alert: Alert, who: Somebody) -> str:
    """Return what the board's list says of one person."""
    browser = house.browser(cast.fatima)
    browser.post("/language", language="en")
    page = browser.get(f"/alerts/{alert.id}/recipients").text
    lines = [seen(line) for line in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)]
    number = cast.street.index(who) + 1
    (found,) = [line for line in lines if re.match(rf"Resident {number}(?!\d)", line)]
    return found


# ---- 10:00 free text, or an approved form ----


def test_inside_the_window_comes_free_text_and_outside_it_the_approved_form(
    house: House, cast: Cast, provider: Scripted
) -> None:
    alert = release(house, cast.fatima, **CALLED)
    house.send_all()
    assert ways(house, cast.an) == ways(house, cast.priya) == ["whatsapp"]
    assert ways(house, cast.jean) == ["form"]
    assert got(house, cast.jean)[0].content_sid == FORMS["urgent", "fr"]
    assert people(house, alert) == {"accepted": 7}


def test_once_priyas_window_closed_she_gets_the_form_too(house: House, cast: Cast, provider: Scripted) -> None:
    release(house, cast.fatima, **CALLED)
    house.clock.forward(seconds=21)
    house.send_all()
    assert ways(house, cast.priya) == ["form"]
    assert got(house, cast.priya)[0].content_sid == FORMS["urgent", "en"]


def test_every_variable_of_a_form_is_filled_on_one_line_and_short_enough(
    house: House, cast: Cast, provider: Scripted
) -> None:
    typed = "Twee personen forceren de achterdeur.\nZwarte jassen.\n\tVluchten richting sluis.\n"
    release(house, cast.fatima, text=(typed + "Blijf binnen. " * 80)[:990], **CALLED)
    house.send_all()
    variables = got(house, cast.jean)[0].variables
    assert list(variables) == ["1", "2", "3", "4"]
    assert all(value.strip() for value in variables.values())
    assert not re.search(r"[\n\r\t]| {4}", "".join(variables.values()))
    assert sum(len(value.encode("utf-16-be")) // 2 for value in variables.values()) <= 1024
    assert "achterdeur. · Zwarte jassen. · Vluchten" in variables["2"]
    assert "101 appelé à 09:58, ne rappelez pas" in variables["3"]
    assert variables["4"].startswith("Appelez")


@pytest.mark.parametrize("at_once", [True, False])
def test_when_the_provider_says_that_the_window_is_closed_the_form_follows_within_seconds_once(
    house: House, cast: Cast, provider: Scripted, at_once: bool
) -> None:
    if at_once:
        provider.says[cast.priya.number, "whatsapp"] = [Refused(63016, 400)]
    alert = release(house, cast.fatima, **CALLED)
    house.send_all()
    if not at_once:
        house.receipt(got(house, cast.priya)[0], "failed", 63016)
    soon(house, 10)
    assert ways(house, cast.priya) == (["form"] if at_once else ["whatsapp", "form"])
    if not at_once:
        # The same news once more, and an order of news that nobody planned.
        house.receipt(got(house, cast.priya)[0], "failed", 63016)
        house.receipt(got(house, cast.priya)[0], "sent")
    house.receipt(got(house, cast.priya)[-1], "delivered")
    soon(house, 10)
    assert ways(house, cast.priya)[-1:] == ["form"]
    assert ways(house, cast.priya).count("form") == 1
    assert stands(house, alert, cast.priya) == {"whatsapp": "delivered"}


def test_after_that_our_clock_of_her_window_is_right(house: House, cast: Cast, provider: Scripted) -> None:
    provider.says[cast.priya.number, "whatsapp"] = [Refused(63016, 400)]
    release(house, cast.fatima, **CALLED)
    soon(house, 5)
    with house.reading() as session:
        assert not channels.window_open(address_of(session, cast.priya).window_from, house.clock())
    release(house, cast.fatima, **CALLED, **OTHER)
    soon(house, 5)
    assert ways(house, cast.priya) == ["form", "form"]
    house.say(cast.priya.number, "Thanks")
    house.send_all()
    assert ways(house, cast.priya)[-1] == "whatsapp", "her own message opens it again"


# ---- no WhatsApp ----


@pytest.mark.parametrize("at_once", [True, False])
def test_who_turns_out_to_have_no_whatsapp_gets_an_sms_at_once(
    house: House, cast: Cast, provider: Scripted, at_once: bool
) -> None:
    if at_once:
        provider.says[cast.jean.number, "whatsapp"] = [Refused(63024, 400)]
    alert = release(house, cast.fatima, **CALLED)
    house.send_all()
    if not at_once:
        house.receipt(got(house, cast.jean)[0], "failed", 63024)
        house.send_all()
    assert house.clock() == RELEASED
    assert ways(house, cast.jean) == (["sms"] if at_once else ["form", "sms"])
    assert stands(house, alert, cast.jean) == {"whatsapp": "failed", "sms": "accepted"}
    house.clock.forward(seconds=150)
    jobs.climb(house.services)
    house.send_all()
    assert ways(house, cast.jean).count("sms") == 1


def test_without_whatsapp_sms_comes_first_for_thirty_days_and_then_whatsapp_is_tried_again(
    house: House, cast: Cast, provider: Scripted
) -> None:
    provider.says[cast.jean.number, "whatsapp"] = [Refused(63024, 400)]
    release(house, cast.fatima, **CALLED)
    soon(house, 2)
    house.clock.forward(days=29)
    release(house, cast.fatima, **CALLED, **OTHER)
    house.send_all()
    assert ways(house, cast.jean) == ["sms", "sms"]
    house.clock.forward(days=1)
    jobs.try_whatsapp_again(house.services)
    release(house, cast.fatima, **CALLED, text="Er wordt weer aan deuren gevoeld, zwarte jas.")
    house.send_all()
    assert ways(house, cast.jean) == ["sms", "sms", "form"]


# ---- 10:02 the ladder ----


def test_what_is_not_delivered_for_two_minutes_goes_by_sms_and_a_late_delivered_makes_no_third_message(
    house: House, cast: Cast, provider: Scripted
) -> None:
    alert = release(house, cast.fatima, **CALLED)
    house.send_all()
    for message in list(provider.messages):
        if message.to != cast.luc.number:
            house.receipt(message, "delivered")
    house.clock.at("10:01:59")
    jobs.climb(house.services)
    assert house.send_all() == 0
    house.clock.at("10:02:00")
    jobs.climb(house.services)
    assert house.send_all() == 1
    assert ways(house, cast.luc) == ["whatsapp", "sms"]
    assert "101 appelé à 09:58" in got(house, cast.luc)[1].body
    house.clock.at("10:03:00")
    house.receipt(got(house, cast.luc)[0], "delivered")
    for _ in range(5):
        house.clock.forward(minutes=1)
        jobs.climb(house.services)
        house.send_all()
    assert ways(house, cast.luc) == ["whatsapp", "sms"]
    assert stands(house, alert, cast.luc) == {"whatsapp": "delivered", "sms": "accepted"}
    line = on_board(house, cast, alert, cast.luc)
    assert "WhatsApp, SMS" in line
    assert "Delivered" in line
    assert people(house, alert) == {"delivered": 7}


def test_a_delivered_that_comes_before_the_sms_left_keeps_it_here(house: House, cast: Cast, provider: Scripted) -> None:
    alert = release(house, cast.fatima, **CALLED)
    house.send_all()
    house.clock.at("10:02:00")
    jobs.climb(house.services)
    house.receipt(got(house, cast.luc)[0], "delivered")
    house.send_all()
    assert ways(house, cast.luc) == ["whatsapp"]
    assert stands(house, alert, cast.luc) == {"whatsapp": "delivered", "sms": "skipped"}
    assert "Delivered" in on_board(house, cast, alert, cast.luc)


def test_info_that_is_not_delivered_for_ten_minutes_goes_by_no_sms(
    house: House, cast: Cast, provider: Scripted
) -> None:
    alert = release(house, cast.fatima, kind="info", category="traffic", text="Zondag wegenwerken.", called="no")
    house.send_all()
    assert got(house, cast.jean)[0].content_sid == FORMS["info", "fr"]
    for _ in range(10):
        house.clock.forward(minutes=1)
        jobs.climb(house.services)
        house.send_all()
    assert ways(house, cast.jean) == ["form"]
    assert stands(house, alert, cast.jean) == {"whatsapp": "accepted"}


# ---- blocked at the SMS sender ----


@pytest.mark.parametrize("at_once", [True, False])
def test_who_blocked_our_sms_number_is_tried_once_and_the_board_says_why_in_words(
    house: House, cast: Cast, provider: Scripted, at_once: bool
) -> None:
    if at_once:
        provider.says[cast.priya.number, "sms"] = [Refused(21610, 400)]
    provider.says[cast.priya.number, "whatsapp"] = [Refused(63024, 400)]
    alert = release(house, cast.fatima, **CALLED)
    soon(house, 5)
    if not at_once:
        house.receipt(got(house, cast.priya)[-1], "failed", 21610)
    soon(house, 5)
    tries = [] if at_once else ["sms"]
    assert ways(house, cast.priya) == tries
    assert stands(house, alert, cast.priya) == {"whatsapp": "failed", "sms": "failed"}
    line = on_board(house, cast, alert, cast.priya)
    assert "Failed: wants no SMS from our number" in line
    house.clock.forward(minutes=5)
    jobs.climb(house.services)
    release(house, cast.fatima, **CALLED, **OTHER)
    soon(house, 5)
    house.clock.forward(minutes=5)
    jobs.climb(house.services)
    house.send_all()
    assert "sms" not in ways(house, cast.priya)[len(tries) :]


# ---- what letters cost ----


@pytest.mark.parametrize(("typed", "plain"), [("carrosserieën", "carrosserieen"), ("hôtel français", "hotel francais")])
def test_letters_that_would_double_an_sms_go_as_plain_ones_and_cost_nothing_more(
    house: House, cast: Cast, provider: Scripted, typed: str, plain: str
) -> None:
    with_marks = counted(house.browser(cast.fatima), f"Drie {typed} bekrast, Kerkdreef")
    assert with_marks == counted(house.browser(cast.fatima), f"Drie {plain} bekrast, Kerkdreef")
    release(house, cast.fatima, text=f"Drie {typed} bekrast, Kerkdreef", **CALLED)
    house.send_all()
    assert plain in got(house, cast.godelieve)[0].body
    assert typed in got(house, cast.an)[0].body


def test_letters_that_an_sms_has_cost_nothing_more_and_stay(house: House, cast: Cast, provider: Scripted) -> None:
    with_marks = counted(house.browser(cast.fatima), "Vélos à la crème, höre zu")
    assert with_marks == counted(house.browser(cast.fatima), "Velos a la creme, hore zu")
    release(house, cast.fatima, text="Vélos à la crème, höre zu", **CALLED)
    house.send_all()
    assert "Vélos à la crème, höre zu" in got(house, cast.godelieve)[0].body


def counted(browser: Browser, text: str) -> int:
    """Return how many parts the composer says that an SMS takes."""
    page = browser.compose("molenwijk", "check", **TYPED, text=text)
    found = re.search(r"sms: (\d+) de", seen(page))
    assert found is not None
    return int(found.group(1))


# ---- 300 members, and a limit of 250 people a day ----


def three_hundred(house: House) -> Somebody:
    """A group of 300 whose windows are all closed, at a provider that lets forms reach 250 people a day."""
    with house.writing() as session:
        zone = add_zone(session, "PZ Groot", "be", "Europe/Brussels", RELEASED)
        group = add_group(session, zone, "groot", ("Lange Straat",), RELEASED)
        long_ago = RELEASED - timedelta(days=3)
        members = [
            add_member(
                session, group, f"+3247001{number:04d}", RELEASED, window=long_ago, name="Coordinator",
                role="member" if number else "coordinator",
            )
            for number in range(300)
        ]
        quota.set_limit(session, 250)
        session.commit()
    return members[0]


def test_the_forecast_says_250_by_whatsapp_and_50_by_sms_and_so_it_goes(
    house: House, cast: Cast, provider: Scripted
) -> None:
    coordinator = three_hundred(house)
    browser = house.browser(coordinator)
    browser.post("/language", language="en")
    page = browser.compose("groot", "check", **TYPED, text="Gestommel aan de sluis.")
    assert "250 WhatsApp, 50 SMS" in [about for _, about in forecast_on(page)]
    release(house, coordinator, "groot", **CALLED)
    soon(house, 3)
    assert counts([message.channel for message in provider.messages]) == {"whatsapp": 250, "sms": 50}
    assert len({message.to for message in provider.messages}) == 300


def test_when_the_provider_says_midway_that_it_is_the_limit_the_rest_goes_by_sms_urgent_first(
    house: House, cast: Cast, provider: Scripted
) -> None:
    coordinator = three_hundred(house)
    with house.writing() as session:
        quota.set_limit(session, None)
        session.commit()
    provider.forms_until = 100
    info = release(
        house, coordinator, "groot", kind="info", category="traffic", text="Zondag wegenwerken.", called="no"
    )
    urgent = release(house, coordinator, "groot", **CALLED)
    soon(house, 5)
    of_urgent = [message for message in provider.messages if "09:58" in message.body]
    assert counts([message.channel for message in of_urgent]) == {"whatsapp": 100, "sms": 200}
    assert len({message.to for message in of_urgent}) == 300
    assert people(house, urgent) == {"accepted": 300}
    by_sms = [message for message in provider.messages if message.channel == "sms"]
    assert by_sms[:200] == [message for message in by_sms if message in of_urgent], "urgent before info"
    assert set(people(house, info)) <= {"queued", "accepted"}


# ---- what must never happen ----


def test_nobody_ever_gets_it_twice_on_one_channel_whatever_fails(house: House, cast: Cast, provider: Scripted) -> None:
    provider.says[cast.priya.number, "whatsapp"] = [Refused(63016, 400)]
    provider.says[cast.jean.number, "whatsapp"] = [Refused(63024, 400)]
    release(house, cast.fatima, **CALLED)
    for _ in range(6):
        soon(house, 30)
        jobs.climb(house.services)
        house.look_up_doubts()
    for who in cast.street:
        assert set(counts([message.channel for message in got(house, who)]).values()) == {1}
