"""Supervision on virtual time: architecture.md 4 and the kernel rows of platform.md."""

import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.runtime.backoff import Backoff
from bindery.runtime.clock import FixedClock
from bindery.runtime.health import degraded, ready
from bindery.runtime.mailbox import ActorGone, Inbox
from bindery.runtime.supervisor import Child, StartFailed, Supervisor, open_supervisor

Run = Callable[[Inbox[Any], Callable[[], None]], Awaitable[None]]


class Scripted:
    """An actor whose `run` is a function."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        await self._run(inbox, ready)


def child(name: str, run: Run, **more: Any) -> Child:
    return Child(name, lambda: Scripted(run), **more)


def supervised(backoff: Backoff | None = None) -> Any:
    return open_supervisor(FixedClock(), rng=random.Random(7), backoff=backoff)


class Echo:
    """Answers what it is asked; "crash" crashes, a number sleeps first."""

    def __init__(self) -> None:
        self.born = 0
        self.handled: list[Any] = []

    async def __call__(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        self.born += 1
        count = 0
        ready()
        async for envelope in inbox:
            count += 1
            if envelope.msg == "crash":
                raise ZeroDivisionError("asked to")
            if isinstance(envelope.msg, int | float):
                await trio.sleep(envelope.msg)
            self.handled.append(envelope.msg)
            envelope.answer((envelope.msg, count))


async def crash_now(_inbox: Inbox[Any], _ready: Callable[[], None]) -> None:
    await trio.lowlevel.checkpoint()
    raise LookupError("at birth")


def state(supervisor: Supervisor, name: str) -> str:
    return next(h.state for h in supervisor.health() if h.name == name)


async def test_a_crash_tells_the_asker_and_leaves_queued_mail_to_a_clean_successor(
    autojump_clock: MockClock,
) -> None:
    echo = Echo()
    with trio.fail_after(60):
        async with supervised() as supervisor:
            box = await supervisor.start(child("echo", echo))
            results: list[Any] = []

            async def ask(msg: Any) -> None:
                try:
                    results.append(await box.ask(msg))
                except ActorGone:
                    results.append("gone")

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, "crash")
                await wait_all_tasks_blocked(0.0)
                nursery.start_soon(ask, "later")
            assert sorted(results, key=str) == [("later", 1), "gone"]
            assert echo.born == 2
            health = supervisor.health()[0]
            assert health.restarts == 1
            assert health.last_error == "ZeroDivisionError: asked to"


async def test_an_error_inside_nurseries_is_one_crash_recorded_as_the_leaf(
    autojump_clock: MockClock,
) -> None:
    async def grouped(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        ready()
        async with trio.open_nursery() as outer:
            outer.start_soon(trio.sleep_forever)
            async with trio.open_nursery() as inner:
                inner.start_soon(trio.sleep_forever)
                inner.start_soon(crash_now, _inbox, ready)

    with trio.fail_after(60):
        async with supervised(Backoff(first=10)) as supervisor:
            await supervisor.start(child("g", grouped))
            await trio.sleep(1)
            health = supervisor.health()[0]
            assert (health.restarts, health.last_error) == (1, "LookupError: at birth")
            assert health.state == "backoff"


@pytest.mark.logs_errors("actor c is parked: LookupError: at birth")
async def test_the_back_off_doubles_up_to_its_cap_half_fixed_half_random(
    autojump_clock: MockClock,
) -> None:
    births: list[float] = []

    async def note(inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        births.append(trio.current_time())
        await crash_now(inbox, ready)

    backoff = Backoff(first=1, cap=8, window=1_000, max_restarts=7, park=500)
    with trio.fail_after(5_000):
        async with supervised(backoff) as supervisor:
            await supervisor.start(child("c", note))
            await trio.sleep(100)
    waits = [later - earlier for earlier, later in itertools.pairwise(births)]
    rng = random.Random(7)
    expected = [span / 2 + rng.random() * span / 2 for span in (1, 2, 4, 8, 8, 8, 8)]
    assert waits == pytest.approx(expected)


async def test_a_child_alive_for_the_window_starts_a_new_streak(autojump_clock: MockClock) -> None:
    births: list[float] = []

    async def long_lived(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        births.append(trio.current_time())
        ready()
        await trio.sleep(100)
        raise LookupError

    with trio.fail_after(5_000):
        backoff = Backoff(first=1, cap=64, window=99, max_restarts=2)
        async with supervised(backoff) as supervisor:
            await supervisor.start(child("c", long_lived))
            await trio.sleep(900)
            assert state(supervisor, "c") == "running"
    waits = [later - earlier - 100 for earlier, later in itertools.pairwise(births)]
    assert len(waits) > 6
    assert all(0.5 <= wait <= 1 for wait in waits)


@pytest.mark.logs_errors("actor c is parked: LookupError: at birth")
async def test_too_many_crashes_park_a_child_which_is_tried_again_later(
    autojump_clock: MockClock,
) -> None:
    births: list[float] = []

    async def note(inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        births.append(trio.current_time())
        if len(births) == 6:
            await Echo()(inbox, ready)
        await crash_now(inbox, ready)

    backoff = Backoff(first=1, cap=1, window=50, max_restarts=3, park=200)
    with trio.fail_after(5_000):
        async with supervised(backoff) as supervisor:
            box = await supervisor.start(child("c", note))
            await trio.sleep(100)
            assert len(births) == 4
            assert state(supervisor, "c") == "parked"
            assert degraded(supervisor.health()) == ["c"]
            with pytest.raises(ActorGone, match="parked"):
                await box.ask("anybody?")
            box.tell("kept")
            await trio.sleep(200)
            assert len(births) == 5, "one try after parking, then parked again"
            assert state(supervisor, "c") == "parked"
            await trio.sleep(200)
            assert state(supervisor, "c") == "running"
            assert await box.ask("now") == ("now", 2)
            assert not supervisor.failed.is_set()


@pytest.mark.logs_errors
async def test_a_critical_child_that_keeps_crashing_stops_everything_with_exit_code_1(
    autojump_clock: MockClock,
) -> None:
    echo = Echo()
    deaths = 0

    async def dying(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        nonlocal deaths
        ready()
        await trio.sleep(0.1)
        deaths += 1
        raise LookupError

    with trio.fail_after(1_000):
        backoff = Backoff(first=1, cap=1, window=100, max_restarts=3)
        async with supervised(backoff) as supervisor:
            other = await supervisor.start(child("other", echo))
            await supervisor.start(child("writer", dying, critical=True))
            await supervisor.failed.wait()
            await supervisor.stop_all()
            assert (deaths, supervisor.exit_code) == (4, 1)
            assert [h.state for h in supervisor.health()] == ["stopped", "stopped"]
            assert not ready(supervisor.health())
            with pytest.raises(ActorGone):
                other.tell("late")
            with pytest.raises(ActorGone):
                await supervisor.start(child("new", echo))


@pytest.mark.logs_errors
async def test_a_critical_child_that_never_gets_ready_fails_the_start(
    autojump_clock: MockClock,
) -> None:
    async def silent(inbox: Inbox[Any], _ready: Callable[[], None]) -> None:
        await inbox.wait_closing()

    with trio.fail_after(60):
        async with supervised() as supervisor:
            with pytest.raises(StartFailed):
                await supervisor.start(child("w", silent, critical=True))
            assert supervisor.exit_code == 1


async def test_a_child_that_crashes_before_ready_does_not_block_the_rest(
    autojump_clock: MockClock,
) -> None:
    with trio.fail_after(60):
        async with supervised(Backoff(first=100)) as supervisor:
            await supervisor.start(child("bad", crash_now))
            assert trio.current_time() < 1
            box = await supervisor.start(child("good", Echo()))
            assert await box.ask("hello") == ("hello", 1)


async def test_start_waits_until_the_child_is_ready(autojump_clock: MockClock) -> None:
    async def slow(inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        await trio.sleep(3)
        ready()
        await inbox.wait_closing()

    with trio.fail_after(60):
        async with supervised() as supervisor:
            await supervisor.start(child("slow", slow))
            assert trio.current_time() == pytest.approx(3)
            assert state(supervisor, "slow") == "running"


async def test_a_permanent_child_that_returns_has_crashed_and_a_transient_one_is_done(
    autojump_clock: MockClock,
) -> None:
    async def brief(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        ready()
        await trio.sleep(1)

    with trio.fail_after(60):
        async with supervised(Backoff(first=100)) as supervisor:
            await supervisor.start(child("p", brief))
            box = await supervisor.start(child("t", brief, restart="transient"))
            await trio.sleep(3)
            assert (state(supervisor, "p"), state(supervisor, "t")) == ("backoff", "stopped")
            assert supervisor.health()[0].last_error == "returned without being asked to"
            with pytest.raises(ActorGone):
                box.tell("late")


async def test_a_factory_that_raises_is_a_crash(autojump_clock: MockClock) -> None:
    def factory() -> Scripted:
        raise LookupError("no factory")

    with trio.fail_after(60):
        async with supervised(Backoff(first=100)) as supervisor:
            await supervisor.start(Child("f", factory))
            assert supervisor.health()[0].last_error == "LookupError: no factory"


async def test_cancelling_the_outside_is_the_ordered_stop_and_accepted_mail_is_drained(
    autojump_clock: MockClock,
) -> None:
    echo = Echo()
    with trio.fail_after(60):
        with trio.CancelScope() as outside:
            async with supervised() as supervisor:
                box = await supervisor.start(child("echo", echo))
                for msg in (0.5, 0.25, "x"):
                    box.tell(msg)
                outside.cancel()
                await trio.sleep_forever()
        assert outside.cancelled_caught
    assert echo.handled == [0.5, 0.25, "x"]
    assert trio.current_time() == pytest.approx(0.75)


async def test_a_stop_beyond_its_budget_cancels_after_exactly_the_budget_and_tells_the_asker(
    autojump_clock: MockClock,
) -> None:
    echo = Echo()
    outcome: list[Any] = []

    async def ask(box: Any, msg: Any) -> None:
        try:
            await box.ask(msg)
        except ActorGone:
            outcome.append((msg, trio.current_time()))

    with trio.fail_after(60):
        async with supervised() as supervisor, trio.open_nursery() as nursery:
            box = await supervisor.start(child("echo", echo, stop_budget=2))
            nursery.start_soon(ask, box, 100)
            await wait_all_tasks_blocked()
            nursery.start_soon(ask, box, "queued")
            await wait_all_tasks_blocked()
            await supervisor.stop("echo")
            assert trio.current_time() == 2.0
    assert sorted(outcome, key=str) == [("queued", 2.0), (100, 2.0)]
    assert echo.handled == []


async def test_tiers_stop_from_the_top_and_in_parallel_inside_a_tier(
    autojump_clock: MockClock,
) -> None:
    ended: list[tuple[str, float]] = []

    def slow_to_end(name: str, seconds: float) -> Run:
        async def run(inbox: Inbox[Any], ready: Callable[[], None]) -> None:
            ready()
            await inbox.wait_closing()
            await trio.sleep(seconds)
            ended.append((name, trio.current_time()))

        return run

    with trio.fail_after(60):
        async with supervised() as supervisor:
            for name, tier, seconds in (("writer", 0, 1), ("a", 2, 2), ("b", 2, 3), ("c", 1, 1)):
                await supervisor.start(child(name, slow_to_end(name, seconds), tier=tier))
    assert ended == [("a", 2), ("b", 3), ("c", 4), ("writer", 5)]


async def test_a_lower_tier_still_serves_while_a_higher_one_stops(
    autojump_clock: MockClock,
) -> None:
    answers: list[Any] = []
    with trio.fail_after(60):
        async with supervised() as supervisor:
            writer = await supervisor.start(child("writer", Echo(), tier=0))

            async def last_words(inbox: Inbox[Any], ready: Callable[[], None]) -> None:
                ready()
                await inbox.wait_closing()
                answers.append(await writer.ask("bye"))

            await supervisor.start(child("importer", last_words, tier=1))
    assert answers == [("bye", 1)]


async def test_a_stopped_child_is_forgotten_and_may_come_again(autojump_clock: MockClock) -> None:
    with trio.fail_after(60):
        async with supervised() as supervisor:
            await supervisor.start(child("client:3", Echo()))
            with pytest.raises(ValueError, match="already"):
                await supervisor.start(child("client:3", Echo()))
            await supervisor.stop("client:3")
            await supervisor.stop("client:3")
            assert supervisor.names() == []
            with pytest.raises(ActorGone):
                supervisor.mailbox("client:3")
            box = await supervisor.start(child("client:3", Echo()))
            assert await box.ask("again") == ("again", 1)


async def test_stopping_a_child_in_back_off_takes_no_time(autojump_clock: MockClock) -> None:
    with trio.fail_after(60):
        async with supervised(Backoff(first=1_000, cap=1_000)) as supervisor:
            box = await supervisor.start(child("bad", crash_now))
            box.tell("never read")
            await supervisor.stop("bad")
            assert trio.current_time() < 1


async def test_replacing_keeps_the_mailbox_and_lets_the_message_in_hand_finish(
    autojump_clock: MockClock,
) -> None:
    old, new = Echo(), Echo()
    answers: list[Any] = []

    async def ask(box: Any, msg: Any) -> None:
        answers.append(await box.ask(msg))

    with trio.fail_after(60):
        async with supervised() as supervisor, trio.open_nursery() as nursery:
            box = await supervisor.start(child("client:1", old))
            nursery.start_soon(ask, box, 4)
            await wait_all_tasks_blocked()
            nursery.start_soon(ask, box, "queued")
            await wait_all_tasks_blocked()
            await supervisor.replace(child("client:1", new, bound=2))
            assert trio.current_time() == 4.0
            assert (supervisor.mailbox("client:1"), box.bound) == (box, 2)
            await wait_all_tasks_blocked()
            assert supervisor.health()[0].restarts == 0
    assert (old.handled, new.handled) == ([4], ["queued"])
    assert answers == [(4, 1), ("queued", 1)]


async def test_replacing_waits_ten_seconds_at_most(autojump_clock: MockClock) -> None:
    old, new = Echo(), Echo()
    with trio.fail_after(100):
        async with supervised() as supervisor:
            box = await supervisor.start(child("c", old))
            box.tell(1_000)
            await wait_all_tasks_blocked()
            await supervisor.replace(child("c", new))
            assert trio.current_time() == 10.0
            assert await box.ask("x") == ("x", 1)


async def test_replacing_a_child_in_back_off_starts_the_new_one_at_once(
    autojump_clock: MockClock,
) -> None:
    with trio.fail_after(100):
        async with supervised(Backoff(first=1_000, cap=1_000)) as supervisor:
            box = await supervisor.start(child("c", crash_now))
            await supervisor.replace(child("c", Echo()))
            assert await box.ask("x") == ("x", 1)
            assert trio.current_time() < 1
            with pytest.raises(ActorGone):
                await box.ask("crash")
            await trio.sleep(1)
            assert state(supervisor, "c") == "backoff", "a crash after a replacement counts"


async def test_replacing_an_unknown_child_starts_it(autojump_clock: MockClock) -> None:
    with trio.fail_after(100):
        async with supervised() as supervisor:
            await supervisor.replace(child("c", Echo()))
            assert state(supervisor, "c") == "running"


async def test_a_real_error_beside_a_cancellation_is_not_lost(autojump_clock: MockClock) -> None:
    async def mixed(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        ready()
        async with trio.open_nursery() as nursery:

            async def breaks_while_dying() -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise LookupError("in finally")

            nursery.start_soon(breaks_while_dying)
            await trio.sleep_forever()

    with trio.fail_after(100):
        async with supervised() as supervisor:
            await supervisor.start(child("m", mixed, stop_budget=1))
            await supervisor.stop_all()
            assert supervisor.health()[0].last_error == "LookupError: in finally"


async def test_health_shows_a_stuck_actor(autojump_clock: MockClock) -> None:
    with trio.fail_after(1_000):
        async with supervised() as supervisor:
            box = await supervisor.start(child("echo", Echo(), bound=1, stop_budget=0))
            box.tell(500)
            await wait_all_tasks_blocked()
            box.tell("waits")
            with pytest.raises(Exception, match="waiting"):
                box.tell("refused")
            await trio.sleep(70)
            health = supervisor.health()[0]
            assert (health.in_hand_s, health.oldest_s) == (70, 70)
            assert (health.waiting, health.peak, health.refused) == (1, 1, 1)
            assert degraded(supervisor.health()) == ["echo"]
            assert ready(supervisor.health())


async def test_five_hundred_concurrent_asks_are_all_answered(autojump_clock: MockClock) -> None:
    echo = Echo()
    with trio.fail_after(60):
        async with supervised() as supervisor:
            box = await supervisor.start(child("echo", echo, bound=500))
            async with trio.open_nursery() as nursery:
                for number in range(500):
                    nursery.start_soon(box.ask, f"m{number}")
    assert len(echo.handled) == 500


async def test_health_shows_no_secret_of_a_crash(autojump_clock: MockClock) -> None:
    async def crash(_inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        ready()
        await trio.sleep(1)
        raise LookupError("http://feed.test/api?apikey=canary-key&t=caps")

    with trio.fail_after(100):
        async with supervised() as supervisor:
            await supervisor.start(child("c", crash))
            await trio.sleep(1.1)
            assert "canary-key" not in (supervisor.health()[0].last_error or "")
