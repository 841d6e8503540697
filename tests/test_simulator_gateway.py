"""The simulated phones: what they get, what they tell the product, and what a tester types on them."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.test import Client

from wabp import db, settings
from wabp.gateway import SMS, WHATSAPP, Accepted, CannotAsk, Outcome, Outgoing, Refused, Unknown
from wabp.gateway.hooks import SIGNATURE_HEADER, Form, is_signed, read_inbound, read_receipt
from wabp.gateway.inbound import Receipt
from wabp.gateway.simulator import Simulator
from wabp.models.simulated import SimulatedMessage
from wabp.vault import Vault

ANNA, BERT = "+32470000010", "+32470000011"
TOKEN = "an-invented-token"
PUBLIC = "https://watch.example/street"
NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)
SENDERS = {WHATSAPP: ("+32400001818", "+32400001820"), SMS: ("+32400001819",)}
KEYS = [bytes([1]) * 32, bytes([2]) * 32]


class Product:
    """Stands where the product is: it takes hooks and can be told to fail."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Form]] = []
        self.answers: list[int] = []
        self.open_sessions = 0

    def post(self, path: str, form: Form, headers: Mapping[str, str]) -> int:
        assert self.open_sessions == 0, "a session was open while the product was called"
        assert is_signed(PUBLIC + path, form, headers[SIGNATURE_HEADER], [TOKEN])
        self.heard.append((path, form))
        return self.answers.pop(0) if self.answers else 204

    def receipts(self) -> list[tuple[str, str]]:
        return [(path, read_receipt(form).status) for path, form in self.heard if "status" in path]

    def texts(self) -> list[str]:
        return [read_inbound(form).body for path, form in self.heard if "inbound" in path]


class Table:
    """A simulator on a database of its own, a product beside it, and a clock that can be moved."""

    def __init__(self, app: Flask) -> None:
        self.app, self.product, self.now = app, Product(), NOON
        self.failing = False
        self.simulator = Simulator(
            app_post=self.product.post,
            open_session=self.opened,
            clock=lambda: self.now,
            token=TOKEN,
            account_sid="AC" + "1" * 32,
            senders=SENDERS,
            public_url=PUBLIC,
        )

    @contextmanager
    def opened(self, *, reading: bool = False) -> Iterator[Session]:
        if self.failing:
            raise OperationalError("none", {}, Exception("locked"))
        with db.opened(self.app, reading=reading) as session:
            self.product.open_sessions += 1
            try:
                yield session
            finally:
                self.product.open_sessions -= 1

    def send(self, *messages: Outgoing) -> list[Outcome]:
        async def all_at_once() -> list[Outcome]:
            return await asyncio.gather(*(self.simulator.send(message) for message in messages))

        return asyncio.run(all_at_once())

    def pass_seconds(self, seconds: float) -> int:
        self.now += timedelta(seconds=seconds)
        return self.simulator.advance(self.now)

    def screen(self, phone: str) -> list[tuple[str, str, str]]:
        with self.opened(reading=True) as session:
            bubbles = self.simulator.chat(session, phone)
            return [(bubble.direction, bubble.body, bubble.status) for bubble in bubbles]


def app_on(file: Path, keys: list[bytes]) -> Flask:
    app = Flask("table")
    given = settings.load({"WABP_DATABASE_URL": f"sqlite:///{file}"})
    db.connect(app, given, Vault(keys, "secret"))
    with app.app_context():
        db.db.create_all()
    return app


@contextmanager
def a_table(file: Path, keys: list[bytes] = KEYS[1:]) -> Iterator[Table]:
    app = app_on(file, keys)
    try:
        yield Table(app)
    finally:
        with app.app_context():
            db.db.engine.dispose()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with a_table(tmp_path / "phones.sqlite3") as table:
        yield table


def message(number: int = 1, to: str = ANNA, channel: str = WHATSAPP, **more: object) -> Outgoing:
    callback = f"{PUBLIC}/hooks/twilio/status?{urlencode({'m': number, 'k': 'a/b+c'})}"
    given = {
        "delivery_id": number,
        "callback_url": callback,
        "validity_seconds": 600,
        "body": f"Text {number}",
        "sender": SENDERS[channel][0],
    }
    return Outgoing(**{**given, "channel": channel, "to": to, **more})  # type: ignore[arg-type]


