import time

from bindery.runtime.clock import FixedClock, SystemClock
from bindery.runtime.trace import new_token, new_trace


def test_the_system_clock_counts_microseconds_since_the_epoch() -> None:
    before = time.time()
    now = SystemClock().now_us()
    assert before - 1 <= now / 1_000_000 <= time.time() + 1


def test_the_fixed_clock_moves_only_when_told_and_also_back() -> None:
    clock = FixedClock(1_000_000)
    clock.advance(1.5)
    assert clock.now_us() == 2_500_000
    clock.advance(-2)
    assert clock.now_us() == 500_000


def test_traces_and_tokens_do_not_repeat() -> None:
    assert len({new_trace() for _ in range(1_000)}) == 1_000
    assert new_trace().startswith("w-")
    token = new_token()
    assert len(token) == 32 and int(token, 16) >= 0 and token != new_token()
