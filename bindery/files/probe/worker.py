"""The caller's side of the worker process: started on demand, killed on breach, ended when idle.

A breach is an answer, not an error: the file gets `probe_timeout`, `probe_memory` or
`probe_crashed` and the next file gets a new process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio

from bindery.domain.media import ArchiveListing, ProbedFile, ProblemCode, TorrentListing
from bindery.files.probe.limits import ProbeLimits
from bindery.files.probe.wire import MAX_LINE, Answer, Greeting, Request

IDLE_S = 30.0
KILL_PATIENCE_S = 2.0
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


class WorkerFailed(Exception):
    """The worker broke a limit or died; `code` is the problem of the file in hand."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(code)
        self.code = code


class ProbeWorker:
    """Probes one file at a time; callers wait in line. Made by `open_probe_worker`."""

    def __init__(self, limits: ProbeLimits, idle_s: float, *, drill: bool = False) -> None:
        self._limits = limits
        self._idle_s = idle_s
        self._drill = drill
        self._process: trio.Process | None = None
        self._unread = b""
        self._turn = trio.Lock()
        self._started = trio.Event()
        self._used_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while one runs."""
        return None if self._process is None else self._process.pid

    async def probe(self, path: str) -> ProbedFile:
        """Everything about one file; `path` comes back in the answer."""
        try:
            answer = await self._ask(Request(task="probe", path=os.fsencode(path)))
        except WorkerFailed as failed:
            return ProbedFile(path=path, problems=(failed.code,))
        found = answer.file or ProbedFile(problems=(ProblemCode.PROBE_CRASHED,))
        return msgspec.structs.replace(found, path=path)

    async def list_archive(self, path: str) -> ArchiveListing:
        """The members of a ZIP, without extracting."""
        try:
            answer = await self._ask(Request(task="archive", path=os.fsencode(path)))
        except WorkerFailed as failed:
            return ArchiveListing(problems=(failed.code,))
        return answer.archive or ArchiveListing(problems=(ProblemCode.PROBE_CRASHED,))

    async def list_torrent(self, data: bytes) -> TorrentListing:
        """Names, sizes and hashes of a torrent's bytes."""
        try:
            answer = await self._ask(Request(task="torrent", data=data))
        except WorkerFailed:
            return TorrentListing(code="torrent_malformed")
        return answer.torrent or TorrentListing(code="torrent_malformed")

    async def _ask(self, request: Request) -> Answer:
        async with self._turn:
            answer: Answer | None = None
            late = False
            try:
                with trio.fail_after(self._limits.wall_s):
                    answer = await self._exchange(request)
            except trio.TooSlowError:
                late = True
            except (trio.BrokenResourceError, msgspec.DecodeError):
                pass
            except BaseException:
                # Cancelled in the middle of an exchange: the pipes are out of step.
                with trio.CancelScope(shield=True, deadline=self._patience()):
                    await self._end()
                raise
            self._used_at = trio.current_time()
            if answer is None:
                code = await self._why_dead()
                raise WorkerFailed(ProblemCode.PROBE_TIMEOUT if late else code)
            if answer.out_of_memory:
                await self._end()
                raise WorkerFailed(ProblemCode.PROBE_MEMORY)
            return answer

    async def _exchange(self, request: Request) -> Answer:
        process = self._process
        if process is None:
            process = await self._start()
        assert process.stdin is not None  # noqa: S101 - opened with PIPE below
        await process.stdin.send_all(msgspec.json.encode(request) + b"\n")
        return msgspec.json.decode(await self._read_line(process), type=Answer)

    async def _start(self) -> trio.Process:
        # Nothing of our environment goes along: it may hold secrets.
        environment = {"PYTHONPATH": str(_PACKAGE_PARENT), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-s", "-m", "bindery.files.probe"]
        process = await trio.lowlevel.open_process(
            [*command, "--drill"] if self._drill else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        self._process = process
        self._unread = b""
        self._used_at = trio.current_time()
        self._started.set()
        assert process.stdin is not None  # noqa: S101 - opened with PIPE above
        await process.stdin.send_all(msgspec.json.encode(Greeting(limits=self._limits)) + b"\n")
        return process

    async def _read_line(self, process: trio.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101 - opened with PIPE
        data = bytearray(self._unread)
        while (end := data.find(b"\n")) < 0:
            chunk = await process.stdout.receive_some(65536)
            if not chunk or len(data) > MAX_LINE:
                raise trio.BrokenResourceError("the worker hung up")
            data += chunk
        self._unread = bytes(data[end + 1 :])
        return bytes(data[:end])

    async def _why_dead(self) -> ProblemCode:
        process = self._process
        await self._end()
        if process is not None and process.returncode in (-signal.SIGXCPU, -signal.SIGALRM):
            return ProblemCode.PROBE_TIMEOUT
        return ProblemCode.PROBE_CRASHED

    async def _end(self) -> None:
        """Kill the process, if any. Does not wait long for one stuck in the kernel."""
        process = self._process
        if process is None:
            return
        self._process = None
        self._started = trio.Event()
        with trio.CancelScope(shield=True, deadline=self._patience()):
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    await stream.aclose()
            # One that ended by itself keeps its own exit status.
            with trio.move_on_after(0.1):
                await process.wait()
            process.kill()
            await process.wait()

    def _patience(self) -> float:
        return trio.current_time() + KILL_PATIENCE_S

    async def end_when_idle(self) -> None:
        """Run for ever beside the callers: end the process after `idle_s` without work."""
        while True:
            await self._started.wait()
            quiet = trio.current_time() - self._used_at
            if quiet < self._idle_s:
                await trio.sleep(self._idle_s - quiet)
                continue
            async with self._turn:
                if trio.current_time() - self._used_at >= self._idle_s:
                    await self._end()

    async def aclose(self) -> None:
        """End the process now."""
        await self._end()


@asynccontextmanager
async def open_probe_worker(
    limits: ProbeLimits | None = None, *, idle_s: float = IDLE_S, drill: bool = False
) -> AsyncGenerator[ProbeWorker]:
    """A worker for the length of the block; the process starts with the first file.

    `drill` makes a worker that can be told to break its limits (tests).
    """
    worker = ProbeWorker(limits or ProbeLimits(), idle_s, drill=drill)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker.end_when_idle)
        try:
            yield worker
        finally:
            nursery.cancel_scope.cancel(reason="probe worker closed")
            await worker.aclose()
