"""Processes of a bench: started and stopped, waited for, and what they use of the machine.

Everything lives in one temporary folder and ends with the bench, by its own process group.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
# The referee has a core to itself, and what is measured has another.
REFEREE, MEASURED = "0", str(min(1, (os.cpu_count() or 1) - 1))

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
    """Make a folder that everybody on this machine may enter, for as long as the block lasts; see to a tidy end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
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
    """Run a command in a process group of its own while the block lasts, on one core when one is named.

    It is asked to stop as well when the bench dies without a goodbye.
    """
    guard = ["setpriv", "--pdeathsig", stop.name.removeprefix("SIG")]
    words = [*guard, *(["taskset", "-c", core] if core else []), *map(str, command)]
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
