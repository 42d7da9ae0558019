"""What the store tells after a commit: which ids changed, never their values."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol


class Change(NamedTuple):
    """One changed object of one topic, as seen from one library."""

    topic: str
    library: int
    id: str | int
    op: Literal["put", "del"]


class Publisher(Protocol):
    """Receives the changes of a committed batch, synchronously, on the loop."""

    def published(self, changes: Sequence[Change]) -> None:
        """Take note; must not block, await or raise."""
        ...


class NullPublisher:
    """Nobody listens."""

    __slots__ = ()

    def published(self, changes: Sequence[Change]) -> None:
        """Ignore the changes."""
