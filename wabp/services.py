"""What the doors are handed: the app, its settings, its clock and its gateway, chosen in `wabp.app` alone."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.orm import Session

from wabp import db
from wabp.clock import Clock
from wabp.gateway import Gateway
from wabp.gateway.simulator import Simulator
from wabp.messages import Sending
from wabp.settings import Settings


@dataclass(frozen=True)
class Services:
    """One installation, put together. `simulator` is the gateway once more, when it is the simulator."""

    app: Flask
    settings: Settings
    clock: Clock
    gateway: Gateway
    simulator: Simulator | None

    def reading(self) -> AbstractContextManager[Session]:
        """Open a session that cannot write."""
        return db.opened(self.app, reading=True)

    def writing(self) -> AbstractContextManager[Session]:
        """Open a session that writes. The caller commits."""
        return db.opened(self.app)

    @property
    def sending(self) -> Sending:
        """What delivery needs to know of this installation."""
        return Sending(self.settings.public_url, self.settings.provider_is_local)
