"""Processes of a bench: the product by its own commands, the provider, PostgreSQL and Redis, and what they use.

Everything lives in one temporary folder and ends with the bench, by its own process group.
"""

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import psycopg
from _posting import ACCOUNT, SENDERS, TOKEN

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("wabp")
# The referee has a core to itself, and what is measured has another.
REFEREE, MEASURED = "0", str(min(1, (os.cpu_count() or 1) - 1))
SECRET = "an-invented-secret-of-some-length"
DATA_KEY = "A" * 43

_Found = TypeVar("_Found")
_TICKS = os.sysconf("SC_CLK_TCK")


# ---- starting, stopping, waiting ----


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(what: str, look: Callable[[], _Found | None], seconds: float, every: float = 0.05) -> _Found:
    """Return the first true thing that `look` gives. Raises TimeoutError when none comes in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(every)
    raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder that everybody on this machine may enter, for as long as the block lasts."""
    made = Path(tempfile.mkdtemp(prefix="wabp-bench-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running(
    command: Iterable[object],
    log: Path,
    *,
    environ: Mapping[str, str] | None = None,
    core: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
    **how: Any,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a process group of its own while the block lasts, on one core when one is named."""
    words = [*(["taskset", "-c", core] if core else []), *map(str, command)]
    with log.open("ab") as written:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True,
            cwd=log.parent, env=environ, **how,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Tell whether a web server answers; raise with its log when it has ended."""
    if process.poll() is not None:
        raise RuntimeError(f"{url} ended with {process.returncode}: {log.read_text()[-2000:]}")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# ---- what processes use ----


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds(*roots: int) -> float:
    """Return what whole trees of processes used so far, children that have ended included."""
    ticks = 0
    for pid in {pid for root in roots for pid in tree(root)}:
        if fields := _stat(pid):
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def memory_mb(pid: int, *, kind: str = "Pss") -> float:
    """Return the memory of one process in MB: `Pss` (shared pages counted in part) or `Rss`."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def tree_memory_mb(*roots: int) -> float:
    """Return the memory of whole trees of processes in MB (Pss)."""
    total = 0.0
    for pid in {pid for root in roots for pid in tree(root)}:
        with contextlib.suppress(OSError, AssertionError):
            total += memory_mb(pid)
    return total


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


# ---- the provider ----


class Referee:
    """The stand-in for the provider, asked over its own port."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid
        self.url = f"http://127.0.0.1:{port}"

    def stats(self, word: str = "") -> dict[str, Any]:
        """Return the figures of the messages whose text has a word."""
        figures: dict[str, Any] = self._get(f"/stats?word={word}")
        return figures

    def count(self, word: str = "") -> int:
        """Return how many messages with a word were accepted."""
        return int(self._get(f"/count?word={word}"))

    def books(self, word: str = "") -> list[tuple[float, str, str, str, str]]:
        """Return a row (moment, to, sid, callback, text) for each accepted message."""
        return [tuple(row) for row in self._get(f"/books?word={word}")]

    def reset(self) -> None:
        """Forget everything."""
        urllib.request.urlopen(f"{self.url}/reset", data=b"").close()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def provider(where: Path, *, latency_ms: int = 80, cap: int = 0, callbacks: bool = False) -> Iterator[Referee]:
    """Run the stand-in for the provider on the referee's core."""
    port = free_port()
    words = [sys.executable, HERE / "_provider.py", "--port", port, "--latency-ms", latency_ms, "--cap", cap]
    log = where / "provider.log"
    with running([*words, "--callbacks" if callbacks else "--no-callbacks"], log, core=REFEREE) as process:
        referee = Referee(port, process.pid)
        wait_until("the provider", lambda: answers(f"{referee.url}/stats", process, log), 20)
        yield referee


# ---- databases ----


@dataclass(frozen=True)
class Database:
    """One database: its address for the product, and read-only questions to it."""

    url: str
    server_pid: int | None = None

    @property
    def kind(self) -> str:
        return "sqlite" if self.url.startswith("sqlite") else "postgresql"

    @contextmanager
    def asked(self) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Open a connection that only reads; each question sees what is committed by then."""
        connection: Any
        if self.kind == "sqlite":
            connection = sqlite3.connect(f"file:{self.url.removeprefix('sqlite:///')}?mode=ro", uri=True, timeout=10)
        else:
            connection = psycopg.connect(_plain(self.url), autocommit=True)
        try:
            yield lambda question: connection.execute(question).fetchall()
        finally:
            connection.close()

    def change(self, *statements: str) -> None:
        """Change something in a set-up, before anything is measured."""
        if self.kind == "sqlite":
            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=10) as connection:
                for statement in statements:
                    connection.execute(statement)
            connection.close()
        else:
            with psycopg.connect(_plain(self.url)) as server:
                for statement in statements:
                    server.execute(statement)

    def copied(self, name: str) -> "Database":
        """Return a copy that nobody has touched. Nobody may be connected to this one."""
        if self.kind == "sqlite":
            here = Path(self.url.removeprefix("sqlite:///"))
            there = here.with_name(f"{name}.sqlite3")
            with sqlite3.connect(here) as source, sqlite3.connect(there) as target:
                source.backup(target)
            source.close()
            target.close()
            return Database(f"sqlite:///{there}")
        return self._new(name, template=self._name)

    def new(self, name: str) -> "Database":
        """Return an empty database on the same server."""
        return self._new(name, template="template0")

    def _new(self, name: str, template: str) -> "Database":
        with psycopg.connect(_plain(self.url.replace(f"/{self._name}?", "/template1?")), autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return Database(self.url.replace(f"/{self._name}?", f"/{name}?"), self.server_pid)

    @property
    def _name(self) -> str:
        return self.url.partition("?")[0].rpartition("/")[2]


def sqlite(where: Path, name: str = "wabp") -> Database:
    """Return a SQLite database that is not there yet."""
    return Database(f"sqlite:///{where / name}.sqlite3")


@contextmanager
def postgres(where: Path) -> Iterator[Database]:
    """Run a PostgreSQL server that syncs to disk, as it comes but for its buffers. It refuses to be root."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    home = where / "postgres"
    home.mkdir()
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        who = {"user": account.pw_name, "group": grp.getgrgid(account.pw_gid).gr_name, "extra_groups": []}
        shutil.chown(home, who["user"], who["group"])
    layout = ["-A", "trust", "-U", "wabp", "-E", "UTF8", "--locale=C", "-D", home / "data"]
    subprocess.run([str(programs / "initdb"), *map(str, layout)], check=True, capture_output=True, cwd="/", **who)
    options = ["-k", home, "-c", "listen_addresses=", "-c", "shared_buffers=512MB"]
    command = [programs / "postgres", "-D", home / "data", *options]
    with running(command, where / "postgres.log", stop=signal.SIGINT, **who) as process:
        database = Database(f"postgresql+psycopg://wabp@/postgres?host={home}", process.pid)

        def is_ready() -> bool:
            try:
                psycopg.connect(_plain(database.url)).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until("PostgreSQL", is_ready, 20)
        yield database


@contextmanager
def redis(where: Path) -> Iterator[tuple[str, int]]:
    """Run a Redis server that keeps nothing; yields its address and process id."""
    port = free_port()
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(command, where / "redis.log") as process:

        def is_ready() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until("Redis", is_ready, 20)
        yield f"redis://127.0.0.1:{port}/0", process.pid


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


# ---- the product ----


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
            yield process.pid

    def wait_until_recorded(self, seconds: float, every: float = 0.02) -> None:
        """Wait until no row of the ledger waits any more or is on its way to the provider."""
        left = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'unknown')"
        with self.database.asked() as ask:
            wait_until("the last result", lambda: ask(left)[0][0] == 0, seconds, every)
