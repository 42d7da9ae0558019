"""How long a failing indexer is left alone (acquisition.md 2.6-2.7, Better)."""

from typing import Literal, TypeAlias

import msgspec

LADDER_S = (0, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400)
"""Seconds of a hold by level. A success goes one level down and lifts the hold."""
YOUNG_S = 900.0
"""So long after the start nothing escalates, and no hold of our own is longer than 5 minutes."""
YOUNG_HOLD_S = 300

Trouble: TypeAlias = Literal["asked", "refused", "away"]
"""It asked for a pause; it refused us (key, disabled); it could not be reached."""


class Hold(msgspec.Struct, frozen=True):
    """The new level, and for how many seconds to stay away."""

    level: int
    seconds: int


def after_failure(
    level: int, trouble: Trouble, *, retry_after_s: float | None = None, running_s: float = YOUNG_S
) -> Hold:
    """The hold after one more failure at `level`; `running_s` is how long we have been running.

    An explicit request for a pause raises the level until it covers the request and is always
    honoured. A connection failure starts the ladder but does not climb it.
    """
    young = running_s < YOUNG_S
    climbs = trouble != "away" and not young
    now = min(level + 1, len(LADDER_S) - 1) if climbs or level == 0 else level
    if trouble == "asked" and retry_after_s is not None:
        covering = (n for n, seconds in enumerate(LADDER_S) if seconds >= retry_after_s)
        now = max(now if climbs else level, next(covering, len(LADDER_S) - 1))
        return Hold(now, max(1, round(retry_after_s)))
    seconds = LADDER_S[now]
    return Hold(now, min(seconds, YOUNG_HOLD_S) if young else seconds)
