"""The ledger: one row for everybody, claimed by one sender at a time, whose state only rises."""

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.conftest import STORY_TIME
from tests.house import TWILIO, WA, Cast, House, Somebody, add_cast, add_member, people, release
from tests.traffic import add_row, address_of, change, lane, on_postgres, row, row_of, rows, uuid_of
from wabp import addressing, channels, db, groups, ledger, proofs, standing
from wabp.gateway import SMS, WHATSAPP
from wabp.models import Delivery, Group, Membership, Person, Street, Template, new_id
from wabp.worker import steps

A_SECOND = timedelta(seconds=1)
INFO = {"kind": "info", "category": "prevention", "called": None, "called_at": None}


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    with house.app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def claim(house: House, channel: str = WHATSAPP, limit: int = 100) -> list[int]:
    """Claim and commit. Returns the numbers of the rows in the order of sending."""
    with house.writing() as session:
        ledger.let_go(session, house.clock())
        taken = ledger.claim(session, channel, lane(house, channel).sender, limit, house.clock())
        session.commit()
    return [claimed.id for claimed in taken]


def prove(house: House, *words: tuple[int, str, str, int | None]) -> None:
    """Let the provider say something of rows."""
    with house.writing() as session:
        proofs.raise_states(session, [proofs.Proof(number, 0, *said) for number, *said in words], house.clock())
        session.commit()


# ---- addressing ----


def test_everybody_in_the_group_gets_one_row_written_by_one_statement(house: House, cast: Cast) -> None:
    with statements(house) as said:
        alert = release(house, cast.fatima)
    assert len([statement for statement in said if statement.startswith("INSERT INTO delivery")]) == 1
    assert sorted(r.person_id for r in rows(house)) == sorted(uuid_of(who) for who in cast.street)
    assert {(r.cause, r.cause_id, r.state, r.rank) for r in rows(house)} == {("alert", alert.id, "queued", 0)}


