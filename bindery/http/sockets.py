"""The open live sockets of this process: counted, and ended when their right to be ends."""

from __future__ import annotations

from collections.abc import Callable

from bindery.domain.principal import Principal, Via

PER_USER = 8
TOTAL = 128


class LiveSocket:
    """One open socket, as the rest of the HTTP layer sees it."""

    def __init__(self, principal: Principal, peer: str, end: Callable[[int], None]) -> None:
        self.principal = principal
        self.peer = peer
        self.end = end

    @property
    def owner(self) -> str:
        """Sockets are limited per account; without one, per address."""
        user = self.principal.user_id
        return f"user:{user}" if user is not None else f"peer:{self.peer}"


class LiveSockets:
    """The registry. `end` functions set a close code and return at once."""

    def __init__(self) -> None:
        self._open: set[LiveSocket] = set()

    def __len__(self) -> int:
        return len(self._open)

    def full_for(self, owner: str) -> bool:
        """Would one more break a limit?"""
        own = sum(1 for live in self._open if live.owner == owner)
        return own >= PER_USER or len(self._open) >= TOTAL

    def add(self, live: LiveSocket) -> None:
        """Count a socket from before its accept."""
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
