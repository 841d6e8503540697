"""How long releasing an alert takes, by members: one ledger row each, in one statement.

Prints one JSON line: seconds for loading the demo, releasing, and counting for the board, at two sizes,
and how much more a member costs in the large group than in the small one.
"""

import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from wabp import alerts, db, demo, drafts, groups, settings, standing
from wabp.accounts import OPERATOR
from wabp.app import create_app
from wabp.services import Services

SMALL, LARGE = 10_000, 100_000


def measure(services: Services, members: int) -> dict[str, float]:
    """Load a demo of this size, release one alert to it and count it once."""
    now = services.clock()
    began = time.perf_counter()
    with services.writing() as session:
        demo.load(session, members=members, quiet="none", now=now)
        session.commit()
    loaded = time.perf_counter()
    with services.writing() as session:
        group = groups.by_slug(session, OPERATOR, demo.GROUP_SLUG)
        content = drafts.Content(kind="info", category="prevention", text="Fietsen op slot aub.", language="nl")
        alert = drafts.draft(session, OPERATOR, group, content, now=now)
        released = alerts.release(session, OPERATOR, alert, now=now + timedelta(seconds=1))
        assert released.stopped is None
        alert_id = alert.id
        session.commit()
    released_at = time.perf_counter()
    with services.reading() as session:
        assert standing.people_by_state(session, "alert", alert_id) == {"queued": members}
    counted = time.perf_counter()
    return {"load": loaded - began, "release": released_at - loaded, "count": counted - released_at}


def main() -> None:
    """Measure both sizes on a fresh SQLite database."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"WABP_DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
        app = create_app(settings.load(environ, Path(folder)))
        services: Services = app.extensions["services"]
        db.upgrade(app)
        # The first release of a process also loads the lists of names.
        measure(services, 100)
        small, large = measure(services, SMALL), measure(services, LARGE)
        with app.app_context():
            db.db.engine.dispose()
    ratio = (large["release"] / LARGE) / (small["release"] / SMALL)
    result = {"bench": "address", "members": LARGE, **{f"{k}_seconds": round(v, 3) for k, v in large.items()}}
    print(json.dumps(result | {"cost_per_member_large_to_small": round(ratio, 2)}))


if __name__ == "__main__":
    main()
