"""The store: nothing readable at rest, every moment with its zone, a schema that migrations and models agree on."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given, settings as hypothesis_settings, strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from tests import doors
from tests.conftest import STORY_TIME
from tests.house import Cast, House, add_cast, add_zone, release
from tests.traffic import address_of, inbound, memberships, on_sqlite
from wabp import db, groups, jobs
from wabp.errors import BadSetting
from wabp.models import Address, Base, Membership, Person, Zone, new_id, seal, unseal
from wabp.models.base import Moment, Sealed
from wabp.vault import CannotOpen, SealedBytes, Vault, new_key, read_keys

COLUMNS = [column for table in Base.metadata.sorted_tables for column in table.columns]
SEALED = [column for column in COLUMNS if isinstance(column.type, Sealed)]
MOMENTS = [column for column in COLUMNS if isinstance(column.type, Moment)]
KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def bare(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house whose database holds not even tables."""
    built = House(database_url, tmp_path, STORY_TIME)
    yield built
    built.close()


# ---- what a column refuses ----


@on_sqlite
def test_a_sealed_column_refuses_plain_text_and_plain_bytes(house: House) -> None:
    assert len(SEALED) > 10
    with house.writing() as session:
        for column in SEALED:
            for plain in ("+32470000001", b"+32470000001", ""):
                with pytest.raises(StatementError, match="sealed values only"):
                    session.execute(update(column.table).values({column.name: plain}))


@on_sqlite
def test_no_column_takes_a_moment_without_its_zone(house: House) -> None:
    naive = datetime(2027, 1, 12, 21, 6)  # noqa: DTZ001
    assert len(MOMENTS) > 30
    with house.writing() as session:
        for column in MOMENTS:
            with pytest.raises(StatementError, match="naive datetime"):
                session.execute(update(column.table).values({column.name: naive}))


def test_a_moment_comes_back_as_the_same_moment_in_utc(house: House) -> None:
    there = datetime.fromisoformat("2027-10-31T02:30:00.000001+02:00")
    with house.writing() as session:
        zone = add_zone(session, "Zone", "be", "Europe/Brussels", there)
        session.commit()
        session.refresh(zone)
        assert zone.created_at == there
        assert zone.created_at.utcoffset() == timedelta(0)


