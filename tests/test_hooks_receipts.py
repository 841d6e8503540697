"""Receipts as the provider posts them: many at once, committed in groups, each answered after its commit alone."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from time import monotonic, sleep
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import event, text

from tests.house import ACCOUNT, Cast, House
from tests.traffic import add_row, row, rows
from wabp import db, delivery, messages, proofs
from wabp.gateway.hooks import SIGNATURE_HEADER, signature
from wabp.gateway.inbound import Receipt
from wabp.web import receipts
from wabp.web.receipts import NotKept, Receipts

FORM = "application/x-www-form-urlencoded"


def accepted(house: House, cast: Cast, count: int) -> list[int]:
    """Write rows that the provider has taken. Returns their numbers; the provider's ids are `sid` of them."""
    made = [add_row(house, cast.an) for _ in range(count)]
    with house.writing() as session:
        known = [proofs.Proof(number, 0, sid(number), "queued") for number in made]
        proofs.raise_states(session, known, house.clock())
        session.commit()
    return made


def sid(number: int) -> str:
    return f"SM{number:032x}"


def address(house: House, number: int) -> str:
    vault = house.app.extensions["vault"]
    return f"{messages.STATUS_HOOK}?{urlencode({'m': number, 'k': vault.sign('callback', str(number))})}"


def fields(number: int, status: str, **more: str) -> list[tuple[str, str]]:
    form = {"AccountSid": ACCOUNT, "MessageSid": sid(number), "MessageStatus": status}
    return list((form | more).items())


def post(house: House, number: int, status: str, **more: str) -> int:
    """Tell of a row as the provider does. Returns the answer's code."""
    return house.hook(address(house, number), fields(number, status, **more)).status_code


def states(house: House) -> dict[int, str]:
    return {found.id: found.state for found in rows(house)}


@contextmanager
def commits(house: House) -> Iterator[list[object]]:
    """Note each commit while the block lasts."""
    made: list[object] = []
    with house.app.app_context():
        engine = db.db.engine
    note = made.append
    event.listen(engine, "commit", note)
    try:
        yield made
    finally:
        event.remove(engine, "commit", note)


