"""From the files of a download to a committed plan: facts, the pure plan, all ops `planned`."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from bindery.actors.importer.desk import LOST, ROOT_UNAVAILABLE, Desk, Stop, of_disk
from bindery.actors.importer.source import Sources, gather, hash_of, hashed, limiter_of
from bindery.domain.downloads import is_content
from bindery.domain.file_op import FileOp, Method
from bindery.domain.import_facts import (
    DownloadFacts,
    ImportOptions,
    ImportPlan,
    LibraryFacts,
    LibraryFile,
    SourceFile,
    TargetRoot,
)
from bindery.domain.import_plan import plan
from bindery.domain.naming import Rendered, render
from bindery.domain.offers import BookFormat, Transport
from bindery.domain.refusal import Params
from bindery.domain.rules import SlotFacts
from bindery.files.disk import DiskError
from bindery.files.journal import RootPlace, write_ops
from bindery.files.library import Shelved, look_beside, look_into
from bindery.files.roots import check_root, try_hardlink
from bindery.runtime.faults import reach
from bindery.runtime.threads import RootUnreachable, in_thread
from bindery.store import commands, downloads, file_ops, imports, slot_facts, targets
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.imports import FileNote, PlanRecord
from bindery.store.roots import RootRow
from bindery.store.slot_facts import SlotHead
from bindery.store.tx import Reader, Tx

SCAN_LIMIT_S = 10.0


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows say: the slots in question, where their files go, the settings."""

    own: tuple[int, ...]
    slots: tuple[SlotFacts, ...]
    targets: tuple[TargetRoot, ...]
    roots: dict[int, RootRow]
    files: tuple[LibraryFile, ...]
    options: ImportOptions
    mode: str


async def make_plan(desk: Desk, command: Command, row: DownloadRow, *, forced: bool) -> Stop | None:
    """Probe, decide and commit. None: an import is open now, with all its ops.

    `row` is in importing/probe.
    """
    sources = await gather(desk, row)
    if isinstance(sources, Stop):
        return sources
    reach("import.probed")
    moved = await desk.store.write(
        lambda tx: downloads.move_in(tx, row, "importing", "plan"), actor=True
    )
    if not moved:
        return LOST
    row = replace(row, stage="plan")
    several = sum(file.probed.format != "other" for file in sources.files) > 1
    wish = await desk.store.scan(
        lambda reader: _read_wish(reader, row, beside=several), limit_s=SCAN_LIMIT_S
    )
    try:
        wish = await _look_at_roots(desk, wish)
        if isinstance(wish, Stop):
            return wish
        method = await _method(desk, row, wish, sources)
        library, files = await _look_at_places(desk, row, wish, sources)
    except (DiskError, RootUnreachable) as error:
        return of_disk(error)
    decided = plan(
        _facts(row, wish, method, forced=forced), files, wish.slots, library, wish.options
    )
    if decided.verdict != "import":
        return _stopped(decided)
    return await _commit(desk, command, row, decided, method, files, wish)


def _read_wish(reader: Reader, row: DownloadRow, *, beside: bool) -> _Wish:
    own = tuple(slot.slot_id for slot in downloads.slots_of(reader, row.id))
    others = targets.wanted_beside(reader, own) if beside else []
    heads = [slot_facts.head(reader, one) for one in (*own, *others)]
    found = [head for head in heads if head is not None]
    roots = {
        root.id: root
        for root in (targets.root_of(reader, head) for head in found)
        if root is not None
    }
    return _Wish(
        own=own,
        slots=tuple(_slot(reader, head, own) for head in found),
        targets=tuple(targets.target_of(reader, head) for head in found),
        roots=roots,
        files=tuple(targets.files_of_slots(reader, [head.slot_id for head in found])),
        options=targets.options(reader),
        mode=targets.wanted_mode(reader),
    )


def _slot(reader: Reader, head: SlotHead, own: Sequence[int]) -> SlotFacts:
    """A slot as the plan sees it; what fills the download's own is this download, not a queue."""
    found = slot_facts.facts(reader, head)
    return replace(found, queued=()) if head.slot_id in own else found


async def _look_at_roots(desk: Desk, wish: _Wish) -> _Wish | Stop:
    """Every root that may be written to is mounted, ours and writable; with its free space."""
    free: dict[int, int] = {}
    for root in wish.roots.values():
        facts = await in_thread(desk.threads.root(root.path), check_root, root.path, root.marker)
        if facts.code:
            params: Params = {"path": root.path, "cause": facts.code}
            code = "read_only" if facts.code == "root_read_only" else ROOT_UNAVAILABLE
            return Stop(kind="fail", code=code, params=params)
        free[root.id] = facts.free
    changed = tuple(
        replace(target, free_bytes=free.get(target.root_id or 0)) for target in wish.targets
    )
    return replace(wish, targets=changed)


async def _method(desk: Desk, row: DownloadRow, wish: _Wish, sources: Sources) -> Method:
    """How the bytes come over (downloads-and-import.md 4.6): never a move out of a torrent."""
    mode = wish.mode
    if mode == "copy":
        return Method.COPY
    if row.protocol != Transport.TORRENT and (
        mode == "move" or (mode == "auto" and row.protocol == Transport.USENET)
    ):
        return Method.MOVE
    for root in wish.roots.values():
        test = await in_thread(limiter_of(desk, row), try_hardlink, sources.top, root.path)
        if not test.possible:
            return Method.COPY
    return Method.HARDLINK


