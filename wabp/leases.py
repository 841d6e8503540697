"""Leases: what one process at a time may do, such as sending by one lane, however many processes there are.

A holder shows that it lives by counting `beat` up. Nobody compares clocks of two machines: who wants the lease of
another looks whether the count stands still for `STALE_SECONDS` of its own time (`Watch`), and takes it over by
counting `epoch` up. From then on the old holder's `renew` matches no row. A holder that ended on this very machine
is not waited for. Nothing here commits.
"""

import functools
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp.models import Lease

# A holder beats every BEAT_SECONDS; one that stood still for STALE_SECONDS is taken for dead.
BEAT_SECONDS = 2.0
STALE_SECONDS = 7.0

_SCHEDULER = "scheduler"


def of_lane(channel: str, sender: str) -> str:
    """Return the purpose of a lane's lease."""
    return f"{channel}:{sender}"


def of_scheduler() -> str:
    """Return the purpose of the lease of who runs the timed jobs."""
    return _SCHEDULER


class LeaseLost(Exception):
    """Another process holds the lease now: stop at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease of ours: valid as long as nobody counted the epoch on."""

    purpose: str
    epoch: int


@dataclass
class Watch:
    """What one process saw of other holders' leases, and since when it did not change."""

    holder: str
    monotonic: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def is_stale(self, lease: Lease) -> bool:
        """Whether its holder has not shown a sign of life for long enough, by our own clock."""
        if lease.holder is None or lease.holder == self.holder or _ended_here(lease.holder):
            return True
        seen = self._seen.get(lease.purpose)
        if seen is None or seen[:2] != (lease.epoch, lease.beat):
            self._seen[lease.purpose] = (lease.epoch, lease.beat, self.monotonic())
            return False
        return self.monotonic() - seen[2] >= STALE_SECONDS


def take(session: Session, watch: Watch, purpose: str) -> Held | None:
    """Take a lease that is free or whose holder is dead. None when somebody else has it."""
    lease = session.get(Lease, purpose, populate_existing=True)
    if lease is None:
        lease = Lease(purpose=purpose, epoch=0, beat=0)
        try:
            with session.begin_nested():
                session.add(lease)
        except IntegrityError:
            # Another process was first with the very first lease.
            return None
    if not watch.is_stale(lease):
        return None
    taken = session.execute(
        update(Lease)
        .where(Lease.purpose == purpose, Lease.epoch == lease.epoch, Lease.beat == lease.beat)
        .values(holder=watch.holder, epoch=lease.epoch + 1, beat=0)
        .execution_options(synchronize_session=False)
    )
    return Held(purpose, lease.epoch + 1) if _matched(taken) else None


def is_free(session: Session, watch: Watch, purpose: str) -> bool:
    """Tell whether `take` would give a lease: asked first, as taking is a write."""
    lease = session.get(Lease, purpose, populate_existing=True)
    return lease is None or watch.is_stale(lease)


def renew(session: Session, held: Held) -> bool:
    """Show that the holder lives. False when the lease is another's by now: stop at once."""
    return _matched(
        session.execute(
            update(Lease)
            .where(Lease.purpose == held.purpose, Lease.epoch == held.epoch)
            .values(beat=Lease.beat + 1)
            .execution_options(synchronize_session=False)
        )
    )


def is_held(session: Session, held: Held, *, lock: bool = True) -> bool:
    """Tell whether a lease is still ours. With `lock` it stays so until the caller's transaction ends."""
    query = select(Lease.epoch).where(Lease.purpose == held.purpose)
    return session.scalar(query.with_for_update(read=True) if lock else query) == held.epoch


def give_back(session: Session, held: Held) -> None:
    """Let the next one have it at once."""
    session.execute(
        update(Lease)
        .where(Lease.purpose == held.purpose, Lease.epoch == held.epoch)
        .values(holder=None)
        .execution_options(synchronize_session=False)
    )


@functools.cache
def _machine() -> str:
    """Which set of process numbers ours belongs to: one boot of one machine, and one container on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def this_holder() -> str:
    """Return a name for something in this process that nothing else ever has."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid()) or ''}/{uuid.uuid4().hex[:8]}"


def _ended_here(holder: str) -> bool:
    """Whether a holder was a process of this machine that is gone. A number may be another process's by now."""
    parts = holder.rsplit("/", 3)
    if len(parts) != 4 or not parts[0] or parts[0] != _machine():
        return False
    pid, started = int(parts[1]), _started(int(parts[1]))
    return started != parts[2] if started is not None else not _exists(pid)


def _exists(pid: int) -> bool:
    """Whether there is a process of this number: one that we may not look at is one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str | None:
    """Return when a process started, in ticks since the boot: "" of its mere remains, None when nobody can tell."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if state in "ZX" else fields[18]


def _matched(result: Any) -> bool:
    assert isinstance(result, CursorResult)
    return result.rowcount > 0
