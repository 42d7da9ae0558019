"""What must be done now and then: backups, retention, the recycle bin, integrity, disk space."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
import trio

from bindery.domain.backup_names import SCHEDULED, clean_label
from bindery.files.bin import purge_bin
from bindery.files.disk import DiskError
from bindery.files.roots import RootFacts, check_root
from bindery.runtime.mailbox import Inbox
from bindery.runtime.threads import RootUnreachable, Threads, in_thread
from bindery.store import (
    attention,
    backups,
    blocklist,
    commands,
    events,
    idempotency,
    integrity,
    roots,
    searches,
    sessions,
)
from bindery.store.commands import Command
from bindery.store.lanes import Done, Failed, Lane, Outcome, Retry
from bindery.store.roots import RootRow
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import Tx

DAY_US = 86_400 * 1_000_000
KEEP_COMMANDS_US = 30 * DAY_US
KEEP_SEARCHES_US = 14 * DAY_US
KEEP_EVENTS_DAYS, KEEP_BIN_DAYS, KEEP_BACKUPS = 730, 7, 7
"""Defaults of the settings `history.keepDays`, `recycleBinDays` and `backup.keep`."""
LOW_BYTES = 1 << 30
"""Less free space than this needs a person."""
CHECK_LIMIT_S = 600.0
STEP_S = 2.5
HOUR_S = 3_600.0

BACKUP, PRUNE, PURGE, CHECK, DISK = (
    "backup.create",
    "retention.prune",
    "bin.purge",
    "integrity.check",
    "disk.check",
)

_log = structlog.get_logger(__name__)


class _Backup(msgspec.Struct):
    label: str | None = None


class HousekeeperActor:
    """One command at a time: nobody waits for these, and they are heavy."""

    def __init__(self, store: Store, threads: Threads) -> None:
        self._store = store
        self._threads = threads
        self._work: Mapping[str, Callable[[Command], Awaitable[Outcome]]] = {
            BACKUP: self._back_up,
            PRUNE: self._prune,
            PURGE: self._purge,
            CHECK: self._check,
            DISK: self._look_at_disks,
        }

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop."""
        ready()
        lane = Lane(self._store, tuple(self._work), step_budget_s=STEP_S)
        await lane.run(lambda command: self._work[command.kind](command), inbox.wait_closing)

    async def _back_up(self, command: Command) -> Outcome:
        """Without a label it is the schedule's; those are thinned out."""
        asked = command.read(_Backup).label
        label = SCHEDULED if asked is None else clean_label(asked)
        began = self._store.clock.now_us()
        try:
            made = await backups.create_backup(self._store, label)
        except OSError as error:
            _log.error("backup.failed", error=type(error).__name__, number=error.errno)
            await self._store.write(_backup_failed_in, actor=True)
            return Failed(code="backup_failed")
        keep = self._store.read(lambda reader: setting(reader, "backup.keep", KEEP_BACKUPS))
        await backups.thin_out(self._store, max(1, keep))
        await self._store.write(lambda tx: attention.clear_in(tx, "backup"), actor=True)
        took = (self._store.clock.now_us() - began) // 1_000
        return Done({"name": made.name, "size": made.size, "durationMs": took})

    async def _prune(self, _command: Command) -> Outcome:
        """In small transactions, so that nobody waits for one."""
        keep = self._store.read(lambda r: setting(r, "history.keepDays", KEEP_EVENTS_DAYS))
        pruned: Mapping[str, Callable[[Tx], int]] = {
            "commands": lambda tx: commands.prune_in(tx, tx.now_us - KEEP_COMMANDS_US),
            "searches": lambda tx: searches.prune_in(tx, tx.now_us - KEEP_SEARCHES_US),
            "events": lambda tx: events.prune_in(tx, tx.now_us - max(1, keep) * DAY_US),
        }
        gone = {
            "answers": await self._store.write(idempotency.prune_in, actor=True),
            "sessions": await self._store.write(sessions.prune_in, actor=True),
            "blocklist": await self._store.write(blocklist.prune_in, actor=True),
        }
        for name, prune in pruned.items():
            gone[name] = 0
            while (some := await self._store.write(prune, actor=True)) > 0:
                gone[name] += some
        return Done(gone)

    async def _purge(self, _command: Command) -> Outcome:
        """Empty what has lain in the recycle bins long enough."""
        keep = self._store.read(lambda r: setting(r, "recycleBinDays", KEEP_BIN_DAYS))
        before = self._store.clock.now_us() - max(0, keep) * DAY_US
        gone = 0
        for root in self._store.read(roots.list_roots):
            place = self._threads.root(root.path)
            try:
                while True:
                    purged = await in_thread(place, purge_bin, root.path, before)
                    gone += len(purged.changes)
                    if not purged.more:
                        break
            except (DiskError, RootUnreachable) as error:
                _log.warning("bin.purge_failed", root=root.id, error=str(error))
        return Done({"changes": gone})

    async def _check(self, _command: Command) -> Outcome:
        """Damage needs a person; what is found is in the attention item."""
        found = await self._store.scan(integrity.check_all, limit_s=CHECK_LIMIT_S)
        checks = ", ".join(one.check for one in found)

        def work(tx: Tx) -> None:
            if not found:
                attention.clear_in(tx, "database", "database_damaged")
                return
            attention.raise_in(
                tx,
                "database_damaged",
                "database",
                severity="error",
                params={"checks": checks},
                action="restore_backup",
            )

        await self._store.write(work, actor=True)
        return Done({"findings": checks})

    async def _look_at_disks(self, _command: Command) -> Outcome:
        async def look(row: RootRow) -> None:
            found = await self._facts(row)
            await self._store.write(lambda tx: _noted_in(tx, row, found), actor=True)

        async with trio.open_nursery() as nursery:  # a dead mount holds up no other
            for row in self._store.read(roots.list_roots):
                nursery.start_soon(look, row)
        data = self._store.path.absolute().parent
        facts = await in_thread(self._threads.scan, check_root, str(data), None)
        await self._store.write(lambda tx: _space_in(tx, "data", str(data), facts.free), actor=True)
        if facts.code:
            return Retry(after_s=HOUR_S, code=facts.code, spend=False)
        return Done()

    async def _facts(self, row: RootRow) -> RootFacts:
        try:
            return await in_thread(self._threads.root(row.path), check_root, row.path, row.marker)
        except RootUnreachable:
            return RootFacts(path=row.path, code="root_unreachable")


def _noted_in(tx: Tx, row: RootRow, facts: RootFacts) -> None:
    subject = f"root:{row.id}"
    if facts.code:
        params: dict[str, str | int] = {"path": row.path, "reason": facts.code}
        attention.raise_in(
            tx,
            "root_unavailable",
            subject,
            severity="error",
            params={**params},
            action="check_root",
        )
        return
    attention.clear_in(tx, subject, "root_unavailable")
    roots.checked_in(tx, row.id, free_bytes=facts.free, device_id=facts.device_id)
    _space_in(tx, subject, row.path, facts.free)


def _space_in(tx: Tx, subject: str, path: str, free: int) -> None:
    if free >= LOW_BYTES:
        attention.clear_in(tx, subject, "disk_low")
        return
    params = {"path": path, "free": free, "needed": LOW_BYTES}
    attention.raise_in(tx, "disk_low", subject, params={**params}, action="free_space")


def _backup_failed_in(tx: Tx) -> None:
    attention.raise_in(tx, "backup_failed", "backup", severity="error", action="check_data_folder")
