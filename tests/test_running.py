"""The whole product as processes: it starts, sends, is stopped, and is killed in the middle."""

import json
import re
import signal
import sqlite3
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import provider as referee
from tests.provider import Provider
from tests.running import Installation, wait_until
from wabp import demo

pytestmark = pytest.mark.process

FAST = {"WABP_WHATSAPP_MPS": "400", "WABP_SMS_SPS": "400"}


@contextmanager
def with_provider(folder: Path, **hooks: Callable[..., None]) -> Iterator[tuple[Installation, Provider]]:
    """Give an installation whose gateway is a provider on this machine. Nothing is started yet."""
    wabp = Installation(folder, **FAST)
    with Provider(public_url=wabp.url, **hooks) as provider:  # type: ignore[arg-type]
        wabp.send_through(provider)
        try:
            yield wabp, provider
        finally:
            if wabp.started:
                wabp.__exit__(None, None, None)


def in_books(wabp: Installation, statement: str) -> list[Any]:
    """Run one statement on the product's own database."""
    with closing(sqlite3.connect(wabp.database, timeout=10)) as books, books:
        return books.execute(statement).fetchall()


def about_the_alert(provider: Provider) -> Counter[str]:
    """How often each phone got the alert. Coordinator and deputy also hear that the operator sent it."""
    return Counter(message.to for message in provider.messages if "sluis" in message.body)


# ---- with the simulator ----


def test_a_thousand_phones_have_it_within_forty_seconds(tmp_path: Path) -> None:
    wabp = Installation(tmp_path, **FAST)
    wabp.load_demo(1000)
    with wabp:
        alert = wabp.send()
        wabp.wait_for_states(alert, {"delivered": 1000}, seconds=40)
        shown = wabp.show(alert)
    assert shown == {"id": alert, "state": "released", "recipients": 1000, "deliveries": {"delivered": 1000}}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_cleanly_and_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    wabp = Installation(tmp_path).start()
    assert len(wabp.processes()) > 1
    assert wabp.ask_to_stop(how) == 0
    wabp.wait_until_dead()
    assert "Traceback" not in wabp.log.read_text()


def test_stopping_in_the_middle_of_sending_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    wabp = Installation(tmp_path, WABP_WHATSAPP_MPS="10")
    wabp.load_demo(200)
    with wabp:
        alert = wabp.send()
        wait_until("the first messages", lambda: in_books(wabp, "SELECT id FROM delivery WHERE rank > 1"), 30)
        assert wabp.ask_to_stop() == 0
    left = wabp.show(alert)["deliveries"]
    assert left.keys() <= {"queued", "accepted", "sent", "delivered"}
    assert left["queued"] > 0


def test_an_empty_database_gets_its_tables_when_it_starts(tmp_path: Path) -> None:
    with Installation(tmp_path) as wabp:
        assert wabp.get("/")[0] == 200
        assert wabp.answer("group", "list", "--json") == "[]"


def test_killed_parent_takes_the_pages_along(tmp_path: Path) -> None:
    with Installation(tmp_path) as wabp:
        wabp.kill_parent()
        wait_until("the pages to end too", lambda: not wabp.processes(), 20)


# ---- with a provider on this machine ----


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[tuple[Installation, Provider, list[Mapping[str, str]]]]:
    """The product running with ten demo people, its provider, and what it asked of the provider."""
    asked: list[Mapping[str, str]] = []
    with with_provider(tmp_path, on_request=asked.append) as (wabp, provider):
        wabp.load_demo(10)
        wabp.start()
        yield wabp, provider, asked