async def _look_at_places(
    desk: Desk, row: DownloadRow, wish: _Wish, sources: Sources
) -> tuple[LibraryFacts, tuple[SourceFile, ...]]:
    """What stands where the files would go; hashes where a size says it could be the same."""
    media = {file.probed.format for file in sources.files}
    extensions = sorted({f.probed.kind.value for f in sources.files if f.probed.format == "ebook"})
    known = {(file.root_id, file.rel_path): file for file in wish.files}
    sizes = frozenset(file.probed.size for file in sources.files)
    formats: dict[int, BookFormat] = {slot.slot_id: slot.format for slot in wish.slots}
    for target in wish.targets:
        format_ = formats[target.slot_id]
        if target.root_id is None or format_ not in media:
            continue
        for found in await _shelved(desk, target, format_, extensions, wish.options):
            key = (target.root_id, found.rel_path)
            if key not in known:
                known[key] = await _untracked(desk, target, found, sizes)
    library = LibraryFacts(targets=wish.targets, files=tuple(known.values()))
    held = frozenset(file.size for file in library.files if file.sha256)
    return library, await hashed(limiter_of(desk, row), sources.files, held)


async def _shelved(
    desk: Desk,
    target: TargetRoot,
    format_: BookFormat,
    extensions: Sequence[str],
    options: ImportOptions,
) -> list[Shelved]:
    limiter = desk.threads.root(target.path)
    if format_ == "audiobook":
        folder = _rendered(options.audiobook_folder, {**target.fields, "ext": ""}, options)
        return await in_thread(limiter, look_into, target.path, folder) if folder else []
    out: dict[str, Shelved] = {}
    for extension in extensions:
        path = _rendered(options.book_template, {**target.fields, "ext": extension}, options)
        for found in await in_thread(limiter, look_beside, target.path, path) if path else []:
            out[found.rel_path] = found
    return list(out.values())


def _rendered(template: str, fields: dict[str, str], options: ImportOptions) -> str:
    made = render(template, fields, colon=options.colon)
    return made.path if isinstance(made, Rendered) else ""


async def _untracked(
    desk: Desk, target: TargetRoot, found: Shelved, sizes: frozenset[int]
) -> LibraryFile:
    """A file that fills none of the slots in question; it may still be tracked for others."""
    root_id = target.root_id or 0
    rows = desk.store.read(lambda reader: targets.files_at(reader, root_id, [found.rel_path]))
    if found.rel_path in rows:
        return rows[found.rel_path]
    sha256 = ""
    if found.size in sizes:
        path = f"{target.path.rstrip('/')}/{found.rel_path}"
        sha256 = await hash_of(desk.threads.root(target.path), path)
    return LibraryFile(
        root_id=root_id,
        rel_path=found.rel_path,
        sha256=sha256,
        size=found.size,
        format=found.extension,
    )


def _facts(row: DownloadRow, wish: _Wish, method: Method, *, forced: bool) -> DownloadFacts:
    formats: dict[str, BookFormat] = {"ebook": "ebook", "audiobook": "audiobook"}
    return DownloadFacts(
        title=row.title,
        transport=Transport(row.protocol),
        format=formats.get(row.format),
        slot_ids=wish.own,
        method=method,
        forced=forced,
    )


def _stopped(decided: ImportPlan) -> Stop:
    params: Params = {**decided.params}
    if decided.verdict == "hold":
        return Stop(kind="gate", code=decided.code, params=params)
    if decided.code == "disk-full":
        return Stop(kind="fail", code="disk_full", params=params)
    found = next((r for r in decided.refused if r.code == decided.code), None)
    if found is not None and is_content(decided.code):
        params |= {"path": found.path, "found": found.found}
    return Stop(kind="block", code=decided.code, params=params)


async def _commit(
    desk: Desk,
    command: Command,
    row: DownloadRow,
    decided: ImportPlan,
    method: Method,
    files: Sequence[SourceFile],
    wish: _Wish,
) -> Stop | None:
    """The plan and all of its ops, before the first byte in a root (architecture.md 6b)."""
    places = {r.id: RootPlace(path=r.path, marker=r.marker) for r in wish.roots.values()}
    # The revision makes it unique for ever: every plan follows a move of the row.
    owner = f"d{row.id}r{row.rev}"

    def write_down() -> list[FileOp] | None:
        return write_ops(decided.steps, places, owner=owner, change=owner, method=method)

    limiter = desk.threads.root(next((place.path for place in places.values()), ""))
    try:
        ops = await in_thread(limiter, write_down)
    except (DiskError, RootUnreachable) as error:
        return of_disk(error)
    if ops is None:
        return Stop(kind="block", code="outside_root")
    placed = {step.src for step in decided.steps}
    notes = {
        file.path: FileNote(
            language=file.probed.language, duration_s=file.probed.duration_s or None
        )
        for file in files
        if file.path in placed
    }

    def work(tx: Tx) -> bool:
        if not downloads.move_in(tx, row, "importing", "place"):
            return False
        record = PlanRecord(plan=decided, notes=notes)
        import_id = imports.add_in(tx, row.id, method, record, row.trace)
        file_ops.add_in(tx, ops, [step.root_id for step in decided.steps], import_id=import_id)
        commands.progress_in(tx, command, phase="place")
        return True

    if not await desk.store.write(work, actor=True):
        return LOST
    reach("import.planned")
    return None
