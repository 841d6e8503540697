"""The real `wabp` command on a database of its own: one command's answer, or the whole product running.

Everything lives in one temporary folder. What is started here is stopped here, by its own process group.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

from tests.provider import SMS_FROM, WHATSAPP_FROM, Provider

COMMAND = Path(sys.executable).with_name("wabp")
TEXT = "Twee personen forceren een achterdeur en vluchten richting sluis."
_T = TypeVar("_T")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(what: str, look: Callable[[], _T | None], seconds: float, every: float = 0.1) -> _T:
    """Return the first true thing that `look` gives; fail when none comes in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(every)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def just_called() -> str:
    """Return the hour of two minutes ago on the demo group's clock."""
    return f"{datetime.now(UTC).astimezone(ZoneInfo('Europe/Brussels')) - timedelta(minutes=2):%H:%M}"


class Installation:
    """One folder with its settings. Settings of this process that begin with WABP_ do not get in."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "wabp.sqlite3"
        self.log = folder / "wabp.log"
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("WABP_")} | {
            "WABP_DATABASE_URL": f"sqlite:///{self.database}",
            "WABP_PORT": str(self.port),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def send_through(self, provider: Provider) -> None:
        """Let a provider on this machine take what is sent, with keys of this installation's own."""
        self.environ |= {
            "WABP_GATEWAY": "twilio",
            "WABP_SECRET_KEY": "an-invented-secret-key",
            "WABP_DATA_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "WABP_PUBLIC_URL": self.url,
            "WABP_TWILIO_API_URL": provider.url,
            "WABP_TWILIO_ACCOUNT_SID": provider.account,
            "WABP_TWILIO_AUTH_TOKEN": provider.token,
            "WABP_WHATSAPP_FROM": WHATSAPP_FROM,
            "WABP_SMS_FROM": SMS_FROM,
        }

    # ---- one command ----

    def command(
        self, *arguments: str, given: str | bytes = b"", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end and return what it said."""
        done = subprocess.run(
            [COMMAND, *arguments],
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            cwd=self.folder,
            env=self.environ | settings,
            timeout=120,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def answer(self, *arguments: str, given: str | bytes = b"") -> str:
        """Run one command that must succeed and return its answer."""
        done = self.command(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def load_demo(self, members: int) -> None:
        self.answer("demo", "--members", str(members), "--quiet", "none")

    def send(self, text: str = TEXT, **options: str) -> str:
        """Release an urgent alert to the demo group and return its id."""
        given = {"group": "demo", "kind": "urgent", "category": "burglary", "called": just_called(), "text": text}
        flags = [part for name, value in (given | options).items() for part in (f"--{name}", value)]
        return self.answer("alert", "send", *flags)

    def show(self, alert: str) -> dict[str, Any]:
        """Return what `alert show` says."""
        shown: dict[str, Any] = json.loads(self.answer("alert", "show", alert, "--json"))
        assert sum(shown["deliveries"].values()) == shown["recipients"]
        return shown

    def wait_for_states(self, alert: str, wanted: Mapping[str, int], seconds: float) -> None:
        """Wait until all recipients stand as wanted."""
        shown: dict[str, Any] = {}

        def look() -> bool:
            shown.update(self.show(alert))
            return shown["deliveries"] == wanted

        try:
            wait_until(f"{wanted}", look, seconds, every=0.3)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {shown}; the log says {self.log.read_text()[-2000:]}") from None

    # ---- the product ----

    def start(self) -> Self:
        """Start `wabp run` in a process group of its own and wait until it serves pages."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [COMMAND, "run"],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(f"pages; the log says {self.log.read_text()}", self._serves, 60)
        return self

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the product to stop and return its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(30)

    def kill(self) -> None:
        """Take away the whole process group at once, as a power cut does."""
        if self._process is not None and self.processes():
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill_parent(self) -> None:
        """Take away only the process that was started, as a careless hand does."""
        assert self._process is not None
        self._process.kill()

    @property
    def started(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    def processes(self) -> list[int]:
        """Return what still lives of the process group."""
        assert self._process is not None
        self._process.poll()
        return [pid for pid in _processes() if _group_of(pid) == self._process.pid]

    def wait_until_dead(self) -> None:
        """Wait until nothing of the product is left."""
        assert self._process is not None
        self._process.wait(30)
        wait_until("the processes to end", lambda: not self.processes(), 30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.kill()
        self.wait_until_dead()

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a page without cookies."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, problem.read().decode()

    def _serves(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"wabp run ended with {self._process.returncode}: {self.log.read_text()}")
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_of(pid: int) -> int | None:
    """Return the process group of a process that lives; a zombie does not."""
    try:
        state, _parent, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(group) if state != "Z" else None
