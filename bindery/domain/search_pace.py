"""When a slot that found nothing is searched again by itself."""

HOUR_US = 3_600_000_000
DEFAULT_INTERVAL_H = 12
LONGEST_H = 168
_PATIENT = 4


def next_search_us(
    now_us: int, searches: int, *, interval_h: int = DEFAULT_INTERVAL_H, reached: bool = True
) -> int:
    """The time (µs) of the next automatic search after `searches` of them.

    The first four come at the interval, then each waits twice as long, up to a week. When no
    indexer could be `reached` nothing was learnt: again in an hour.
    """
    if not reached:
        return now_us + HOUR_US
    doublings = min(max(0, searches - _PATIENT), 8)
    return now_us + min(interval_h * 2**doublings, max(LONGEST_H, interval_h)) * HOUR_US
