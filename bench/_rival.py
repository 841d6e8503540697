"""The rival: one Celery task a message, the way GOV.UK Notify sends, with Twilio's own library.

A task writes its row and commits, posts by a client of its own process, writes the result and commits: PostgreSQL by
psycopg, Redis as broker, prefork. Measured from the first `.delay()` to the last message at the provider, with workers
that were started and warmed before.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from _posting import ACCOUNT, SENDERS, TOKEN
from _processes import Referee, cpu_seconds, running, tree_memory_mb, wait_until
from _stores import Database, redis
from celery import Celery
from celery.signals import worker_process_init
from twilio.rest import Client

CHILDREN = {0: 4, 80: 32}
TEXT = "Er werd ingebroken in uw straat. Sluit uw deur en bel 101 als u iets ziet."
_TABLE = """CREATE TABLE notification (
    id bigserial PRIMARY KEY, "to" text NOT NULL, status text NOT NULL,
    reference text, created_at timestamptz NOT NULL DEFAULT now(), sent_at timestamptz
)"""

celery = Celery("rival")
celery.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
_own: dict[str, Any] = {}


@worker_process_init.connect  # type: ignore[untyped-decorator]
def connect(**_: object) -> None:
    """Give each child a connection and a client of its own."""
    _own["database"] = psycopg.connect(os.environ["RIVAL_DATABASE"])
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = os.environ["RIVAL_PROVIDER"]
    _own["messages"] = client.messages


@celery.task(name="rival.send")  # type: ignore[untyped-decorator]
def send(to: str) -> None:
    """Send one message and keep what became of it."""
    database = _own["database"]
    wrote = database.execute("INSERT INTO notification (\"to\", status) VALUES (%s, 'sending') RETURNING id", (to,))
    row = wrote.fetchone()[0]
    database.commit()
    made = _own["messages"].create(
        to=f"whatsapp:{to}", from_=f"whatsapp:{SENDERS['whatsapp']}", body=TEXT,
        status_callback=f"http://127.0.0.1:9/hooks/status?m={row}",
    )  # fmt: skip
    database.execute(
        "UPDATE notification SET status = 'accepted', reference = %s, sent_at = now() WHERE id = %s", (made.sid, row)
    )
    database.commit()


def measure(where: Path, server: Database, referee: Referee, *, latency_ms: int, messages: int) -> dict[str, Any]:
    """Return messages a second, CPU seconds for a thousand, and memory of producer, workers and stores."""
    database = server.new(f"rival{latency_ms}")
    database.change(_TABLE)
    children = CHILDREN[latency_ms]
    with redis(where) as (broker, redis_pid):
        environ = os.environ | {
            "RIVAL_DATABASE": database.url.replace("+psycopg", ""),
            "RIVAL_PROVIDER": referee.url,
            "CELERY_BROKER_URL": broker,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        }
        celery.conf.broker_url = broker
        command = [sys.executable, "-m", "celery", "-A", "_rival", "worker", "-P", "prefork", "-c", children]
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        with running([*command, *quiet], where / "rival.log", environ=environ) as workers:
            referee.reset()
            warming = children * 8
            for position in range(warming):
                send.delay(f"+32400{900_000 + position}")
            wait_until("the rival's workers", lambda: referee.count() == warming, 90)
            time.sleep(1.0)
            referee.reset()
            others = (workers.pid, redis_pid, server.server_pid or 0)
            used, own, started = cpu_seconds(*others), time.process_time(), time.time()
            for position in range(messages):
                send.delay(f"+32400{position:06d}")
            enqueued, produced = time.time() - started, time.process_time() - own
            wait_until("the rival", lambda: referee.count() >= messages, 600, every=0.25)
            time.sleep(0.5)
            used = cpu_seconds(*others) - used + produced
            memory = tree_memory_mb(workers.pid)
        figures = referee.stats()
    seconds = figures["last"] - started
    return {
        "messages": messages,
        "children": children,
        "per_second": round(messages / seconds),
        "enqueue_seconds": round(enqueued, 1),
        "cpu_s_per_1000": round(used / messages * 1000, 2),
        "workers_mb": round(memory),
    }