STATUS = "/hooks/twilio/status?m=1&k=a%2Fb%2Bc"


def test_a_message_is_taken_and_shown_before_anything_is_told(table: Table) -> None:
    (taken,) = table.send(message())
    assert isinstance(taken, Accepted)
    assert (taken.provider_id[:2], len(taken.provider_id), taken.status) == ("SM", 34, "queued")
    assert table.screen(ANNA) == [("out", "Text 1", "queued")]
    assert table.product.heard == []


def test_sent_is_told_at_once_and_delivered_a_second_later(table: Table) -> None:
    table.send(message())
    assert table.pass_seconds(0) == 1
    assert table.product.receipts() == [(STATUS, "sent")]
    assert table.pass_seconds(0.5) == 0
    assert table.pass_seconds(0.5) == 1
    assert table.product.receipts() == [(STATUS, "sent"), (STATUS, "delivered")]
    assert table.pass_seconds(3600) == 0


def test_a_clock_that_jumps_brings_both_steps_in_order(table: Table) -> None:
    table.send(message())
    assert table.pass_seconds(60) == 2
    assert table.product.receipts() == [(STATUS, "sent"), (STATUS, "delivered")]


def test_a_receipt_names_the_message_and_both_ends(table: Table) -> None:
    (taken,) = table.send(message())
    table.pass_seconds(0)
    told = dict(table.product.heard[0][1])
    assert isinstance(taken, Accepted)
    assert (told["MessageSid"], told["To"]) == (taken.provider_id, "whatsapp:" + ANNA)
    assert told["From"] == "whatsapp:+32400001818"


def test_a_callback_that_leads_elsewhere_is_never_called(table: Table) -> None:
    for elsewhere in ("https://watch.example/other", "https://watch.example/streets/x", "http://10.0.0.1/"):
        table.send(message(callback_url=elsewhere))
    assert table.pass_seconds(60) == 6
    assert table.product.heard == []


def test_a_call_that_the_product_could_not_take_is_made_again(table: Table) -> None:
    table.send(message(channel=SMS))
    table.product.answers = [503, 204, 500]
    table.pass_seconds(0)
    table.pass_seconds(1)
    assert [status for _, status in table.product.receipts()] == ["sent", "delivered"]
    table.pass_seconds(4)
    table.pass_seconds(10)
    assert [status for _, status in table.product.receipts()] == ["sent", "delivered", "sent", "sent"]


def test_after_five_calls_it_gives_up(table: Table) -> None:
    table.send(message())
    table.product.answers = [500] * 50
    for _ in range(20):
        table.pass_seconds(10)
    assert [status for _, status in table.product.receipts()].count("sent") == 5
    assert len(table.product.heard) == 10


def test_a_refused_call_is_not_made_again(table: Table) -> None:
    table.product.answers = [403]
    table.simulator.type_message(ANNA, SMS, "hello")
    table.pass_seconds(60)
    assert table.product.texts() == ["hello"]


def test_what_is_typed_reaches_the_product_and_the_screen(table: Table) -> None:
    table.simulator.type_message(ANNA, WHATSAPP, "STOP, été 🙂")
    table.simulator.type_message(BERT, SMS, "JA")
    heard = [read_inbound(form) for _, form in table.product.heard]
    assert [(one.channel, one.from_kind, one.from_value, one.body) for one in heard] == [
        ("whatsapp", "phone", ANNA, "STOP, été 🙂"),
        ("sms", "phone", BERT, "JA"),
    ]
    assert heard[0].provider_id != heard[1].provider_id
    assert "ProfileName" not in dict(table.product.heard[0][1])
    assert table.screen(ANNA) == [("in", "STOP, été 🙂", "received")]


