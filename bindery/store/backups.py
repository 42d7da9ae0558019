"""Backups of the database in the folder `backups` beside it (identity-and-system.md 8.1).

A backup holds everything: password hashes, keys, passwords of clients. Mode 0600, folder 0700.
"""

from pathlib import Path

import msgspec

from bindery.domain.backup_names import backup_name, expired, is_backup_name
from bindery.store.store import Store


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """One backup; size in bytes, `modified_us` µs since the epoch."""

    name: str
    size: int
    modified_us: int


def backup_folder(store: Store) -> Path:
    """Where the backups of this database lie."""
    return store.path.absolute().parent / "backups"


async def create_backup(store: Store, label: str = "") -> BackupFile:
    """Make a whole copy while work goes on; `label` is clean. Raises `OSError`."""
    folder = backup_folder(store)

    def place() -> Path:
        folder.mkdir(mode=0o700, exist_ok=True)
        name = backup_name(store.clock.now_us(), label)
        taken, number = folder / name, 2
        while taken.exists():
            taken = folder / f"{name.removesuffix('.db')}{'-' if label else '_'}{number}.db"
            number += 1
        return taken

    target = await store.aside(place)
    await store.backup(target)
    return await store.aside(lambda: _described(target))


async def list_backups(store: Store) -> list[BackupFile]:
    """Newest first."""
    return await store.aside(lambda: _listed(backup_folder(store)))


async def delete_backup(store: Store, name: str) -> bool:
    """Delete a backup; False when there is none of that name."""
    if not is_backup_name(name):
        return False
    path = backup_folder(store) / name

    def remove() -> bool:
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    return await store.aside(remove)


async def thin_out(store: Store, keep: int) -> list[str]:
    """Delete old scheduled backups; answers their names."""
    names = [backup.name for backup in await list_backups(store)]
    gone = expired(names, keep)
    for name in gone:
        await delete_backup(store, name)
    return gone


def _listed(folder: Path) -> list[BackupFile]:
    if not folder.is_dir():
        return []
    found = [_described(path) for path in folder.iterdir() if is_backup_name(path.name)]
    return sorted(found, key=lambda backup: backup.name, reverse=True)


def _described(path: Path) -> BackupFile:
    facts = path.stat()
    return BackupFile(name=path.name, size=facts.st_size, modified_us=facts.st_mtime_ns // 1_000)
