"""How long a failing indexer is left alone."""

import pytest

from bindery.domain.holds import LADDER_S, YOUNG_HOLD_S, after_failure
from bindery.domain.search_pace import HOUR_US, next_search_us


@pytest.mark.parametrize(
    ("level", "trouble", "asked", "running", "expected"),
    [
        (0, "refused", None, 10_000, (1, 60)),
        (1, "refused", None, 10_000, (2, 300)),
        (9, "refused", None, 10_000, (9, 86_400)),
        (0, "away", None, 10_000, (1, 60)),
        (1, "away", None, 10_000, (1, 60)),
        (5, "away", None, 10_000, (5, 3_600)),
        (0, "asked", 485 * 60, 10_000, (8, 29_100)),
        (3, "asked", 60, 10_000, (4, 60)),
        (0, "asked", None, 10_000, (1, 60)),
        # young: nothing climbs, no hold of our own beyond five minutes
        (0, "refused", None, 10, (1, 60)),
        (1, "refused", None, 10, (1, 60)),
        (6, "away", None, 10, (6, YOUNG_HOLD_S)),
        (0, "asked", 7_200, 10, (6, 7_200)),
    ],
)
def test_ladder(level, trouble, asked, running, expected) -> None:
    hold = after_failure(level, trouble, retry_after_s=asked, running_s=running)
    assert (hold.level, hold.seconds) == expected
    assert 0 <= hold.level < len(LADDER_S)


@pytest.mark.parametrize(
    ("searches", "hours"), [(1, 12), (4, 12), (5, 24), (6, 48), (7, 96), (8, 168), (90, 168)]
)
def test_pace_slows_down_to_a_week(searches, hours) -> None:
    assert next_search_us(0, searches) == hours * HOUR_US


def test_pace_when_nobody_answered() -> None:
    assert next_search_us(0, 9, reached=False) == HOUR_US
    assert next_search_us(0, 1, interval_h=168) == 168 * HOUR_US
