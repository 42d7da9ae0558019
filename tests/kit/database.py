"""A fresh, migrated database per test: a template made once per run, copied (0.7 ms).

    async with open_test_store(tmp_path) as store:
        await store.write(...)

Inline by default: no threads, so virtual clocks are safe (platform.md D5). Strict: an inline read
over its budget fails the test.
"""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from bindery.runtime.clock import Clock, FixedClock
from bindery.runtime.doorbell import Bells
from bindery.runtime.publisher import Change, Publisher
from bindery.store import Store, open_store
from bindery.store.connection import open_writer
from bindery.store.migrate import migrate


class Heard:
    """A publisher that remembers."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def published(self, changes: Sequence[Change]) -> None:
        self.changes.extend(changes)

    def of(self, topic: str) -> list[Change]:
        return [change for change in self.changes if change.topic == topic]


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        db = open_writer(path)
        migrate(db, path)
        # WAL is written into the file's header: the copy needs no second conversion.
        db.close()
        return path.read_bytes()


def new_database(folder: Path) -> Path:
    """A migrated, empty `bindery.db` in `folder`."""
    path = folder / "bindery.db"
    path.write_bytes(_template())
    path.chmod(0o600)
    return path


def copy_of(source: Path, folder: Path) -> Path:
    """A copy of a closed database, such as an old release's."""
    return Path(shutil.copyfile(source, folder / "bindery.db"))


@asynccontextmanager
async def open_test_store(
    folder: Path,
    *,
    clock: Clock | None = None,
    publisher: Publisher | None = None,
    bells: Bells | None = None,
    inline: bool = True,
    strict: bool = True,
) -> AsyncGenerator[Store, None]:
    """A store on a fresh database in `folder` (reopened when there is one already)."""
    path = folder / "bindery.db"
    if not path.exists():
        new_database(folder)
    async with open_store(
        path,
        clock=clock or FixedClock(),
        publisher=publisher,
        bells=bells,
        inline=inline,
        strict=strict,
    ) as store:
        yield store
