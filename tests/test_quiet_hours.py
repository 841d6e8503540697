"""Quiet hours: info waits for the morning of the group's own clock, urgent never, also when clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from sqlalchemy import select

from tests.house import Cast, House, add_cast, content, people, release
from tests.traffic import on_sqlite, row_of, rows
from wabp import alerts, drafts, groups
from wabp.errors import BadInput
from wabp.models import Group, Zone

BRUSSELS, AMSTERDAM = "Europe/Brussels", "Europe/Amsterdam"
INFO = {
    "kind": "info",
    "category": "prevention",
    "called": None,
    "called_at": None,
    "text": "Zondag wegenwerken in de Kerkdreef vanaf 8 uur.",
}


def a_group(quiet: str | None = None, country: str = "be", timezone: str = BRUSSELS) -> Group:
    """Return a group that is in no database."""
    return Group(name="Molenwijk", quiet=quiet, zone=Zone(name="Zone", country=country, timezone=timezone))


def street_time(text: str, *, second: bool = False, zone: str = BRUSSELS) -> datetime:
    """Return the moment of a street's clock; `second` for the later one of an hour that comes twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(second)).astimezone(UTC)


def night(house: House, moment: datetime, quiet: str | None = None) -> Cast:
    """Move a house to a moment and let its street sleep by its rulebook, or by hours of its own."""
    house.clock.moment = moment
    cast = add_cast(house)
    with house.writing() as session:
        for group in session.scalars(select(Group)):
            group.quiet = quiet
        session.commit()
    return cast


# ---- until when ----


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2027-01-12T21:59:59", None),
        ("2027-01-12T22:00:00", "2027-01-13T07:00:00"),
        ("2027-01-12T23:59:59", "2027-01-13T07:00:00"),
        ("2027-01-13T00:00:00", "2027-01-13T07:00:00"),
        ("2027-01-13T06:59:59", "2027-01-13T07:00:00"),
        ("2027-01-13T07:00:00", None),
        ("2027-12-31T22:00:00", "2028-01-01T07:00:00"),
    ],
)
def test_a_street_sleeps_from_ten_to_seven_by_its_own_clock(now: str, until: str | None) -> None:
    expected = None if until is None else street_time(until)
    assert groups.quiet_until(a_group(), street_time(now)) == expected


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (street_time("2027-03-27T22:30:00"), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        (street_time("2027-03-28T01:59:59"), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        (street_time("2027-03-28T03:00:00"), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        (street_time("2027-03-26T22:30:00"), datetime(2027, 3, 27, 6, tzinfo=UTC)),
        (street_time("2027-10-30T22:30:00"), datetime(2027, 10, 31, 6, tzinfo=UTC)),
        (street_time("2027-10-31T02:30:00"), datetime(2027, 10, 31, 6, tzinfo=UTC)),
        (street_time("2027-10-31T02:30:00", second=True), datetime(2027, 10, 31, 6, tzinfo=UTC)),
        (street_time("2027-10-29T22:30:00"), datetime(2027, 10, 30, 5, tzinfo=UTC)),
    ],
)
def test_on_the_nights_when_clocks_change_morning_is_seven_on_the_street(now: datetime, morning: datetime) -> None:
    for zone, country in ((BRUSSELS, "be"), (AMSTERDAM, "nl")):
        assert groups.quiet_until(a_group(country=country, timezone=zone), now) == morning


@pytest.mark.parametrize("hour", range(24))
def test_a_group_without_quiet_hours_never_waits(hour: int) -> None:
    assert groups.quiet_until(a_group("none"), datetime(2027, 3, 28, hour, tzinfo=UTC)) is None


def test_hours_of_a_groups_own_come_before_the_rulebooks() -> None:
    early = a_group("20:30-06:15")
    assert groups.quiet_until(early, street_time("2027-01-12T20:30:00")) == street_time("2027-01-13T06:15:00")
    assert groups.quiet_until(early, street_time("2027-01-13T06:15:00")) is None


def test_hours_within_one_day_are_read_as_such() -> None:
    siesta = a_group("13:00-15:00")
    assert groups.quiet_until(siesta, street_time("2027-01-12T14:00:00")) == street_time("2027-01-12T15:00:00")
    assert groups.quiet_until(siesta, street_time("2027-01-12T23:00:00")) is None


def test_each_group_goes_by_its_own_clock() -> None:
    now = datetime(2027, 1, 12, 21, 30, tzinfo=UTC)
    assert groups.quiet_until(a_group(timezone="Europe/Amsterdam", country="nl"), now) is not None
    assert groups.quiet_until(a_group(timezone="Europe/London"), now) is None


minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    now=st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    begins=minutes,
    ends=minutes,
)
def test_whatever_the_hours_the_wait_ends_within_a_day_at_the_hour_it_should_and_is_over_then(
    now: datetime, begins: time, ends: time
) -> None:
    group = a_group(f"{begins:%H:%M}-{ends:%H:%M}")
    until = groups.quiet_until(group, now)
    local = now.astimezone(ZoneInfo(BRUSSELS)).time()
    within = begins <= local < ends if begins <= ends else local >= begins or local < ends
    assert (until is not None) is within
    if until is not None:
        assert now - timedelta(hours=1) < until <= now + timedelta(hours=25)
        shown = until.astimezone(ZoneInfo(BRUSSELS))
        skipped = shown.date() == datetime(2027, 3, 28, tzinfo=UTC).date() and ends.hour == 2
        assert skipped or (shown.hour, shown.minute) == (ends.hour, ends.minute)