def test_each_row_carries_language_channel_priority_and_end_of_its_member(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    heinz = row_of(house, alert, cast.heinz)
    assert (heinz.language, heinz.channel, heinz.priority) == ("de", SMS, ledger.PRIORITY_URGENT)
    assert (heinz.created_at, heinz.expires_at) == (house.clock(), house.clock() + timedelta(hours=2))
    assert row_of(house, alert, cast.jean).language == "fr"


def test_a_second_row_for_the_same_cause_address_and_channel_is_refused_by_the_database(
    house: House, cast: Cast
) -> None:
    cause = new_id()
    add_row(house, cast.an, cause_id=cause)
    add_row(house, cast.an, cause_id=cause, channel=SMS)
    add_row(house, cast.jean, cause_id=cause)
    with pytest.raises(IntegrityError):
        add_row(house, cast.an, cause_id=cause)


def test_addressing_an_alert_again_is_refused_as_a_whole(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    with pytest.raises(IntegrityError), house.writing() as session:
        addressing.write_alert(
            session,
            alert.group_id,
            alert.id,
            urgent=True,
            street_id=None,
            template_languages=(),
            not_before=None,
            night_until=None,
            expires_at=house.clock() + timedelta(hours=2),
            now=house.clock(),
        )
    assert people(house, alert) == {"queued": 7}


@pytest.mark.parametrize("state", ["left", "suspended", "removed"])
def test_who_is_not_in_the_group_now_gets_no_row(house: House, cast: Cast, state: str) -> None:
    with house.writing() as session:
        session.scalars(select(Membership).where(Membership.person_id == cast.an.id)).one().state = state
        session.commit()
    assert people(house, release(house, cast.fatima)) == {"queued": 6}


DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("address", "forms", "channel"),
    [
        ({"window_from": -timedelta(0)}, (), WHATSAPP),
        ({"window_from": -DAY + A_SECOND}, (), WHATSAPP),
        ({"window_from": -DAY}, (), SMS),
        ({"window_from": -DAY}, ("nl",), WHATSAPP),
        ({"window_from": -DAY}, ("fr", "en", "de"), SMS),
        ({"window_from": None}, (), SMS),
        ({"window_from": None}, ("nl",), WHATSAPP),
        ({"whatsapp": False}, ("nl",), SMS),
        ({"whatsapp": False, "window_from": -timedelta(0)}, ("nl",), SMS),
        ({"kind": "wa_user", "window_from": None}, (), WHATSAPP),
    ],
)
def test_whatsapp_is_chosen_for_who_has_it_and_may_be_written_to_by_it(
    house: House, cast: Cast, address: dict[str, object], forms: Sequence[str], channel: str
) -> None:
    moved = {name: house.clock() + ago if isinstance(ago, timedelta) else ago for name, ago in address.items()}
    change(house, cast.an, **moved)
    with house.writing() as session:
        for language in forms:
            session.add(Template(kind="urgent", language=language, content_sid="HX1", created_at=house.clock()))
        session.commit()
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        forecast = channels.channel_counts(session, group.id, forms, house.clock())
    alert = release(house, cast.fatima)
    assert row_of(house, alert, cast.an).channel == channel
    chosen = [r.channel for r in rows(house)]
    assert {name: chosen.count(name) for name in set(chosen)} == forecast, "the forecast says what is done"


def test_what_waits_for_the_morning_goes_by_the_channel_that_is_open_then(house: House, cast: Cast) -> None:
    change(house, cast.an, window_from=house.clock() - timedelta(hours=20))
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        group.quiet = "22:00-07:00"
        session.commit()
    house.clock.at("22:30")
    info = {"kind": "info", "category": "prevention", "called": None, "called_at": None}
    alert = release(house, cast.fatima, text="Sluit uw ramen als u weggaat.", **info)
    assert row_of(house, alert, cast.an).channel == SMS
    assert row_of(house, alert, cast.jean).channel == WHATSAPP


def test_a_dead_address_is_skipped_with_its_reason_and_counted_as_unreachable(house: House, cast: Cast) -> None:
    change(house, cast.an, dead_at=house.clock())
    alert = release(house, cast.fatima)
    assert (row_of(house, alert, cast.an).state, row_of(house, alert, cast.an).reason) == ("skipped", "no_number")
    assert people(house, alert) == {"queued": 6, "skipped": 1}
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        assert channels.channel_counts(session, group.id, (), house.clock()) == {
            "whatsapp": 4,
            "sms": 2,
            "unreachable": 1,
        }


def test_who_has_no_address_at_all_gets_no_row_and_is_counted_as_unreachable(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.delete(address_of(session, cast.an))
        session.commit()
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        assert channels.channel_counts(session, group.id, (), house.clock())["unreachable"] == 1
    assert people(house, release(house, cast.fatima)) == {"queued": 6}


# ---- claiming ----


def test_urgent_goes_first_then_answers_then_info_and_the_oldest_first_among_equals(house: House, cast: Cast) -> None:
    info, answer, urgent = ledger.PRIORITY_INFO, ledger.PRIORITY_ANSWER, ledger.PRIORITY_URGENT
    written = [add_row(house, cast.an, priority=priority) for priority in (info, answer, urgent, info, urgent, answer)]
    assert claim(house) == [written[position] for position in (2, 4, 1, 5, 0, 3)]


def test_an_urgent_alert_overtakes_what_still_waits_of_an_info(house: House, cast: Cast) -> None:
    info = {"kind": "info", "category": "prevention", "called": None, "called_at": None}
    release(house, cast.fatima, text="Sluit uw ramen als u weggaat.", **info)
    house.send_some(WHATSAPP, 2)
    release(house, cast.fatima)
    house.send_some(WHATSAPP, 5)
    assert ["DRINGEND" in m.body or "URGENT" in m.body for m in house.phones.messages] == [False] * 2 + [True] * 5


def test_groups_take_turns_and_a_small_one_does_not_wait_for_all_of_a_large_one(house: House, cast: Cast) -> None:
    with house.writing() as session:
        large = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for number in range(20):
            add_member(session, large, f"+324700008{number:02}", house.clock())
        session.commit()
    release(house, cast.fatima, text="Sluit uw ramen als u weggaat.", **INFO)
    house.send_some(WHATSAPP, 10)
    release(house, cast.willem, "dijklaan", text="Fietsen op slot aub.", **INFO)
    house.send_some(WHATSAPP, 6)
    latest = {message.to for message in house.phones.messages[10:]}
    assert {cast.willem.number, cast.noor.number} < latest
    assert len(latest) == 6


def test_two_alerts_of_one_group_go_one_after_the_other(house: House, cast: Cast) -> None:
    release(house, cast.fatima, text="Sluit uw ramen als u weggaat.", **INFO)
    release(house, cast.fatima, text="Fietsen op slot aub.", **INFO)
    house.send_some(WHATSAPP, 5)
    assert all("ramen" in message.body for message in house.phones.messages)


def test_who_lives_where_it_happens_is_warned_first(house: House, cast: Cast) -> None:
    with house.reading() as session:
        where = session.scalars(select(Street).where(Street.name == "Kerkdreef")).one().id
    release(house, cast.fatima, street_id=where)
    house.send_some(WHATSAPP, 2)
    assert [message.to for message in house.phones.messages] == [cast.luc.number, cast.jean.number]


def test_a_claim_takes_as_many_as_were_asked_for_and_of_its_own_channel_only(house: House, cast: Cast) -> None:
    written = [add_row(house, cast.an) for _ in range(6)]
    by_sms = add_row(house, cast.heinz, channel=SMS)
    assert claim(house, WHATSAPP, 4) == written[:4]
    assert claim(house, SMS, 4) == [by_sms]
    assert claim(house, WHATSAPP, 4) == written[4:]
    assert claim(house, WHATSAPP, 4) == []


def test_what_is_not_due_or_over_is_left_alone(house: House, cast: Cast) -> None:
    now = house.clock()
    due = add_row(house, cast.an, not_before=now)
    later = add_row(house, cast.an, not_before=now + A_SECOND)
    add_row(house, cast.an, state="cancelled", rank=4)
    assert steps.look(house.services).waiting == {lane(house): ledger.PRIORITY_ANSWER}
    assert claim(house) == [due]
    assert steps.look(house.services).waiting == {}
    house.clock.forward(seconds=1)
    assert steps.look(house.services).waiting == {lane(house): ledger.PRIORITY_ANSWER}
    assert claim(house) == [later]


def test_two_senders_at_once_share_the_work_without_overlap(house: House, cast: Cast) -> None:
    written = {add_row(house, cast.an) for _ in range(40)}

    def everything(_sender: int) -> list[int]:
        taken: list[int] = []
        while chunk := claim(house, WHATSAPP, 3):
            taken += chunk
        return taken

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(everything, range(4)))
    claimed = [row_id for share in shares for row_id in share]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= written
    assert set(claimed) | set(claim(house)) == written, "on PostgreSQL a sender may end before another commits"


@on_postgres
def test_a_claim_passes_over_what_another_connection_is_claiming(house: House, cast: Cast) -> None:
    written = [add_row(house, cast.an) for _ in range(6)]
    with house.writing() as one:
        first = [claimed.id for claimed in ledger.claim(one, WHATSAPP, WA, 3, house.clock())]
        assert claim(house, WHATSAPP, 100) == written[3:], "without waiting"
        one.commit()
    assert first == written[:3]


@on_postgres
def test_a_claim_that_was_never_committed_is_free_again(house: House, cast: Cast) -> None:
    written = [add_row(house, cast.an) for _ in range(3)]
    with house.writing() as session:
        assert len(ledger.claim(session, WHATSAPP, WA, 3, house.clock())) == 3
    assert claim(house) == written


# ---- ends ----


def test_expiry_ends_what_waits_as_expired_and_what_is_in_doubt_as_unknown(house: House, cast: Cast) -> None:
    in_doubt = add_row(house, cast.an)
    claim(house)
    waiting, on_its_way = add_row(house, cast.an), add_row(house, cast.jean)
    prove(house, (on_its_way, "SM1", "queued", None))
    house.clock.forward(hours=1)
    with house.writing() as session:
        assert ledger.expire(session, house.clock()) == 2
        assert ledger.expire(session, house.clock()) == 0
        session.commit()
    assert (row(house, waiting).state, row(house, waiting).rank) == ("expired", 4)
    assert (row(house, in_doubt).state, row(house, in_doubt).reason, row(house, in_doubt).rank) == (
        "failed",
        "unknown",
        1,
    )
    assert row(house, on_its_way).state == "accepted"


@pytest.mark.parametrize("status", ["queued", "sent", "undelivered", "delivered", "read"])
def test_any_late_proof_raises_what_was_given_up_without_proof(house: House, cast: Cast, status: str) -> None:
    given_up = add_row(house, cast.an, state="failed", rank=1, reason="unknown")
    prove(house, (given_up, "SM1", status, None))
    assert row(house, given_up).state == proofs.state_for(status, None)
    assert row(house, given_up).reason is None


def test_leaving_ends_all_that_waits_for_a_person_but_the_answers_to_them(house: House, cast: Cast) -> None:
    notice, answer = add_row(house, cast.an), add_row(house, cast.an, cause="answer")
    other, gone = add_row(house, cast.jean), add_row(house, cast.an)
    prove(house, (gone, "SM1", "sent", None))
    with house.writing() as session:
        assert ledger.skip_person(session, uuid_of(cast.an), "stopped", house.clock()) == 1
        session.commit()
    assert [row(house, number).state for number in (notice, answer, other, gone)] == [
        "skipped",
        "queued",
        "queued",
        "sent",
    ]


# ---- people ----


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("failed", "delivered", "delivered"),
        ("read", "delivered", "read"),
        ("undelivered", "queued", "queued"),
        ("skipped", "expired", "expired"),
        ("failed", "skipped", "failed"),
        ("accepted", "sent", "sent"),
        ("unknown", "queued", "unknown"),
    ],
)
def test_a_person_with_two_rows_is_counted_once_under_the_best(
    house: House, cast: Cast, first: str, second: str, counted: str
) -> None:
    alert = release(house, cast.fatima)
    with house.writing() as session:
        own = session.scalars(select(Delivery).where(Delivery.person_id == cast.an.id)).one()
        own.state, own.rank = first, ledger.RANKS[first]
        session.commit()
    add_row(
        house, cast.an, cause="alert", cause_id=alert.id, channel=SMS, state=second, rank=ledger.RANKS[second]
    )
    counts = people(house, alert)
    assert sum(counts.values()) == 7
    assert counts == ({"queued": 7} if counted == "queued" else {"queued": 6, counted: 1})


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.sampled_from(sorted(ledger.RANKS)), min_size=1, max_size=2), min_size=1, max_size=4))
def test_whatever_states_the_rows_have_everybody_is_counted_once(
    house: House, cast: Cast, states: list[list[str]]
) -> None:
    cause = new_id()
    for who, mine in zip(cast.street, states, strict=False):
        for channel, state in zip((WHATSAPP, SMS), mine, strict=False):
            add_row(house, who, cause="alert", cause_id=cause, channel=channel, state=state, rank=ledger.RANKS[state])
    with house.reading() as session:
        counted = standing.people_by_state(session, "alert", cause)
    assert sum(counted.values()) == len(states)
    best = [max(mine, key=standing.goodness_of) for mine in states]
    assert counted == {state: best.count(state) for state in set(best)}


