"""The worker process: real processes, real limits, real kills; all bounded."""

import os
import signal
from pathlib import Path

import pytest
import trio

from bindery.domain.media import ProblemCode
from bindery.files.probe.limits import ProbeLimits
from bindery.files.probe.wire import Request
from bindery.files.probe.worker import ProbeWorker, WorkerFailed, open_probe_worker
from tests.files.probe import samples


async def drill(worker: ProbeWorker, task: str) -> ProblemCode:
    with pytest.raises(WorkerFailed) as failed:
        await worker._ask(Request(task="spin" if task == "spin" else "hoard"))
    return failed.value.code


def make(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_process_serves_many_files_and_ends_with_the_block(tmp_path: Path) -> None:
    book = make(tmp_path / "x.epub", samples.epub())
    odd = make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.mp3")), samples.mp3())
    with trio.fail_after(20):
        async with open_probe_worker() as worker:
            assert worker.pid is None
            found = await worker.probe(book)
            pid = worker.pid
            assert (found.title, found.path) == ("Sula", book)
            assert (await worker.probe(odd)).album == "Sula"
            assert len((await worker.list_archive(book)).files) == 5
            assert (await worker.list_torrent(samples.torrent(length=4))).total_size == 4
            assert worker.pid == pid
            assert pid is not None
            assert is_running(pid)
        assert not is_running(pid)


async def test_callers_wait_in_line(tmp_path: Path) -> None:
    answers: dict[str, str] = {}

    async def ask(worker: ProbeWorker, name: str) -> None:
        metadata = f"<dc:title>{name}</dc:title>"
        file = make(tmp_path / f"{name}.epub", samples.epub(samples.package(metadata)))
        answers[name] = (await worker.probe(file)).title

    with trio.fail_after(20):
        async with open_probe_worker() as worker, trio.open_nursery() as nursery:
            for name in "abcdef":
                nursery.start_soon(ask, worker, name)
    assert answers == {name: name for name in "abcdef"}


async def test_wall_time_memory_and_cpu_are_bounded_and_the_next_file_works(
    tmp_path: Path,
) -> None:
    book = make(tmp_path / "x.epub", samples.epub())
    with trio.fail_after(40):
        async with open_probe_worker(ProbeLimits(wall_s=1.5), drill=True) as worker:
            assert await drill(worker, "spin") is ProblemCode.PROBE_TIMEOUT
            assert worker.pid is None
            assert await drill(worker, "hoard") is ProblemCode.PROBE_MEMORY
            assert (await worker.probe(book)).title == "Sula"
        async with open_probe_worker(ProbeLimits(cpu_s=0.1), drill=True) as worker:
            assert await drill(worker, "spin") is ProblemCode.PROBE_TIMEOUT


async def test_a_crash_is_an_answer(tmp_path: Path) -> None:
    with trio.fail_after(20):
        async with open_probe_worker() as worker:
            await worker.probe(str(tmp_path))
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGSEGV)
            found = await worker.probe(str(tmp_path))
            assert found.problems == (ProblemCode.PROBE_CRASHED,)
            assert found.health == "broken"
            assert (await worker.probe(str(tmp_path))).problems == (ProblemCode.UNREADABLE,)


async def test_cancelling_a_probe_kills_its_process() -> None:
    with trio.fail_after(20):
        async with open_probe_worker(drill=True) as worker:
            await worker.probe("/nowhere")
            pid = worker.pid
            with trio.move_on_after(0.2) as scope:
                await worker._ask(Request(task="spin"))
            assert scope.cancelled_caught
            assert pid is not None
            assert not is_running(pid)


async def test_an_idle_process_ends(tmp_path: Path) -> None:
    with trio.fail_after(20):
        async with open_probe_worker(idle_s=0.3) as worker:
            await worker.probe(str(tmp_path))
            pid = worker.pid
            assert pid is not None
            ended = os.pidfd_open(pid)
            try:
                await trio.lowlevel.wait_readable(ended)
            finally:
                os.close(ended)
            await worker.probe(str(tmp_path))
            assert worker.pid not in (None, pid)


async def test_the_environment_does_not_reach_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINDERY_API_KEY", "canary")
    with trio.fail_after(20):
        async with open_probe_worker() as worker:
            await worker.probe(str(tmp_path))
            environment = read(f"/proc/{worker.pid}/environ")
    assert b"canary" not in environment
