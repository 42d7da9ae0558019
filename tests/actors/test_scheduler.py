"""Schedule rows become commands, whatever the clock does."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import trio
from trio.testing import MockClock

from bindery.actors.scheduler import SchedulerActor
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.store import schedules
from bindery.store.store import Store
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store

HOUR = 3600


class JumpingClock(TrioClock):
    """The wall clock of a machine whose owner sets it."""

    offset_s = 0.0

    def now_us(self) -> int:
        return super().now_us() + round(self.offset_s * 1_000_000)


@asynccontextmanager
async def scheduler_at_work(store: Store) -> AsyncGenerator[None, None]:
    def make() -> SchedulerActor:
        return SchedulerActor(store, UTC, random.Random(1))

    async with open_supervisor(store.clock, rng=random.Random(1)) as supervisor:
        await supervisor.start(Child("scheduler", make))
        yield
        await supervisor.stop_all()


async def every_hour(store: Store) -> None:
    await store.write(
        lambda tx: schedules.put_in(tx, "sweep", "wanted.sweep", zone=UTC, every_s=HOUR)
    )


async def finish_all(store: Store) -> int:
    """Work off what was enqueued; how many."""
    return await store.write(lambda tx: tx.run("DELETE FROM command"))


async def test_schedule_runs_in_its_rhythm(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        await every_hour(store)
        async with scheduler_at_work(store):
            ran = 0
            await trio.sleep(HOUR / 2)
            for _ in range(5):
                await trio.sleep(HOUR)
                ran += await finish_all(store)
    assert ran == 5


async def test_many_missed_runs_are_one(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        await every_hour(store)
        await trio.sleep(50 * HOUR)
        async with scheduler_at_work(store):
            assert await finish_all(store) == 0
            await trio.sleep(6 * 60)
            assert await finish_all(store) == 1
            await trio.sleep(50 * 60)
            assert await finish_all(store) == 0


async def test_clock_set_back_does_not_silence_a_schedule(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = JumpingClock()
    async with open_test_store(tmp_path, clock=clock) as store:
        await every_hour(store)
        async with scheduler_at_work(store):
            clock.offset_s = -1_000 * HOUR
            await trio.sleep(2 * HOUR)
            assert await finish_all(store) >= 1


async def test_new_interval_applies_at_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        await every_hour(store)
        async with scheduler_at_work(store):
            await store.write(
                lambda tx: schedules.put_in(tx, "sweep", "wanted.sweep", zone=UTC, every_s=60)
            )
            await trio.sleep(125)
            assert await finish_all(store) == 1