# ---- on the phones ----


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        (street_time("2027-03-27T22:30:00"), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        (street_time("2027-10-30T22:30:00"), datetime(2027, 10, 31, 6, tzinfo=UTC)),
    ],
)
def test_info_of_the_evening_reaches_every_phone_once_at_seven(
    house: House, evening: datetime, morning: datetime
) -> None:
    cast = night(house, evening)
    alert = release(house, cast.fatima, **INFO)
    assert alert.not_before == morning
    assert alert.expires_at == evening + timedelta(hours=24)
    for waking in (timedelta(hours=3), timedelta(hours=2)):
        house.clock.moment = morning - waking
        assert house.send_all() == 0
    house.clock.moment = morning - timedelta(seconds=1)
    assert house.send_all() == 0
    house.clock.moment = morning
    assert house.send_all() == 7
    assert house.send_all() == 0
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)
    assert people(house, alert) == {"accepted": 7}


@on_sqlite
def test_urgent_of_the_night_reaches_every_phone_at_once(house: House) -> None:
    cast = night(house, street_time("2027-03-27T23:10:00"))
    alert = release(house, cast.fatima, called_at="23:08")
    assert alert.not_before is None
    assert house.send_all() == 7
    assert all("23:08" in house.phones.of(who.number)[0] for who in cast.street)


def test_the_hour_that_comes_twice_makes_nothing_go_twice(house: House) -> None:
    cast = night(house, street_time("2027-10-31T02:30:00"))
    first = release(house, cast.fatima, **INFO)
    house.clock.moment = street_time("2027-10-31T02:30:00", second=True)
    second = release(house, cast.fatima, **INFO | {"text": "Maandag wegenwerken in de Molenstraat."})
    assert first.not_before == second.not_before == datetime(2027, 10, 31, 6, tzinfo=UTC)
    assert house.send_all() == 0
    house.clock.moment = datetime(2027, 10, 31, 6, tzinfo=UTC)
    assert house.send_all() == 14


def test_what_was_not_handed_over_when_the_night_began_waits_for_the_morning(house: House) -> None:
    cast = night(house, street_time("2027-01-12T21:59:50"))
    alert = release(house, cast.fatima, **INFO)
    house.send_some("whatsapp", 2)
    house.clock.forward(seconds=10)
    assert house.send_all() == 0
    assert people(house, alert) == {"accepted": 2, "queued": 5}
    house.clock.moment = street_time("2027-01-13T06:59:59")
    assert house.send_all() == 0
    house.clock.moment = street_time("2027-01-13T07:00:00")
    assert house.send_all() == 5
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)


@on_sqlite
def test_urgent_that_was_not_handed_over_when_the_night_began_goes_on(house: House) -> None:
    cast = night(house, street_time("2027-01-12T21:59:50"))
    release(house, cast.fatima, called_at="21:58")
    house.send_some("whatsapp", 2)
    house.clock.forward(seconds=10)
    assert house.send_all() == 5


@on_sqlite
def test_answers_and_notices_do_not_wait_for_the_morning(house: House) -> None:
    cast = night(house, street_time("2027-01-12T23:00:00"))
    house.say(cast.an.number, "Er staat iemand in de tuin van de buren")
    assert house.send_all() == 2


