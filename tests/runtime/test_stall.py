import time

import trio
import trio.lowlevel

from bindery.runtime.stall import StallMeter, open_stall_meter


def block(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_a_step_that_keeps_the_loop_is_measured_and_named() -> None:
    async with open_stall_meter() as meter:
        await trio.lowlevel.checkpoint()
        meter.reset()
        block(0.15)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        assert meter.stalls >= 1
        assert 0.15 <= meter.longest.seconds < 5
        assert "test_a_step_that_keeps" in meter.longest.stack
        assert sum(meter.counts[6:]) >= 1


async def test_a_loop_that_only_waits_has_no_stall() -> None:
    async with open_stall_meter(watch=False) as meter:
        await trio.lowlevel.checkpoint()
        meter.reset()
        await trio.sleep(0.001)
        assert sum(meter.counts) >= 1
        assert meter.longest.stack == ""


def test_a_sample_outside_a_step_notes_nothing() -> None:
    meter = StallMeter()
    meter.sample(0)
    assert meter.longest.stack == ""
