"""How many signed status callbacks a second are taken, committed before the answer, beside an empty handler.

Both run under the same server, workers and threads, on one core; the load comes from the other. Each callback is a
distinct signed body about a row that the product itself sent: `sent`, then `delivered`. When a run is over the
server is killed on the spot, and what it had said yes to must be in the database.
"""

import os
import signal
import statistics
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import uvloop
from _posting import post_all, signed_receipt
from _processes import HERE, MEASURED, REFEREE, Referee, answers, folder, free_port, provider, running, wait_until
from _product import Product
from _stores import Database, postgres, sqlite
from _telling import AT_LEAST, AT_MOST, tell

MEMBERS = 8_000
RUNS = 3
SECONDS = 4.0
WARMING = 400
CONNECTIONS = 32
# Callbacks of so many messages are on their way at a time: all are `sent` before the first is `delivered`.
AT_A_TIME = 200
TEXT = "Doe vanavond uw poort op slot."
BARS = {
    "sqlite_of_empty": (AT_LEAST, 0.25),
    "postgresql_of_empty": (AT_LEAST, 0.35),
    "wrong": (AT_MOST, 0),
    "lost": (AT_MOST, 0),
}


class Storm:
    """The callbacks of one alert: rows that were sent once, and a fresh copy of the database for each run."""

    def __init__(self, where: Path, database: Database, referee: Referee) -> None:
        self.kind = database.kind
        self._database = database
        self._product = Product(where, database, referee)
        self._product.set_up(MEMBERS)
        referee.reset()
        with self._product.started("worker", core=None):
            self._product.send(TEXT)
            self._product.wait_until_recorded(120)
        self.requests = _requests([row[1:4] for row in referee.books(TEXT.split()[0])])
        self.rates: list[float] = []
        self.wrong = self.lost = 0

    def run(self, turn: int) -> None:
        """Take callbacks for some seconds with a fresh copy of the database, then look what is kept."""
        copy = self._database.copied(f"run{turn}")
        self._product.environ["WABP_DATABASE_URL"] = copy.url
        with self._product.started("web") as pid:
            warm, _ = uvloop.run(post_all(self._product.port, self.requests[:WARMING], CONNECTIONS, 30))
            took, seconds = uvloop.run(post_all(self._product.port, self.requests[WARMING:], CONNECTIONS, SECONDS))
            os.killpg(pid, signal.SIGKILL)
        taken = sum(took.values())
        self.rates.append(taken / seconds)
        self.wrong += sum(count for status, count in (warm + took).items() if not 200 <= status < 300)
        self.lost += _lost(copy, WARMING + taken)


def _requests(rows: list[tuple[str, str, str]]) -> list[bytes]:
    requests = []
    for start in range(0, len(rows), AT_A_TIME):
        for status in ("sent", "delivered"):
            requests += [signed_receipt(url, sid, to, status) for to, sid, url in rows[start : start + AT_A_TIME]]
    return requests


def _lost(database: Database, taken: int) -> int:
    """Return how many messages are not delivered though their callback was answered."""
    whole, rest = divmod(taken, 2 * AT_A_TIME)
    delivered = whole * AT_A_TIME + max(0, rest - AT_A_TIME)
    with database.asked() as ask:
        kept = ask("SELECT count(*) FROM delivery WHERE state = 'delivered'")[0][0]
    return max(0, delivered - int(kept))


def empty(where: Path, requests: list[bytes]) -> float:
    """Return the callbacks a second of a handler that does nothing."""
    port, log = free_port(), where / "bare.log"
    with running([sys.executable, HERE / "_bare.py", port], log, core=MEASURED) as process:
        url = f"http://127.0.0.1:{port}/healthz"
        wait_until("the bare app", lambda: answers(url, process, log), 30)
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"bare"
        uvloop.run(post_all(port, requests[:WARMING], CONNECTIONS, 30))
        took, seconds = uvloop.run(post_all(port, requests * 8, CONNECTIONS, SECONDS))
    assert set(took) == {204}, took
    return sum(took.values()) / seconds


def main() -> None:
    """Print one JSON line."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, latency_ms=0))
        server = stack.enter_context(postgres(where))
        storms = [Storm(where, sqlite(where), referee), Storm(where, server.new("wabp"), referee)]
        os.sched_setaffinity(0, {int(REFEREE)})
        bare = []
        for turn in range(RUNS):
            bare.append(empty(where, storms[0].requests))
            for storm in storms:
                storm.run(turn)
    ceiling = statistics.median(bare)
    rates = {storm.kind: statistics.median(storm.rates) for storm in storms}
    figures = {"empty_per_second": round(ceiling)} | {f"{kind}_per_second": round(rate) for kind, rate in rates.items()}
    got = {f"{kind}_of_empty": round(rate / ceiling, 3) for kind, rate in rates.items()}
    got["wrong"] = sum(storm.wrong for storm in storms)
    got["lost"] = sum(storm.lost for storm in storms)
    tell("callbacks", figures, got, BARS)


if __name__ == "__main__":
    main()
