"""A bare Flask app with an empty handler, under the very server, workers and threads that `wabp web` starts.

    python bench/_bare.py PORT

The product's own start is taken, with another app in the place of its own, so that both stand under the same settings.
"""

import sys
from types import SimpleNamespace
from typing import Any

from flask import Flask
from granian import Granian

from wabp import server

HOOK = "/hooks/twilio/status"


def create() -> Flask:
    """Return the app."""
    app = Flask("bare")
    app.add_url_rule(HOOK, view_func=lambda: ("", 204), methods=["POST"])
    app.add_url_rule("/healthz", view_func=lambda: "bare", endpoint="healthz")
    return app


class _Bare(Granian):  # type: ignore[misc, valid-type]
    def __init__(self, _product: str, **settings: Any) -> None:
        super().__init__("_bare:create", **settings)


def main() -> None:
    """Serve until stopped."""
    server.Granian = _Bare  # type: ignore[assignment, misc]
    settings = SimpleNamespace(host="127.0.0.1", port=int(sys.argv[1]))
    server.run_web(SimpleNamespace(settings=settings))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
