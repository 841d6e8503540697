"""The provider's limit of people in 24 hours: forecast, kept, and the others get an SMS, the nearest first."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from tests.house import Cast, House, Phones, Somebody, add_member, people, release
from tests.test_commands import Shell, built
from tests.traffic import change, on_sqlite, row_of, rows
from wabp import channels, db, insights, lanes, quota
from wabp.gateway import SMS, WHATSAPP, Accepted, Outcome, Outgoing, Refused
from wabp.lanes import LaneName
from wabp.models import Alert, Group, Template, new_id

INFO = {"kind": "info", "category": "prevention", "text": "Sluit uw ramen als u weggaat.", "called": None}
INFO |= {"called_at": None}
STREETS = ("Molenstraat", "Kerkdreef", "Vaartkant")
DAY = timedelta(hours=24)


def add_people(house: House, count: int) -> list[Somebody]:
    """Put people into the mill street's group who last wrote days ago, each third in the same street."""
    long_ago = house.clock() - timedelta(days=3)
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        added = [
            add_member(
                session, group, f"+3240001{place:04}", house.clock(), street=STREETS[place % 3], window=long_ago
            )
            for place in range(count)
        ]
        session.commit()
    return added


def allow(house: House, most: int | None) -> None:
    """Let approved forms exist, and reach so many people in 24 hours."""
    with house.writing() as session:
        quota.set_limit(session, most)
        if not session.query(Template).count():
            for kind in ("urgent", "info"):
                for language in ("nl", "fr", "en", "de"):
                    sid = f"HX{kind}{language}"
                    made = house.clock()
                    session.add(Template(kind=kind, language=language, content_sid=sid, created_at=made))
        session.commit()


def forecast(house: House, *, urgent: bool = True) -> tuple[int, int]:
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        languages = ("nl", "fr", "en", "de")
        now = house.clock()
        told = insights.forecast(session, group, {}, house.settings, languages, now, now, urgent=urgent)
        return told.whatsapp, told.sms


def split(house: House, alert: Alert) -> tuple[int, int]:
    """How many waiting rows of an alert go by WhatsApp and by SMS."""
    found = Counter(row.channel for row in rows(house, "alert") if (row.cause_id, row.state) == (alert.id, "queued"))
    return found[WHATSAPP], found[SMS]


def used(house: House) -> int:
    with house.reading() as session:
        return quota.used(session, house.clock())


# ---- the forecast, and what is done ----


def test_three_hundred_people_outside_the_window_and_a_limit_of_250_are_250_by_whatsapp_and_50_by_sms(
    house: House, cast: Cast
) -> None:
    for who in cast.street:
        change(house, who, whatsapp=True, window_from=None)
    add_people(house, 293)
    allow(house, 250)
    assert forecast(house) == (250, 50)
    assert split(house, release(house, cast.fatima)) == (250, 50)


def test_people_inside_the_window_do_not_count(house: House, cast: Cast) -> None:
    add_people(house, 10)
    allow(house, 10)
    assert forecast(house) == (15, 2)
    assert split(house, release(house, cast.fatima)) == (15, 2)


def test_without_a_limit_everybody_who_has_whatsapp_gets_it(house: House, cast: Cast) -> None:
    add_people(house, 10)
    allow(house, 3)
    assert forecast(house) == (8, 9)
    allow(house, None)
    assert forecast(house) == (15, 2)
    assert split(house, release(house, cast.fatima)) == (15, 2)


def test_the_first_to_go_over_to_sms_are_those_in_the_street_of_the_alert_then_by_number(
    house: House, cast: Cast
) -> None:
    added = add_people(house, 9)
    allow(house, 5)
    street = next(street for street in _streets(house) if street[1] == "Kerkdreef")
    alert = release(house, cast.fatima, street_id=street[0])
    by_sms = [place for place, who in enumerate(added) if row_of(house, alert, who).channel == SMS]
    # 1, 4 and 7 live there; 0 is the next by number.
    assert by_sms == [0, 1, 4, 7]
    assert forecast(house) == (10, 6), "the same five once more cost nothing, and nobody else may be reached"


