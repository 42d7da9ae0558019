"""One line per actor (architecture.md 4): a stuck one shows without heartbeat code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["starting", "running", "backoff", "parked", "stopping", "stopped"]

# A message in hand or waiting for longer than this makes the program degraded.
TOO_OLD_S = 60.0


@dataclass(frozen=True, slots=True)
class ActorHealth:
    """What is known of one actor; ages in seconds, None when there is no such message."""

    name: str
    state: State
    critical: bool
    restarts: int
    last_error: str | None
    waiting: int
    peak: int
    oldest_s: float | None
    in_hand_s: float | None
    refused: int

    @property
    def age_s(self) -> float | None:
        """Age of the message in hand, else of the oldest queued one."""
        return self.in_hand_s if self.in_hand_s is not None else self.oldest_s


def ready(actors: Sequence[ActorHealth]) -> bool:
    """Whether every critical actor runs."""
    return all(actor.state == "running" for actor in actors if actor.critical)


def degraded(actors: Sequence[ActorHealth], too_old_s: float = TOO_OLD_S) -> list[str]:
    """Names of the actors that are parked, or hold a message for too long."""
    return [
        actor.name
        for actor in actors
        if actor.state == "parked" or (actor.age_s is not None and actor.age_s > too_old_s)
    ]
