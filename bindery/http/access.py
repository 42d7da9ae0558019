"""hypercorn's logger, to structlog: one access line per request, never a query string."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from hypercorn.config import Config

access_log = structlog.get_logger("bindery.http.access")
server_log = structlog.get_logger("bindery.http.server")


class AccessLog:
    """The methods hypercorn calls. The correlation id comes from the request's own context."""

    def __init__(self, config: Config) -> None:
        del config

    async def access(self, request: Any, response: Any, request_time: float) -> None:
        """One finished request, or an accepted websocket."""
        client = request.get("client")
        if response is None:
            # The peer closed first; hypercorn says so even when it had taken the whole answer.
            access_log.debug("peer closed", path=request["path"])
            return
        access_log.info(
            "request",
            method=request.get("method", "WS"),
            path=request["path"],
            status=response.get("status"),
            ms=round(request_time * 1000, 1),
            peer=client[0] if client else "",
        )

    async def critical(self, message: str, *args: Any, **_: Any) -> None:
        """As logging's method of that name."""
        server_log.critical(message % args if args else message)

    async def error(self, message: str, *args: Any, **_: Any) -> None:
        """As logging's method of that name."""
        server_log.error(message % args if args else message)

    async def warning(self, message: str, *args: Any, **_: Any) -> None:
        """As logging's method of that name."""
        server_log.warning(message % args if args else message)

    async def info(self, message: str, *args: Any, **_: Any) -> None:
        """Hypercorn's own words ("Running on ...") are of no interest at info."""
        server_log.debug(message % args if args else message)

    async def debug(self, message: str, *args: Any, **_: Any) -> None:
        """As logging's method of that name."""
        server_log.debug(message % args if args else message)

    async def exception(self, message: str, *args: Any, **_: Any) -> None:
        """An error that escaped the app; the traceback belongs to it."""
        server_log.exception(message % args if args else message)

    async def log(self, level: int, message: str, *args: Any, **_: Any) -> None:
        """As logging's method of that name."""
        name = logging.getLevelName(level).lower()
        server_log.log(level, message % args if args else message, level_name=name)