class Gate:
    """A clock that stops whoever writes first, until it is opened."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._open = threading.Event()
        self.reached = threading.Event()

    def __call__(self) -> datetime:
        self.reached.set()
        assert self._open.wait(20)
        return self._clock()

    def open(self) -> None:
        self._open.set()


class Crowd:
    """Requests in threads of their own: the first one writes and stands at a gate, the others wait for it."""

    def __init__(self, house: House, pool: ThreadPoolExecutor) -> None:
        self._house = house
        self.gate = Gate(house.clock)
        self._receipts = Receipts(replace(house.services, clock=self.gate))
        self._pool = pool
        self._waiting = 0

    def first(self, number: int, receipt: Receipt) -> "Future[str]":
        """Let the first one come. Its answer is how its row stands for everybody at that moment."""
        answer = self._pool.submit(self.keep, number, receipt)
        assert self.gate.reached.wait(20)
        return answer

    def then(self, number: int, receipt: Receipt) -> "Future[str]":
        """Let another one come, and wait until it waits."""
        answer = self._pool.submit(self.keep, number, receipt)
        self._waiting += 1
        until = monotonic() + 20
        while len(self._receipts._queue) < self._waiting:
            assert monotonic() < until
            sleep(0.001)
        return answer

    def keep(self, number: int, receipt: Receipt) -> str:
        self._receipts.keep(number, 0, receipt)
        return row(self._house, number).state


@pytest.fixture
def crowd(house: House) -> Iterator[Crowd]:
    with ThreadPoolExecutor(40) as pool:
        crowd = Crowd(house, pool)
        yield crowd
        crowd.gate.open()


def delivered(number: int) -> Receipt:
    return Receipt(sid(number), "delivered")


# ---- in groups ----


def test_receipts_that_come_while_one_is_written_are_committed_together(
    house: House, cast: Cast, crowd: Crowd
) -> None:
    first, *others = accepted(house, cast, 30)
    with commits(house) as made:
        answers = [crowd.first(first, delivered(first)), *(crowd.then(other, delivered(other)) for other in others)]
        crowd.gate.open()
        for answer in answers:
            answer.result(20)
    assert len(made) == 2
    assert set(states(house).values()) == {"delivered"}


def test_nobody_is_answered_before_the_commit(house: House, cast: Cast, crowd: Crowd) -> None:
    first, second = accepted(house, cast, 2)
    answers = [crowd.first(first, delivered(first)), crowd.then(second, delivered(second))]
    assert [answer.done() for answer in answers] == [False, False]
    assert set(states(house).values()) == {"accepted"}
    crowd.gate.open()
    assert [answer.result(20) for answer in answers] == ["delivered", "delivered"]


def test_a_storm_from_all_sides_loses_nothing(house: House, cast: Cast) -> None:
    made = accepted(house, cast, 40)
    said = [(number, status) for status in ("sent", "delivered", "read") for number in made]
    with ThreadPoolExecutor(24) as pool:
        codes = list(pool.map(lambda one: post(house, *one), said))
    assert codes == [204] * len(said)
    assert set(states(house).values()) == {"read"}


def test_a_receipt_that_cannot_be_kept_does_not_take_the_others_along(
    house: House, cast: Cast, crowd: Crowd
) -> None:
    first, bad, *others = accepted(house, cast, 6)
    waiting = crowd.first(first, delivered(first))
    broken = crowd.then(bad, Receipt(b"no text", "delivered"))  # type: ignore[arg-type]
    answers = [waiting, *(crowd.then(other, delivered(other)) for other in others)]
    crowd.gate.open()
    with pytest.raises(NotKept):
        broken.result(20)
    for answer in answers:
        answer.result(20)
    assert {number: state for number, state in states(house).items() if state != "delivered"} == {bad: "accepted"}


def test_who_waits_too_long_is_told_so_and_the_next_receipts_are_kept(
    house: House, cast: Cast, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "PATIENCE_SECONDS", 0.1)
    first, second, third = accepted(house, cast, 3)
    answer = crowd.first(first, delivered(first))
    with pytest.raises(NotKept):
        crowd.then(second, delivered(second)).result(20)
    crowd.gate.open()
    answer.result(20)
    assert states(house) == {first: "delivered", second: "accepted", third: "accepted"}
    crowd.keep(third, delivered(third))
    crowd.keep(second, delivered(second))
    assert set(states(house).values()) == {"delivered"}


def test_while_the_database_does_not_take_it_the_provider_is_told_to_call_again(house: House, cast: Cast) -> None:
    [number] = accepted(house, cast, 1)
    with house.writing() as session:
        session.execute(text("ALTER TABLE delivery RENAME TO elsewhere"))
        session.commit()
    assert post(house, number, "delivered") == 503
    with house.writing() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO delivery"))
        session.commit()
    assert post(house, number, "delivered") == 204
    assert states(house) == {number: "delivered"}


# ---- what a group says of its rows ----


def test_two_receipts_about_one_message_in_one_group_both_leave_their_moment(house: House, cast: Cast) -> None:
    [number] = accepted(house, cast, 1)
    house.clock.forward(seconds=3)
    with house.writing() as session:
        said = [(number, 0, Receipt(sid(number), status)) for status in ("sent", "delivered")]
        delivery.apply(session, said, house.clock())
        session.commit()
    found = row(house, number)
    assert (found.state, found.sent_at, found.delivered_at) == ("delivered", house.clock(), house.clock())
    assert found.accepted_at is not None
    assert found.accepted_at < house.clock()
    assert found.read_at is None


def test_one_provider_id_for_two_rows_in_one_group_proves_both_and_stays_with_the_first(
    house: House, cast: Cast
) -> None:
    first, second = add_row(house, cast.an), add_row(house, cast.an)
    with house.writing() as session:
        delivery.apply(session, [(number, 0, Receipt("SMtwice", "sent")) for number in (first, second)], house.clock())
        session.commit()
    assert set(states(house).values()) == {"sent"}
    assert (row(house, first).provider_id, row(house, second).provider_id) == ("SMtwice", None)


def test_only_what_a_group_ended_is_reported_as_ended(house: House, cast: Cast) -> None:
    fine, bad, known, unknown = accepted(house, cast, 4)
    assert post(house, known, "delivered") == 204
    said = [
        proofs.Proof(fine, 0, sid(fine), "sent"),
        proofs.Proof(bad, 0, sid(bad), "undelivered", 30005),
        proofs.Proof(known, 0, sid(known), "failed", 30008),
        proofs.Proof(unknown + 1_000, 0, "SMnobody", "failed", 30008),
    ]
    with house.writing() as session:
        assert proofs.raise_states(session, said, house.clock()) == [said[1]]
        assert proofs.raise_states(session, said, house.clock()) == []
        session.commit()
    assert states(house) == {fine: "sent", bad: "undelivered", known: "delivered", unknown: "accepted"}
    assert (row(house, bad).reason, row(house, bad).error_code) == ("provider_30005", 30005)
    assert (row(house, known).reason, row(house, known).error_code) == (None, None)


def test_an_earlier_attempt_counts_when_the_person_has_it_and_not_otherwise(house: House, cast: Cast) -> None:
    refused, read = add_row(house, cast.an, attempt=1), add_row(house, cast.an, attempt=1)
    with house.writing() as session:
        said = [(refused, 0, Receipt("SMone", "failed", 30008)), (read, 0, Receipt("SMtwo", "read"))]
        delivery.apply(session, said, house.clock())
        session.commit()
    assert states(house) == {refused: "queued", read: "read"}
    assert row(house, read).provider_id is None, "the id belongs to the attempt before"


# ---- who may post what ----


def test_what_is_not_a_signed_form_is_refused_with_its_own_status(light_house: House, light_cast: Cast) -> None:
    [number] = accepted(light_house, light_cast, 1)
    client, where = light_house.app.test_client(), address(light_house, number)
    large = urlencode([*fields(number, "read"), ("Body", "a" * 64 * 1024)])
    assert client.post(where, data="{}", content_type="application/json").status_code == 415
    assert client.post(where, data=b"", content_type="").status_code == 415
    assert client.post(where, data=large, content_type=FORM).status_code == 413
    assert client.post(where, data=urlencode(fields(number, "read")), content_type=FORM).status_code == 403
    assert client.get(where).status_code == 405
    assert client.post(where.replace("/status", "//status")).status_code >= 300
    assert post(light_house, number, "no such word!") == 400
    assert post(light_house, number, "read", AccountSid="AC" + "9" * 32) == 403
    assert states(light_house) == {number: "accepted"}
    assert post(light_house, number, "read") == 204


def test_a_form_that_names_its_letters_is_still_a_form(light_house: House, light_cast: Cast) -> None:
    [number] = accepted(light_house, light_cast, 1)
    where, form = address(light_house, number), fields(number, "read", Body="café ☔")
    token = light_house.app.extensions["hook_tokens"][0]
    headers = {SIGNATURE_HEADER: signature(f"{light_house.settings.public_url}{where}", form, token)}
    client = light_house.app.test_client()
    body, kind = urlencode(form), "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
    assert client.post(where, data=body, headers=headers, content_type=kind).status_code == 204
    assert states(light_house) == {number: "read"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_one_changed_bit_of_address_form_or_header_is_refused(
    light_house: House, light_cast: Cast, data: st.DataObject
) -> None:
    number = next(iter(states(light_house)), None) or accepted(light_house, light_cast, 1)[0]
    where, form = address(light_house, number), fields(number, "read")
    token = light_house.app.extensions["hook_tokens"][0]
    header = signature(f"{light_house.settings.public_url}{where}", form, token)
    path, _, query = where.partition("?")
    sent = {"query": query.encode(), "body": urlencode(form).encode(), "header": header.encode()}
    part = data.draw(st.sampled_from(sorted(sent)))
    place = data.draw(st.integers(0, len(sent[part]) - 1))
    changed = bytearray(sent[part])
    changed[place] ^= 1 << data.draw(st.integers(0, 6))
    sent[part] = bytes(changed)
    if part == "header" and not 0x20 < changed[place] < 0x7F:
        return  # No server lets such a header in.
    answer = light_house.app.test_client().post(
        path,
        query_string=sent["query"].decode("latin-1"),
        data=sent["body"],
        headers={SIGNATURE_HEADER: sent["header"].decode("latin-1")},
        content_type=FORM,
    )
    assert answer.status_code == 403
    assert states(light_house) == {number: "accepted"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["MessageSid", "MessageStatus", "ErrorCode", "SmsSid", "x"]), st.text())),
    st.sampled_from([messages.STATUS_HOOK, "/hooks/twilio/inbound"]),
    st.binary(max_size=200),
)
def test_nothing_that_is_posted_is_our_fault(
    light_house: House, form: list[tuple[str, str]], path: str, raw: bytes
) -> None:
    where = address(light_house, 1) if path == messages.STATUS_HOOK else path
    assert light_house.hook(where, [("AccountSid", ACCOUNT), *form]).status_code in {200, 204, 400}
    client = light_house.app.test_client()
    assert client.post(path, data=raw, content_type=FORM).status_code == 403
    kind = "".join(character for character in raw.decode("latin-1") if character not in "\r\n")
    assert client.post(path, data=raw, content_type=kind).status_code in {403, 415}
