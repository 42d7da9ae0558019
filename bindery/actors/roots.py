"""The port to the disk for root folders: short looks in threads, one limiter per path."""

import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import trio

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

    async def look(self, path: str, marker: str | None, *, write: bool = False) -> FoundRoot:
        """A look at a folder."""
        check = partial(roots.check_root, write=write)
        try:
            found = await in_thread(
                self._threads.root(path), check, path, marker, patience_s=PATIENCE_S
            )
        except RootUnreachable:
            return FoundRoot(path=path, code="root_unreachable")
        return msgspec.convert(found, FoundRoot, from_attributes=True)

    async def look_at_all(self, roots: Sequence[tuple[str, str]]) -> list[FoundRoot]:
        """One look at each, side by side: several dead mounts cost the patience once."""
        found: dict[int, FoundRoot] = {}

        async def look(at: int, path: str, marker: str) -> None:
            found[at] = await self.look(path, marker)

        async with trio.open_nursery() as nursery:
            for at, (path, marker) in enumerate(roots):
                nursery.start_soon(look, at, path, marker)
        return [found[at] for at in range(len(roots))]

    async def overlaps(self, path: str, others: Sequence[str]) -> str | None:
        """The first of `others` that is, holds or lies in `path`; of a mount that does not answer
        only the names are compared. All are looked at side by side.
        """
        hits: dict[str, bool] = {}

        async def look(other: str) -> None:
            hits[other] = await self._nested(path, other)

        async with trio.open_nursery() as nursery:
            for other in others:
                nursery.start_soon(look, other)
        return next((other for other in others if hits[other]), None)

    async def _nested(self, path: str, other: str) -> bool:
        place = self._threads.root(other)
        try:
            hit = await in_thread(place, roots.nested_with, path, [other], patience_s=PATIENCE_S)
        except RootUnreachable:
            return roots.nested_by_name(path, other)
        return hit is not None

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