def test_who_answers_on_whatsapp_has_read_what_was_delivered(table: Table) -> None:
    table.send(message(1), message(2, channel=SMS), message(3, to=BERT))
    table.pass_seconds(60)
    table.send(message(4))
    table.product.heard.clear()
    table.simulator.type_message(ANNA, WHATSAPP, "ok")
    assert [path for path, _ in table.product.heard] == [STATUS, "/hooks/twilio/inbound"]
    assert table.product.receipts() == [(STATUS, "read")]
    assert [status for _, _, status in table.screen(ANNA)] == ["read", "delivered", "queued", "received"]
    assert [status for _, _, status in table.screen(BERT)] == ["delivered"]


def test_an_sms_answer_tells_nobody_that_something_was_read(table: Table) -> None:
    table.send(message())
    table.pass_seconds(60)
    table.simulator.type_message(ANNA, SMS, "ok")
    assert [status for _, status in table.product.receipts()] == ["sent", "delivered"]


def test_a_template_shows_what_was_filled_in(table: Table) -> None:
    table.send(message(body=None, content_sid="HX1", variables={"1": "Theft", "2": "Invented Street"}))
    assert table.screen(ANNA) == [("out", "Theft\nInvented Street", "queued")]


def test_a_chat_shows_the_last_messages_oldest_first(table: Table) -> None:
    table.send(*(message(number) for number in range(5)))
    with table.opened(reading=True) as session:
        shown = table.simulator.chat(session, ANNA, limit=3)
    assert [bubble.body for bubble in shown] == ["Text 2", "Text 3", "Text 4"]
    assert {bubble.channel for bubble in shown} == {WHATSAPP}
    assert {bubble.at for bubble in shown} == {NOON}


def seen(table: Table, channel: str, since: datetime) -> list[str]:
    return [found.body for found in asyncio.run(table.simulator.seen(channel, ANNA, since))]


def test_the_books_show_one_channel_of_one_phone_since_a_moment(table: Table) -> None:
    table.send(message(1), message(2, channel=SMS), message(3, to=BERT))
    table.simulator.type_message(ANNA, WHATSAPP, "not in the books")
    assert seen(table, WHATSAPP, NOON) == ["Text 1"]
    assert seen(table, SMS, NOON + timedelta(seconds=5)) == ["Text 2"]
    assert seen(table, SMS, NOON + timedelta(seconds=6)) == []


def test_phones_are_found_after_a_new_key_was_added(tmp_path: Path) -> None:
    with a_table(tmp_path / "phones.sqlite3", KEYS[1:]) as before:
        before.send(message())
    with a_table(tmp_path / "phones.sqlite3", KEYS) as after:
        after.send(message(2))
        assert [body for _, body, _ in after.screen(ANNA)] == ["Text 1", "Text 2"]
        assert seen(after, WHATSAPP, NOON) == ["Text 1", "Text 2"]


def test_neither_number_nor_text_lies_open_in_the_database(table: Table, tmp_path: Path) -> None:
    table.send(message(body="canary-text"))
    table.simulator.type_message(ANNA, SMS, "canary-text")
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"canary" not in written
    assert ANNA.lstrip("+").encode() not in written


def test_a_database_that_is_away_leaves_the_message_in_doubt(table: Table) -> None:
    table.failing = True
    assert table.send(message(1), message(2)) == [Unknown(), Unknown()]
    with pytest.raises(CannotAsk):
        seen(table, WHATSAPP, NOON)
    with pytest.raises(CannotAsk):
        asyncio.run(table.simulator.ask("SM1"))
    with pytest.raises(CannotAsk):
        asyncio.run(table.simulator.books(NOON))
    table.failing = False
    assert isinstance(table.send(message())[0], Accepted)


def test_one_caller_who_gives_up_takes_nobody_along(table: Table) -> None:
    async def cancel_the_first() -> Outcome:
        first = asyncio.create_task(table.simulator.send(message(1)))
        second = asyncio.create_task(table.simulator.send(message(2)))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert isinstance(asyncio.run(cancel_the_first()), Accepted)
    assert len(table.screen(ANNA)) == 2


@pytest.mark.parametrize(
    ("channel", "sender"), [(WHATSAPP, "+32400001899"), (WHATSAPP, "+32400001819"), (WHATSAPP, ""), ("fax", "1")]
)
def test_a_sender_that_is_not_ours_by_that_channel_is_refused(table: Table, channel: str, sender: str) -> None:
    outgoing = Outgoing(1, channel, sender, ANNA, PUBLIC, 600, body="Text")
    assert table.send(outgoing) == [Refused(21606, 400)]
    assert table.screen(ANNA) == []


