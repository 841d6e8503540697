"""How fast, and at what cost, an alert goes to 10,000 and 100,000 members, beside one Celery task a message.

80 ms of latency at the provider and no cap. Time runs from the commit of the release to the last message at the
provider; CPU from that commit to the last recorded result, over all processes of `wabp run` (and PostgreSQL's).
The provider has one core; the product has the other; the rival has both. For quick tries: MEMBERS, RIVAL_MEMBERS, MANY.
"""

import os
import statistics
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import _rival
from _processes import Referee, cpu_seconds, folder, provider, tree_memory_mb, wait_until
from _product import Product, seen_committing
from _stores import Database, postgres, sqlite
from _telling import AT_LEAST, AT_MOST, tell

MEMBERS = int(os.environ.get("MEMBERS", "10000"))
RIVAL_MEMBERS = int(os.environ.get("RIVAL_MEMBERS", "10000"))
MANY = int(os.environ.get("MANY", "100000"))
RUNS = 3
LATENCY_MS = 80
TEXT = "Doe vanavond uw poort op slot."
WORD = "poort"
BARS = {
    "of_rival": (AT_LEAST, 10),
    "cpu_s_per_1000": (AT_MOST, 0.30),
    "gained_mb": (AT_MOST, 60),
    "growth": (AT_MOST, 1.15),
}
_IDLE_SECONDS = 3.0


def release(where: Path, database: Database, referee: Referee, members: int) -> dict[str, float]:
    """Release one alert in an installation that just started and return what it took."""
    referee.reset()
    product = Product(where, database, referee)
    stores = [database.server_pid] if database.server_pid else []
    with product.started("run") as pid:
        time.sleep(_IDLE_SECONDS)
        idle = tree_memory_mb(pid)
        with seen_committing(database) as committed:
            command = threading.Thread(target=product.send, args=(TEXT,))
            command.start()
            at = committed()
            used = cpu_seconds(pid, *stores)
        wait_until("all messages", lambda: referee.count(WORD) >= members, 600, every=0.1 if members <= 20_000 else 0.5)
        product.wait_until_recorded(60)
        used = cpu_seconds(pid, *stores) - used
        gained = tree_memory_mb(pid) - idle
        command.join()
    figures = referee.stats(WORD)
    assert figures["unique_to"] == figures["accepted"] == members, figures
    return {
        "per_second": members / (figures["last"] - at),
        "first_ms": (figures["first"] - at) * 1000,
        "cpu_s_per_1000": used / members * 1000,
        "gained_mb": gained,
    }


def loaded(where: Path, database: Database, referee: Referee, members: int) -> Database:
    """Return a database with the demo group of that many members."""
    Product(where, database, referee).set_up(members)
    return database


def measure() -> tuple[dict[str, Any], dict[str, list[dict[str, float]]], dict[str, float]]:
    """Return the figures of the rival, of the runs by kind of database, and of the one with many members."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, latency_ms=LATENCY_MS))
        server = stack.enter_context(postgres(where))
        bases = [
            loaded(where, sqlite(where), referee, MEMBERS),
            loaded(where, server.new("wabp"), referee, MEMBERS),
        ]
        runs: dict[str, list[dict[str, float]]] = {base.kind: [] for base in bases}
        rival = _rival.measure(where, server, referee, latency_ms=LATENCY_MS, messages=RIVAL_MEMBERS)
        for turn in range(RUNS):
            for base in bases:
                runs[base.kind].append(release(where, base.copied(f"run{turn}"), referee, MEMBERS))
        many = loaded(where, sqlite(where, "many"), referee, MANY)
        return rival, runs, release(where, many, referee, MANY)


def main() -> None:
    """Print one JSON line."""
    rival, runs, many = measure()
    figures: dict[str, Any] = {"members": MEMBERS, "rival": rival}
    for kind, taken in runs.items():
        figures[kind] = {name: round(statistics.median(one[name] for one in taken), 3) for name in taken[0]}
    few = figures["sqlite"]
    figures["many"] = {"members": MANY} | {name: round(value, 3) for name, value in many.items()}
    got = {
        "of_rival": round(few["per_second"] / rival["per_second"], 1),
        "cpu_s_per_1000": few["cpu_s_per_1000"],
        "gained_mb": round(many["gained_mb"]),
        "growth": round(many["cpu_s_per_1000"] / few["cpu_s_per_1000"], 2),
    }
    tell("sending", figures, got, BARS)


if __name__ == "__main__":
    main()