# ---- ranks only rise ----


FALLING = {
    "sqlite": [
        "CREATE TRIGGER no_fall BEFORE UPDATE ON delivery WHEN NEW.rank < OLD.rank AND OLD.rank > 1 "
        "BEGIN SELECT RAISE(ABORT, 'a rank fell'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION no_fall() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.rank < OLD.rank AND OLD.rank > 1 THEN RAISE EXCEPTION ''a rank fell''; END IF; RETURN NEW; END'",
        "CREATE TRIGGER no_fall BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION no_fall()",
    ],
}


@pytest.fixture
def watched(house: House) -> House:
    """A house whose database itself refuses a rank that falls. Only a claim may be given back."""
    with house.writing() as session:
        for statement in FALLING[session.get_bind().dialect.name]:
            session.execute(text(statement))
        session.commit()
    return house


def test_the_watch_over_ranks_sees_a_fall(watched: House, cast: Cast) -> None:
    number = add_row(watched, cast.an, state="sent", rank=3)
    with watched.writing() as session:
        session.get_one(Delivery, number).rank = 2
        with pytest.raises(DBAPIError, match="a rank fell"):
            session.flush()


RECEIPTS = st.lists(
    st.tuples(
        st.sampled_from(
            "queued accepted sending sent delivered read undelivered failed canceled a_new_word".split()
        ),
        st.sampled_from([None, None, None, 30036, 63016, 30003]),
        st.sampled_from(["own", "own", "own", "other"]),
    ),
    min_size=1,
    max_size=8,
)


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    receipts=RECEIPTS,
    begins=st.sampled_from([("queued", 0), ("sending", 1), ("unknown", 1), ("failed", 1), ("accepted", 2)]),
    doubled=st.booleans(),
)
def test_no_sequence_of_receipts_ever_lowers_a_rank_or_takes_an_id_from_a_row(
    watched: House,
    cast: Cast,
    receipts: list[tuple[str, int | None, str]],
    begins: tuple[str, int],
    doubled: bool,
) -> None:
    state, rank = begins
    number = add_row(watched, cast.an, state=state, rank=rank)
    bound, own = None, uuid.uuid4().hex[:20]
    for status, error, whose in [receipt for receipt in receipts for _ in range(1 + doubled)]:
        proof = f"{own}{whose}"
        prove(watched, (number, proof, status, error))
        meant = proofs.state_for(status, error)
        if bound in (None, proof) and ledger.RANKS[meant] > rank:
            state, rank, bound = meant, ledger.RANKS[meant], proof
        stored = row(watched, number)
        assert (stored.state, stored.rank, stored.provider_id) == (state, rank, bound)


