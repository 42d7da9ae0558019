"""What a finished download holds: listed, probed in the worker process, hashed where it matters."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from bindery.actors.importer.desk import Desk, Stop
from bindery.domain.import_facts import SourceFile
from bindery.files.disk import codes, hash_path
from bindery.files.roots import resolve_inside
from bindery.files.walk import FoundFile, Listing, walk
from bindery.runtime.threads import RootLimiter, RootUnreachable, in_thread
from bindery.store import imports
from bindery.store.downloads import DownloadRow
from bindery.store.imports import ImportSource

MAX_FILES = 2_000


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a download; `top` is its folder, or the folder of its one file."""

    top: str
    files: tuple[SourceFile, ...]


def source_of(desk: Desk, row: DownloadRow) -> ImportSource:
    """Where the download lies: what its gate wrote down, else its save path."""
    found = desk.store.read(lambda reader: imports.find_source(reader, row.id))
    return found or ImportSource(path=row.save_path)


def limiter_of(desk: Desk, row: DownloadRow) -> RootLimiter:
    """The places for looking at this client's downloads."""
    return desk.threads.root(f"downloads:{row.client_id}")


async def gather(desk: Desk, row: DownloadRow) -> Sources | Stop:
    """List and probe every file. A download that is not there goes back to its gate."""
    source = source_of(desk, row)
    if not source.path:
        return Stop(kind="gate", code="path_unknown")
    limiter = limiter_of(desk, row)
    try:
        before = await in_thread(limiter, _list, source)
        if not before.exists:
            return Stop(kind="gate", code="path_missing", params={"path": source.path})
        if before.partial:
            return Stop(kind="gate", code="partial_files", params={"path": source.path})
        if before.cut or len(before.files) > MAX_FILES:
            return Stop(kind="block", code="too-many-files", params={"limit": MAX_FILES})
        files = [
            SourceFile(path=f.path, rel=f.relative, probed=await desk.probe.probe(f.path))
            for f in before.files
        ]
        after = await in_thread(limiter, _list, source)
    except RootUnreachable:
        return Stop(kind="gate", code="root_unavailable", params={"path": source.path})
    still = {f.path: _print(f) for f in after.files}
    growing = {f.path for f in before.files if still.get(f.path) != _print(f)}
    return Sources(
        top=source.path,
        files=tuple(replace(f, growing=f.path in growing) for f in files),
    )


async def hashed(
    limiter: RootLimiter, files: Sequence[SourceFile], sizes: frozenset[int]
) -> tuple[SourceFile, ...]:
    """The files, those of a size that also stands in the library with their hash."""
    out: list[SourceFile] = []
    for file in files:
        sha256 = await hash_of(limiter, file.path) if file.probed.size in sizes else ""
        out.append(replace(file, sha256=sha256))
    return tuple(out)


async def hash_of(limiter: RootLimiter, path: str) -> str:
    """SHA-256 of a file, read in slices. Raises `DiskError`, `RootUnreachable`."""
    work = hash_path(path)

    def run_slice() -> str | None:
        try:
            with codes(path):
                next(work)
        except StopIteration as stop:
            found: str = stop.value
            return found
        return None

    while (found := await in_thread(limiter, run_slice)) is None:
        pass
    return found


def _list(source: ImportSource) -> Listing:
    if not source.files:
        return walk(source.path)
    found: list[FoundFile] = []
    for name in source.files:
        path = f"{source.path.rstrip('/')}/{name}"
        listing = walk(path)
        if not listing.exists:
            return Listing(exists=False)
        if resolve_inside(source.path, path) is None:
            continue
        found += [replace(file, relative=name) for file in listing.files]
    return Listing(files=tuple(found))


def _print(file: FoundFile) -> tuple[int, int]:
    return file.size, file.mtime_ns
