"""Kills the product again and again while it sends, with a provider that errs, and compares with the provider's books.

`make faults` runs it on SQLite (`wabp run`) and on PostgreSQL with Celery over Redis (`wabp web`, two `wabp worker`,
two `wabp scheduler`). Of each alert nobody may be missed, nobody may have it twice on one channel, and the board must
say of everybody what the provider's books say. Prints a JSON line for each database; exit code 1 when it did not hold.

    python -m tests.faults --database sqlite --kills 200 --members 2000
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.postgres import new_database, start_cluster
from tests.provider import Faults, Provider
from tests.running import COMMAND, Installation, free_port, wait_until

# Of a hundred requests five get no answer, five hang, five break; and callbacks are lost, doubled, late and shuffled.
ERRS = {
    "lost_answers": 0.05,
    "hangs": 0.05,
    "fives": 0.05,
    "hang_seconds": 12.0,
    "callbacks_lost": 0.05,
    "callbacks_doubled": 0.10,
    "callbacks_shuffled": True,
    "callbacks_late": 3.0,
}
# What doubts, looks at the books and another attempt or three may take.
_SETTLE_SECONDS = 900.0
_WORDS = "Twee personen forceren een achterdeur en vluchten richting sluis, ronde {number}."


@dataclass
class Parts:
    """The product as several processes, each killed and started by itself."""

    wabp: Installation
    commands: dict[str, list[str]]
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start one part in a process group of its own."""
        environ = dict(self.wabp.environ)
        if name in self.ports:
            environ["WABP_PORT"] = str(self.ports[name])
        with self.wabp.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [COMMAND, *self.commands[name]],
                cwd=self.wabp.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_all(self) -> None:
        for name in self.commands:
            self.start(name)
        wait_until("pages", self._serves, 60)

    def kill(self, name: str) -> None:
        """Take away one part, as a power cut does."""
        process = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def kill_all(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def _serves(self) -> bool:
        try:
            return self.wabp.get("/healthz")[0] == 200
        except OSError:
            return False


@dataclass
class Round:
    """What came of one alert."""

    alert: str
    kills: int
    lost: int
    doubled: int
    board_differs: int
    seconds: float


def play(
    parts: Parts, provider: Provider, number: int, kills: int, members: int, dice: random.Random, victims: list[str]
) -> Round:
    """Release one alert, kill parts of the product while it is sent, let it come to rest, and compare."""
    words = _WORDS.format(number=number)
    began = time.monotonic()
    alert = parts.wabp.send(words)
    for _ in range(kills):
        time.sleep(dice.uniform(0.0, 2.5))
        victim = dice.choice([*victims, *victims, "everything"])
        if victim == "everything":
            parts.kill_all()
            parts.start_all()
        else:
            parts.kill(victim)
            parts.start(victim)
    books = Books(parts.wabp.environ["WABP_DATABASE_URL"], provider, alert, words)
    settled = True
    try:
        wait_until("the alert to come to rest", books.at_rest, _SETTLE_SECONDS, every=2.0)
    except AssertionError:
        settled = False
        print(f"not at rest: {books.states()}", file=sys.stderr)
    got = books.got()
    people = Counter(to.removeprefix("whatsapp:") for to in got)
    shown = parts.wabp.show(alert)
    return Round(
        alert,
        kills,
        lost=members - len(people),
        doubled=sum(count - 1 for count in got.values()),
        board_differs=books.differ() + (shown["recipients"] != members) + (not settled),
        seconds=round(time.monotonic() - began, 1),
    )


class Books:
    """The ledger's rows of one alert beside what the provider wrote down."""

    def __init__(self, url: str, provider: Provider, alert: str, words: str) -> None:
        self._engine = create_engine(url)
        self._provider, self._words = provider, words
        self._alert = alert if url.startswith("postgresql") else alert.replace("-", "")

    def rows(self) -> list[tuple[str, str | None]]:
        """Return state and provider id of each row."""
        query = text("SELECT state, provider_id FROM delivery WHERE cause = 'alert' AND cause_id = :alert")
        with self._engine.connect() as connection:
            return [(state, provider_id) for state, provider_id in connection.execute(query, {"alert": self._alert})]

    def states(self) -> Counter[str]:
        return Counter(state for state, _ in self.rows())

    def at_rest(self) -> bool:
        """Whether nothing waits and nothing is under way, and the books say the same."""
        return not {"queued", "sending", "unknown", "accepted", "sent"} & self.states().keys()

    def got(self) -> Counter[str]:
        """Return how often each address really got the alert."""
        return Counter({to: count for (to, _), count in self._provider.copies(self._words).items()})

    def differ(self) -> int:
        """Return how many rows and messages do not say the same."""
        taken = {message.sid: message.status for message in self._provider.messages if self._words in message.body}
        rows = [(state, provider_id) for state, provider_id in self.rows() if provider_id is not None]
        known = {provider_id for _, provider_id in rows}
        return sum(taken.get(provider_id) != state for state, provider_id in rows) + len(taken.keys() - known)


@contextmanager
def installation(folder: Path, database: str, pace: int, seed: int) -> Iterator[tuple[Parts, Provider, list[str]]]:
    """Give the product, ready to start, its provider, and the names of the parts to kill."""
    with ExitStack() as stack:
        wabp = Installation(folder, WABP_WHATSAPP_MPS=str(pace), WABP_SMS_SPS=str(pace))
        faults = Faults(seed=seed, **ERRS)  # type: ignore[arg-type]
        provider = stack.enter_context(Provider(public_url=wabp.url, faults=faults))
        wabp.send_through(provider)
        parts, victims = Parts(wabp, {"run": ["run"]}), ["run"]
        if database == "postgres":
            wabp.environ["WABP_DATABASE_URL"] = stack.enter_context(new_database(stack.enter_context(start_cluster())))
            wabp.environ["WABP_BROKER_URL"] = stack.enter_context(broker())
            parts.commands = {
                "web": ["web"],
                **{f"worker {n}": ["worker"] for n in (1, 2)},
                **{f"scheduler {n}": ["scheduler"] for n in (1, 2)},
            }
            victims = ["worker 1", "worker 2", "worker 1", "worker 2", "web", "scheduler 1", "scheduler 2"]
        stack.callback(parts.kill_all)
        yield parts, provider, victims


@contextmanager
def broker() -> Iterator[str]:
    """Run a Redis server while the block lasts; yields its URL."""
    port = free_port()
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed: run `make test`, or on Debian apt-get install redis-server"
    command = [program, "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def run(database: str, kills: int, members: int, alerts: int, pace: int, seed: int) -> dict[str, Any]:
    """Play all rounds on one database and return the figures."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, installation(Path(name), database, pace, seed) as (
        parts,
        provider,
        victims,
    ):
        parts.wabp.answer("migrate")
        parts.wabp.load_demo(members)
        parts.start_all()
        rounds = []
        for number in range(1, alerts + 1):
            share = kills // alerts + (number <= kills % alerts)
            rounds.append(play(parts, provider, number, share, members, dice, victims))
            print(f"{database} {rounds[-1]}", file=sys.stderr, flush=True)
        log = parts.wabp.log.read_text(errors="replace")
    counted = ("kills", "lost", "doubled", "board_differs")
    figures = {name: sum(getattr(one, name) for one in rounds) for name in counted}
    holds = figures["kills"] == kills and not (figures["lost"] or figures["doubled"] or figures["board_differs"])
    return {
        "faults": database,
        "members": members,
        "alerts": alerts,
        **figures,
        "seconds": round(sum(one.seconds for one in rounds), 1),
        "tracebacks": log.count("Traceback"),
        "holds": holds,
    }


def main() -> None:
    """Run as a command."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--database", choices=["sqlite", "postgres"], required=True)
    reader.add_argument("--kills", type=int, default=200)
    reader.add_argument("--members", type=int, default=2000)
    reader.add_argument("--alerts", type=int, default=5)
    reader.add_argument("--pace", type=int, default=40, help="messages a second and lane")
    reader.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = reader.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    result = run(given.database, given.kills, given.members, given.alerts, given.pace, given.seed)
    print(json.dumps(result | {"seed": given.seed}), flush=True)
    sys.exit(0 if result["holds"] else 1)


if __name__ == "__main__":
    main()
