"""The real service with a tap: a socket over which a bench makes changes and reads its meters.

python -m bench.served <descriptor>     (started by bench.process)

One JSON line per order, answered with one line: `{"ok": ...}` or `{"error": ...}`. Times are of
`time.perf_counter`, which all processes of a Linux machine share.
"""

import itertools
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import trio

from bindery.cli import SWITCH_INTERVAL_S
from bindery.domain.principal import SYSTEM, Scope
from bindery.files.walk import walk
from bindery.live.hub import Hub
from bindery.live.topic import Id, Topic
from bindery.runtime import log
from bindery.runtime.threads import Threads, in_thread
from bindery.service import Service, open_service
from bindery.settings import load_settings
from bindery.store.books import add_book_in
from bindery.store.catalogue import WorkFields, put_work_in
from bindery.store.marks import download_changed_in
from bindery.store.tx import Tx

BOOKS_PER_UNIT = 20

renders: Counter[str] = Counter()
"""How often each topic was rendered since the start."""
_numbers = itertools.count(1)


class CpuMeter(trio.abc.Instrument):
    """The longest step by the loop's own CPU time: a busy machine does not count as ours."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.task = ""
        self._began = time.thread_time()  # added in the middle of a step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 - trio passes it
        """One task runs."""
        self._began = time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It gave the loop back."""
        took = time.thread_time() - self._began
        if took > self.longest_s:
            self.longest_s, self.task = took, task.name


def count_renders() -> None:
    """Have every topic that is registered from now on count its renderings."""
    register = Hub.register

    def counting(self: Hub, name: str, topic: Topic) -> None:
        render = topic.render
        if render is not None:

            def counted(full: str, ids: Sequence[Id], scope: Scope) -> Sequence[Any]:
                renders[name] += 1
                return render(full, ids, scope)

            topic = replace(topic, render=counted)
        register(self, name, topic)

    Hub.register = counting


def touch_in(tx: Tx, download: int, value: int) -> None:
    """Change a download's row so that every viewer can tell."""
    tx.run(
        "UPDATE download SET size = :value, rev = rev + 1 WHERE id = :id",
        {"value": value, "id": download},
    )
    download_changed_in(tx, 1, download)


def sync_page_in(tx: Tx) -> None:
    """A page of a large author's sync: works and their books."""
    for _ in range(BOOKS_PER_UNIT):
        title = f"Bulk {next(_numbers)}"
        work = put_work_in(tx, None, WorkFields(title=title, primary_ref=None, provider="bench"))
        add_book_in(tx, 1, work, None, wanted=("ebook",), monitored=True, by=SYSTEM)


class Orders:
    """What can be ordered over the tap."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.threads = Threads()
        self.cpu: CpuMeter | None = None

    async def touch(self, download: int, value: int) -> float:
        """Change one download; the time at which the write was asked for."""
        began = time.perf_counter()
        await self.service.store.write(partial(touch_in, download=download, value=value))
        return began

    async def churn(
        self, downloads: list[int], per_s: float, seconds: float, first: int
    ) -> list[tuple[int, int, float]]:
        """Changes at a steady rate over these downloads: id, value, time."""
        made: list[tuple[int, int, float]] = []
        start = trio.current_time()
        for n in range(int(per_s * seconds)):
            await trio.sleep_until(start + n / per_s)
            download = downloads[n % len(downloads)]
            made.append((download, first + n, await self.touch(download, first + n)))
        return made

    async def bulk(self, seconds: float) -> int:
        """Add books as fast as the writer takes them; how many."""
        until = trio.current_time() + seconds
        units = 0
        while trio.current_time() < until:
            await self.service.store.write(sync_page_in, actor=True)
            units += 1
        return units * BOOKS_PER_UNIT

    async def scan(self, folder: str, seconds: float) -> int:
        """Walk a folder again and again; how many files were seen."""
        until = trio.current_time() + seconds
        files = 0
        while trio.current_time() < until:
            found = await in_thread(self.threads.root(folder), walk, folder)
            files += len(found.files)
        return files

    async def reset(self, *, cpu: bool = False) -> None:
        """Forget the stalls and renderings so far. `cpu`: measure steps by CPU time from now on,
        which itself costs a tenth of the CPU of a busy loop.
        """
        await trio.lowlevel.checkpoint()
        self.service.stalls.reset()
        if cpu and self.cpu is None:
            self.cpu = CpuMeter()
            trio.lowlevel.add_instrument(self.cpu)
        if self.cpu is not None:
            self.cpu.longest_s = 0.0
        renders.clear()

    async def meters(self) -> dict[str, Any]:
        """Stalls, renderings, tasks."""
        await trio.lowlevel.checkpoint()
        longest = self.service.stalls.longest
        return {
            "longest_ms": longest.seconds * 1_000,
            "longest_cpu_ms": 0.0 if self.cpu is None else self.cpu.longest_s * 1_000,
            "cpu_task": "" if self.cpu is None else self.cpu.task,
            "stack": longest.stack,
            "stalls": self.service.stalls.stalls,
            "renders": dict(renders),
            "tasks": trio.lowlevel.current_statistics().tasks_living,
            "actors": {actor.name: str(actor.state) for actor in self.service.supervisor.health()},
        }


async def _obey(orders: Orders, stream: trio.SocketStream) -> None:
    buffer = bytearray()
    while True:
        more = await stream.receive_some(65_536)
        if not more:
            return
        buffer += more
        while b"\n" in buffer:
            end = buffer.index(b"\n")
            order: dict[str, Any] = msgspec.json.decode(buffer[:end])
            del buffer[: end + 1]
            do: Callable[..., Awaitable[object]] = getattr(orders, order.pop("do"))
            answer = {"ok": await do(**order)}
            await stream.send_all(msgspec.json.encode(answer) + b"\n")


async def main(descriptor: int) -> None:
    """Serve until the bench hangs up."""
    settings = load_settings(os.environ)
    log.configure("json", settings.log_level)
    count_renders()
    inherited = socket.socket(fileno=descriptor)
    async with (
        trio.SocketStream(trio.socket.from_stdlib_socket(inherited)) as stream,
        open_service(settings) as service,
    ):
        await _obey(Orders(service), stream)


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    trio.run(main, int(sys.argv[1]), strict_exception_groups=True)
