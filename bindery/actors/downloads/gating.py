"""`download.gate`: are the files of a finished download really here? (architecture.md 6a)

Rechecked for ever with growing patience; no attempt is spent on absent files.
"""

from dataclasses import dataclass, field
from pathlib import Path

import trio

from bindery.actors.downloads.desk import Desk, patience, told
from bindery.adapters.failures import OutsideError
from bindery.domain.completeness import GateDecision, GateLook, decide
from bindery.domain.refusal import Params
from bindery.domain.transfers import RemoteItem, RemoteState
from bindery.files.gate import Expected, GateFacts, look_at_download
from bindery.operations.imports import ready_in
from bindery.runtime.faults import reach
from bindery.runtime.threads import RootUnreachable, in_thread
from bindery.store import attention, commands, downloads
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.imports import ImportSource
from bindery.store.lanes import Done, Outcome, Retry, Settled
from bindery.store.tx import Tx


@dataclass(slots=True)
class Looks:
    """What this incarnation has seen of one download: how often in vain, and the last look."""

    vain: int = 0
    last: GateLook | None = None


@dataclass(slots=True)
class Gate:
    """The gate of one client."""

    desk: Desk
    looks: dict[int, Looks] = field(default_factory=dict[int, Looks])

    async def look(self, command: Command, download_id: int) -> Outcome:
        """One look, and what follows from it."""
        row = self.desk.download(download_id)
        if row is None or row.state != "completed":
            self.looks.pop(download_id, None)
            return Done()
        looks = self.looks.setdefault(download_id, Looks())
        try:
            item = await self._item(row)
            place, expected = await self._where(row, item)
        except OutsideError as error:
            return await self._client_away(row, error)
        facts, elsewhere = await self._facts(place, expected)
        look = GateLook(
            code=facts.code,
            fingerprint=facts.fingerprint,
            look_twice=facts.look_twice,
            at_s=trio.current_time(),
        )
        waited_s = (self.desk.store.clock.now_us() - row.state_at) / 1_000_000
        decision = decide(
            look,
            looks.last,
            looks=looks.vain,
            waited_s=waited_s,
            mapped=bool(place) and not elsewhere,
        )
        looks.last = look
        if decision.verdict == "pass":
            self.looks.pop(download_id, None)
            content = self._content(item, place)
            # A save path is often shared: where the client lists files, only those are imported.
            source = ImportSource(path=place, files=tuple(file.path for file in expected))
            source = source if expected else ImportSource(path=content)
            return await self._open(row, command, content, source)
        if look.code:
            looks.vain += 1
        return await self._wait(row, decision, facts, place)

    async def _item(self, row: DownloadRow) -> RemoteItem:
        known = self.desk.items.get(row.id)
        if known is not None and (known.path or known.save_path):
            return known
        found = await self.desk.client.find(row.token, row.hashes, row.title)
        if isinstance(found, RemoteItem):
            return found
        # The client forgot it; what it last told is in the row.
        return RemoteItem(id="", name=row.title, state=RemoteState.COMPLETE, path=row.save_path)

    async def _where(self, row: DownloadRow, item: RemoteItem) -> tuple[str, tuple[Expected, ...]]:
        """Our path to look at, and the files that the client lists under it."""
        if not item.id or not self.desk.client.capabilities.files or not item.save_path:
            return self.desk.local(item.path or row.save_path), ()
        files = await self.desk.client.files(item.id)
        wanted = tuple(Expected(path=file.path, size=file.size) for file in files if file.wanted)
        if not wanted:
            return self.desk.local(item.path), ()
        return self.desk.local(item.save_path), wanted

    async def _facts(self, place: str, expected: tuple[Expected, ...]) -> tuple[GateFacts, bool]:
        if not place:
            return GateFacts(code="path_unknown"), False
        limiter = self.desk.threads.root(f"downloads:{self.desk.row.id}")
        try:
            return await in_thread(limiter, _look, place, expected)
        except RootUnreachable:
            return GateFacts(code="root_unavailable"), False

    def _content(self, item: RemoteItem, place: str) -> str:
        """The item's own folder or file."""
        return self.desk.local(item.path) if item.path else place

    async def _open(
        self, row: DownloadRow, command: Command, content: str, source: ImportSource
    ) -> Outcome:
        """All there: the import is due, in one transaction with the end of this command."""
        reach("gate.before_commit")

        def work(tx: Tx) -> None:
            now = downloads.get(tx, row.id)
            if now is not None and now.state == "completed" and self.desk.still_valid(tx):
                downloads.seen_in(tx, row.id, save_path=content)
                if ready_in(tx, now, source):
                    attention.clear_in(tx, f"download:{row.id}")
            commands.succeed_in(tx, command)

        await self.desk.store.write(work, actor=True)
        reach("gate.committed")
        return Settled()

    async def _wait(
        self, row: DownloadRow, decision: GateDecision, facts: GateFacts, place: str
    ) -> Outcome:
        params = _values(facts, place, self.desk.row.name)
        due = self.desk.store.clock.now_us() + int(decision.recheck_s * 1_000_000)

        def work(tx: Tx) -> None:
            now = downloads.get(tx, row.id)
            if now is None or now.state != "completed":
                return
            downloads.move_in(
                tx,
                now,
                "completed",
                "gate",
                code=decision.code,
                params=params,
                next_attempt_at=due,
            )
            if decision.attention:
                attention.raise_in(
                    tx,
                    decision.code,
                    f"download:{row.id}",
                    params={"title": row.title, **params},
                    action="check_path",
                    library=row.library_id,
                )

        await self.desk.store.write(work, actor=True)
        return Retry(after_s=decision.recheck_s, code=decision.code, params=params, spend=False)

    async def _client_away(self, row: DownloadRow, error: OutsideError) -> Outcome:
        await self.desk.unreachable(error)
        waited = self.desk.store.clock.now_us() - row.state_at
        code = f"client_{error.code}"
        return Retry(after_s=patience(error, waited), code=code, params=told(error), spend=False)


def _look(place: str, expected: tuple[Expected, ...]) -> tuple[GateFacts, bool]:
    """The facts, and whether not even the folder around the place is here: then it is another
    machine's path, not a late file.
    """
    facts = look_at_download(place, expected)
    elsewhere = facts.code == "path_missing" and not Path(place).parent.is_dir()
    return facts, elsewhere


def _values(facts: GateFacts, place: str, client: str) -> Params:
    named = [*facts.partial, *facts.missing, *facts.wrong_size]
    return {"path": place, "client": client, "files": named[:5], "count": len(named)}