def _streets(house: House) -> list[tuple[object, str]]:
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        return [(street.id, street.name) for street in group.streets]


def test_who_has_no_number_keeps_whatsapp_however_many_there_are(house: House, cast: Cast) -> None:
    first, second, _ = add_people(house, 3)
    for who in (first, second):
        change(house, who, kind="wa_user")
    allow(house, 1)
    assert forecast(house) == (7, 3)
    alert = release(house, cast.fatima)
    assert row_of(house, alert, first).channel == row_of(house, alert, second).channel == WHATSAPP


def test_what_was_used_counts_people_once_for_24_hours(house: House, cast: Cast) -> None:
    add_people(house, 4)
    allow(house, 4)
    release(house, cast.fatima)
    assert used(house) == 4, "what waits counts"
    house.send_all()
    assert used(house) == 4
    again = release(house, cast.fatima, text="Iemand klimt over de muur.")
    assert split(house, again) == (9, 2), "the same four people once more cost nothing"
    house.send_all()
    assert used(house) == 4
    house.clock.forward(hours=24)
    assert used(house) == 0


def test_what_whatsapp_refused_does_not_count(house: House, cast: Cast) -> None:
    add_people(house, 2)
    allow(house, 2)
    release(house, cast.fatima)
    house.phones.answers = [Refused(63024, 400)] * 7
    house.send_some(WHATSAPP, 10)
    assert used(house) == 0


def test_a_limit_takes_a_few_statements_however_many_members(house: House, cast: Cast) -> None:
    def statements(count: int) -> int:
        add_people_from(house, count)
        ran: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            ran.append(statement)

        with house.app.app_context():
            engine = db.db.engine
        event.listen(engine, "before_cursor_execute", note)
        release(house, cast.fatima, text=f"Iemand klimt over muur {count}.")
        event.remove(engine, "before_cursor_execute", note)
        return len(ran)

    allow(house, 1)
    few, many = statements(3), statements(60)
    assert many <= few + 2


def add_people_from(house: House, count: int) -> None:
    """Add people with numbers that nobody has yet."""
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for place in range(count):
            number = f"+32400{count:03}{place:03}"
            add_member(session, group, number, house.clock(), window=house.clock() - timedelta(days=3))
        session.commit()


# ---- the provider says so ----


def test_when_the_provider_says_that_the_limit_is_reached_the_rest_goes_by_sms_urgent_before_info(
    house: House, cast: Cast
) -> None:
    add_people(house, 6)
    allow(house, None)
    info, urgent = release(house, cast.fatima, **INFO), release(house, cast.fatima)
    refuse_forms(house)
    assert split(house, urgent) == (0, 8)
    assert split(house, info) == (5, 8), "who is inside the window needs no form"
    house.send_all()
    assert people(house, urgent) == people(house, info) == {"accepted": 13}
    by_sms = [message.body for message in house.phones.messages if message.channel == SMS]
    assert all("101" in body and "Sluit" not in body for body in by_sms[:8])
    assert not [message for message in house.phones.messages if message.content_sid]


class Limited(Phones):
    """A provider that lets forms reach nobody."""

    async def send(self, message: Outgoing) -> Outcome:
        return Refused(63018, 400) if message.content_sid else Accepted(f"SM{new_id().hex}", "queued")


def refuse_forms(house: House) -> None:
    """Let the provider refuse the forms of one claim, and take the rest."""

    before = house.services
    house.services = replace(before, gateway=Limited(house.clock))
    house.send_some(WHATSAPP, 11)
    house.services = before


def test_after_an_hour_forms_are_tried_again(house: House, cast: Cast) -> None:
    [who] = add_people(house, 1)
    allow(house, None)
    release(house, cast.fatima)
    refuse_forms(house)
    second = release(house, cast.fatima, text="Iemand klimt over de muur.")
    assert row_of(house, second, who).channel == SMS
    assert forecast(house) == (5, 3)
    house.clock.forward(minutes=60)
    third = release(house, cast.fatima, text="Er brandt een auto.")
    assert row_of(house, third, who).channel == WHATSAPP