def ends(table: Table) -> list[tuple[str, str]]:
    return [(dict(form)["From"], dict(form)["To"]) for _, form in table.product.heard]


def test_a_message_comes_from_its_own_sender_and_is_answered_to_it(table: Table) -> None:
    second = "whatsapp:" + SENDERS[WHATSAPP][1]
    table.send(message(sender=SENDERS[WHATSAPP][1]))
    table.pass_seconds(0)
    table.simulator.type_message(ANNA, WHATSAPP, "ok")
    table.simulator.type_message(ANNA, SMS, "by SMS nobody wrote yet")
    assert ends(table) == [
        (second, "whatsapp:" + ANNA), ("whatsapp:" + ANNA, second), (ANNA, SENDERS[SMS][0])
    ]


def test_one_message_can_be_asked_after(table: Table) -> None:
    (taken,) = table.send(message())
    table.pass_seconds(60)
    assert isinstance(taken, Accepted)
    assert asyncio.run(table.simulator.ask(taken.provider_id)) == Receipt(taken.provider_id, "delivered")
    with pytest.raises(CannotAsk):
        asyncio.run(table.simulator.ask("SM0"))


def test_the_whole_books_tell_of_all_phones_since_a_moment(table: Table) -> None:
    table.send(message())
    table.pass_seconds(60)
    (taken,) = table.send(message(2, to=BERT, channel=SMS))
    table.simulator.type_message(ANNA, WHATSAPP, "STOP")
    assert isinstance(taken, Accepted)
    books = asyncio.run(table.simulator.books(NOON + timedelta(seconds=30)))
    assert books.receipts == [Receipt(taken.provider_id, "queued")]
    (came_in,) = books.inbound
    assert (came_in.from_value, came_in.body, came_in.at) == (ANNA, "STOP", table.now)
    assert came_in.to == SENDERS[WHATSAPP][0]
    assert len(asyncio.run(table.simulator.books(NOON)).receipts) == 2


def test_a_thousand_messages_are_quick(table: Table) -> None:
    started = time.perf_counter()
    outcomes = table.send(*(message(number, to=f"+3247{number:07}") for number in range(1_000)))
    took = time.perf_counter() - started
    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)}) == 1_000
    assert took < 5, f"{took:.2f} s for a thousand messages"
    assert table.pass_seconds(60) == 2_000
    assert len(table.product.heard) == 2_000


def test_two_processes_on_one_database_tell_each_step_once(table: Table) -> None:
    table.send(*(message(number) for number in range(1, 4)))
    other = Table(table.app)
    assert other.pass_seconds(0) == 3
    assert table.pass_seconds(0) == 0
    with table.opened(reading=True) as session:
        assert session.query(SimulatedMessage).count() == 3


def test_a_real_app_can_answer_while_it_is_told(table: Table) -> None:
    """The product writes in its hooks: an open session of the simulator would lock it out on SQLite."""
    heard: list[str] = []

    @table.app.post("/hooks/twilio/status")
    def status() -> tuple[str, int]:
        with db.opened(table.app) as session:
            session.query(SimulatedMessage).update({"callback_url": None})
            session.commit()
        url = f"{PUBLIC}{request.path}?{request.query_string.decode()}"
        form = list(request.form.items(multi=True))
        right = is_signed(url, form, request.headers.get(SIGNATURE_HEADER), [TOKEN])
        heard.append(read_receipt(form).status if right else "forged")
        return "", 204

    def post(path: str, form: Form, headers: Mapping[str, str]) -> int:
        body = urlencode(form).encode()
        kind = "application/x-www-form-urlencoded"
        return Client(table.app).post(path, data=body, content_type=kind, headers=dict(headers)).status_code

    opened: Callable[..., AbstractContextManager[Session]] = partial(db.opened, table.app)
    simulator = Simulator(post, opened, lambda: NOON, TOKEN, "AC1", SENDERS, PUBLIC)
    asyncio.run(simulator.send(message()))
    assert simulator.advance(NOON) == 1
    assert heard == ["sent"]
