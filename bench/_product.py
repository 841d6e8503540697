"""The product in a bench: one installation on a scratch database, driven by its commands and settings alone."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from _posting import ACCOUNT, SENDERS, TOKEN
from _processes import MEASURED, Referee, answers, free_port, running, wait_until
from _stores import Database

COMMAND = Path(sys.executable).with_name("wabp")
SECRET = "an-invented-secret-of-some-length"
DATA_KEY = "A" * 43


@contextmanager
def seen_committing(database: Database) -> Iterator[Callable[[], float]]:
    """Watch for the commit of the next alert's rows. What is yielded returns the last moment before it was seen."""
    seen: list[float] = []
    stopping = threading.Event()
    with database.asked() as ask:
        had = ask("SELECT max(id) FROM delivery")

    def watch() -> None:
        with database.asked() as ask:
            before = time.time()
            while not stopping.is_set():
                asked = time.time()
                if ask("SELECT max(id) FROM delivery") != had:
                    seen.append(before)
                    return
                before = asked
                time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: wait_until("a release", lambda: seen, 120, every=0.001)[0]
    finally:
        stopping.set()
        thread.join()


class Product:
    """One installation on a scratch database, driven by its commands alone. Nothing of this shell's WABP_* gets in."""

    def __init__(self, where: Path, database: Database, referee: Referee, **settings: str) -> None:
        self.where, self.database = where, database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = where / f"wabp-{self.port}.log"
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("WABP_")} | {
            "WABP_DATABASE_URL": database.url,
            "WABP_SECRET_KEY": SECRET,
            "WABP_DATA_KEYS": DATA_KEY,
            "WABP_PORT": str(self.port),
            "WABP_PUBLIC_URL": self.url,
            "WABP_GATEWAY": "twilio",
            "WABP_TWILIO_API_URL": referee.url,
            "WABP_TWILIO_ACCOUNT_SID": ACCOUNT,
            "WABP_TWILIO_AUTH_TOKEN": TOKEN,
            "WABP_WHATSAPP_FROM": SENDERS["whatsapp"],
            "WABP_SMS_FROM": SENDERS["sms"],
            "WABP_WHATSAPP_MPS": "1000000",
            "WABP_SMS_SPS": "1000000",
            "WABP_LOG_LEVEL": "WARNING",
            **settings,
        }

    def command(self, *words: str, given: str = "") -> str:
        """Run one command that must succeed and return its answer."""
        done = subprocess.run(
            [COMMAND, *words], input=given, capture_output=True, text=True, cwd=self.where, env=self.environ,
            timeout=300, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"wabp {words[0]} said: {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()

    def set_up(self, members: int) -> None:
        """Make the schema and load the demo zone with that many members, who may be written to at any hour."""
        self.command("migrate")
        self.command("demo", "--members", str(members), "--quiet", "none")

    def send(self, text: str, *, kind: str = "info", group: str = "demo") -> str:
        """Release an alert and return its id."""
        more = ["--category", "prevention"]
        if kind == "urgent":
            called = datetime.now(UTC).astimezone(ZoneInfo("Europe/Brussels")) - timedelta(minutes=2)
            more = ["--category", "burglary", "--called", f"{called:%H:%M}"]
        return self.command("alert", "send", "--group", group, "--kind", kind, *more, "--text", text)

    def show(self, alert: str) -> dict[str, Any]:
        """Return what `alert show` says."""
        shown: dict[str, Any] = json.loads(self.command("alert", "show", alert, "--json"))
        return shown

    @contextmanager
    def started(self, part: str, core: str | None = MEASURED) -> Iterator[int]:
        """Run `wabp run`, `web`, `worker`, … while the block lasts; yields its process id."""
        with running([COMMAND, part], self.log, environ=self.environ, core=core) as process:
            if part in {"run", "web"}:
                serves = lambda: answers(f"{self.url}/healthz", process, self.log)  # noqa: E731
                wait_until("pages", serves, 60)
            try:
                yield process.pid
            except BaseException:
                print(f"what wabp {part} said at last: {self.log.read_text()[-2000:]}", file=sys.stderr)
                raise

    def wait_until_recorded(self, seconds: float, every: float = 0.02) -> None:
        """Wait until no row of the ledger waits any more or is on its way to the provider."""
        left = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'unknown')"
        with self.database.asked() as ask:
            wait_until("the last result", lambda: ask(left)[0][0] == 0, seconds, every)
