"""The doorbell between machines (Celery over Redis): a message that says "look at the ledger now", and nothing else.

What to send is in the ledger, which every worker looks at by itself too. So a bell that nobody hears, that is broken,
or that rings twice costs at most a moment, never a message (ADR 0014).
"""

import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from flask import Flask, current_app, has_app_context
from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from wabp.db import ReadOrWriteSession
from wabp.models import Delivery

log = logging.getLogger(__name__)

_TASK = _QUEUE = "wabp.ring"
_RING_SECONDS = 0.3
_AFTER_TROUBLE_SECONDS = 5.0
_ANSWERING_SECONDS = 2.0
_STOP_SECONDS = 2.0


class Bell:
    """Rings at the workers. Ringing returns at once and never fails; a thread of its own talks to the broker."""

    def __init__(self, broker_url: str) -> None:
        self._celery = _celery(
            broker_url,
            socket_connect_timeout=_RING_SECONDS,
            socket_timeout=_RING_SECONDS,
            max_retries=0,
            interval_start=0,
            interval_step=0,
        )
        self._changed = threading.Condition()
        self._wanted = self._rung = 0
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0

    def ring(self) -> None:
        """Let a worker look at the ledger. Rings that come while one is under way become one."""
        with self._changed:
            self._wanted += 1
            if self._thread is None:
                self._begin()
            self._changed.notify_all()

    def settle(self, seconds: float = _RING_SECONDS) -> bool:
        """Wait until all that was rung for has rung, or cannot. False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._rung >= self._wanted, seconds)

    def _begin(self) -> None:
        thread = threading.Thread(target=self._ring_on, name="bell", daemon=True)
        # A machine that is out of threads rings no bell, and commits all the same.
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread = thread
            # A command ends as soon as its work is done.
            atexit.register(self.settle)

    def _ring_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted > self._rung)
                wanted = self._wanted
            self._ring_once()
            with self._changed:
                self._rung = wanted
                self._changed.notify_all()

    def _ring_once(self) -> None:
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._celery.send_task(_TASK, retry=False)
        except Exception as trouble:
            # Whatever it is, the workers look by themselves.
            self._quiet_until = time.monotonic() + _AFTER_TROUBLE_SECONDS
            log.warning("the broker did not take a ring", extra={"code": type(trouble).__name__})


def hang_up(app: Flask, broker_url: str) -> None:
    """Hang a bell at an app: from now on each commit that wrote something to send rings, by whatever door."""
    app.extensions["bell"] = Bell(broker_url)


class Answering:
    """Hears the bell and calls `heard`, in threads beside the caller's until it is stopped."""

    def __init__(self, broker_url: str, heard: Callable[[], None]) -> None:
        celery = _celery(broker_url, socket_connect_timeout=_ANSWERING_SECONDS, socket_keepalive=True)

        def ring() -> None:
            heard()

        celery.task(name=_TASK, shared=False)(ring)
        # Its threads look for their tasks there.
        celery.set_default()
        self._celery = celery
        self._worker = celery.WorkController(
            pool="threads", concurrency=1, without_mingle=True, without_gossip=True, without_heartbeat=True
        )
        self._thread = threading.Thread(target=self._listen, name="bell-answering", daemon=True)

    def start(self) -> None:
        """Begin to listen; a broker that is away is tried again and again."""
        self._thread.start()

    def _listen(self) -> None:
        # Who rang before looked in vain for somebody; the ledger tells what they wanted.
        with contextlib.suppress(Exception):
            self._celery.control.purge()
        self._worker.start()

    def stop(self) -> None:
        """Stop listening."""
        self._worker.stop()
        self._thread.join(_STOP_SECONDS)


def is_reachable(broker_url: str) -> bool:
    """Tell whether the broker answers."""
    options = {"socket_connect_timeout": _ANSWERING_SECONDS, "socket_timeout": _ANSWERING_SECONDS, "max_retries": 0}
    try:
        with _celery(broker_url, **options).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=_ANSWERING_SECONDS)
    except Exception:
        return False
    return True


def _celery(broker_url: str, **transport: Any) -> Celery:
    celery = Celery("wabp", broker=broker_url, set_as_current=False)
    celery.conf.update(
        task_default_queue=_QUEUE,
        task_ignore_result=True,
        broker_transport_options=transport,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_enable_remote_control=False,
        worker_prefetch_multiplier=1,
    )
    return celery


# ---- what a commit has to have written to ring ----

_TO_SEND = "wrote_something_to_send"


@event.listens_for(ReadOrWriteSession, "after_flush")
def _note_new_rows(session: Session, _flushing: object) -> None:
    if any(isinstance(row, Delivery) for row in session.new):
        session.info[_TO_SEND] = True


@event.listens_for(ReadOrWriteSession, "do_orm_execute")
def _note_many_rows(executing: ORMExecuteState) -> None:
    if executing.is_insert and executing.bind_mapper is inspect(Delivery):
        executing.session.info[_TO_SEND] = True


@event.listens_for(ReadOrWriteSession, "after_rollback")
def _note_nothing(session: Session) -> None:
    session.info.pop(_TO_SEND, None)


@event.listens_for(ReadOrWriteSession, "after_commit")
def _ring(session: Session) -> None:
    # The end of a savepoint is no commit yet.
    if session.in_nested_transaction() or not session.info.pop(_TO_SEND, False):
        return
    bell: Bell | None = current_app.extensions.get("bell") if has_app_context() else None
    if bell is not None:
        bell.ring()
