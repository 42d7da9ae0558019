import random

from hypothesis import given
from hypothesis import strategies as st

from bindery.runtime.backoff import Backoff


def test_the_span_doubles_up_to_the_cap() -> None:
    backoff = Backoff(first=1, cap=10)
    assert [backoff.span(streak) for streak in (1, 2, 3, 4, 5, 10_000)] == [1, 2, 4, 8, 10, 10]


@given(streak=st.integers(1, 10**9), seed=st.integers())
def test_the_delay_is_at_least_half_and_at_most_the_span(streak: int, seed: int) -> None:
    backoff = Backoff()
    delay = backoff.delay(streak, random.Random(seed))
    assert backoff.span(streak) / 2 <= delay <= backoff.span(streak) <= backoff.cap