def test_a_group_of_the_netherlands_waits_by_its_own_clock_and_names_112_alone(house: House) -> None:
    cast = night(house, street_time("2027-03-27T22:30:00", zone=AMSTERDAM))
    alert = release(house, cast.willem, "dijklaan", **INFO)
    assert house.send_all() == 0
    house.clock.moment = datetime(2027, 3, 28, 5, tzinfo=UTC)
    assert house.send_all() == 2
    assert row_of(house, alert, cast.noor).state == "accepted"
    [body] = house.phones.of(cast.noor.number)
    assert "112" in body
    assert "101" not in body


@on_sqlite
def test_with_quiet_hours_switched_off_info_goes_at_night(house: House) -> None:
    cast = night(house, street_time("2027-03-27T22:30:00"), "none")
    release(house, cast.fatima, **INFO)
    assert house.send_all() == 7


def test_what_waits_for_the_morning_is_still_ended_by_stop(house: House) -> None:
    cast = night(house, street_time("2027-03-27T22:30:00"))
    release(house, cast.fatima, **INFO)
    house.say(cast.an.number, "STOP")
    house.send_all()
    house.clock.moment = datetime(2027, 3, 28, 5, tzinfo=UTC)
    assert house.send_all() == 6
    assert [r.reason for r in rows(house, "alert") if r.state == "skipped"] == ["stopped"]


# ---- when 101 or 112 was called ----


@pytest.mark.parametrize(
    ("now", "typed", "called"),
    [
        ("2027-01-12T21:06:00", "21:04", "2027-01-12T21:04:00"),
        ("2027-01-12T21:06:00", "21:06", "2027-01-12T21:06:00"),
        ("2027-01-12T21:06:30", "21:06", "2027-01-12T21:06:00"),
        ("2027-01-12T21:06:00", " 21.04 ", "2027-01-12T21:04:00"),
        ("2027-01-12T21:06:00", "21u04", "2027-01-12T21:04:00"),
        ("2027-01-12T21:06:00", "21h04", "2027-01-12T21:04:00"),
        ("2027-01-12T21:06:00", "00:00", "2027-01-12T00:00:00"),
        ("2027-01-13T00:05:00", "23:58", "2027-01-12T23:58:00"),
        ("2027-01-13T00:05:00", "12:06", "2027-01-12T12:06:00"),
        ("2027-01-13T11:58:00", "23:59", "2027-01-12T23:59:00"),
        ("2027-03-28T03:10:00", "01:58", "2027-03-28T01:58:00"),
        ("2027-03-28T00:05:00", "23:58", "2027-03-27T23:58:00"),
        ("2027-10-31T03:10:00", "02:50", "2027-10-31T02:50:00"),
    ],
)
def test_the_hour_of_the_call_is_todays_or_late_last_nights(now: str, typed: str, called: str) -> None:
    assert drafts.read_call_time(typed, a_group(), street_time(now)) == street_time(called)


@pytest.mark.parametrize(
    ("now", "typed"),
    [
        ("2027-01-12T21:06:00", "21:07"),
        ("2027-01-12T21:06:00", "21:14"),
        ("2027-01-12T21:06:00", "23:59"),
        ("2027-01-13T00:05:00", "00:06"),
        ("2027-01-13T00:05:00", "12:05"),
        ("2027-01-13T11:59:00", "23:59"),
        ("2027-03-28T03:10:00", "02:50"),
    ],
)
def test_an_hour_up_to_twelve_hours_ahead_is_the_future(now: str, typed: str) -> None:
    with pytest.raises(BadInput, match=r"future|later|still") as refused:
        drafts.read_call_time(typed, a_group(), street_time(now))
    assert refused.value.key == "errors.call_in_future"


def test_in_the_hour_that_comes_twice_the_first_one_counts_as_past() -> None:
    now = street_time("2027-10-31T02:30:00", second=True)
    assert drafts.read_call_time("02:45", a_group(), now) == street_time("2027-10-31T02:45:00")
    with pytest.raises(BadInput):
        drafts.read_call_time("02:45", a_group(), street_time("2027-10-31T02:30:00"))


