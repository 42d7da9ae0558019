"""What an import does to rows: asked for, registered, finished, failed, matched.

The importer acts on the disk and calls these in between; each is one transaction
(architecture.md 6a, 6b).
"""

from collections.abc import Mapping, Sequence

import msgspec

from bindery.domain.downloads import MAX_ATTEMPTS, MAX_CRASHES, is_content, retry_delay_s
from bindery.domain.file_op import FileOp, OpKind
from bindery.domain.import_facts import FileStep
from bindery.domain.principal import SYSTEM, By, Principal
from bindery.domain.refusal import Code, Params, Refusal, refuse
from bindery.operations.downloads import blocked_live, follow_up_in
from bindery.store import (
    attention,
    clients,
    downloads,
    file_ops,
    files,
    imports,
    outbox,
    slot_facts,
)
from bindery.store.commands import EVENT, PERSON, Command
from bindery.store.downloads import DownloadRow
from bindery.store.imports import ImportRow, ImportSource
from bindery.store.marks import author_changed_in, book_changed_in
from bindery.store.slot_facts import SlotHead
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

SMALL = 64 * 1024 * 1024
"""Bytes up to which a download does not wait behind large ones: one place is kept for it."""
GATE_AGAIN_US = 10_000_000
MATCH_WITHIN_S = 8.0
_MATCHABLE = frozenset({"importFailed", "importBlocked"})
_FILES_OF_BOOK = frozenset({"book", "track"})


class ImportOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Payload of `download.import`. `forced`: a person said which book it is."""

    download_id: int
    forced: bool = False


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """`imported`: it stands on the shelf now; else `retry_queued`: the importer is at it."""

    imported: bool
    retry_queued: bool


# Asking


def ready_in(tx: Tx, row: DownloadRow, source: ImportSource) -> bool:
    """The gate lets a download through: completed/gate → importPending and the command.

    False: somebody else moved the row first.
    """
    if not downloads.move_in(tx, row, "importPending"):
        return False
    imports.set_source_in(tx, row.id, source)
    enqueue_in(tx, row, by=downloads.who(row))
    return True


def enqueue_in(
    tx: Tx,
    row: DownloadRow,
    *,
    by: By = SYSTEM,
    by_person: bool = False,
    forced: bool = False,
) -> int:
    """Ask the importer; small files take the place that is kept for persons."""
    small = row.size is not None and row.size <= SMALL
    return tx.enqueue(
        "download.import",
        ImportOrder(download_id=row.id, forced=forced),
        key=str(row.id),
        priority=PERSON if by_person or small else EVENT,
        trace=row.trace,
        by=by,
        library=row.library_id,
    )


async def match_download(
    store: Store, who: Principal, download_id: int, book_id: int
) -> Matched | Refusal:
    """A person says which book a download is; it is imported into that book's slot.

    Refusals: `not_found` (the download), `invalid` (field bookId), `wrong_state` {state} unless
    its import failed or is blocked, `already_grabbed` {downloadId, state} when another download
    holds the slot. Waits some seconds for the importer.
    """
    asked = await store.write(lambda tx: match_in(tx, who, download_id, book_id))
    if isinstance(asked, Refusal):
        return asked
    settled = await store.settled(asked, MATCH_WITHIN_S)
    row = store.read(lambda reader: downloads.get(reader, download_id))
    imported = settled is not None and row is not None and row.state == "imported"
    return Matched(imported=imported, retry_queued=not imported)


def match_in(tx: Tx, who: Principal, download_id: int, book_id: int) -> int | Refusal:
    """One match inside a transaction; the id of the import command."""
    row = downloads.get(tx, download_id, who.scope)
    if row is None or row.removed_at is not None:
        return refuse(Code.NOT_FOUND)
    if row.state not in _MATCHABLE:
        return refuse(Code.WRONG_STATE, state=row.state)
    heads = slot_facts.heads_of_book(tx, who.scope, book_id)
    slot = next((head for head in heads if head.format == (row.format or "ebook")), None)
    if slot is None:
        return refuse(Code.INVALID, "bookId")
    held = downloads.live_of_slot(tx, slot.slot_id)
    if held is not None and held.id != row.id:
        return refuse(Code.ALREADY_GRABBED, downloadId=held.id, state=held.state)
    imports.assign_in(tx, row.id, slot.slot_id)
    downloads.move_in(tx, row, "importPending", attempts=0)
    return enqueue_in(tx, row, by=who.by, by_person=True, forced=True)


# The end


def register_in(tx: Tx, import_id: int) -> bool:
    """Every file stands: rows, slots, history, outbox and the download's end, all at once.

    False: it was registered before, or somebody moved or removed the download; nothing was done
    then, and a removed one is taken back (architecture.md 6a).
    """
    found = imports.find_import(tx, import_id)
    row = None if found is None else downloads.get(tx, found.download_id or 0)
    if found is None or row is None or found.state != "open":
        return False
    if not downloads.move_in(tx, row, "imported", "clean", live=False):
        return False
    imports.registered_in(tx, import_id)
    ops = file_ops.of_import(tx, import_id)
    steps = found.plan.plan.steps
    replaced = _clear_places(tx, ops, steps)
    for slot_id, placed in _file_rows(tx, found, ops).items():
        head = slot_facts.head(tx, slot_id)
        if head is not None:
            _tell(tx, row, head, placed, replaced.get(slot_id, {}))
    attention.clear_in(tx, f"download:{row.id}")
    return True


def finish_in(tx: Tx, import_id: int, *, kept: bool = False) -> None:
    """Sources are gone as far as they had to: now the client may clean up (architecture.md 6b).

    Not when something of the download was `kept` or is held for a person: nobody else has it.
    """
    found = imports.find_import(tx, import_id)
    row = None if found is None else downloads.get(tx, found.download_id or 0)
    if not imports.done_in(tx, import_id) or found is None:
        return
    if row is None or (row.state, row.stage) != ("imported", "clean"):
        return
    held = any(refused.action == "hold" for refused in found.plan.plan.refused)
    client = clients.get(tx, row.client_id) if row.client_id is not None else None
    if kept or held or client is None or not client.remove_completed:
        downloads.move_in(tx, row, "imported", live=False, even_removed=True)
        return
    tx.enqueue(
        "download.cleanup",
        {"downloadId": row.id},
        key=str(row.id),
        lane=f"client:{client.id}",
        trace=row.trace,
        library=row.library_id,
    )


def block_in(tx: Tx, row: DownloadRow, code: str, params: Params) -> bool:
    """The import needs a person, or another release. False: somebody else moved the row first.

    Codes of the content free the slots, block the release and search on; others keep the slots.
    """
    live = blocked_live(code)
    if not downloads.move_in(tx, row, "importBlocked", code=code, params=params, live=live):
        return False
    _failed(tx, row, code, params)
    attention.raise_in(
        tx,
        "import_blocked",
        f"download:{row.id}",
        severity="warning" if is_content(code) else "error",
        params={**params, "code": code, "title": row.title},
        action="match_download" if code == "unmatched" else "retry_import",
        library=row.library_id,
    )
    if is_content(code):
        follow_up_in(tx, row, downloads.slots_of(tx, row.id), code, params)
    return True


def fail_import_in(
    tx: Tx, row: DownloadRow, code: str, params: Params, *, at_least_s: float = 0.0
) -> float | None:
    """A fault of the moment: importFailed until the next try; seconds until then.

    None: that was the last try and a person is needed, or somebody else moved the row first.
    """
    attempts = row.attempts + 1
    delay = retry_delay_s(attempts)
    if delay is None or attempts > MAX_ATTEMPTS:
        block_in(tx, row, "attempts_spent", {**params, "cause": code})
        return None
    wait = max(float(delay), at_least_s)
    moved = downloads.move_in(
        tx,
        row,
        "importFailed",
        code=code,
        params=params,
        attempts=attempts,
        next_attempt_at=tx.now_us + int(wait * 1_000_000),
    )
    if not moved:
        return None
    if attempts == 1:
        _failed(tx, row, code, params)
    return wait


def back_to_gate_in(tx: Tx, row: DownloadRow, code: str, params: Params) -> bool:
    """The files are not there (any more), or still change: wait at the gate, no attempt spent."""
    due = tx.now_us + GATE_AGAIN_US
    moved = downloads.move_in(
        tx, row, "completed", "gate", code=code, params=params, next_attempt_at=due
    )
    if not moved:
        return False
    if row.client_id is not None:
        tx.enqueue(
            "download.gate",
            {"downloadId": row.id},
            key=str(row.id),
            lane=f"client:{row.client_id}",
            not_before=due,
            trace=row.trace,
            library=row.library_id,
        )
    return True


def parked_in(tx: Tx, command: Command) -> bool:
    """The import died five times without a step forward: a person is needed. True: it is told."""
    row = downloads.get(tx, command.read(ImportOrder).download_id)
    if row is None or row.state not in ("importPending", "importing", "importFailed"):
        return False
    return block_in(tx, row, "crashes_spent", {"crashes": MAX_CRASHES})


# Inside


def _clear_places(
    tx: Tx, ops: Sequence[FileOp], steps: Sequence[FileStep]
) -> dict[int, dict[str, str]]:
    """Rows of files that went to the bin; answers path and quality of each, by slot."""
    had: dict[int, dict[str, str]] = {}
    for op, step in zip(ops, steps, strict=True):
        if op.kind is not OpKind.TRASH and not (op.kind is OpKind.PLACE and op.replaces):
            continue
        quality = files.forget_in(tx, step.root_id, step.dst_rel)
        if quality is not None:
            path = op.src if op.kind is OpKind.TRASH else op.dst
            had.setdefault(step.slot_id, {})[path] = quality
    return had


def _file_rows(
    tx: Tx, found: ImportRow, ops: Sequence[FileOp]
) -> dict[int, list[tuple[FileStep, FileOp]]]:
    """A row for every file of a book, linked to its slot; answers them by slot."""
    out: dict[int, list[tuple[FileStep, FileOp]]] = {}
    for op, step in zip(ops, found.plan.plan.steps, strict=True):
        if op.kind not in (OpKind.PLACE, OpKind.ADOPT) or step.role not in _FILES_OF_BOOK:
            continue
        note = found.plan.notes.get(step.src, imports.FileNote())
        file_id = files.put_in(
            tx,
            files.NewFile(
                root_id=step.root_id,
                rel_path=step.dst_rel,
                size=op.size,
                mtime_ns=op.mtime_ns,
                inode=op.inode,
                sha256=op.sha256,
                partial_md5=op.partial_md5,
                quality=step.format,
                language=note.language,
                duration_s=note.duration_s,
                import_id=found.id,
            ),
        )
        files.fill_in(tx, step.slot_id, file_id, disc=step.disc, track=step.track)
        out.setdefault(step.slot_id, []).append((step, op))
    return out


def _tell(
    tx: Tx,
    row: DownloadRow,
    head: SlotHead,
    placed: Sequence[tuple[FileStep, FileOp]],
    replaced: Mapping[str, str],
) -> None:
    """History, outbox and pages of a filled slot. `replaced`: what was there, path to quality."""
    step, op = placed[0]
    params: Params = {
        "path": op.dst if len(placed) == 1 else op.dst.rpartition("/")[0],
        "files": len(placed),
        "format": step.format,
        "upgraded": bool(replaced),
    }
    event = msgspec.structs.replace(
        _event(row, "bookImported", params=params),
        book_id=head.book_id,
        author_id=head.author_id,
        slot_id=head.slot_id,
        library=head.library_id,
        format=head.format,
        quality=step.format,
        size=sum(one.size for _, one in placed),
    )
    told = tx.record(event)
    occasion: outbox.Occasion = "import_of_upgrade" if replaced else "import"
    outbox.notify_in(tx, told, occasion, library=head.library_id, trace=row.trace)
    if replaced:
        _tell_upgrade(tx, event, replaced)
    book_changed_in(tx, head.library_id, head.book_id)
    if head.author_id is not None:
        author_changed_in(tx, head.library_id, head.author_id)


def _tell_upgrade(tx: Tx, event: NewEvent, replaced: Mapping[str, str]) -> None:
    """What the new files took the place of; the old ones lie in the bin."""
    params: Params = {
        "path": event.params["path"],
        "format": event.params["format"],
        "replacedPaths": list(replaced),
        "replacedFormats": sorted(set(replaced.values())),
    }
    upgrade = msgspec.structs.replace(event, type="bookFileUpgraded", params=params)
    told = tx.record(upgrade)
    outbox.notify_in(tx, told, "upgrade", library=event.library, trace=event.trace)


def _failed(tx: Tx, row: DownloadRow, code: str, params: Params) -> None:
    slots = downloads.slots_of(tx, row.id)
    event = _event(row, "importFailed", code=code, params=params)
    event_id = tx.record(
        msgspec.structs.replace(event, book_id=slots[0].book_id if slots else None)
    )
    outbox.notify_in(tx, event_id, "failure", library=row.library_id, trace=row.trace)


def _event(row: DownloadRow, kind: str, *, params: Params, code: str | None = None) -> NewEvent:
    return NewEvent(
        type=kind,
        by=downloads.who(row),
        trace=row.trace,
        library=row.library_id,
        download_id=row.id,
        source_title=row.title,
        guid=row.guid,
        indexer=row.indexer_name,
        client=row.client_name,
        protocol=row.protocol,
        format=row.format,
        quality=row.quality,
        size=row.size,
        code=code,
        params=params,
    )