@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(receipts=st.permutations(["queued", "sent", "delivered", "read", "sent", "delivered"]), together=st.booleans())
def test_in_whatever_order_the_receipts_of_one_message_come_it_ends_as_read(
    watched: House, cast: Cast, receipts: list[str], together: bool
) -> None:
    number, proof = add_row(watched, cast.an), uuid.uuid4().hex
    said = [(number, proof, status, None) for status in receipts]
    for some in [said] if together else [[one] for one in said]:
        prove(watched, *some)
    assert (row(watched, number).state, row(watched, number).rank) == ("read", 6)


def test_giving_a_claim_back_never_touches_a_row_that_has_proof(watched: House, cast: Cast) -> None:
    numbers = [add_row(watched, cast.an) for _ in range(4)]
    claim(watched)
    claimed_at = watched.clock()
    for number, status in zip(numbers, ("queued", "sent", "delivered", "failed"), strict=True):
        prove(watched, (number, f"SM{number}", status, None))
    watched.clock.forward(seconds=1)
    with watched.writing() as session:
        assert ledger.put_back(session, numbers, claimed_at, watched.clock()) == 0
        assert ledger.mark_unknown(session, numbers, watched.clock()) == 0
        assert ledger.mark_missed(session, numbers, claimed_at, watched.clock()) == 0
        assert ledger.end(session, numbers, "expired", "expired", watched.clock()) == 0
        session.commit()
    assert [row(watched, number).state for number in numbers] == ["accepted", "sent", "delivered", "failed"]


