"""Seeded fuzz of the kernel: random crashes, cancellations, replacements and stops.

Whatever happens, every asker gets an outcome, every box ends empty, and the same seed gives the
same story. `BINDERY_FUZZ_SEEDS=10000` runs more seeds; a seed that fails becomes a named test.
"""

import logging
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
from trio._core import _run as trio_internals
from trio.testing import MockClock

from bindery.runtime.backoff import Backoff
from bindery.runtime.clock import FixedClock
from bindery.runtime.mailbox import ActorGone, Inbox, Mailbox, MailboxFull
from bindery.runtime.supervisor import Child, StartFailed, Supervisor, open_supervisor

SEEDS = int(os.environ.get("BINDERY_FUZZ_SEEDS", "500"))
Story = list[tuple[float, str, str]]


class Moody:
    """Answers, fails, sleeps, crashes or returns, as its dice say; asks a lower actor at times."""

    def __init__(
        self, name: str, dice: random.Random, story: Story, below: Mailbox[Any] | None
    ) -> None:
        self.name, self.dice, self.story, self.below = name, dice, story, below

    def note(self, what: str) -> None:
        self.story.append((round(trio.current_time(), 6), self.name, what))

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        self.note("born")
        if self.dice.random() < 0.1:
            raise LookupError("before ready")
        ready()
        workers = self.dice.choice((1, 1, 2))
        async with trio.open_nursery() as nursery:
            for _ in range(workers):
                nursery.start_soon(self.work, inbox)

    async def work(self, inbox: Inbox[Any]) -> None:
        async for envelope in inbox:
            self.note(f"took {envelope.msg}")
            mood = self.dice.random()
            if mood < 0.3:
                await trio.sleep(self.dice.random() * 3)
            if mood < 0.08:
                raise LookupError("in hand")
            if 0.3 < mood < 0.33:
                return
            if 0.33 < mood < 0.5 and self.below is not None:
                try:
                    await self.below.ask(f"{envelope.msg}/below")
                except (ActorGone, MailboxFull, KeyError):
                    self.note("no help")
            if envelope.resolved:
                self.note("too late")
            elif mood > 0.9:
                envelope.fail(KeyError("no"))
            else:
                envelope.answer("yes")


class Scenario:
    """One run: its dice, its story, and how each asker fared."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.story: Story = []
        self.asked = 0
        self.outcomes: dict[str, str] = {}
        self.boxes: list[Mailbox[Any]] = []

    def child(self, name: str, tier: int, below: Mailbox[Any] | None) -> Child:
        seed = self.dice.random()

        def factory() -> Moody:
            return Moody(name, random.Random(f"{seed}{len(self.story)}"), self.story, below)

        critical = name == "low" and self.dice.random() < 0.3
        budget = self.dice.choice((0.0, 0.5, 5.0))
        bound = self.dice.randint(1, 6)
        return Child(name, factory, tier, bound, stop_budget=budget, critical=critical)

    async def asker(self, box: Mailbox[Any], name: str, patience: float) -> None:
        outcome = "cancelled"
        try:
            with trio.move_on_after(patience):
                outcome = str(await box.ask(name))
        except (ActorGone, MailboxFull, KeyError) as refusal:
            outcome = type(refusal).__name__
        finally:
            self.outcomes[name] = outcome

    async def disturb(self, supervisor: Supervisor, nursery: trio.Nursery) -> None:
        low, high = self.boxes
        for number in range(self.dice.randint(5, 40)):
            await trio.sleep(self.dice.random() * 0.5)
            box = self.dice.choice((low, high))
            match self.dice.randint(0, 9):
                case 0 | 1 | 2 | 3 | 4:
                    self.asked += 1
                    patience = self.dice.choice((0.1, 2.0, 500.0))
                    nursery.start_soon(self.asker, box, f"q{number}", patience)
                case 5 | 6 | 7:
                    try:
                        box.tell(f"t{number}", key=self.dice.choice((None, "k")))
                    except (ActorGone, MailboxFull) as refusal:
                        self.story.append((0, "sender", type(refusal).__name__))
                case 8:
                    below = None if box is low else low
                    tier = 0 if box is low else 1
                    if box.name in supervisor.names() and not box.closed:
                        replacement = self.child(box.name, tier, below)
                        nursery.start_soon(self.replace, supervisor, replacement)
                case _:
                    if self.dice.random() < 0.1:
                        nursery.start_soon(supervisor.stop, box.name)

    async def replace(self, supervisor: Supervisor, child: Child) -> None:
        # Starting after a stop is another story: here a child that is gone stays gone.
        try:
            if not supervisor.mailbox(child.name).closed:
                await supervisor.replace(child)
        except (ActorGone, StartFailed) as refusal:
            self.story.append((0, "replace", type(refusal).__name__))

    async def run(self) -> None:
        backoff = Backoff(first=0.2, cap=3, window=20, max_restarts=6, park=15)
        with trio.move_on_after(self.dice.choice((3.0, 1_000.0))):
            async with trio.open_nursery() as nursery:
                async with open_supervisor(
                    FixedClock(), rng=random.Random(self.dice.random()), backoff=backoff
                ) as supervisor:
                    low = Child("low", self.child("low", 0, None).factory, bound=4)
                    self.boxes.append(await supervisor.start(low))
                    high = self.child("high", 1, self.boxes[0])
                    self.boxes.append(await supervisor.start(high))
                    await self.disturb(supervisor, nursery)
                    if self.dice.random() < 0.5:
                        await supervisor.stop_all()
                states = [health.state for health in supervisor.health()]
                assert states == ["stopped"] * len(states)


def play(seed: int) -> Scenario:
    trio_internals._ALLOW_DETERMINISTIC_SCHEDULING = True
    trio_internals._r.seed(seed)
    scenario = Scenario(seed)

    async def bounded() -> None:
        with trio.fail_after(5_000):
            await scenario.run()

    trio.run(bounded, clock=MockClock(autojump_threshold=0))
    return scenario


@pytest.fixture(autouse=True)
def _deterministic_trio() -> Iterator[None]:
    before = trio_internals._ALLOW_DETERMINISTIC_SCHEDULING
    logger = logging.getLogger("bindery.runtime.supervisor")
    logger.disabled = True
    yield
    logger.disabled = False
    trio_internals._ALLOW_DETERMINISTIC_SCHEDULING = before


def test_every_asker_is_resolved_and_every_box_is_empty_whatever_happens() -> None:
    seen: set[str] = set()
    for seed in range(SEEDS):
        scenario = play(seed)
        assert len(scenario.outcomes) == scenario.asked, f"seed {seed}: an asker hangs"
        for box in scenario.boxes:
            assert len(box) == 0 and box.closed, f"seed {seed}: mail left in {box.name}"
        seen.update(scenario.outcomes.values())
        if seed % 10 == 0:
            again = play(seed)
            assert again.story == scenario.story, f"seed {seed} tells two stories"
            assert again.outcomes == scenario.outcomes
    if SEEDS >= 100:
        assert seen == {"yes", "KeyError", "ActorGone", "MailboxFull", "cancelled"}
