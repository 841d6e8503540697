"""Several of each part on PostgreSQL and Redis, as real processes: one dies, and nobody is missed or doubled."""

import itertools
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import provider as referee
from tests.postgres import new_database
from tests.provider import Provider
from tests.running import COMMAND, Installation, free_port, wait_until
from wabp import demo

pytestmark = [pytest.mark.process, pytest.mark.postgres]

MANY = 200
# So that there is a middle in which something can die.
PACE = 50


class Redis:
    """A broker of the tests' own. It keeps nothing when it ends."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "redis-server is not installed: run `make test`, or apt-get install redis-server"
        quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), *quiet], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Take it away at once, with all that it held."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)


class Machines:
    """Parts of one installation, as many of each as a test wants, and the provider that referees."""

    def __init__(self, folder: Path, database_url: str, redis: Redis, stack: ExitStack) -> None:
        self.redis = redis
        self.commands = Installation(folder)
        self.provider = stack.enter_context(Provider(public_url=self.commands.url, on_message=self._share_out))
        self.commands.send_through(self.provider)
        self.commands.environ |= {
            "WABP_DATABASE_URL": database_url,
            "WABP_BROKER_URL": redis.url,
            "WABP_WHATSAPP_MPS": str(PACE),
        }
        self._books = stack.enter_context(
            psycopg.connect(database_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
        )
        self._tasks = stack.enter_context(ThreadPoolExecutor(2))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.webs = [self.commands.url, f"http://127.0.0.1:{free_port()}"]
        self._turns = itertools.cycle(self.webs)
        stack.callback(self._stop_all)

    def _share_out(self, _message: referee.Message) -> None:
        """Do what a proxy does: the next callback goes to the next web process."""
        self.provider.deliver_to = next(self._turns)

    def start(self, part: str, **settings: str) -> "subprocess.Popen[bytes]":
        with (self.commands.folder / f"{part}.log").open("ab") as log:
            process = subprocess.Popen(
                [COMMAND, part],
                cwd=self.commands.folder,
                env=self.commands.environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_webs(self) -> None:
        for url in self.webs:
            self.start("web", WABP_PORT=url.rpartition(":")[2])

    def serve(self) -> bool:
        """Whether all web processes are ready."""
        try:
            for url in self.webs:
                urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
        except OSError:
            return False
        return True

    def rows(self, query: str) -> list[Any]:
        return self._books.execute(query).fetchall()  # type: ignore[arg-type]

    def holder(self, purpose: str) -> int | None:
        """Return the process that holds a lease."""
        held = self.rows(f"SELECT holder FROM lease WHERE purpose = '{purpose}' AND holder IS NOT NULL")
        return int(held[0][0].rsplit("/", 3)[1]) if held else None

    def sending(self) -> int | None:
        """Return the process that sends by WhatsApp."""
        return self.holder(f"whatsapp:{referee.WHATSAPP_FROM}")

    def got(self, word: str) -> Counter[str]:
        """How often each phone got the alert with this word."""
        return Counter(message.to for message in self.provider.messages if word in message.body)

    def alert(self, word: str) -> str:
        return self.commands.send(text=f"Twee personen forceren een achterdeur en vluchten richting {word}.")

    def begin_alert(self, word: str) -> None:
        """Release one and go on at once: the command ends when it likes."""
        self._tasks.submit(self.alert, word)

    def wait_for_everybody(self, word: str, seconds: float) -> None:
        wait_until(f"everybody to have {word}", lambda: len(self.got(word)) == MANY, seconds, 0.1)
        assert self.got(word) == EVERYBODY

    def let_doubts_grow_old(self) -> None:
        """Move the clock of rows in doubt, which are looked up after a minute and again half a minute later."""
        self._books.execute(
            "UPDATE delivery SET claimed_at = claimed_at - interval '2 minutes',"
            " missed_at = missed_at - interval '2 minutes' WHERE state IN ('sending', 'unknown')"
        )

    def log(self, part: str) -> str:
        return (self.commands.folder / f"{part}.log").read_text()

    def _stop_all(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


EVERYBODY = Counter(f"whatsapp:{demo.number(n)}" for n in range(1, MANY + 1))


@contextmanager
def running(folder: Path, server: str) -> Iterator[Machines]:
    """Two of each part."""
    with ExitStack() as stack:
        url = stack.enter_context(new_database(server))
        redis = Redis()
        redis.start()
        stack.callback(redis.stop)
        machines = Machines(folder, url, redis, stack)
        machines.commands.answer("migrate")
        machines.commands.load_demo(MANY)
        machines.start_webs()
        for part in ("worker", "worker", "scheduler", "scheduler"):
            machines.start(part)
        wait_until("a scheduler to lead", lambda: machines.holder("scheduler"), 30)
        wait_until("pages", machines.serve, 60)
        yield machines


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Machines]:
    with running(tmp_path_factory.mktemp("machines"), postgres_server) as started:
        yield started


def test_all_of_them_together_bring_an_alert_once_with_and_without_the_broker(machines: Machines) -> None:
    alert = machines.alert("sluis")
    machines.wait_for_everybody("sluis", 30)
    machines.commands.wait_for_states(alert, {"delivered": MANY}, 20)
    answered = Counter(posted.status for posted in machines.provider.posted)
    assert set(answered) == {204}

    machines.redis.stop()
    machines.alert("brug")
    wait_until("the first message", lambda: machines.got("brug"), 5)
    machines.wait_for_everybody("brug", 30)

    # It comes back, and has forgotten everything.
    machines.redis.start()
    machines.alert("kade")
    machines.wait_for_everybody("kade", 30)


def test_a_sender_that_is_killed_or_frozen_in_the_middle_is_replaced_and_nobody_is_missed_or_doubled(
    machines: Machines,
) -> None:
    machines.begin_alert("park")
    wait_until("the middle", lambda: len(machines.got("park")) > MANY // 4, 60, 0.02)
    killed = machines.sending()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    before = len(machines.got("park"))
    wait_until("another to send", lambda: machines.sending() not in {None, killed}, 10)
    wait_until("it to go on", lambda: len(machines.got("park")) > before, 10)

    machines.start("worker")
    machines.begin_alert("plein")
    wait_until("the middle", lambda: len(machines.got("plein")) > MANY // 4, 60, 0.02)
    frozen = machines.sending()
    assert frozen is not None
    os.kill(frozen, signal.SIGSTOP)
    wait_until("another to send", lambda: machines.sending() not in {None, frozen}, 10)
    before = len(machines.got("plein"))
    wait_until("it to go on", lambda: len(machines.got("plein")) > before, 5)
    os.kill(frozen, signal.SIGCONT)

    def everybody() -> bool:
        machines.let_doubts_grow_old()
        return len(machines.got("park")) == len(machines.got("plein")) == MANY

    wait_until("what was in doubt to be settled", everybody, 40, 1)
    time.sleep(2)
    assert machines.got("park") == machines.got("plein") == EVERYBODY


def test_when_the_scheduler_that_leads_is_frozen_or_killed_another_takes_over(machines: Machines) -> None:
    frozen = machines.holder("scheduler")
    assert frozen is not None
    os.kill(frozen, signal.SIGSTOP)
    wait_until("another to lead", lambda: machines.holder("scheduler") not in {None, frozen}, 10)
    os.kill(frozen, signal.SIGCONT)
    wait_until("it to notice", lambda: "another process runs the timed jobs" in machines.log("scheduler"), 10)
    killed = machines.holder("scheduler")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until("the first to lead again", lambda: machines.holder("scheduler") == frozen, 10)
