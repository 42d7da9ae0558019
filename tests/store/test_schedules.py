"""Periodic commands on a clock that jumps (architecture.md 6, Schedule)."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bindery.domain.principal import SYSTEM
from bindery.runtime.clock import FixedClock
from bindery.store import Store, Tx, commands, schedules

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600 * 1_000_000


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)


async def put(store: Store, **more: int | str) -> None:
    await store.write(lambda tx: schedules.put_in(tx, "s", "rss.sync", zone=BERLIN, **more))  # pyright: ignore[reportArgumentType]


async def run_due(store: Store) -> list[str]:
    return await store.write(lambda tx: schedules.run_due_in(tx, BERLIN, random.Random(1)))


async def finish(store: Store) -> int:
    def work(tx: Tx) -> int:
        done = 0
        while (command := commands.claim_in(tx, ["rss.sync"])) is not None:
            commands.succeed_in(tx, command)
            done += 1
        return done

    return await store.write(work)


async def test_it_runs_when_due_and_keeps_its_rhythm(store: Store, clock: FixedClock) -> None:
    start = clock.now_us()
    await put(store, every_s=3600)
    assert await run_due(store) == []
    clock.advance(3605)
    assert await run_due(store) == ["s"]
    assert store.read(schedules.next_due) == start + 2 * HOUR
    assert await finish(store) == 1


async def test_many_missed_runs_are_one(store: Store, clock: FixedClock) -> None:
    await put(store, every_s=3600)
    clock.advance(50 * 3600)
    assert await run_due(store) == ["s"]
    assert await finish(store) == 1
    assert await run_due(store) == []
    assert store.read(schedules.next_due) == clock.now_us() + HOUR


async def test_after_a_start_the_missed_are_spread(store: Store, clock: FixedClock) -> None:
    await put(store, every_s=3600)
    clock.advance(50 * 3600)
    await store.write(lambda tx: schedules.catch_up_in(tx, BERLIN, random.Random(1)))
    due = store.read(schedules.next_due)
    assert due is not None
    assert 60 <= (due - clock.now_us()) / 1_000_000 <= 300


async def test_a_clock_set_back_pulls_the_time_in(store: Store, clock: FixedClock) -> None:
    await put(store, every_s=3600)
    clock.advance(-30 * 86_400)
    await store.write(lambda tx: schedules.catch_up_in(tx, BERLIN, random.Random(1)))
    assert store.read(schedules.next_due) == clock.now_us() + HOUR


async def test_a_new_interval_applies_at_once(store: Store, clock: FixedClock) -> None:
    await put(store, every_s=86_400)
    clock.advance(7200)
    await put(store, every_s=3600)
    assert store.read(schedules.next_due) == clock.now_us() + HOUR
    clock.advance(3600)
    await run_due(store)
    await put(store, every_s=600)
    assert store.read(schedules.next_due) == clock.now_us() + 600 * 1_000_000


async def test_a_person_may_run_it_now(store: Store) -> None:
    await put(store, every_s=3600)
    await store.write(lambda tx: schedules.run_now_in(tx, "s", SYSTEM))
    assert await finish(store) == 1
    assert await store.write(lambda tx: schedules.run_now_in(tx, "unknown", SYSTEM)) is None


@pytest.mark.parametrize(
    ("now", "at", "due"),
    [
        ("2026-01-10T02:00+01:00", "03:30", "2026-01-10T03:30+01:00"),
        ("2026-01-10T03:30+01:00", "03:30", "2026-01-11T03:30+01:00"),
        # 2026-03-29: 02:00 becomes 03:00; the skipped time runs at the next minute there is
        ("2026-03-28T12:00+01:00", "02:30", "2026-03-29T03:00+02:00"),
        ("2026-03-29T03:00+02:00", "02:30", "2026-03-30T02:30+02:00"),
        # 2026-10-25: 03:00 becomes 02:00; the doubled time runs at its first pass only
        ("2026-10-24T12:00+02:00", "02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:30+02:00", "02:30", "2026-10-26T02:30+01:00"),
    ],
)
def test_local_times_and_the_two_odd_nights(now: str, at: str, due: str) -> None:
    assert schedules.next_local(at, us(now), BERLIN) == us(due)