def test_a_coordinators_name_typed_straight_into_a_row_is_refused(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.get_one(Person, cast.an.id).name = "An Janssens"  # type: ignore[assignment]
        with pytest.raises(StatementError):
            session.flush()


def test_every_column_that_could_hold_a_persons_number_or_name_is_sealed() -> None:
    public = {"zone", "district", "street", "group"}
    personal = [
        column
        for column in COLUMNS
        if column.name in {"name", "phone", "value", "from_value", "body"} and column.table.name not in public
    ]
    assert len(personal) > 7
    assert [str(column) for column in personal if not isinstance(column.type, Sealed)] == []


# ---- what a sealed value is bound to ----


def test_a_ciphertext_moved_to_another_row_does_not_open(house: House, cast: Cast) -> None:
    with house.writing() as session:
        address_of(session, cast.jean).value = address_of(session, cast.an).value
        session.commit()
        with pytest.raises(CannotOpen):
            unseal(session, address_of(session, cast.jean), "value")


def test_a_ciphertext_moved_to_another_column_of_its_row_does_not_open(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Er ligt glas op straat")
    [message] = inbound(house)
    message.body = message.from_value
    with house.reading() as session, pytest.raises(CannotOpen):
        unseal(session, message, "body")


texts = st.text(max_size=60).filter(lambda value: value.isprintable())


@hypothesis_settings(max_examples=50, deadline=None)
@given(value=texts, label=st.sampled_from(["a.b", "a.c"]), row=st.integers(0, 3))
def test_what_was_sealed_opens_with_any_live_key_in_its_place_and_nowhere_else(
    value: str, label: str, row: int
) -> None:
    sealed = Vault([KEY], "s").seal(label, row, value)
    both = Vault([OTHER_KEY, KEY], "s")
    assert both.open(label, row, sealed) == value
    for vault, other_label, other_row in (
        (both, label + "x", row),
        (both, label, row + 1),
        (Vault([OTHER_KEY], "s"), label, row),
    ):
        with pytest.raises(CannotOpen):
            vault.open(other_label, other_row, sealed)


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_seal_never_opens_and_never_fails_otherwise(data: st.DataObject) -> None:
    vault = Vault([KEY], "s")
    sealed = bytes(vault.seal("a.b", 1, "Vaartkant"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    cut_short, one_bit_off = sealed[:position], bytes([sealed[position] ^ 1])
    damaged = data.draw(st.sampled_from([cut_short, cut_short + one_bit_off + sealed[position + 1 :]]))
    with pytest.raises(CannotOpen):
        vault.open("a.b", 1, SealedBytes(damaged))


@hypothesis_settings(max_examples=30, deadline=None)
@given(mac=st.text(max_size=30))
def test_no_guess_is_our_signature(mac: str) -> None:
    vault = Vault([KEY], "s")
    assert vault.signed_by_us("callback", "7", vault.sign("callback", "7"))
    assert not vault.signed_by_us("callback", "7", mac)
    assert not vault.signed_by_us("callback", "8", vault.sign("callback", "7"))
    assert not vault.signed_by_us("link", "7", vault.sign("callback", "7"))


def test_the_same_number_is_sealed_differently_each_time_and_found_by_one_fingerprint() -> None:
    vault = Vault([KEY], "s")
    assert vault.seal("a.b", 1, "+32470000001") != vault.seal("a.b", 1, "+32470000001")
    assert vault.fingerprint("phone", "+32470000001") == vault.fingerprint("phone", "+32470000001")
    assert vault.fingerprint("phone", "+32470000001").digest != vault.fingerprint("wa_user", "+32470000001").digest


@pytest.mark.parametrize("keys", ["", " , ", "AAAA", "A" * 43 + ",x", "é" * 43, "A" * 44 + "=" * 9])
def test_keys_that_are_not_thirty_two_bytes_are_refused(keys: str) -> None:
    with pytest.raises(ValueError, match=r"not|empty|ASCII"):
        read_keys(keys)


def test_a_new_key_can_be_read_back() -> None:
    assert len(read_keys(f"{new_key()},{new_key()}")) == 2


# ---- at rest and in the log ----


PLANTED_WORDS = "Fatima Peeters Luc Willem Claes Sofie achterdeur waterleiding wegenwerken glasscherven".split()


def test_after_a_whole_run_neither_the_database_nor_the_log_holds_a_number_a_name_or_a_text(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="wabp")
    stranger = "+32400112233"
    release(house, cast.fatima)
    house.send_some("whatsapp", 3)
    house.say(cast.an.number, "Ze zeggen dat ze van de waterleiding zijn", NumMedia="1", MediaUrl0="https://x.example/1")
    house.say(cast.jean.number, "Il y a des glasscherven dans la rue")
    house.say(stranger, "Hallo, ik ben Willem, wie zijn jullie?", "sms")
    house.say(cast.priya.number, "STOP")
    house.say(cast.priya.number, "START")
    house.say(cast.godelieve.number, "stop aub", "sms")
    house.send_all()
    for status in ("sent", "delivered", "read", "undelivered"):
        house.deliver_everything(status)
    browser = house.browser(cast.fatima)
    assert browser.get("/groups/molenwijk").status_code < 500
    house.hook("/hooks/twilio/inbound", [("From", cast.an.number)], header="forged")
    house.clock.forward(hours=3)
    jobs.expire(house.services)
    jobs.handle_left_over(house.services)
    kept = doors.loot(house)
    numbers = [who.number for who in vars(cast).values() if who.number] + [stranger]
    assert len(house.phones.messages) > 9
    for where in (kept, caplog.text, *(str(vars(record)) for record in caplog.records)):
        assert [number for number in numbers if number[3:] in where] == []
        assert [word for word in PLANTED_WORDS if word in where] == []


# ---- keys that change ----


def test_people_are_found_and_read_under_an_old_key_after_a_new_one_was_put_first(house: House, cast: Cast) -> None:
    changed = House(
        house.settings.database_url, house.folder, house.clock(), WABP_DATA_KEYS=f"{new_key()},{'A' * 43}"
    )
    changed.say(cast.an.number, "STOP", MessageSid="SM" + "5" * 32)
    assert memberships(changed, cast.an) == {"molenwijk": "left"}
    release(changed, cast.fatima)
    assert changed.send_all() == 7, "six members and the confirmation"
    with changed.reading() as session:
        assert groups.person_at(session, "phone", cast.an.number) is not None
        assert len(session.scalars(select(Person)).all()) == 9, "nobody was made twice"
    changed.close()


def test_without_the_key_nobody_is_found_and_nothing_opens(house: House, cast: Cast) -> None:
    thief = House(house.settings.database_url, house.folder, house.clock(), WABP_DATA_KEYS="B" * 43)
    with thief.reading() as session:
        assert groups.person_at(session, "phone", cast.an.number) is None
        with pytest.raises(CannotOpen):
            unseal(session, address_of(session, cast.an), "value")
    thief.close()


# ---- the schema ----


def test_an_empty_database_that_is_migrated_is_what_the_models_say(bare: House) -> None:
    assert db.schema_state(bare.app) == "empty"
    db.upgrade(bare.app)
    assert db.schema_state(bare.app) == "current"
    db.require_current_schema(bare.app)
    with bare.app.app_context(), db.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_with_data_is_migrated_again_without_loss(bare: House) -> None:
    db.upgrade(bare.app)
    cast = add_cast(bare)
    release(bare, cast.fatima)
    bare.say(cast.an.number, "Er ligt glas op straat")
    before = doors.rows(bare)
    db.upgrade(bare.app)
    assert doors.rows(bare) == before
    assert bare.send_all() == 9


def test_a_migration_that_fails_leaves_nothing_half_made_and_can_be_run_again(bare: House) -> None:
    with bare.writing() as session:
        session.execute(text("CREATE TABLE report (id INTEGER)"))
        session.commit()
    with pytest.raises(DBAPIError):
        db.upgrade(bare.app)
    with bare.writing() as session:
        session.execute(text("DROP TABLE report"))
        session.commit()
    db.upgrade(bare.app)
    assert db.schema_state(bare.app) == "current"


@pytest.mark.parametrize(
    ("version", "state", "cure"), [(None, "old", "wabp migrate"), ("9999", "newer", "Install the newer version")]
)
def test_a_schema_that_is_not_this_programs_is_refused_with_the_cure(
    bare: House, version: str | None, state: str, cure: str
) -> None:
    db.upgrade(bare.app)
    with bare.writing() as session:
        session.execute(text("DELETE FROM alembic_version"))
        if version:
            session.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
        session.commit()
    assert db.schema_state(bare.app) == state
    with pytest.raises(BadSetting) as refused:
        db.require_current_schema(bare.app)
    assert cure in refused.value.say("en")


def test_an_empty_database_is_refused_with_the_cure(bare: House) -> None:
    with pytest.raises(BadSetting, match="wabp migrate"):
        db.require_current_schema(bare.app)


def test_a_row_that_points_at_nobody_is_refused(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.add(
            Membership(group_id=new_id(), person_id=cast.an.id, number=3, joined_at=house.clock(), role="member")
        )
        with pytest.raises(IntegrityError):
            session.flush()


def test_somebody_with_messages_cannot_be_deleted_from_under_them(house: House, cast: Cast) -> None:
    with house.writing() as session, pytest.raises(IntegrityError):
        session.execute(text("DELETE FROM person"))


def test_nobody_has_two_addresses_that_are_written_to(house: House, cast: Cast) -> None:
    with house.writing() as session:
        second = Address(
            person_id=cast.an.id, kind="phone", index_key=b"k", index_digest=b"d", is_primary=True, whatsapp=True,
            created_at=house.clock(),
        )  # fmt: skip
        seal(session, second, "value", "+32400112233")
        session.add(second)
        with pytest.raises(IntegrityError):
            session.flush()


# ---- transactions ----


@on_sqlite
def test_sqlite_keeps_a_log_of_writes_syncs_each_and_minds_what_rows_point_at(house: House) -> None:
    with house.reading() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def a_zone(house: House, slug: str) -> dict[str, object]:
    return {
        "id": new_id(), "slug": slug, "name": slug, "country": "be", "timezone": "Europe/Brussels", "demo": False,
        "created_at": house.clock(),
    }  # fmt: skip


def test_a_session_that_reads_cannot_write_and_leaves_its_connection_able_to(house: House) -> None:
    for _ in range(3):
        with house.reading() as session:
            assert session.scalars(select(Zone.slug)).all() == []
            with pytest.raises(DBAPIError):
                session.execute(insert(Zone).values(a_zone(house, "refused")))
    with house.writing() as session:
        session.execute(insert(Zone).values(a_zone(house, "taken")))
        session.commit()
    with house.reading() as session:
        assert session.scalars(select(Zone.slug)).all() == ["taken"]
        with pytest.raises(DBAPIError):
            session.execute(update(Zone).values(name="other"))


def test_what_was_not_committed_is_gone(house: House) -> None:
    with house.writing() as session:
        session.execute(insert(Zone).values(a_zone(house, "lost")))
    with house.reading() as session:
        assert session.scalars(select(Zone)).all() == []


@on_sqlite
def test_a_writer_waits_for_the_one_before_it_instead_of_failing(house: House) -> None:
    holds, order = threading.Event(), []

    def first() -> None:
        with house.writing() as session:
            session.execute(insert(Zone).values(a_zone(house, "first")))
            holds.set()
            time.sleep(0.15)
            order.append("first")
            session.commit()

    writer = threading.Thread(target=first)
    writer.start()
    holds.wait(5)
    with house.reading() as session:
        assert session.scalars(select(Zone)).all() == [], "who reads does not wait"
    assert order == []
    with house.writing() as session:
        seen = session.scalars(select(Zone.slug)).all()
        order.append("second")
        session.execute(insert(Zone).values(a_zone(house, "second")))
        session.commit()
    writer.join()
    assert (seen, order) == (["first"], ["first", "second"])


def test_many_writers_at_once_all_get_their_turn(house: House) -> None:
    def write(number: int) -> None:
        with house.writing() as session:
            assert session.scalar(select(Zone.slug).where(Zone.slug == f"zone-{number}")) is None
            session.execute(insert(Zone).values(a_zone(house, f"zone-{number}")))
            session.commit()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with house.reading() as session:
        assert len(session.scalars(select(Zone)).all()) == 12


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(200)]
    assert made == sorted(made)
    assert len(set(made)) == 200
