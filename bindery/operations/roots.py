"""Root folders: where books are shelved (catalogue.md 2.8; architecture.md 6b)."""

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.once import Once, Replay, perform
from bindery.operations.ports import FoundRoot, Roots
from bindery.store import roots
from bindery.store.roots import RootRow
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

_CODES = {
    "root_missing": Code.PATH_NOT_FOUND,
    "root_not_directory": Code.PATH_NOT_DIRECTORY,
    "root_unreadable": Code.PATH_NOT_WRITABLE,
    "root_read_only": Code.PATH_NOT_WRITABLE,
}
MAX_PATH = 4_000


async def add_root(
    store: Store, who: Principal, path: str, disk: Roots, once: Once | None = None
) -> RootRow | Refusal | Replay:
    """Add a folder and write its marker. Refusals: `required`, `invalid`, `path_not_found`,
    `path_not_directory`, `path_not_writable`, `path_nested`, `path_reserved`, `duplicate`.
    """
    clean = path.strip().rstrip("/") or path.strip()
    if not clean:
        return refuse(Code.REQUIRED, "path")
    if not clean.startswith("/") or len(clean) > MAX_PATH or "\x00" in clean:
        return refuse(Code.INVALID, "path", value=clean[:200])
    known = store.read(roots.list_roots)
    if once is None and any(row.path == clean for row in known):
        return refuse(Code.DUPLICATE, "path", value=clean)
    found = await _inspect(clean, [row.path for row in known if row.path != clean], disk)
    if isinstance(found, Refusal):
        return found
    marker = await disk.mark(clean)
    if isinstance(marker, Refusal):
        return marker

    def work(tx: Tx) -> RootRow | Refusal:
        if any(row.path == clean for row in roots.list_roots(tx)):
            return refuse(Code.DUPLICATE, "path", value=clean)
        root_id = roots.add_root_in(
            tx,
            clean,
            marker,
            by=who.by,
            device_id=found.device_id,
            free_bytes=found.free,
        )
        tx.record(NewEvent(type="rootAdded", by=who.by, source_title=clean, hidden=True))
        row = roots.find_root(tx, root_id)
        return row or refuse(Code.NOT_FOUND)

    return await perform(store, work, once)


async def _inspect(path: str, others: list[str], disk: Roots) -> FoundRoot | Refusal:
    found = await disk.look(path, None, write=True)
    if found.code:
        code = _CODES.get(found.code, Code.ROOT_UNAVAILABLE)
        return refuse(code, "path", path=path, reason=found.code)
    if await disk.reserved(path):
        return refuse(Code.PATH_RESERVED, "path", path=path)
    other = await disk.overlaps(path, others)
    if other is not None:
        return refuse(Code.PATH_NESTED, "path", path=path, other=other)
    return found


async def delete_root(store: Store, who: Principal, root_id: int) -> Refusal | None:
    """Forget a root; its files stay. Refusals: `not_found`, `in_use` {by}."""

    def work(tx: Tx) -> Refusal | None:
        row = roots.find_root(tx, root_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        used = roots.root_in_use(tx, root_id)
        if used is not None:
            return refuse(Code.IN_USE, by=used)
        roots.delete_root_in(tx, root_id)
        tx.record(NewEvent(type="rootDeleted", by=who.by, source_title=row.path, hidden=True))
        return None

    return await store.write(work)
