"""The provider's error numbers: every one has its action, and no number does harm that nobody thought of."""

import pytest

from tests.house import Cast, House, release
from tests.traffic import row_of, rows
from wabp.gateway import Refused, trouble

CODES = sorted(trouble.table())
# What the table says of each number, so that a slip of the pen in it is found.
WAITS = {20003, 20429, 21212, 21606, 21611, 21657, 21703, 21704, 21705, 30001, 30002, 30450, 30453} | {
    *(63001, 63007, 63008, 63017, 63018, 63020, 63022, 63051)
}
RETRIES = {20500, 30003, 30008, 63012}
OTHER_CHANNEL = {30004, 63003, 63013, 63024, 63027, 63028, 63029, 63030, 63032, 63040, 63041, 63042, 63049}
STOPS_LANE = {21212, 21606, 21657, 21703, 21704, 21705, 63001, 63007, 63008, 63020, 63022, 63051}
BAD_FORM = {63013, 63027, 63028, 63029, 63030, 63040, 63041, 63042}


def test_every_number_has_the_action_that_was_decided_for_it() -> None:
    decided = dict.fromkeys(WAITS, "wait") | dict.fromkeys(RETRIES, "retry")
    decided |= dict.fromkeys(OTHER_CHANNEL, "other_channel")
    decided |= {21610: "stop_contact", 63033: "stop_contact", 63016: "form"}
    assert {code: trouble.of(code).action for code in CODES} == {code: decided.get(code, "final") for code in CODES}


def test_what_a_number_says_of_lane_address_form_and_limit() -> None:
    known = trouble.table()
    assert {code for code in CODES if known[code].stops == "lane"} == STOPS_LANE
    assert {code for code in CODES if known[code].stops == "account"} == {20003, 30002}
    assert {code for code in CODES if known[code].address == "no_whatsapp"} == {63003, 63024}
    assert {code for code in CODES if known[code].address == "bad"} == {21211, 21614, 30005, 30006}
    assert {code for code in CODES if known[code].bad_form} == BAD_FORM
    assert {code for code in CODES if known[code].limit} == {63018}


def test_an_operator_can_read_what_each_number_means() -> None:
    assert all(known.means.endswith(".") and known.means[0].isupper() for known in trouble.table().values())


@pytest.mark.parametrize(
    ("http_status", "action", "stops"),
    [
        (429, "wait", None),
        (408, "retry", None),
        (500, "retry", None),
        (503, "retry", None),
        (401, "wait", "account"),
        (403, "final", None),
        (400, "final", None),
        (422, "final", None),
        (None, "final", None),
    ],
)
@pytest.mark.parametrize("code", [None, 99999])
def test_an_unknown_number_falls_to_its_http_class(
    code: int | None, http_status: int | None, action: str, stops: str | None
) -> None:
    meaning = trouble.of(code, http_status)
    assert (meaning.action, meaning.stops) == (action, stops)


def test_a_known_number_counts_for_more_than_its_http_status() -> None:
    assert trouble.of(63024, 500).action == "other_channel"


GOOD = '[[trouble]]\ncodes = [1]\nmeans = "So."\naction = "final"\n'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (GOOD + GOOD, "1 stands there twice"),
        (GOOD.replace("final", "finish"), "action = 'finish'"),
        (GOOD.replace("final", "wait"), "seconds"),
        (GOOD + "retries = 2\n", "retries"),
        (GOOD + "seconds = 2\n", "seconds"),
        (GOOD + 'stops = "lane"\n', "must not end"),
        (GOOD + 'stops = "world"\n', "stops = 'world'"),
        (GOOD + 'ours = "yes"\n', "ours = 'yes'"),
        (GOOD + "colour = 1\n", "colour = 1"),
        (GOOD.replace("[1]", "[]"), "without codes"),
        (GOOD.replace("[1]", '["9-1"]'), "backwards"),
        (GOOD.replace('"So."', '""'), "without what it means"),
        (GOOD.replace('action = "final"', ""), "nothing to do"),
    ],
)
def test_a_wrong_table_is_refused_by_name(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trouble.read(written)


def test_a_range_stands_for_all_its_numbers() -> None:
    assert set(trouble.read(GOOD.replace("[1]", '[3, "5-7"]'))) == {3, 5, 6, 7}


# ---- every number through a real row ----


def expected_end(code: int, channel: str) -> str:
    """Where the row of an urgent alert stands right after the provider said a number."""
    meaning = trouble.table()[code]
    if channel == "whatsapp" and meaning.stops == "lane":
        return "failed"  # and goes by SMS
    if meaning.action == "wait":
        return "queued"
    if meaning.action == "retry" and channel == "sms":
        return "queued"
    # Without an approved form there is no other way by WhatsApp.
    return "failed"


def goes_by_sms(code: int) -> bool:
    """Whether an urgent alert goes by SMS when WhatsApp answers with a number."""
    meaning = trouble.table()[code]
    if meaning.stops == "account" or meaning.action == "stop_contact" or meaning.address == "bad":
        return False
    return meaning.stops == "lane" or meaning.action != "wait"


@pytest.mark.parametrize("code", CODES)
def test_an_urgent_alert_that_whatsapp_refuses_comes_to_the_end_that_the_table_says(
    light_house: House, light_cast: Cast, code: int
) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.phones.answers = [Refused(code, 400)]
    light_house.send_some("whatsapp", 1)
    written = [r for r in rows(light_house) if r.cause_id == alert.id]
    refused = min((r for r in written if r.channel == "whatsapp"), key=lambda r: (r.turn, r.id))
    assert refused.state == expected_end(code, "whatsapp")
    by_sms = [r for r in written if r.channel == "sms" and r.person_id == refused.person_id]
    assert len(by_sms) == goes_by_sms(code)


@pytest.mark.parametrize("status", ["failed", "undelivered"])
@pytest.mark.parametrize("code", CODES)
def test_an_urgent_alert_that_whatsapp_does_not_bring_comes_to_the_end_that_the_table_says(
    light_house: House, light_cast: Cast, code: int, status: str
) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.send_some("whatsapp", 100)
    light_house.clock.forward(seconds=2)
    light_house.receipt(light_house.phones.last(light_cast.an.number), status, code)
    both = [r for r in rows(light_house) if r.cause_id == alert.id and r.person_id == light_cast.an.id]
    if code == 30036:
        assert [(r.channel, r.state) for r in both] == [("whatsapp", "expired")]
        return
    expected = {"failed": status}.get(expected_end(code, "whatsapp"), expected_end(code, "whatsapp"))
    assert both[0].state == expected
    assert [r.channel for r in both[1:]] == (["sms"] if goes_by_sms(code) else [])


@pytest.mark.parametrize("code", CODES)
def test_an_alert_that_is_refused_by_sms_comes_to_the_end_that_the_table_says(
    light_house: House, light_cast: Cast, code: int
) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.phones.answers = [Refused(code, 400)] * 2
    light_house.send_some("sms", 100)
    assert row_of(light_house, alert, light_cast.heinz).state == expected_end(code, "sms")
    assert len([r for r in rows(light_house) if r.cause_id == alert.id]) == 7
