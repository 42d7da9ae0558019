"""The open live sockets of this process, to end them when their right to be ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bindery.domain.principal import Principal, Via


class LiveSocket(NamedTuple):
    """One open socket: whose, and how to end it."""

    principal: Principal
    end: Callable[[int], None]


class LiveSockets:
    """The registry. `end` sets a close code and returns at once; the hub limits their number."""

    def __init__(self) -> None:
        self._open: set[LiveSocket] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, live: LiveSocket) -> None:
        """A socket was accepted."""
        self._open.add(live)

    def remove(self, live: LiveSocket) -> None:
        """The socket is closed."""
        self._open.discard(live)

    def end_session(self, session_id: int) -> None:
        """One session ended: its sockets close with 4401."""
        self._end(lambda who: who.session_id == session_id)

    def end_user(self, user_id: int) -> None:
        """Every session of an account ended."""
        self._end(lambda who: who.via is Via.SESSION and who.user_id == user_id)

    def end_install_key(self) -> None:
        """The install key was replaced."""
        self._end(lambda who: who.via is Via.INSTALL_KEY)

    def _end(self, applies: Callable[[Principal], bool]) -> None:
        for live in tuple(self._open):
            if applies(live.principal):
                live.end(4401)
