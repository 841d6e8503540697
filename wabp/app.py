"""The wiring: the only place that chooses implementations and puts the house together.

Web, database and gateways are loaded when a house is built, not before: a command that needs none of them,
such as `wabp check`, starts at once.
"""

import sys
from collections.abc import Mapping
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING

from wabp import settings as settings_module
from wabp.logs import set_up_logging
from wabp.settings import Settings
from wabp.vault import Vault

if TYPE_CHECKING:
    from flask import Flask

    from wabp.clock import Clock
    from wabp.gateway import Gateway
    from wabp.gateway.hooks import Form
    from wabp.gateway.simulator import AppPost
    from wabp.services import Services


def create_app(
    settings: Settings | None = None, gateway: "Gateway | None" = None, clock: "Clock | None" = None
) -> "Flask":
    """Return the product as a Flask app. Without arguments everything comes from the environment.

    Raises BadSetting when a setting is missing or wrong.
    """
    from flask import Flask

    from wabp import db, web
    from wabp.clock import utc_now
    from wabp.gateway.simulator import Simulator
    from wabp.services import Services

    settings = settings_module.with_keys(settings or settings_module.load())
    vault = Vault(settings.data_keys, settings.secret_key)
    app = Flask("wabp.web")
    db.connect(app, settings, vault)
    chosen = gateway or _gateway(app, settings, vault, clock or utc_now)
    simulator = chosen if isinstance(chosen, Simulator) else None
    services = Services(app, settings, clock or utc_now, chosen, simulator)
    app.extensions["services"] = services
    web.register(app, services, hook_tokens(settings, vault))
    if settings.broker_url:
        _hang_up_bell(app, settings.broker_url)
    return app


def create_web_app() -> "Flask":
    """Return the app of a child process that serves pages: its log is set up, and it ends with its parent."""
    from wabp import server

    settings = settings_module.load()
    set_up_logging(settings.log_level)
    server.leave_with_parent()
    return create_app(settings)


def build() -> "Services":
    """Return the services of this process, from the environment."""
    settings = settings_module.load()
    set_up_logging(settings.log_level)
    services: Services = create_app(settings).extensions["services"]
    return services


def hook_tokens(settings: Settings, vault: Vault) -> tuple[str, ...]:
    """Return the tokens that a hook's signature is checked with; the simulator signs with one of our own."""
    return (vault.sign("hook", "simulator"),) if settings.simulated else settings.twilio_auth_tokens


def main() -> None:
    """Run the `wabp` command."""
    from wabp import cli

    sys.exit(cli.run(build, sys.argv[1:]))


def _gateway(app: "Flask", settings: Settings, vault: Vault, clock: "Clock") -> "Gateway":
    if settings.gateway == "twilio":
        from wabp.gateway.twilio import TwilioGateway

        return TwilioGateway(
            settings.twilio_account_sid,
            settings.twilio_auth_tokens[0],
            settings.senders,
            settings.twilio_api_url,
        )
    from wabp import db
    from wabp.gateway.simulator import Simulator

    return Simulator(
        app_post=_post_to(app),
        open_session=partial(db.opened, app),
        clock=clock,
        token=hook_tokens(settings, vault)[0],
        account_sid=settings.twilio_account_sid,
        senders=settings.senders,
        public_url=settings.public_url,
    )


def _hang_up_bell(app: "Flask", broker_url: str) -> None:
    """Let commits ring at the workers. Celery comes with an extra of its own: one machine needs none."""
    from wabp.errors import BadSetting

    try:
        from wabp.worker import bell
    except ImportError:
        raise BadSetting("broker_without_celery") from None
    bell.hang_up(app, broker_url)


def _post_to(app: "Flask") -> "AppPost":
    """Return a way to call the product's own hooks without a network (ADR 0007)."""

    from werkzeug.datastructures import MultiDict
    from werkzeug.test import Client

    def post(path: str, form: "Form", headers: Mapping[str, str]) -> int:
        fields = MultiDict(form)
        # An empty context: a call from inside a page must not share that page's session or sign-in.
        call = partial(Client(app).post, path, data=fields, headers=dict(headers))
        return Context().run(call).status_code

    return post