def test_every_request_is_what_the_provider_wants_and_its_signed_receipts_finish_it(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, provider, asked = sending
    alert = wabp.send()
    wabp.wait_for_states(alert, {"delivered": 10}, seconds=20)
    alerts = [form for form in asked if "sluis" in form["Body"]]
    assert sorted(form["To"] for form in alerts) == [f"whatsapp:{demo.number(n)}" for n in range(1, 11)]
    rows = set()
    for form in alerts:
        assert form.keys() == {"To", "From", "Body", "StatusCallback", "ValidityPeriod"}
        assert form["From"] == f"whatsapp:{referee.WHATSAPP_FROM}"
        assert "101" in form["Body"].splitlines()[-1]
        assert 7_100 < int(form["ValidityPeriod"]) <= 7_200
        callback = urlsplit(form["StatusCallback"])
        assert f"{callback.scheme}://{callback.netloc}{callback.path}" == f"{wabp.url}/hooks/twilio/status"
        rows.add(parse_qs(callback.query)["m"][0])
    assert len(rows) == 10
    provider.settle()
    # The provider refuses any other account or token, so what it took carried the right ones.
    assert provider.requests["create"] == len(asked) == 12
    assert {posted.status for posted in provider.posted} == {204}


def test_the_operators_alert_is_told_to_coordinator_and_deputy_and_audited(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, provider, _ = sending
    alert = wabp.send()
    wabp.wait_for_states(alert, {"delivered": 10}, seconds=20)
    wait_until("the notices", lambda: len(provider.messages) == 12, 10)
    told = {m.to for m in provider.messages if "sluis" not in m.body}
    assert told == {f"whatsapp:{demo.number(1)}", f"whatsapp:{demo.number(2)}"}
    acts = in_books(wabp, "SELECT actor, act, noun FROM audit_event")
    assert ("operator", "released", "alert") in acts


def test_outside_the_window_the_approved_form_is_used_and_sms_where_there_is_none(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, _, asked = sending
    form_id = "HX" + "a" * 32
    wabp.answer("template", "add", "--kind", "urgent", "--language", "fr", form_id)
    in_books(wabp, "UPDATE address SET window_from = NULL")
    alert = wabp.send()
    wabp.wait_for_states(alert, {"delivered": 10}, seconds=20)
    forms = [form for form in asked if "ContentSid" in form]
    texts = [form for form in asked if "Body" in form and "sluis" in form["Body"]]
    # Of ten people, three read French: the second, sixth and tenth.
    assert sorted(form["To"] for form in forms) == [f"whatsapp:{demo.number(n)}" for n in (2, 6, 10)]
    for form in forms:
        assert form["ContentSid"] == form_id
        assert "Body" not in form
        variables = json.loads(form["ContentVariables"])
        assert "sluis" in "".join(variables.values())
        assert all(re.fullmatch(r"[^\n\t]+", value) for value in variables.values())
    assert len(texts) == 7
    assert all(form["From"] == referee.SMS_FROM and form["To"].startswith("+32400") for form in texts)


def test_a_phone_that_says_stop_gets_one_confirmation_and_no_more_alerts(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, provider, _ = sending
    phone = demo.number(5)
    assert provider.say(phone, "Stop aub!") == 200
    wait_until("the confirmation", lambda: provider.phone(phone), 10)
    assert provider.say(phone, "stop") == 200
    alert = wabp.send()
    wabp.wait_for_states(alert, {"delivered": 9}, seconds=20)
    confirmations = provider.phone(phone)
    assert "START" in confirmations[0]
    assert not any("sluis" in text for text in confirmations)


def test_what_goes_wrong_at_the_provider_ends_as_it_should(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, provider, _ = sending
    broken, busy, lost, late, gone, ended, hanging = (demo.number(n) for n in range(3, 10))
    provider.script(referee.broken(500), to=broken)
    provider.script(referee.too_many("1"), to=busy)
    provider.script(referee.DROPPED_AFTER_ACCEPTING, to=lost)
    provider.script(referee.broken(503, accepts=True), to=late)
    provider.script(referee.refused(21211), to=gone)
    provider.script(referee.ending("undelivered", 30003), to=ended)
    provider.script(referee.hanging(2), to=hanging)
    alert = wabp.send()
    # Only the one whose request came to nothing stays open, and is not sent again on a guess. Whom WhatsApp did not
    # bring it gets an SMS.
    wabp.wait_for_states(alert, {"delivered": 8, "failed": 1, "unknown": 1}, seconds=30)
    got = about_the_alert(provider)
    by_whatsapp = Counter(f"whatsapp:{demo.number(n)}" for n in (1, 2, 4, 5, 6, 8, 9, 10))
    assert got == by_whatsapp + Counter([ended])


def test_lost_receipts_leave_the_alert_accepted_and_a_wrong_signature_changes_nothing(
    sending: tuple[Installation, Provider, list[Mapping[str, str]]],
) -> None:
    wabp, provider, asked = sending
    provider.receipts = referee.Receipts(lost=True)
    alert = wabp.send()
    wabp.wait_for_states(alert, {"accepted": 10}, seconds=20)
    call = urllib.request.Request(
        asked[0]["StatusCallback"],
        data=f"MessageSid={provider.messages[0].sid}&MessageStatus=delivered&AccountSid={provider.account}".encode(),
        headers={"X-Twilio-Signature": "bm90IG91cnM="},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(call, timeout=10)
    with refused.value:
        assert refused.value.code == 403
    assert wabp.show(alert)["deliveries"] == {"accepted": 10}


# ---- killed ----

MANY = 300


class PowerCut:
    """Kills an installation once, at one moment of the provider's work."""

    def __init__(self, moment: str, nth: int) -> None:
        self.wabp: Installation | None = None
        self.provider: Provider | None = None
        self.happened = threading.Event()
        self._moment, self._nth, self._seen = moment, nth, 0

    def on_request(self, form: Mapping[str, str]) -> None:
        """A request arrived; nothing is taken yet."""
        if self._moment != "after_taking" and "sluis" in form.get("Body", ""):
            self._count()
            if self._moment == "before_taking" and self.happened.is_set():
                assert self.provider is not None
                if self._seen == self._nth:
                    self.provider.script(referee.DROPPED_BEFORE_ACCEPTING, to=form["To"].removeprefix("whatsapp:"))

    def on_message(self, message: referee.Message) -> None:
        """A message was taken; nothing is answered yet."""
        if self._moment == "after_taking" and "sluis" in message.body:
            self._count()

    def _count(self) -> None:
        self._seen += 1
        if self._seen == self._nth and not self.happened.is_set():
            assert self.wabp is not None
            self.wabp.kill()
            self.happened.set()


def killed_and_restarted(folder: Path, moment: str, nth: int) -> Counter[str]:
    """Kill the product while it sends, start it again, and return how often each phone got the alert."""
    cut = PowerCut(moment, nth)
    folder.mkdir()
    with with_provider(folder, on_request=cut.on_request, on_message=cut.on_message) as (wabp, provider):
        # Chunks of 50, so that the cut always comes in the middle.
        wabp.environ["WABP_WHATSAPP_MPS"] = "100"
        cut.wabp, cut.provider = wabp, provider
        wabp.load_demo(MANY)
        wabp.start()
        alert = wabp.send()
        assert cut.happened.wait(60)
        wabp.wait_until_dead()
        assert len(about_the_alert(provider)) < MANY
        wabp.start()
        # A row in doubt is looked up after 60 s and again 30 s later, before it is sent once more.
        wait_until(
            f"everybody to have it, after {moment} {nth}", lambda: len(about_the_alert(provider)) == MANY, 125, 0.5
        )
        shown = wabp.show(alert)
        assert shown["recipients"] == MANY
        assert shown["deliveries"].keys() <= {"accepted", "sent", "delivered", "sending", "unknown"}
        return about_the_alert(provider)


def test_killed_in_the_middle_everybody_has_it_exactly_once_and_nobody_is_left_out(tmp_path: Path) -> None:
    moments = [("before_taking", 20), ("on_arrival", 120), ("after_taking", 210)]
    with ThreadPoolExecutor(len(moments)) as at_once:
        tries = [
            at_once.submit(killed_and_restarted, tmp_path / moment, moment, nth) for moment, nth in moments
        ]
        everybody = Counter(f"whatsapp:{demo.number(n)}" for n in range(1, MANY + 1))
        for (moment, _), attempt in zip(moments, tries, strict=True):
            assert attempt.result() == everybody, moment
