"""The application object and the way to reach it from a running request."""

from __future__ import annotations

from typing import cast

from quart import current_app
from quart_trio import QuartTrio

from bindery.http.auth import Door
from bindery.http.kernel import Kernel
from bindery.http.policy import Table
from bindery.http.services import Services
from bindery.http.spa import BuiltApp


class App(QuartTrio):
    """Quart-Trio with what the hooks share; made by `create_app`."""

    services: Services
    door: Door
    table: Table
    kernel: Kernel
    built: BuiltApp


def current() -> App:
    """The app of the running request or websocket, typed."""
    return cast("App", current_app)
