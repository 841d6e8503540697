"""For who watches over the machines: does this process live, is it ready, and the figures for Prometheus."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from wabp import __version__, db, figures
from wabp.errors import NotThere
from wabp.settings import is_loopback
from wabp.web import pages

watching = Blueprint("watching", __name__)


@watching.get("/healthz")
def health() -> Response:
    """Say that this process lives. Asks nobody else, so that a database that is away restarts no pages."""
    return _plain("ok")


@watching.get("/readyz")
def ready() -> Response:
    """Say whether pages can be served now: 503 and one word when not, `database` or `schema`."""
    try:
        current = db.schema_state(pages.services().app) == "current"
    except SQLAlchemyError:
        return _plain("database", 503)
    return _plain("ready") if current else _plain("schema", 503)


@watching.get("/metrics")
def metrics() -> Response:
    """Return the figures, to this machine alone."""
    if not pages.from_this_machine() or not is_loopback(request.remote_addr or ""):
        g.bare = True
        raise NotThere
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Figures(Collector):
    """Reads the database when it is asked, so that the figures are right for any number of processes."""

    def collect(self) -> Iterator[Metric]:
        """Yield all figures as they are now."""
        found = figures.look(pages.session(), pages.now())
        yield InfoMetricFamily("wabp_build", "The version that serves these figures", value={"version": __version__})
        yield from _of_waiting(found)
        yield _gauge("wabp_rows", "Messages written in the last 24 hours", found.states, "state")
        yield _gauge("wabp_in_doubt", "Messages whose hand-over nobody can prove yet", found.in_doubt, "state")
        about = "Seconds from the stage before to this one, of messages written in the last hour"
        yield _gauge("wabp_stage_seconds", about, found.seconds, "stage", "priority", "quantile")
        yield _gauge("wabp_lanes", "Numbers of ours that send", found.lanes, "channel")
        about = "Numbers of ours that the provider takes nothing from"
        yield _gauge("wabp_lanes_stopped", about, found.stopped, "channel")
        keeper = found.timekeeper
        yield _gauge("wabp_scheduler_present", "Whether a process runs the timed jobs", {(): int(keeper.present)})
        yield _gauge("wabp_scheduler_epoch", "How often another process took over the timed jobs", {(): keeper.epoch})
        yield _gauge("wabp_scheduler_beat", "Rises every two seconds while the timed jobs run", {(): keeper.beat})


def _of_waiting(found: figures.Figures) -> Iterator[Metric]:
    counts = {(row.channel, row.priority): row.count for row in found.waiting}
    ages = {(row.channel, row.priority): row.oldest_seconds for row in found.waiting}
    every = [(channel, priority) for channel in found.lanes for priority in figures.PRIORITIES.values()]
    about = "Messages that wait to be handed over"
    yield _gauge("wabp_waiting", about, dict.fromkeys(every, 0) | counts, "channel", "priority")
    about = "Seconds for which the oldest of them waits"
    yield _gauge("wabp_waiting_oldest_seconds", about, dict.fromkeys(every, 0.0) | ages, "channel", "priority")
    yield _gauge("wabp_held", "Messages that are held for a later hour, such as the morning", {(): found.held})


def _gauge(name: str, about: str, values: Mapping[Any, float], *labels: str) -> Metric:
    """Return one family of figures. A key is a label's value, or a tuple with one for each label."""
    gauge = GaugeMetricFamily(name, about, labels=labels)
    for key, value in values.items():
        gauge.add_metric([str(part) for part in (key if isinstance(key, tuple) else (key,))], value)
    return gauge


def _plain(word: str, status: int = 200) -> Response:
    return Response(f"{word}\n", status, mimetype="text/plain")