def test_who_has_no_number_waits_until_forms_may_go_again(house: House, cast: Cast) -> None:
    [who] = add_people(house, 1)
    change(house, who, kind="wa_user")
    allow(house, None)
    alert = release(house, cast.fatima)
    refuse_forms(house)
    waiting = row_of(house, alert, who)
    assert (waiting.state, waiting.not_before) == ("queued", house.clock() + lanes.FORMS_REST)
    house.clock.forward(minutes=60)
    house.send_all()
    assert row_of(house, alert, who).state == "accepted"


def test_a_window_that_closes_while_forms_rest_is_met_by_sms(house: House, cast: Cast) -> None:
    allow(house, None)
    change(house, cast.an, window_from=house.clock() - DAY + timedelta(seconds=5))
    alert = release(house, cast.fatima)
    with house.writing() as session:
        quota.rest(session, house.clock())
        session.commit()
    house.clock.forward(seconds=10)
    house.send_all()
    assert [message.channel for message in house.phones.messages if message.to == cast.an.number] == [SMS]
    found = [(row.channel, row.reason) for row in rows(house, "alert") if row.person_id == cast.an.id]
    assert found == [(WHATSAPP, "by_sms"), (SMS, None)]
    assert people(house, alert) == {"accepted": 7}


@on_sqlite
def test_the_forecast_says_what_is_done_while_whatsapp_is_shut(house: House, cast: Cast) -> None:
    with house.writing() as session:
        lanes.stop(session, LaneName(WHATSAPP, house.settings.whatsapp_senders[0]), 63007, house.clock())
        session.commit()
    assert forecast(house, urgent=True) == (0, 7)
    assert split(house, release(house, cast.fatima)) == (0, 7)
    assert forecast(house, urgent=False) == (5, 2)


def test_a_member_who_wants_no_sms_is_not_counted_as_reached_by_it(house: House, cast: Cast) -> None:
    change(house, cast.heinz, sms_stopped_at=house.clock())
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        counts = channels.channel_counts(session, group.id, (), house.clock())
    assert counts == {WHATSAPP: 5, SMS: 1, "unreachable": 1}


# ---- the commands ----


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A shell on a house with two WhatsApp numbers."""
    with built(tmp_path, WABP_WHATSAPP_FROM="+32400001818,+32400001820") as house:
        yield Shell(house, capsys)


def listed(shell: Shell) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(shell.answer("sender", "list", "--json"))
    return found


def test_the_limit_holds_for_all_whatsapp_numbers_together(shell: Shell) -> None:
    code, out, err = shell.run("sender", "limit", "250")
    assert (code, out) == (0, "")
    assert "at most 250 people" in err
    limits = [(sender["channel"], sender["limit"], sender["used"]) for sender in listed(shell)]
    assert limits == [("whatsapp", 250, 0), ("whatsapp", 250, 0), ("sms", None, None)]
    shell.run("sender", "limit", "none")
    assert {sender["limit"] for sender in listed(shell)} == {None}


@pytest.mark.parametrize("most", ["0", "-1", "many", "2.5", "99999999999", "²"])
def test_what_is_no_number_of_people_is_refused_with_the_cure(shell: Shell, most: str) -> None:
    assert "or none" in shell.refused("sender", "limit", "--", most)
    assert {sender["limit"] for sender in listed(shell)} == {None}


def test_the_list_says_which_number_is_shut_since_when_and_why(shell: Shell) -> None:
    house = shell.house
    with house.writing() as session:
        lanes.stop(session, LaneName(WHATSAPP, "+32400001820"), 63007, house.clock())
        session.commit()
    first, second, _ = listed(shell)
    assert (first["state"], first["stopped_since"], first["stopped_why"]) == ("open", None, None)
    assert (second["state"], second["stopped_code"]) == ("stopped", 63007)
    assert second["stopped_since"] == "2027-01-12T20:06:00+00:00"
    assert "not a WhatsApp sender" in str(second["stopped_why"])
    plain = shell.answer("sender", "list").splitlines()
    assert [line.split("\t")[:3] for line in plain] == [
        ["whatsapp", "+32400001818", "open"],
        ["whatsapp", "+32400001820", "stopped"],
        ["sms", "+32400001819", "open"],
    ]
