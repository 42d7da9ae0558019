"""The port to the disk for root folders: short looks in threads, one limiter per path."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.files import roots
from bindery.files.disk import DiskError
from bindery.operations.ports import FoundRoot
from bindery.runtime.threads import RootUnreachable, Threads, in_thread

PATIENCE_S = 5.0
"""A dead network mount answers nothing: it is told after this long."""


class RootPort:
    """Implements `operations.ports.Roots`. `own` are Bindery's folders."""

    def __init__(self, threads: Threads, own: Sequence[Path] = ()) -> None:
        self._threads = threads
        self._own = [str(path.absolute()) for path in own]

    async def look(self, path: str, marker: str | None) -> FoundRoot:
        """A look at a folder."""
        try:
            found = await in_thread(
                self._threads.root(path), roots.check_root, path, marker, patience_s=PATIENCE_S
            )
        except RootUnreachable:
            return FoundRoot(path=path, code="root_unreachable")
        return msgspec.convert(found, FoundRoot, from_attributes=True)

    async def overlaps(self, path: str, others: Sequence[str]) -> str | None:
        """The first of `others` that is, holds or lies in `path`."""
        return await in_thread(self._threads.scan, roots.nested_with, path, list(others))

    async def reserved(self, path: str) -> bool:
        """Whether the folder has to do with Bindery's own."""
        return await self.overlaps(path, self._own) is not None

    async def mark(self, path: str) -> str | Refusal:
        """Write the marker of a new root, or keep the one it has."""
        try:
            return await in_thread(
                self._threads.root(path), roots.write_marker, path, uuid.uuid4().hex
            )
        except DiskError as error:
            return refuse(Code.PATH_NOT_WRITABLE, "path", path=path, reason=error.code)
        except RootUnreachable:
            return refuse(Code.ROOT_UNAVAILABLE, "path", path=path, reason="root_unreachable")
