"""How soon the first message leaves, how well a cap of 80 a second is used, how long an urgent alert waits for info.

Everything runs as `wabp run` on SQLite, with the provider's receipts coming in. Moments: the commit of the release is
seen by a reader of the database that asks every 2 ms (the last look before it counts); the first message is when the
provider has its whole request. The command's own start and check are before the commit, and so do not count.
"""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from _pages import Browser
from _processes import HERE, Referee, folder, provider, wait_until
from _product import Product, seen_committing
from _stores import sqlite
from _telling import AT_LEAST, AT_MOST, tell

SAMPLES = int(os.environ.get("SAMPLES", "40"))
FEW = 24
CAP = 80
CAPPED = 1_600
BULLETIN, URGENT = 10_000, 200
TIMES = 3
INFO, INFO_WORD = "Doe vanavond uw poort op slot.", "poort"
ALARM, ALARM_WORD = "Twee personen forceren een achterdeur en vluchten richting sluis.", "achterdeur"
BARS = {
    "page_p95_ms": (AT_MOST, 100),
    "command_p95_ms": (AT_MOST, 500),
    "use_of_cap": (AT_LEAST, 0.98),
    "too_many": (AT_MOST, 0.001),
    "urgent_first_s": (AT_MOST, 1.0),
    "urgent_last_s": (AT_MOST, 4.0),
}


def first_messages() -> dict[str, float]:
    """Return how long the first message took after a release, in an installation where nothing else happens."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, callbacks=True))
        product = Product(where, sqlite(where), referee)
        product.set_up(FEW)
        stack.enter_context(product.started("run"))
        browser = Browser(product)
        browser.sign_in(referee)
        ways: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
            "page": (lambda: browser.look_over(INFO), browser.send),
            "command": (lambda: None, lambda: product.send(INFO)),
        }
        figures = {}
        for name, (prepare, release) in ways.items():
            waits = [_first(product, referee, prepare, release) for _ in range(SAMPLES)]
            figures[f"{name}_p50_ms"] = round(statistics.median(waits) * 1000, 1)
            figures[f"{name}_p95_ms"] = round(statistics.quantiles(waits, n=20)[-1] * 1000, 1)
        return figures


def _first(product: Product, referee: Referee, prepare: Callable[[], None], release: Callable[[], object]) -> float:
    prepare()
    # At any moment of whatever the product does every so often.
    time.sleep(random.uniform(0.2, 0.8))
    referee.reset()
    with seen_committing(product.database) as committed:
        release()
        at = committed()
    wait_until("a few messages", lambda: referee.count(INFO_WORD) == FEW, 30)
    product.wait_until_recorded(30)
    return float(referee.stats(INFO_WORD)["first"] - at)


def capped() -> dict[str, float]:
    """Return how much of the cap is used between the first second and the last, and how often it was overrun."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, cap=CAP, callbacks=True))
        product = Product(where, sqlite(where), referee, WABP_WHATSAPP_MPS=str(CAP))
        product.set_up(CAPPED)
        stack.enter_context(product.started("run"))
        product.send(INFO)
        wait_until("a capped alert", lambda: referee.count(INFO_WORD) == CAPPED, 120, every=0.5)
        figures = referee.stats()
    whole = figures["per_second"][1:-1]
    return {
        "use_of_cap": round(sum(whole) / len(whole) / CAP, 3),
        "per_second": round(figures["accepted"] / (figures["last"] - figures["first"]), 1),
        "too_many": round(figures["refused"] / (figures["accepted"] + figures["refused"]), 4),
    }


def urgent_during_info() -> dict[str, float]:
    """Return how long an urgent alert to 200 takes while a bulletin to 10,000 goes out at 80 a second."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, cap=CAP, callbacks=True))
        product = Product(where, sqlite(where), referee, WABP_WHATSAPP_MPS=str(CAP))
        product.set_up(BULLETIN + URGENT)
        _second_group(product, where)
        stack.enter_context(product.started("run"))
        product.send(INFO)
        wait_until("the bulletin to be under way", lambda: referee.count(INFO_WORD) > 2 * CAP, 30)
        waits = [_urgent(product, referee, turn) for turn in range(1, TIMES + 1)]
        assert referee.count(INFO_WORD) < BULLETIN
    firsts, lasts = zip(*waits, strict=True)
    return {
        "urgent_first_s": round(statistics.median(firsts), 2),
        "urgent_first_worst_s": round(max(firsts), 2),
        "urgent_last_s": round(statistics.median(lasts), 2),
        "urgent_last_worst_s": round(max(lasts), 2),
    }


def _urgent(product: Product, referee: Referee, turn: int) -> tuple[float, float]:
    with seen_committing(product.database) as committed:
        product.send(ALARM, kind="urgent", group="second")
        at = committed()
    wait_until("an urgent alert", lambda: referee.count(ALARM_WORD) == URGENT * turn, 60, every=0.2)
    moments = sorted(row[0] for row in referee.books(ALARM_WORD))[-URGENT:]
    time.sleep(random.uniform(0.5, 1.5))
    return moments[0] - at, moments[-1] - at


def _second_group(product: Product, where: Path) -> None:
    command = [sys.executable, str(HERE / "_second_group.py"), str(BULLETIN)]
    subprocess.run(command, check=True, cwd=where, env=product.environ)


def main() -> None:
    """Print one JSON line."""
    got = first_messages() | capped() | urgent_during_info()
    others = {name: value for name, value in got.items() if name not in BARS}
    tell("pace", {"samples": SAMPLES, **others}, got, BARS)


if __name__ == "__main__":
    main()