def test_a_claim_given_back_by_who_lost_it_stays_with_who_has_it_now(watched: House, cast: Cast) -> None:
    number = add_row(watched, cast.an)
    claim(watched)
    earlier = watched.clock()
    watched.clock.forward(seconds=90)
    with watched.writing() as session:
        assert ledger.put_back(session, [number], earlier, watched.clock()) == 1
        session.commit()
    assert claim(watched) == [number]
    with watched.writing() as session:
        assert ledger.put_back(session, [number], earlier, watched.clock()) == 0
        assert ledger.mark_missed(session, [number], earlier, watched.clock()) == 0
        session.commit()
    assert row(watched, number).state == "sending"


def test_the_error_of_the_provider_is_kept_with_its_reason_and_goes_when_it_arrived_after_all(
    house: House, cast: Cast
) -> None:
    number = add_row(house, cast.an)
    prove(house, (number, "SM1", "undelivered", 30003))
    assert (row(house, number).reason, row(house, number).error_code) == ("provider_30003", 30003)
    prove(house, (number, "SM1", "delivered", None))
    assert (row(house, number).state, row(house, number).reason) == ("delivered", None)


def test_moments_of_each_state_are_kept(house: House, cast: Cast) -> None:
    number = add_row(house, cast.an)
    moments = []
    for status in ("queued", "sent", "delivered", "read"):
        house.clock.forward(seconds=1)
        moments.append(house.clock())
        prove(house, (number, "SM1", status, None))
    stored = row(house, number)
    assert [stored.accepted_at, stored.sent_at, stored.delivered_at, stored.read_at] == moments


def test_an_alert_to_a_newcomer_is_addressed_to_them_as_well(house: House, cast: Cast) -> None:
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        newcomer: Somebody = add_member(session, group, "+32470000020", house.clock(), language="en")
        session.commit()
    alert = release(house, cast.fatima)
    assert row_of(house, alert, newcomer).language == "en"
    with house.reading() as session:
        assert session.get_one(Person, newcomer.id).language == "en"


@pytest.mark.parametrize(
    ("left_out", "whatsapp", "sms", "unreachable"),
    [("WABP_WHATSAPP_FROM", 0, 7, 0), ("WABP_SMS_FROM", 5, 0, 2)],
)
def test_a_channel_without_a_sender_is_never_chosen(
    tmp_path: Path, left_out: str, whatsapp: int, sms: int, unreachable: int
) -> None:
    built = House(f"sqlite:///{tmp_path / 'one.sqlite3'}", tmp_path, STORY_TIME, **(TWILIO | {left_out: ""}))
    with built.app.app_context():
        db.db.create_all()
    cast = add_cast(built)
    with built.reading() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        counted = channels.channel_counts(session, group.id, (), built.clock())
    wanted = {"whatsapp": whatsapp, "sms": sms, "unreachable": unreachable}
    assert counted == {name: count for name, count in wanted.items() if count}
    alert = release(built, cast.fatima)
    built.send_all()
    assert {message.channel for message in built.phones.messages} == {"whatsapp" if whatsapp else "sms"}
    assert people(built, alert) == {"accepted": 7 - unreachable} | ({"skipped": unreachable} if unreachable else {})
    built.close()
