"""The rules of the command table (architecture.md 6)."""

from typing import Any

import msgspec
import pytest
import trio

from bindery.domain.principal import By, Via
from bindery.runtime.clock import FixedClock
from bindery.runtime.doorbell import Bells
from bindery.store import Store, Tx, Watch, attention, commands, jobs
from bindery.store.commands import Command
from tests.kit.database import Heard

SECOND = 1_000_000


class Payload(msgspec.Struct):
    n: int


async def enqueue(store: Store, kind: str = "search", n: int = 1, **more: Any) -> int:
    return await store.write(lambda tx: tx.enqueue(kind, Payload(n), **more))


async def claim(store: Store, *kinds: str, **more: Any) -> Command | None:
    return await store.write(lambda tx: commands.claim_in(tx, kinds or ("search",), **more))


async def must_claim(store: Store, *kinds: str, **more: Any) -> Command:
    command = await claim(store, *kinds, **more)
    assert command is not None
    return command


async def recover(store: Store) -> int:
    return await store.write(lambda tx: commands.recover_running_in(tx, ["search"]))


async def test_enqueueing_again_keeps_the_row_and_the_better_of_both(store: Store) -> None:
    first = await enqueue(store, n=1, key="7", priority=30, not_before=50 * SECOND)
    again = await enqueue(store, n=2, key="7", priority=10, not_before=90 * SECOND)
    other = await enqueue(store, n=3, key="8")
    assert first == again != other
    found = store.read(lambda r: commands.find(r, first))
    assert found is not None
    assert (found.priority, found.not_before, found.read(Payload).n) == (10, 50 * SECOND, 2)


async def test_claims_come_by_priority_then_time_then_age(store: Store) -> None:
    await enqueue(store, n=1, key="sweep", priority=30)
    await enqueue(store, n=2, key="late", priority=20, not_before=5)
    await enqueue(store, n=3, key="early", priority=20)
    await enqueue(store, n=4, key="early2", priority=20)
    await enqueue(store, n=5, key="person", priority=10)
    order = [(await must_claim(store)).read(Payload).n for _ in range(5)]
    assert order == [5, 3, 4, 2, 1]
    assert await claim(store) is None


async def test_what_is_not_due_or_of_another_lane_is_left(store: Store, clock: FixedClock) -> None:
    later = clock.now_us() + 60 * SECOND
    await enqueue(store, key="later", not_before=later)
    await enqueue(store, key="client", lane="client:3")
    assert await claim(store) is None
    assert store.read(lambda r: commands.next_due(r, ["search"])) == later
    assert not store.read(lambda r: commands.due(r, ["search"], clock.now_us()))
    assert (await must_claim(store, lanes=("client:3",))).lane == "client:3"
    clock.advance(60)
    assert (await must_claim(store)).key == "later"


async def test_a_change_during_a_run_causes_exactly_one_more_run(store: Store) -> None:
    await enqueue(store, n=1, key="7")
    running = await must_claim(store)
    for n in (2, 3):
        await enqueue(store, n=n, key="7")
    assert await claim(store) is None
    await store.write(lambda tx: commands.succeed_in(tx, running))
    assert (await must_claim(store)).read(Payload).n == 3
    assert await claim(store) is None


async def test_one_place_can_be_kept_for_persons(store: Store) -> None:
    await enqueue(store, key="event", priority=20)
    assert await claim(store, at_most=commands.PERSON) is None
    await enqueue(store, key="person", priority=10)
    assert (await must_claim(store, at_most=commands.PERSON)).key == "person"


async def test_several_kinds_and_lanes_are_one_queue(store: Store) -> None:
    await enqueue(store, "b", n=1, lane="x", priority=20)
    await enqueue(store, "a", n=2, priority=10)
    both = {"lanes": ("", "x")}
    assert (await must_claim(store, "a", "b", **both)).kind == "a"
    assert (await must_claim(store, "a", "b", **both)).kind == "b"


async def test_five_crashes_without_progress_park_the_row(store: Store) -> None:
    made = await enqueue(store, key="poison")
    for crashes in range(1, 6):
        command = await must_claim(store)
        assert command.crashes == crashes
        assert await recover(store) == 1
    assert await claim(store) is None
    found = store.read(lambda r: commands.find(r, made))
    assert found is not None
    assert (found.state, found.crashes) == ("failed", 5)
    (item,) = store.read(lambda r: attention.list_attention(r, (1,), 0))
    assert (item.code, item.subject) == ("command_parked", "command:search:poison")


async def test_progress_forgets_the_crashes(store: Store) -> None:
    await enqueue(store)
    for _ in range(12):
        command = await must_claim(store)
        await store.write(lambda tx, c=command: commands.progress_in(tx, c, phase="half"))
        await recover(store)


async def test_attempts_count_outcomes_not_claims(store: Store, clock: FixedClock) -> None:
    await enqueue(store)
    command = await must_claim(store)
    await store.write(lambda tx: commands.give_back_in(tx, command))
    given = await must_claim(store)
    assert (given.attempts, given.crashes) == (0, 1)
    due = clock.now_us() + 30 * SECOND
    await store.write(lambda tx: commands.retry_in(tx, given, due, "indexer_down"))
    assert await claim(store) is None
    clock.advance(30)
    retried = await must_claim(store)
    assert (retried.attempts, retried.crashes) == (1, 1)
    away = clock.now_us()
    await store.write(lambda tx: commands.retry_in(tx, retried, away, "away", spend=False))
    assert (await must_claim(store)).attempts == 1


