"""The built-in download client: plain HTTP files, resumable and safe against `kill -9`.

Everything that must survive lies in `<download_dir>/<token>/`: a record, the growing `.part` file,
at the end the file. Open it with `async with`, then let the poller's nursery run `run()`; without
it items stay queued, but everything else works. Start and recovery are the same code.
"""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

import msgspec
import trio

from bindery.adapters.configs import DirectConfig
from bindery.adapters.direct_job import (
    RECORD,
    Job,
    Record,
    clear,
    disk_failures,
    left_over,
    make_folder,
    name_of,
    present,
    start_of,
    state_of,
    sweep,
    total_of,
    try_folder,
    validator,
)
from bindery.adapters.failures import (
    Malformed,
    OutsideError,
    Rejected,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Ask, Incoming, Outbound
from bindery.adapters.part_files import PART, PartFile, read_records, write_record
from bindery.adapters.xml_documents import refuse_html
from bindery.domain.download_name import EXTENSIONS, media_type
from bindery.domain.indexer_errors import retry_after
from bindery.domain.offers import Transport
from bindery.domain.transfers import (
    AddOptions,
    Ambiguous,
    ClientCapabilities,
    ClientInfo,
    PathFact,
    Payload,
    RemoteFile,
    RemoteId,
    RemoteItem,
    RemoteState,
    Snapshot,
)
from bindery.runtime.threads import in_thread

WRITE_BYTES = 512 * 1024
SYNC_BYTES = 8 * 1024 * 1024
SYNC_S = 2.0
MOST_FAILURES = 8
LONGEST_PAUSE_S = 60.0

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Direct:
    """Implements `DownloadClient`; ids are our own tokens."""

    capabilities = ClientCapabilities(
        transports=(Transport.HTTP,),
        payload_kinds=("http",),
        files=True,
        pause=True,
        categories=True,
        token=True,
    )

    def __init__(self, config: DirectConfig, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound
        self._folder = Path(config.download_dir)
        self._disk = outbound.threads.root(f"direct:{config.download_dir}")
        self._http = outbound.client(outbound.release_policy(*config.trusted_urls))
        self._jobs: dict[str, Job] = {}
        self._changed = trio.Event()

    async def __aenter__(self) -> Self:
        """Read what earlier processes left, and end what they were removing."""
        await in_thread(self._disk, sweep, self._folder)
        records = await in_thread(self._disk, read_records, self._folder, RECORD)
        for token, raw in records.items():
            try:
                record = msgspec.json.decode(raw, type=Record)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or cut by a full disk: the poller sees it as absent
            if record.token == token:
                self._jobs[token] = Job(record, self._folder / token)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- the client's face ------------------------------------------------------------------

    async def probe(self) -> ClientInfo:
        """Whether the folder can be written; there is nothing else to reach."""
        try:
            await in_thread(self._disk, try_folder, self._folder)
        except OSError:
            raise Rejected("download_dir_not_writable", path=str(self._folder)) from None
        path = PathFact(purpose="default", path=str(self._folder))
        return ClientInfo(version="built-in", paths=(path,))

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Remember it durably; the transfer starts when `run` has a place free."""
        if payload.kind != "http":
            raise Rejected("unsupported_payload", kind=payload.kind)
        if not options.token.replace("-", "").replace("_", "").isalnum() or len(options.token) > 80:
            raise Rejected("bad_token")
        if options.token in self._jobs:
            return options.token
        record = Record(
            token=options.token,
            url=payload.data.decode(),
            title=options.title or payload.name,
            category=options.category,
            state="paused" if options.paused else "queued",
            added_at=self._outbound.clock.now_us(),
        )
        job = Job(record, self._folder / options.token)
        with disk_failures():
            await self._disk_step(make_folder, job.folder)
            await self._save(job)
        self._jobs[options.token] = job
        self._ring()
        return options.token

    async def find(
        self,
        token: str,
        hashes: tuple[str, ...],  # noqa: ARG002 - tokens decide
        name: str,  # noqa: ARG002
    ) -> RemoteItem | Ambiguous | None:
        """By token."""
        job = self._jobs.get(token)
        await trio.lowlevel.checkpoint()
        return self._item(job, there=True) if job else None

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - all is ours
        """Everything in the folder; a finished file that vanished shows as missing."""
        finished = {t: j.folder / j.record.name for t, j in self._jobs.items() if j.done_state}
        with disk_failures():
            here = await self._disk_step(present, finished)
        items = [self._item(job, there=here.get(t, True)) for t, job in self._jobs.items()]
        return Snapshot(items=items, complete=True, at=self._outbound.clock.now_us())

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """The one file, once its name is known."""
        job = self._job(id)
        await trio.lowlevel.checkpoint()
        if not job.record.name:
            return []
        size = job.record.size if job.record.size is not None else job.done
        return [RemoteFile(path=job.record.name, size=size, done=job.done_state)]

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Forget it; with `with_data` the folder goes too, else only what is not the file."""
        job = self._jobs.pop(id, None)
        if job is None:
            return
        await self._interrupt(job, "the download was removed")
        keep = job.record.name if job.done_state and not with_data else ""
        with disk_failures():
            await self._disk_step(clear, job.folder, keep)

    async def _interrupt(self, job: Job, why: str) -> None:
        """Cancel the transfer, if any, and wait until it has let go of its file."""
        if job.scope is not None:
            job.scope.cancel(reason=why)
            await job.ended.wait()

    async def pause(self, id: RemoteId) -> None:
        """Stop transferring; what is there stays."""
        job = self._job(id)
        if job.record.state == "queued":
            job.record.state = "paused"
            await self._interrupt(job, "the download was paused")
            with disk_failures():
                await self._save(job)

    async def resume(self, id: RemoteId) -> None:
        """Go on; a failed one is tried again."""
        job = self._job(id)
        if job.record.state in {"paused", "failed"}:
            job.record.state, job.record.code = "queued", ""
            job.failures, job.not_before, job.trouble = 0, float("-inf"), ""
            with disk_failures():
                await self._save(job)
            self._ring()

    async def set_category(self, id: RemoteId, category: str) -> None:
        """A label only: folders are per token."""
        job = self._job(id)
        job.record.category = category
        with disk_failures():
            await self._save(job)

    def _job(self, id_: RemoteId) -> Job:
        job = self._jobs.get(id_)
        if job is None:
            raise Rejected("unknown_item")
        return job

    def _item(self, job: Job, *, there: bool) -> RemoteItem:
        record = job.record
        state, size = state_of(job, there=there), record.size
        running = state is RemoteState.DOWNLOADING
        left = size - job.done if size is not None else None
        return RemoteItem(
            id=record.token,
            name=record.title,
            state=state,
            raw_state=record.state,
            size=size,
            done=job.done,
            percent=round(min(job.done / size, 1) * 100, 1) if size else None,
            speed=job.speed if running else 0,
            eta_s=left // job.speed if running and left is not None and job.speed else None,
            category=record.category,
            token=record.token,
            path=str(job.folder / record.name) if job.done_state else "",
            save_path=str(job.folder),
            code=record.code or job.trouble or None,
            added_at=record.added_at,
        )

    # -- transferring -----------------------------------------------------------------------

    async def run(self) -> None:
        """Transfer what is queued, at most `parallel` at once, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                self._changed = trio.Event()
                now = trio.current_time()
                waiting = [job for job in self._jobs.values() if job.waiting]
                free = self._config.parallel - sum(1 for j in self._jobs.values() if j.scope)
                due = [job for job in waiting if job.not_before <= now][: max(0, free)]
                for job in due:
                    job.scope, job.ended = trio.CancelScope(), trio.Event()
                    nursery.start_soon(self._work, job)
                later = [job.not_before for job in waiting if job.not_before > now]
                with trio.move_on_at(min(later, default=float("inf"))):
                    await self._changed.wait()

    def _ring(self) -> None:
        self._changed.set()

    async def _work(self, job: Job) -> None:
        """One attempt and what follows from it."""
        assert job.scope is not None  # noqa: S101 - set by run
        try:
            with job.scope:
                await self._attempt(job)
        finally:
            job.scope, job.speed = None, 0
            job.ended.set()
            self._ring()

    async def _attempt(self, job: Job) -> None:
        before = job.done
        try:
            try:
                await self._transfer(job)
            except Unavailable as error:
                await self._later(job, error.code, error.retry_after_s, before)
            except OutsideError as error:
                await self._fail(job, error.code)
        except OSError as error:
            # The disk is our own trouble, not the release's: waited for without giving up.
            job.trouble = "disk_full" if error.errno == errno.ENOSPC else "disk_error"
            job.not_before = trio.current_time() + LONGEST_PAUSE_S

    async def _fail(self, job: Job, code: str) -> None:
        before = job.record.state, job.record.code
        job.record.state, job.record.code = "failed", code
        try:
            await self._save(job)
        except OSError:
            job.record.state, job.record.code = before
            raise

    async def _later(self, job: Job, code: str, asked: float | None, before: int) -> None:
        job.failures = 1 if job.done > before else job.failures + 1
        if job.failures >= MOST_FAILURES:
            await self._fail(job, code)
            return
        pause = min(LONGEST_PAUSE_S, 2.0 ** (job.failures - 1)) if asked is None else asked
        job.not_before = trio.current_time() + min(pause, 3600)
        job.trouble = code

    async def _transfer(self, job: Job) -> None:
        record = job.record
        offset, whole = await self._disk_step(left_over, job.folder, record)
        if whole:
            await self._complete(job)
            return
        headers = {"accept": ", ".join([*EXTENSIONS, "*/*;q=0.5"])}
        if offset:
            headers |= {"range": f"bytes={offset}-", "if-range": record.validator}
        ask = Ask(url=record.url, headers=headers, identity=True)
        async with self._http.stream(ask, idle_s=self._config.stall_s) as incoming:
            if incoming.status == 416 and offset:
                record.synced, record.validator = 0, ""
                raise Unavailable("range_refused")
            self._judge(incoming)
            start = start_of(incoming, offset)
            total = total_of(incoming, start)
            if total is not None and total > self._config.max_bytes:
                raise TooLarge(limit=self._config.max_bytes)
            record.size, record.validator = total, validator(incoming.headers)
            record.name = record.name or name_of(incoming, record.title)
            record.synced = start
            await self._save(job)
            await self._receive(job, incoming, start)

    def _judge(self, incoming: Incoming) -> None:
        status = incoming.status
        if status in {200, 206} and incoming.magnet is None:
            mime = media_type(incoming.headers.get("content-type", ""))
            if mime in {"text/html", "application/xhtml+xml"}:
                raise Malformed("html_page")
            return
        if status in {401, 403}:
            raise Unauthorized("download_forbidden", status=status)
        if status in {408, 425, 429} or status >= 500:
            now_us = self._outbound.clock.now_us()
            asked = retry_after(incoming.headers.get("retry-after", ""), now_us)
            code = "rate_limited" if status == 429 else "http_status"
            raise Unavailable(code, retry_after_s=asked, status=status)
        raise Rejected("download_gone" if status in {404, 410} else "http_status", status=status)

    async def _receive(self, job: Job, incoming: Incoming, start: int) -> None:
        record = job.record
        part = await self._disk_step(PartFile, job.folder / (record.name + PART), start)
        try:
            job.done, buffer, unsynced = start, bytearray(), 0
            synced_at = trio.current_time()
            while piece := await incoming.piece():
                if job.done == 0:
                    refuse_html(piece)
                job.count(len(piece))
                if job.done > self._config.max_bytes:
                    raise TooLarge(limit=self._config.max_bytes)
                buffer += piece
                late = trio.current_time() - synced_at >= SYNC_S
                if len(buffer) < WRITE_BYTES and not late:
                    continue
                unsynced += len(buffer)
                sync = late or unsynced >= SYNC_BYTES
                await self._disk_step(part.write, bytes(buffer), sync)
                buffer.clear()
                if sync:
                    record.synced, unsynced, synced_at = job.done, 0, trio.current_time()
                    await self._save(job)
            await self._disk_step(part.write, bytes(buffer), True)
            await self._finish(job, part)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await self._disk_step(part.close)

    async def _finish(self, job: Job, part: PartFile) -> None:
        record = job.record
        if job.done == 0:
            raise Malformed("empty_file")
        if record.size is not None and job.done != record.size:
            record.synced = 0 if job.done > record.size else job.done
            raise Unavailable("truncated")
        record.size = job.done
        await self._save(job)  # so that a file already published is recognised after a crash
        await self._disk_step(part.publish, record.name)
        await self._complete(job)

    async def _complete(self, job: Job) -> None:
        job.record.state, job.record.code, job.trouble = "complete", "", ""
        job.done = job.record.size or 0
        await self._save(job)

    async def _save(self, job: Job) -> None:
        async with job.saving:
            record = msgspec.json.encode(job.record)
            await self._disk_step(write_record, job.folder / RECORD, record)

    async def _disk_step(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        return await in_thread(self._disk, fn, *args)
