"""Runs the parts as processes: pages in a child (granian), sender and timed jobs in the parent (ADR 0004)."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from wabp import jobs
from wabp.errors import BadSetting
from wabp.leading import Leader
from wabp.services import Services
from wabp.settings import Settings
from wabp.worker import LOOK_WITH_BELL_SECONDS, Sender

log = logging.getLogger(__name__)

# Named, not imported: the child process builds the app for itself.
_APP = "wabp.app:create_web_app"
_THREADS = 64

# How long a start waits for the port of an earlier run that is just ending.
_PORT_SECONDS = 5.0
_PARENT_SECONDS = 0.25


def run_everything(services: Services) -> None:
    """Serve pages, send and keep time until stopped: one command for one machine."""
    _require_free_port(services.settings)
    with _sending(services), _keeping_time(services):
        _serve_pages(services.settings)


def run_web(services: Services) -> None:
    """Serve pages until stopped."""
    _require_free_port(services.settings)
    _serve_pages(services.settings)


def run_worker(services: Services) -> None:
    """Send until stopped."""
    with _sending(services):
        _until_stopped()


def run_scheduler(services: Services) -> None:
    """Run the timed jobs until stopped."""
    with _keeping_time(services):
        _until_stopped()


def leave_with_parent() -> None:
    """End this child process when its parent is gone, however it went: an orphan would keep the port."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _serve_pages(settings: Settings) -> None:
    # A forked child would inherit the sender's locks and database connections; a spawned one has its own.
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        _APP,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        factory=True,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()


@contextmanager
def _sending(services: Services) -> Iterator[None]:
    broker_url = services.settings.broker_url
    sender = Sender(services, LOOK_WITH_BELL_SECONDS) if broker_url else Sender(services)
    with _hearing_the_bell(broker_url, sender.ring) if broker_url else nullcontext():
        sender.start()
        try:
            yield
        finally:
            sender.stop()


@contextmanager
def _hearing_the_bell(broker_url: str, heard: Callable[[], None]) -> Iterator[None]:
    # Celery is installed where there is a broker.
    from wabp.worker.bell import Answering

    answering = Answering(broker_url, heard)
    answering.start()
    try:
        yield
    finally:
        answering.stop()


@contextmanager
def _keeping_time(services: Services) -> Iterator[None]:
    leader = Leader(services)
    leader.start()
    scheduler = jobs.start(services, leader.leads)
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        leader.stop()


def _until_stopped() -> None:
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    stopping.wait()


def _require_free_port(settings: Settings) -> None:
    """Say in one line that the address is taken, before any process starts."""
    until = time.monotonic() + _PORT_SECONDS
    while not _is_free(settings):
        if time.monotonic() > until:
            raise BadSetting("address_taken", host=settings.host, port=settings.port)
        time.sleep(_PARENT_SECONDS)


def _is_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host.strip("[]"), settings.port))
        except OSError:
            return False
    return True