def test_the_hour_is_read_on_the_groups_own_clock() -> None:
    now = datetime(2027, 1, 12, 20, 6, tzinfo=UTC)
    assert drafts.read_call_time("21:04", a_group(), now) == now - timedelta(minutes=2)
    london = a_group(timezone="Europe/London")
    assert drafts.read_call_time("20:04", london, now) == now - timedelta(minutes=2)
    with pytest.raises(BadInput):
        drafts.read_call_time("21:04", london, now)


@pytest.mark.parametrize(
    "typed",
    ["", "nu", "24:00", "12:60", "-1:00", "21:04+01:00", "21:04Z", "21:04:05.5", "2027-01-12T21:04", "٢١:٠٤", "\x00",
     "\ud800", "21:04\n20:00", "T2104", "9" * 10_000],
)  # fmt: skip
def test_what_is_no_hour_is_refused_as_such(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        drafts.read_call_time(typed, a_group(), street_time("2027-01-12T21:06:00"))
    assert refused.value.field == "called_at"


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    typed=st.text(max_size=8) | st.from_regex(r"\s?[0-9]{1,2}[:.uh][0-9]{2}\s?", fullmatch=True),
    now=st.datetimes(datetime(2027, 3, 26), datetime(2027, 11, 2), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_whatever_is_typed_is_a_moment_of_the_past_day_or_a_refusal_with_its_field(typed: str, now: datetime) -> None:
    try:
        called = drafts.read_call_time(typed, a_group(), now)
    except BadInput as problem:
        field, called = problem.field, now
    else:
        field = "called_at"
    assert field == "called_at"
    assert now - timedelta(hours=25) <= called <= now


@on_sqlite
def test_an_urgent_alert_without_an_hour_is_not_released(house: House, cast: Cast) -> None:
    with house.writing() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        alert = drafts.draft(session, cast.fatima.actor, group, content(called=None, called_at=None), now=house.clock())
        with pytest.raises(BadInput):
            alerts.release(session, cast.fatima.actor, alert, now=house.clock())
        session.commit()
    assert rows(house) == []


# ---- who wants to be left alone at night ----


def test_godelieve_sleeps_and_a_dead_alert_does_not_wake_her(house: House) -> None:
    cast = night(house, street_time("2027-03-26T18:00:00"))
    house.say(cast.godelieve.number, "NACHT UIT", "sms")
    house.send_all()
    assert "'s Nachts krijgt u nu geen berichten" in house.phones.last(cast.godelieve.number).body

    house.clock.moment = street_time("2027-03-27T23:10:00")
    alert = release(house, cast.fatima, called_at="23:08")
    assert house.send_all() == 6
    assert not any("23:08" in body for body in house.phones.of(cast.godelieve.number))
    row = row_of(house, alert, cast.godelieve)
    assert (row.state, row.reason) == ("skipped", "night")
    assert people(house, alert)["skipped"] == 1


def test_who_is_quiet_at_night_gets_in_the_morning_what_is_still_of_use(house: House) -> None:
    cast = night(house, street_time("2027-01-13T05:30:00"))
    house.say(cast.jean.number, "Nuit off svp")
    house.send_all()
    release(house, cast.fatima, called_at="05:29")
    assert house.send_all() == 6
    house.clock.at("07:00:00")
    assert house.send_all() == 1
    assert "101 appelé à 05:29" in house.phones.last(cast.jean.number).body


def test_the_night_ends_by_a_word_and_also_where_the_street_keeps_no_quiet_hours(house: House) -> None:
    cast = night(house, street_time("2027-01-12T23:30:00"), quiet="none")
    house.say(cast.priya.number, "night off")
    house.send_all()
    release(house, cast.fatima, called_at="23:29")
    assert house.send_all() == 6
    house.say(cast.priya.number, "Night on, please")
    house.send_all()
    release(house, cast.fatima, called_at="23:29")
    assert house.send_all() == 7


def test_by_day_quiet_nights_change_nothing(house: House) -> None:
    cast = night(house, street_time("2027-01-13T12:00:00"))
    house.say(cast.an.number, "nacht uit")
    house.send_all()
    release(house, cast.fatima, called_at="11:58")
    assert house.send_all() == 7


def test_a_stranger_who_asks_for_quiet_is_a_stranger(house: House) -> None:
    night(house, street_time("2027-01-13T12:00:00"))
    house.say("+32470000099", "NACHT UIT")
    house.send_all()
    assert "buurtgroep" in house.phones.last("+32470000099").body