async def test_a_retry_gives_way_to_what_was_asked_meanwhile(store: Store) -> None:
    old = await enqueue(store, n=1, key="7", priority=10)
    running = await must_claim(store)
    new = await enqueue(store, n=2, key="7", priority=30)
    await store.write(lambda tx: commands.retry_in(tx, running, 1 << 60))
    outcome = await store.settled(old, within=0)
    assert outcome is not None and (outcome.state, outcome.code) == ("cancelled", "superseded")
    merged = await must_claim(store)
    assert (merged.id, merged.priority, merged.attempts) == (new, 10, 1)
    assert merged.read(Payload).n == 2


async def test_waiting_ends_with_the_commit_of_the_outcome(store: Store) -> None:
    made = await enqueue(store)
    command = await must_claim(store)

    async def finish() -> None:
        await store.write(lambda tx: commands.succeed_in(tx, command, {"books": 3}))

    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(finish)
            outcome = await store.settled(made, within=5)
    assert outcome is not None and outcome.state == "succeeded"
    assert outcome.result is not None and msgspec.json.decode(outcome.result) == {"books": 3}
    assert await store.settled(made, within=0) == outcome


async def test_waiting_ends_after_its_time(
    store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    made = await enqueue(store)
    before = trio.current_time()
    assert await store.settled(made, within=10) is None
    assert trio.current_time() - before == 10


async def test_shutdown_ends_every_wait_at_once(store: Store) -> None:
    made = await enqueue(store)
    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.settled, made, 60.0)
            await trio.testing.wait_all_tasks_blocked()
            store.waiters.close()
        assert await store.settled(made, within=60) is None


async def test_a_unit_that_fails_settles_nobody_and_rings_nothing(
    store: Store, bells: Bells, heard: Heard
) -> None:
    def broken(tx: Tx) -> None:
        tx.enqueue("search", {}, watch=Watch("search"))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(broken)
    assert not await bells.bell("search").wait(0)
    assert heard.changes == []
    assert store.read(lambda r: r.value("SELECT count(*) FROM command")) == 0


async def test_the_bell_rings_after_the_commit(store: Store, bells: Bells) -> None:
    await enqueue(store)
    assert await bells.bell("search").wait(0)
    assert not await bells.bell("search").wait(0)


async def test_cancel_ends_a_queued_one_and_asks_a_running_one(store: Store) -> None:
    queued = await enqueue(store, key="a")
    assert await store.write(lambda tx: commands.cancel_in(tx, queued)) == "cancelled"
    running = await enqueue(store, key="b")
    command = await must_claim(store)
    assert await store.write(lambda tx: commands.cancel_in(tx, running)) == "running"
    assert store.read(lambda r: commands.cancel_asked(r, running))
    await store.write(lambda tx: commands.cancelled_in(tx, command))
    outcome = await store.settled(running, within=0)
    assert outcome is not None and outcome.state == "cancelled"
    assert await store.write(lambda tx: commands.cancel_in(tx, 999)) is None


async def test_deleting_a_lane_settles_what_waited_in_it(store: Store) -> None:
    gone = await enqueue(store, key="a", lane="client:1")
    await enqueue(store, key="b", lane="client:2")
    assert await store.write(lambda tx: commands.cancel_lane_in(tx, "client:1")) == 1
    outcome = await store.settled(gone, within=0)
    assert outcome is not None and outcome.state == "cancelled"


async def test_a_watched_command_is_a_job_of_its_library(store: Store, heard: Heard) -> None:
    by = By(None, Via.SCHEDULE)
    watch = Watch("author_sync", {"name": "Le Guin"})
    made = await store.write(
        lambda tx: tx.enqueue("author.sync", {}, key="1", watch=watch, by=by, trace="w-1")
    )
    await enqueue(store, key="unwatched")
    command = await must_claim(store, "author.sync")
    await store.write(lambda tx: commands.progress_in(tx, command, phase="works", done=3, total=9))
    (job,) = store.read(lambda r: jobs.list_jobs(r, (1,), finished_since=0))
    assert job.wire_id == f"j-{made}"
    assert jobs.job_id(job.wire_id) == made
    assert (job.title_code, job.title_params) == ("author_sync", {"name": "Le Guin"})
    assert (job.phase, job.done, job.total, job.via) == ("works", 3, 9, "schedule")
    assert job.cancellable
    assert store.read(lambda r: jobs.list_jobs(r, (2,), finished_since=0)) == []
    assert {change.id for change in heard.of("jobs")} == {f"j-{made}"}


async def test_pruning_forgets_only_what_ended_long_ago(store: Store, clock: FixedClock) -> None:
    await enqueue(store, key="a")
    command = await must_claim(store)
    await store.write(lambda tx: commands.succeed_in(tx, command))
    await enqueue(store, key="b")
    assert await store.write(lambda tx: commands.prune_in(tx, clock.now_us())) == 0
    assert await store.write(lambda tx: commands.prune_in(tx, clock.now_us() + 1)) == 1
    assert store.read(lambda r: commands.count_open(r, ["search"])) == 1


async def test_a_claim_among_thousands_stays_cheap(store: Store) -> None:
    def fill(tx: Tx) -> None:
        for n in range(5_000):
            tx.enqueue("search", {}, key=str(n), not_before=1 << 60)

    await store.write(fill)
    with store.profiled() as costs:
        assert store.read(lambda r: commands.next_due(r, ["other"])) is None
        store.read(lambda r: jobs.list_jobs(r, (1,), finished_since=0))
    assert [cost.sql for cost in costs if "command" in cost.sql and cost.vm_steps > 100] == []
